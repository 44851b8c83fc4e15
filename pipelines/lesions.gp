# Accuracy without classes of lateral weights, beside random lesions of the same mass, by kind of images. Before: dir
width = 960; height = 620
load here.'/style.gp'
table = dir.'/lesions.tsv'
set multiplot layout 2,3 margins 0.08,0.985,0.13,0.94 spacing 0.07,0.24
kinds = 'intact T=0 like unlike coaxial cocircular near far'
place(name) = sum [i = 1:8] (word(kinds, i) eq name ? i : 0)
of(kind, x) = strcol('images') eq kind ? x : NaN
rank(kind) = place(strcol('lesion'))
set xrange [0.4:8.6]
set xtics rotate by -45 ('intact' 1, 'T = 0' 2, 'like' 3, 'unlike' 4, 'co-axial' 5, 'cocircular' 6, 'near' 7, 'far' 8)
set offsets 0, 0, graph 0.15, graph 0.05
set key top right maxrows 1
do for [kind in 'clean seen noise blur occlusion contrast'] {
	stats table using (of(kind, column('accuracy'))) name 'A' nooutput
	if (!exists('A_records') || A_records == 0) { set multiplot next; continue }
	stats table using (of(kind, place(strcol('lesion')) == 1 ? column('accuracy') : NaN)) name 'I' nooutput
	set title kind eq 'seen' ? 'as in training' : kind
	set ylabel kind eq 'clean' || kind eq 'blur' ? 'accuracy' : '' offset 1,0
	plot I_mean with lines dt 2 lw 1 lc rgb '#a0a0a0' notitle, \
	     table using (of(kind, place(strcol('lesion')) + 0.15)):(column('random')):(2*column('random_sd')) with yerrorbars lt 4 ps 0.7 title kind eq 'clean' ? 'random' : '', \
	     table using (of(kind, place(strcol('lesion')) - 0.15)):(column('accuracy')) with points lt 1 ps 0.9 title kind eq 'clean' ? 'lesion' : ''
	undefine A_* I_*
}
unset multiplot
