# How many filters pass as the threshold varies, their own surrogates beside them. Before: dir
width = 820; height = 380
load here.'/style.gp'
table = dir.'/passes.tsv'
stats table using (column('filters')) nooutput name 'F'
stats table using (column('surrogates')) nooutput name 'S'
of(rule, x) = strcol('rule') eq rule ? x : NaN
set multiplot layout 1,2 margins 0.09,0.98,0.17,0.9 spacing 0.1
set yrange [0:1.12]; set ytics 0.2
set ylabel 'share that passes'
set key at graph 0.02, 0.76 left top Left reverse samplen 2
set title 'r against the own surrogates'
set xlabel 'share of surrogates that r must exceed'
set xrange [0.48:1.01]
set arrow from first 0.95, graph 0 to first 0.95, graph 1 nohead dt 3 lc rgb '#606060'
set label 'rule' at first 0.94, first 1.07 right tc rgb '#606060'
plot table using (of('surrogates', column('level'))):(column('filters_accepted') / F_max) with linespoints lt 1 title sprintf('filters, %d', F_max), \
     table using (of('surrogates', column('level'))):(column('filters_above') / F_max) with lines lt 1 lw 1 dt 2 title '  degenerate ones too', \
     table using (of('surrogates', column('level'))):(column('surrogates_accepted') / S_max) with linespoints lt 2 title sprintf('surrogates, %d', S_max), \
     table using (of('surrogates', column('level'))):(column('surrogates_above') / S_max) with lines lt 2 lw 1 dt 2 title '  degenerate ones too'
unset arrow; unset label
set title 'r alone'
set xlabel 'r that must be exceeded'
set xrange [0.48:0.92]
unset ylabel
unset key
plot table using (of('r', column('level'))):(column('filters_accepted') / F_max) with linespoints lt 1, \
     table using (of('r', column('level'))):(column('filters_above') / F_max) with lines lt 1 lw 1 dt 2, \
     table using (of('r', column('level'))):(column('surrogates_accepted') / S_max) with linespoints lt 2, \
     table using (of('r', column('level'))):(column('surrogates_above') / S_max) with lines lt 2 lw 1 dt 2
unset multiplot
