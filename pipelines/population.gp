# The accepted filters as a population against macaque V1: shapes (Ringach 2002, 79 cells), frequencies (De Valois, Albrecht
# and Thorell 1982, 139 cells), phases; and every number with its interval and its chance. Before: dir
width = 960; height = 700
load here.'/style.gp'
table = dir.'/gabor.tsv'
numbers = dir.'/population.tsv'
stats table using (column('accepted') == 1 ? column('sf_cpp') : NaN) nooutput name 'F'
n = exists('F_records') ? F_records : 0
median = n ? F_median : NaN
# bins: left edge, cells; shapes in .24 decades, frequencies in half octaves about the cells' median
$nx << END
-1	3
-0.76	22
-0.52	42
-0.28	12
-0.04	0
END
$ny << END
-1	11
-0.76	11
-0.52	25
-0.28	25
-0.04	7
END
$sf << END
-2.445	4
-1.945	4
-1.445	8
-0.945	25
-0.445	32
0.055	26
0.555	28
1.055	12
END
# others count nothing, outside the range: a missing value would begin a new histogram
counts(x) = column('accepted') == 1
place(x) = counts(x) ? (floor((x - start) / w) + 0.5) * w + start : -99
share(x) = counts(x) ? 1. / n : 0
log10_(x) = x > 0 ? log10(x) : -98
set style fill solid 0.45 noborder
set yrange [0:*]
set offsets 0, 0, graph 0.35, 0
set ylabel 'share' offset 1,0
set key top left Left reverse samplen 1
filters = sprintf('filters, n = %d', n)
set multiplot
set bmargin at screen 0.64; set tmargin at screen 0.94
set lmargin at screen 0.07; set rmargin at screen 0.27
start = -1; w = 0.24
set boxwidth w
set xrange [-1.1:0.3]
set xtics ('0.1' -1, '' -0.76, '0.3' -0.52, '' -0.28, '0.91' -0.04, '' 0.2)
set ytics 0.2
set title 'n_x = σ_{across} f'
plot table using (place(log10_(column('nx')))):(share(1)) smooth freq with boxes lt 1 title filters, \
     $nx using ($1 + w / 2):($2 / 79.) with boxes fs empty border lt 2 title 'macaque, n = 79'
set lmargin at screen 0.31; set rmargin at screen 0.51
unset ylabel; unset key
set title 'n_y = σ_{along} f'
plot table using (place(log10_(column('ny')))):(share(1)) smooth freq with boxes lt 1, \
     $ny using ($1 + w / 2):($2 / 79.) with boxes fs empty border lt 2
set lmargin at screen 0.55; set rmargin at screen 0.75
start = -3.945; w = 0.5
set boxwidth w
set xrange [-3.2:3.2]
set xtics 1
set key top left
set ytics 0.1
set title 'frequency, octaves from the median'
plot table using (place(log10_(column('sf_cpp') / median) / log10(2))):(share(1)) smooth freq with boxes lt 1 notitle, \
     $sf using ($1 + w / 2):($2 / 139.) with boxes fs empty border lt 2 title 'macaque, n = 139'
unset key
set lmargin at screen 0.79; set rmargin at screen 0.98
# |phase| folded to 0..90 degrees
fold(p) = abs(p) > 90 ? 180 - abs(p) : abs(p)
start = 0; w = 15
set boxwidth w
set xrange [0:90]
set xtics ('even' 0, '30' 30, '60' 60, 'odd' 90)
set title 'phase (deg)'
plot table using (place(fold(column('phase_deg')))):(share(1)) smooth freq with boxes lt 1, \
     w / 90. with lines lt 4 dt 2 lw 1
# numbers
set offsets 0, 0, 0, 0
set lmargin at screen 0.37; set rmargin at screen 0.83; set bmargin at screen 0.09; set tmargin at screen 0.5
set title sprintf('with 95 %% bootstrap interval; grey: 95 %% of random banks of %d', n)
set border 1
unset ylabel
set yrange [8.6:-0.6]
set xrange [-0.65:1.9]
set xtics -0.5,0.25,1
set arrow from first 0, graph 0 to first 0, graph 1 nohead lc rgb '#b0b0b0' lw 1
name(q) = q eq 'ringach_2d' ? 'distance to Ringach’s n_x, n_y' : q eq 'devalois_sf' ? 'distance to De Valois’ frequencies' : \
	q eq 'phase_clustering' ? 'phases cluster: mean cos 4φ' : q eq 'phase_balance' ? 'even against odd: mean cos 2φ' : \
	q eq 'orientation_length' ? 'orientations: |mean e^{2iθ}|' : q eq 'orientation_entropy' ? 'orientations: entropy' : \
	q eq 'nx_median' ? 'median n_x' : q eq 'ny_median' ? 'median n_y' : q eq 'nx_below_0.525' ? 'share of n_x < 0.525' : q
set ytics scale 0
set label 'p' at first 1.3, first -0.85 right
set label 'p (uniform)' at first 1.9, first -0.85 right
plot numbers using ((column('chance_low') + column('chance_high')) / 2):0:(column('chance_low')):(column('chance_high')):($0 - 0.28):($0 + 0.28):ytic(name(strcol('quantity'))) with boxxyerror fs solid 1 noborder lc rgb '#d4d4d4' notitle, \
     numbers using (column('value')):0:(column('low')):(column('high')) with xerrorbars lt 1 notitle, \
     numbers using (1.3):0:(sprintf('%.2g', column('p'))) with labels right notitle, \
     numbers using (1.82):0:(column('p_uniform') >= 0 ? sprintf('%.2g', column('p_uniform')) : '') with labels right notitle
unset multiplot
