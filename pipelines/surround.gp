# Size tuning without and with lateral propagation, and what the surround does at the unit's orientation and at right angles.
# Before: dir
width = 960; height = 380
load here.'/style.gp'
curves = dir.'/surround-curves.tsv'; table = dir.'/surround.tsv'
stats curves using (column('T')) nooutput name 'T'
set multiplot layout 1,2 margins 0.08,0.98,0.17,0.9 spacing 0.11,0.1
mean(t, x) = column('filter') == -1 && column('T') == t ? x : NaN
set xlabel 'diameter of the disc (px)'; set ylabel 'mean response' offset 1,0
set xrange [0:45]; set yrange [0:*]
set key bottom right
set title 'size tuning, mean of the units'
plot curves using (mean(T_min, column('diameter_px'))):(column('response')) with linespoints lt 1 title 'T = 0', \
     curves using (mean(T_min, column('diameter_px'))):(column('response_cross')) with lines lt 1 dt 2 title 'in a grating across', \
     curves using (T_max > T_min ? mean(T_max, column('diameter_px')) : NaN):(column('response')) with linespoints lt 2 title T_max > T_min ? sprintf('T = %d', T_max) : '', \
     curves using (T_max > T_min ? mean(T_max, column('diameter_px')) : NaN):(column('response_cross')) with lines lt 2 dt 2 title T_max > T_min ? 'in a grating across' : ''
set title sprintf('suppression by the surround, T = %d', T_max)
set xlabel 'at the unit''s orientation'; set ylabel 'at right angles' offset 1,0
set xrange [*:1]; set yrange [*:1]
set xzeroaxis lc rgb '#b0b0b0'; set yzeroaxis lc rgb '#b0b0b0'
same(x) = x
unset key
plot same(x) with lines dt 2 lc rgb '#a0a0a0' lw 1, \
     table using (column('T') == T_max ? column('iso') : NaN):(column('cross')) with points lt 2 ps 0.8
unset multiplot
