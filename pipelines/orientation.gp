# Mean lateral weight against the difference of orientations, with the band of permuted orientations. Before: dir
width = 900; height = 380
load here.'/style.gp'
table = dir.'/profile.tsv'
set multiplot layout 1,2 margins 0.1,0.98,0.19,0.9 spacing 0.11,0.1
set xlabel 'difference of orientations (deg)'
set xrange [-90:90]
set xtics 45
set ylabel 'summed weight of a pair' offset 0.5,0
set yrange [0:*]
set key top right
set offsets 0, 0, graph 0.3, 0
of(part, x) = strcol('kernel') eq 'K' && strcol('part') eq part ? x : NaN
do for [part in 'positive negative'] {
	set title part eq 'positive' ? 'excitatory part' : 'inhibitory part'
	plot table using (of(part, column('dtheta_deg'))):(of(part, column('chance_low'))):(of(part, column('chance_high'))) with filledcurves lc rgb '#e0e0e0' title 'permuted, 95 %', \
	     table using (of(part, column('dtheta_deg'))):(of(part, column('mean'))):(of(part, column('low'))):(of(part, column('high'))) with yerrorbars lt 1 pt 7 ps 0.6 title 'measured', \
	     table using (of(part, column('dtheta_deg'))):(of(part, column('fit'))) with lines lt 2 title 'von Mises'
}
unset multiplot
