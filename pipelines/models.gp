# Held-out correlation of every model with the kernel. Before: dir
width = 720; height = 400
load here.'/style.gp'
set ylabel 'held-out r'
set xrange [-0.6:7.6]
set yrange [*:*]
set xtics ('M0' 0, 'M1' 1, 'M2' 2, 'M3' 3, 'M4' 4, 'G1' 5, 'G2' 6, 'ceiling' 7) scale 0
set offsets 0, 0, graph 0.2, 0
set xzeroaxis lc rgb '#b0b0b0' lt 1 lw 1
set key top left
place(q) = q eq 'ceiling' ? 7 : q[1:3] eq 'r_M' ? int(q[4:4]) : q eq 'r_G1' ? 5 : q eq 'r_G2' ? 6 : NaN
table = dir.'/compare.tsv'
shown(q) = place(q) >= 0 && strlen(q) <= 7
of(part, x) = strcol('part') eq part && shown(strcol('quantity')) ? x : NaN
plot table using (place(strcol('quantity')) - 0.08):(of('positive', column('value'))):(of('positive', column('low'))):(of('positive', column('high'))) with yerrorbars lt 2 title 'excitatory', \
     table using (place(strcol('quantity')) + 0.08):(of('signed', column('value'))):(of('signed', column('low'))):(of('signed', column('high'))) with yerrorbars lt 1 title 'signed'
