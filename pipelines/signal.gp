# Mean lateral weight against the correlation of responses (C3) and against the difference of orientation, with the 95 % band of
# permuted units. Before: dir
width = 900; height = 380
load here.'/style.gp'
table = dir.'/signal.tsv'
set multiplot layout 1,2 margins 0.1,0.98,0.19,0.9 spacing 0.13,0.1
of(kind, x) = strcol('against') eq kind && strcol('bin') ne 'r' ? x : NaN
set xzeroaxis lc rgb '#b0b0b0'
set ylabel 'mean weight of a tap' offset 0.5,0
set offsets 0, 0, graph 0.25, graph 0.05
set key top left
do for [kind in 'c3 orientation'] {
	set xlabel kind eq 'c3' ? 'signal correlation C3, mean of its tenths' : 'difference of orientations (deg)'
	if (kind eq 'orientation') { set xrange [0:90]; set xtics 30; set key top right } else { set xrange [*:*] }
	plot table using (of(kind, column('x'))):(column('chance_low')):(column('chance_high')) with filledcurves lc rgb '#e0e0e0' title 'permuted units, 95 %', \
	     table using (of(kind, column('x'))):(column('value')) with linespoints lt 1 ps 0.7 title 'K1'
}
unset multiplot
