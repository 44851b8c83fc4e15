# Contour integration: d prime of units on a path by its angle, spacing and number of elements, without and with propagation.
# Before: dir
width = 960; height = 380
load here.'/style.gp'
table = dir.'/contours.tsv'
stats table using (column('T')) nooutput name 'T'
set multiplot layout 1,3 margins 0.07,0.985,0.17,0.9 spacing 0.06,0.1
is(t, kind, l, s, a) = column('T') == t && strcol('kind') eq kind && (l < 0 || column('length') == l) && (s < 0 || column('spacing_px') == s) && (a < 0 || column('path_angle_deg') == a)
x(axis) = column(word('path_angle_deg spacing_px length', axis))
axis(k, t, kind) = is(t, kind, k == 3 ? -1 : 5, k == 2 ? -1 : 9, k == 1 ? -1 : 0) ? x(k) : NaN
set yrange [*:*]; set offsets graph 0.08, graph 0.08, graph 0.2, graph 0.05
set xzeroaxis lc rgb '#b0b0b0'
do for [k = 1:3] {
	set xlabel word('path_angle spacing elements', k) eq 'elements' ? 'elements on the path' : k == 1 ? 'path angle (deg)' : 'spacing (px)'
	set xtics word('20 3 2', k) + 0
	set ylabel k == 1 ? 'd'' of units on the path' : '' offset 1,0
	if (k == 1) { set key top right } else { unset key }
	plot table using (axis(k, T_min, 'snake')):(column('d')):(column('d_low')):(column('d_high')) with yerrorbars lt 1 title 'snake, T = 0', \
	     table using (T_max > T_min ? axis(k, T_max, 'snake') : NaN):(column('d')):(column('d_low')):(column('d_high')) with yerrorbars lt 2 title T_max > T_min ? sprintf('snake, T = %d', T_max) : '', \
	     table using (axis(k, T_max, 'ladder')):(column('d')):(column('d_low')):(column('d_high')) with yerrorbars lt 4 title sprintf('ladder, T = %d', T_max)
}
unset multiplot
