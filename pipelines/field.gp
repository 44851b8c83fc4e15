# The canonical field with its streamlines; beside it the direction process through the same estimator. Before: dir
width = 980; height = 500
load here.'/style.gp'
set multiplot layout 1,2 margins 0.07,0.93,0.11,0.92 spacing 0.09,0.1
set size ratio -1
set xlabel 'along the target''s stripes (px)'
set ylabel 'across (px)'
stats dir.'/field-pooled.tsv' using (column('x_px')) nooutput name 'x'
reach = x_max + 0.5
set xrange [-reach:reach]; set yrange [-reach:reach]
set palette defined (0 '#f2f2f2', 1 '#e08f6a')
unset colorbox
unset key
stick = 0.48
dx(o, c) = stick * cos(o * pi / 180) * c
dy(o, c) = stick * sin(o * pi / 180) * c
do for [which in 'field model'] {
	set title which eq 'field' ? 'K1, excitatory part' : 'direction process, both ways'
	table = dir.'/'.which.'-pooled.tsv'
	curves = dir.'/'.which.'-lines.tsv'
	stats table using ((column('coherence'))) nooutput name 'c'
	longest = c_max
	plot table using ((column('x_px'))):(column('y_px')):(column('weight')) with image pixels, \
	     curves using ((column('x_px'))):(column('y_px')):(column('curve')) with lines lc rgb '#9db4d6' lw 1, \
	     table using ((column('x_px')) - dx(column('orientation_deg'), column('coherence')/longest)):\
	         (column('y_px') - dy(column('orientation_deg'), column('coherence')/longest)):\
	         (2*dx(column('orientation_deg'), column('coherence')/longest)):\
	         (2*dy(column('orientation_deg'), column('coherence')/longest)) with vectors nohead lw 2 lc rgb '#1f4e9c'
}
unset multiplot
