# Retinex: four illusions, the maps of Psi0 and of its fitted LoG, and their rows through the place that looks lighter.
# Before: dir, with dir/retinex.tsv, retinex-maps.tsv, retinex-profiles.tsv
width = 1000; height = 1010
load here.'/style.gp'
table = dir.'/retinex.tsv'; maps = dir.'/retinex-maps.tsv'; profiles = dir.'/retinex-profiles.tsv'
array name[4] = ['simultaneous contrast', 'Mach bands', 'Cornsweet', 'White']
left(i) = 0.08 + 0.236*i
set multiplot
unset key
unset colorbox
set bmargin 0; set tmargin 0; set lmargin 0; set rmargin 0
do for [i=0:3] {
	set xrange [*:*]; set yrange [*:*]
	stats table using (column('r')) every ::i::i nooutput name 'r'
	stats table using (column('psi0_illusion')) every ::i::i nooutput name 'p'
	stats table using (column('log_illusion')) every ::i::i nooutput name 'l'
	stats maps using 1 index i nooutput name 'x'
	stats maps using 4 index i nooutput name 'a'
	stats maps using 5 index i nooutput name 'b'
	most = abs(a_max) > abs(a_min) ? abs(a_max) : abs(a_min)
	most = abs(b_max) > most ? abs(b_max) : most
	most = abs(b_min) > most ? abs(b_min) : most
	half = x_max + 0.5
	set lmargin at screen left(i); set rmargin at screen left(i) + 0.195
	set size noratio
	set border 15
	set xrange [-half:half]; set yrange [-half:half]
	set format x ''
	set tics scale 0
	set xtics half/2.; set ytics half/2.
	if (i == 0) { set format y '%g' } else { set format y '' }
	unset xlabel; unset ylabel
	# the stimulus, grey levels as they are
	set palette defined (0 '#000000', 1 '#ffffff')
	set cbrange [0:255]
	set tmargin at screen 0.955; set bmargin at screen 0.757
	set title name[i + 1] offset 0,-0.4
	if (i == 0) { set ylabel 'stimulus, y (px)' offset 1 }
	plot maps using 1:2:3 index i with image
	set palette defined (-1 '#2166ac', -0.5 '#92c5de', 0 '#f7f7f7', 0.5 '#f4a582', 1 '#b2182b')
	set cbrange [-most:most]
	set tmargin at screen 0.715; set bmargin at screen 0.517
	set title sprintf('illusion %+.3f', p_max) offset 0,-0.6
	if (i == 0) { set ylabel 'Ψ0, y (px)' offset 1 }
	plot maps using 1:2:4 index i with image
	set tmargin at screen 0.475; set bmargin at screen 0.277
	set format x '%g'
	set title sprintf('illusion %+.3f, r = %.3f', l_max, r_max) offset 0,-0.6
	if (i == 0) { set ylabel 'LoG, y (px)' offset 1 }
	plot maps using 1:2:5 index i with image
	# the row
	set tmargin at screen 0.235; set bmargin at screen 0.075
	unset title
	set border 3
	set tics scale 0.6
	set format y '%g'
	set xlabel 'x (px)' offset 0,0.4
	if (i == 0) { set ylabel 'response' offset 1 }
	set yrange [-1.15*most:1.15*most]
	set ytics autofreq
	set ytics ('' -most, '0' 0, sprintf('%.2g', most) most)
	set xzeroaxis lc rgb '#b0b0b0' lt 1 lw 1
	plot profiles using 1:(most*($3/127.5 - 1)) index i with lines lc rgb '#b0b0b0' lw 1.5, \
	     profiles using 1:4 index i with lines lt 1, \
	     profiles using 1:5 index i with lines lt 2 dt 2
	unset xzeroaxis
	set ytics autofreq
}
# the key, over the whole width
set lmargin at screen 0.08; set rmargin at screen 0.98; set tmargin at screen 0.03; set bmargin at screen 0.005
unset border; unset tics; unset xlabel; unset ylabel
set xrange [0:1]; set yrange [0:1]
set key center horizontal maxrows 1 samplen 3
plot NaN with lines lc rgb '#b0b0b0' lw 1.5 title 'luminance (scaled)', \
     NaN with lines lt 1 title 'Ψ0', NaN with lines lt 2 dt 2 title 'its Laplacian of Gaussian'
unset multiplot
