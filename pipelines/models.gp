# Held-out scores of every model: by itself, and beside overlap. Before: dir
width = 900; height = 420
load here.'/style.gp'
set multiplot layout 1,2 margins 0.095,0.985,0.1,0.9 spacing 0.12,0.1
names = 'M0 M1 M2 M3 M4 M5 G1 G2 G3'
set xrange [-0.6:9.6]
set for [k=1:9] xtics add (word(names, k) k - 1)
set xtics add ('ceiling' 9) scale 0
set xzeroaxis lc rgb '#b0b0b0' lt 1 lw 1
set key top left
table = dir.'/compare.tsv'
place(name) = name eq 'ceiling' ? 9 : strlen(name) == 2 && strstrt(names, name) > 0 ? strstrt(names, name) / 3 : NaN
after(q, prefix) = q[1:strlen(prefix)] eq prefix ? q[strlen(prefix)+1:*] : ''
at(prefix, part) = strcol('part') ne part ? NaN : prefix eq 'r_' && strcol('quantity') eq 'ceiling' ? 9 : place(after(strcol('quantity'), prefix))
shown(prefix, part, name) = at(prefix, part) >= 0 ? column(name) : NaN
set yrange [*:*]
set offsets 0, 0, graph 0.2, graph 0.05
set ylabel 'held-out r'
set title 'by themselves, signed'
plot table using (at('r_', 'signed')):(shown('r_', 'signed', 'value')):(shown('r_', 'signed', 'low')):(shown('r_', 'signed', 'high')) with yerrorbars lt 1 notitle
unset xtics
set xrange [-0.6:8.6]
set for [k=1:9] xtics add (word(names, k) k - 1)
set xtics scale 0
set offsets 0, 0, graph 0.35, graph 0.05
set ylabel 'difference in held-out r'
set title 'beside overlap (M3), signed'
plot table using (at('gain_', 'signed') - 0.16):(shown('gain_', 'signed', 'value')):(shown('gain_', 'signed', 'low')):(shown('gain_', 'signed', 'high')) with yerrorbars lt 1 title 'gain', \
     table using (at('lead_', 'signed')):(shown('lead_', 'signed', 'value')):(shown('lead_', 'signed', 'low')):(shown('lead_', 'signed', 'high')) with yerrorbars lt 2 title 'lead over the best of M0-M2, M4', \
     table using (at('over_coaxial_', 'signed') + 0.16):(shown('over_coaxial_', 'signed', 'value')):(shown('over_coaxial_', 'signed', 'low')):(shown('over_coaxial_', 'signed', 'high')) with yerrorbars lt 4 title 'lead over M5'
unset multiplot
