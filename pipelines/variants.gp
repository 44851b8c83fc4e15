# Ablations or controls: every quantity by variant, a point per seed. Before: figures, variants (words)
width = 980; height = 960
load here.'/style.gp'
table = figures.'/summary.tsv'
set xrange [0.4:words(variants) + 0.6]
set yrange [*:*]
set offsets 0, 0, graph 0.08, graph 0.08
unset key
# a run is SEED/VARIANT; rows of means begin with a word
variant(run) = run[strstrt(run, '/') + 1:*]
place(run) = (p = NaN, sum [i = 1:words(variants)] (variant(run) eq word(variants, i) ? (p = i, 0) : 0), strstrt('0123456789', run[1:1]) ? p : NaN)
# as in study.mk, as one would say it
known = 'as-is:as_is no-lateral:no_K1 kernel-1x1:K1_1×1 T-2:T_=_2 average:average linear-lgn:linear_ℓ0 whitened:whitened \
disc:disc_of_taps shuffled-labels:shuffled_labels scrambled-images:scrambled_phases random-v1:random_Ψ1 random-filters:random_Ψ0,_Ψ1'
blanks(s) = strstrt(s, '_') ? blanks(s[1:strstrt(s, '_') - 1].' '.s[strstrt(s, '_') + 1:*]) : s
said(v) = (s = v, sum [i = 1:words(known)] (word(known, i)[1:strlen(v) + 1] eq v.':' ? (s = blanks(word(known, i)[strlen(v) + 2:*]), 0) : 0), s)
# only these: none by itself
set xtics ('' 0)
set for [i = 1:words(variants)] xtics add (said(word(variants, i)) i) rotate by 30 right scale 0
set xzeroaxis lc rgb '#b0b0b0' lt 1 lw 1
set multiplot layout 3,2 margins 0.08,0.98,0.1,0.96 spacing 0.1,0.13
filled(yes, name) = yes ? column(name) : NaN
# shares and correlations on their whole scale
unset offsets
set yrange [0:1.03]
set title 'validation accuracy'
plot table using (place(strcol(1))):(column('val_accuracy')) with points lt 1 pt 7 ps 1
set title 'Ψ0: r with a LoG (filled: accepted)'
plot table using (place(strcol(1))):(filled(column('lgn_accepted') == 1, 'lgn_r')) with points lt 1 pt 7 ps 1, \
     table using (place(strcol(1))):(filled(column('lgn_accepted') != 1, 'lgn_r')) with points lt 1 pt 6 ps 1
set title 'Ψ1: share of accepted Gabors'
plot table using (place(strcol(1))):(column('accepted_share')) with points lt 1 pt 7 ps 1
# the others about zero, with what the run says of itself
set yrange [*<-0.02:0.02<*]
set offsets 0, 0, graph 0.08, graph 0.08
titles = 'iso_excitatory:K1:_iso-orientation_index,_excitatory R_0_beyond:K1_beyond_overlap:_signed_R₀_(primary) lead_G1:lead_of_the_direction_process,_beside_overlap'
heading(q) = (s = q, sum [i = 1:words(titles)] (word(titles, i)[1:strlen(q) + 1] eq q.':' ? (s = blanks(word(titles, i)[strlen(q) + 2:*]), 0) : 0), s)
do for [q in 'iso_excitatory R_0_beyond lead_G1'] {
	set title heading(q).' (filled: a finding)'
	plot table using (place(strcol(1))):(column(q)):(column(q.'_low')):(column(q.'_high')) with yerrorbars lt 1 pt 6 ps 0, \
	     table using (place(strcol(1))):(filled(abs(column(q.'_found')) == 1, q)) with points lt 1 pt 7 ps 1, \
	     table using (place(strcol(1))):(filled(abs(column(q.'_found')) != 1, q)) with points lt 1 pt 6 ps 1
}
unset multiplot
