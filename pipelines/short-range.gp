# Weights at short range (|Delta| within 1 px) against the difference of orientation and the relative phase, K1 and what is beyond
# overlap in it, with the band of permutations; right axis: the overlap of the filters there. Before: dir
width = 1000; height = 420
load here.'/style.gp'
table = dir.'/short-range.tsv'
set multiplot layout 1,2 margins 0.08,0.91,0.16,0.9 spacing 0.17,0.1
set border 11
set ylabel 'mean weight K1 near Δ = 0' offset 1,0
set y2label 'overlap of filters' offset -1,0
set ytics nomirror
set y2tics
set key top center maxrows 3 samplen 1.5 spacing 1
set xzeroaxis lc rgb '#b0b0b0'
of(kernel, kind, x) = strcol('kernel') eq kernel && strcol('against') eq kind ? x : NaN
do for [kind in 'orientation phase'] {
	set title kind eq 'orientation' ? 'difference of orientation' : 'relative phase'
	half = kind eq 'orientation' ? 90 : 180
	set xrange [*:*]; set yrange [*:*]
	stats table using (abs(of('K', kind, column('high')))) name 'A' nooutput
	stats table using (abs(of('K', kind, column('low')))) name 'B' nooutput
	most = 1.6*(A_max > B_max ? A_max : B_max)
	stats table using (abs(of('K', kind, column('c1')))) name 'C' nooutput
	over = 1.6*C_max
	set yrange [-most:most]
	set y2range [-over:over]
	set xrange [-half*1.05:half*1.05]
	set xtics half/2
	set xlabel (kind eq 'orientation' ? 'difference of orientations (deg)' : 'relative phase (deg)')
	plot table using (of('K', kind, column('angle_deg'))):(of('K', kind, column('chance_low'))):(of('K', kind, column('chance_high'))) with filledcurves lc rgb '#e0e0e0' title 'permuted, 95 %', \
	     table using (of('K', kind, column('angle_deg'))):(of('K', kind, column('mean'))):(of('K', kind, column('low'))):(of('K', kind, column('high'))) with yerrorbars lt 1 ps 0.6 title 'K1', \
	     table using (of('K_beyond_C', kind, column('angle_deg'))):(of('K_beyond_C', kind, column('mean'))) with points lt 2 ps 0.6 title 'beyond overlap', \
	     table using (of('K', kind, column('angle_deg'))):(of('K', kind, column('c1'))) axes x1y2 with lines lt 4 title 'C1 (right)', \
	     table using (of('K', kind, column('angle_deg'))):(of('K', kind, column('c2'))) axes x1y2 with lines lt 4 dt 2 title 'C2 (right)', \
	     table using (of('K', kind, column('angle_deg'))):(of('K', kind, column('c3'))) axes x1y2 with lines lt 4 dt 3 title 'C3 (right)'
}
unset multiplot
