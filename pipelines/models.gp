# Held-out scores of every model: correlation with the kernel, likeness of fields. Before: dir
width = 900; height = 420
load here.'/style.gp'
set multiplot layout 1,2 margins 0.095,0.985,0.1,0.9 spacing 0.09,0.1
set xrange [-0.6:7.6]
set xtics ('M0' 0, 'M1' 1, 'M2' 2, 'M3' 3, 'M4' 4, 'G1' 5, 'G2' 6, 'ceiling' 7) scale 0
set xzeroaxis lc rgb '#b0b0b0' lt 1 lw 1
set key top left
table = dir.'/compare.tsv'
place(q, prefix) = q eq (prefix eq 'r_' ? 'ceiling' : prefix.'ceiling') ? 7 : q[1:strlen(prefix)] ne prefix || strlen(q) != strlen(prefix) + 2 ? NaN : \
	q[strlen(q)-1:strlen(q)-1] eq 'M' ? int(q[strlen(q):*]) : 4 + int(q[strlen(q):*])
at(prefix, part) = strcol('part') eq part ? place(strcol('quantity'), prefix) : NaN
shown(prefix, part, name) = at(prefix, part) >= 0 ? column(name) : NaN
set yrange [*:*]
set offsets 0, 0, graph 0.2, graph 0.05
set ylabel 'held-out r'
set title 'weights'
plot table using (at('r_', 'positive') - 0.08):(shown('r_', 'positive', 'value')):(shown('r_', 'positive', 'low')):(shown('r_', 'positive', 'high')) with yerrorbars lt 2 title 'excitatory', \
     table using (at('r_', 'signed') + 0.08):(shown('r_', 'signed', 'value')):(shown('r_', 'signed', 'low')):(shown('r_', 'signed', 'high')) with yerrorbars lt 1 title 'signed'
set ylabel 'likeness of fields'
set title 'canonical fields'
set key bottom left
plot table using (at('field_', 'positive') - 0.08):(shown('field_', 'positive', 'value')):(shown('field_', 'positive', 'low')):(shown('field_', 'positive', 'high')) with yerrorbars lt 2 title 'excitatory', \
     table using (at('field_', 'negative') + 0.08):(shown('field_', 'negative', 'value')):(shown('field_', 'negative', 'low')):(shown('field_', 'negative', 'high')) with yerrorbars lt 4 title 'inhibitory'
unset multiplot
