# What each part does for the result: every quantity by variant, a point per seed. Before: figures
width = 980; height = 620
load here.'/style.gp'
table = figures.'/summary.tsv'
variants = 'as-is no-lateral kernel-1x1 T-2 average linear-lgn whitened'
set xrange [0.4:words(variants) + 0.6]
set yrange [*:*]
unset key
variant(run) = run[strstrt(run, '/') + 1:]
place(run) = (p = NaN, sum [i = 1:words(variants)] (variant(run) eq word(variants, i) ? (p = i, 0) : 0), strstrt('0123456789', run[1:1]) ? p : NaN)
set xtics ('as is' 1, 'no K1' 2, 'K1 1×1' 3, 'T = 2' 4, 'average' 5, 'linear ℓ0' 6, 'whitened' 7) rotate by 30 right scale 0
set multiplot layout 2,2 margins 0.08,0.98,0.13,0.95 spacing 0.1,0.2
set title 'validation accuracy'
plot table using (place(strcol(1))):(column('val_accuracy')) with points lt 1 ps 1
set title 'Ψ0: r with a LoG (filled: accepted)'
plot table using (place(strcol(1))):(column('lgn_accepted') == 1 ? column('lgn_r') : NaN) with points lt 1 pt 7 ps 1, \
     table using (place(strcol(1))):(column('lgn_accepted') == 1 ? NaN : column('lgn_r')) with points lt 1 pt 6 ps 1
set title 'Ψ1: share of accepted Gabors'
plot table using (place(strcol(1))):(column('accepted_share')) with points lt 1 ps 1
set title 'K1: iso-orientation index, excitatory'
set xzeroaxis lc rgb '#b0b0b0' lt 1 lw 1
plot table using (place(strcol(1))):(column('iso_excitatory')) with points lt 1 ps 1
unset multiplot
