# Tuning measured from gratings against the Gabor fits, accepted filters, without and with lateral propagation.
# Before: dir
width = 960; height = 640
load here.'/style.gp'
table = dir.'/agreement.tsv'
stats table using (column('T')) nooutput name 'T'
of(t, x) = column('T') == t && column('accepted') == 1 ? x : NaN
stats table using (of(T_min, column('theta_measured_deg'))) nooutput name 'N'
n = exists('N_records') ? N_records : 0
lateral = T_max > T_min
before = sprintf('T = %d', T_min); after = sprintf('T = %d', T_max)
set multiplot layout 2,3 margins 0.08,0.98,0.1,0.93 spacing 0.1,0.17
unset key
set size square
set xrange [0:180]; set yrange [0:180]
set xtics 45; set ytics 45
set title sprintf('orientation (deg), n = %d', n)
set xlabel 'fitted' offset 0,0.4; set ylabel 'measured' offset 1,0
same(x) = x
plot same(x) with lines dt 2 lc rgb '#a0a0a0' lw 1 notitle, \
     table using (of(T_min, column('theta_deg'))):(of(T_min, column('theta_measured_deg'))) with points lt 1 ps 0.7 title before, \
     table using (lateral ? of(T_max, column('theta_deg')) : NaN):(of(T_max, column('theta_measured_deg'))) with points lt 2 pt 4 ps 0.7 title lateral ? after : ''
set title 'spatial frequency (cycles/px)'
set key bottom right Left reverse samplen 1
set logscale xy
set xrange [0.03:0.6]; set yrange [0.03:0.6]
set xtics (0.05, 0.1, 0.2, 0.4); set ytics (0.05, 0.1, 0.2, 0.4)
plot same(x) with lines dt 2 lc rgb '#a0a0a0' lw 1 notitle, \
     table using (of(T_min, column('sf_cpp'))):(of(T_min, column('sf_measured_cpp'))) with points lt 1 ps 0.7 title before, \
     table using (lateral ? of(T_max, column('sf_cpp')) : NaN):(of(T_max, column('sf_measured_cpp'))) with points lt 2 pt 4 ps 0.7 title lateral ? after : ''
unset key
unset logscale
set title 'orientation half-width at 1/√2 (deg)'
set xrange [0:60]; set yrange [0:60]
set xtics 15; set ytics 15
plot same(x) with lines dt 2 lc rgb '#a0a0a0' lw 1, \
     table using (of(T_min, column('half_width_deg'))):(of(T_min, column('half_width_measured_deg'))) with points lt 1 ps 0.7, \
     table using (lateral ? of(T_max, column('half_width_deg')) : NaN):(of(T_max, column('half_width_measured_deg'))) with points lt 2 pt 4 ps 0.7
set title 'circular variance'
set xrange [0:1]; set yrange [0:1]
set xtics 0.25; set ytics 0.25
plot same(x) with lines dt 2 lc rgb '#a0a0a0' lw 1, \
     table using (of(T_min, column('cv'))):(of(T_min, column('cv_measured'))) with points lt 1 ps 0.7, \
     table using (lateral ? of(T_max, column('cv')) : NaN):(of(T_max, column('cv_measured'))) with points lt 2 pt 4 ps 0.7
# histograms: shares of the filters; T above 0 as an outline
set size nosquare
set ylabel 'share of filters' offset 1,0
set style fill solid 0.45 noborder
set yrange [0:*]; set ytics auto
set offsets 0, 0, graph 0.25, 0
set key top right Left reverse samplen 1
set xlabel 'measured'
# others count nothing, outside the range: a missing value would begin a new histogram
counts(t, x) = column('T') == t && column('accepted') == 1 && x >= 0
place(t, x) = counts(t, x) ? (floor(x / w) + 0.5) * w : -1
share(t, x) = counts(t, x) ? 1. / n : 0
w = 0.1
set boxwidth w
plot table using (place(T_min, column('cv_measured'))):(share(T_min, column('cv_measured'))) smooth freq with boxes lt 1 title before, \
     table using (place(T_max, column('cv_measured'))):(share(T_max, column('cv_measured')) / lateral) smooth freq with boxes lt 2 fs empty border title lateral ? after : ''
set title 'modulation F1/F0'
w = 0.2
set boxwidth w
set xrange [0:2.2]; set xtics 0.5
set arrow from first 1, graph 0 to first 1, graph 1 nohead dt 3 lc rgb '#606060'
set label 'simple' at first 1.05, graph 0.95 left tc rgb '#606060'
set label 'complex' at first 0.95, graph 0.95 right tc rgb '#606060'
unset key
plot table using (place(T_min, column('modulation_ratio'))):(share(T_min, column('modulation_ratio'))) smooth freq with boxes lt 1, \
     table using (place(T_max, column('modulation_ratio'))):(share(T_max, column('modulation_ratio')) / lateral) smooth freq with boxes lt 2 fs empty border
unset multiplot
