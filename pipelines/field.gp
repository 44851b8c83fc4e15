# Canonical fields: the kernel, iterated, of the images' edges, of a fitted group model (group-pooled.tsv). Before: dir
if (!exists('panels')) panels = 'field iterated-field edges-field group'
across = words(panels) < 2 ? 1 : 2; down = (words(panels) + 1) / 2
width = 450 * across; height = 430 * down
load here.'/style.gp'
set multiplot layout down,across margins 0.16/across,1-0.17/across,0.17/down,1-0.1/down spacing 0.17,0.11
set size ratio -1
stats dir.'/field-pooled.tsv' using (column('x_px')) nooutput name 'x'
reach = x_max + 0.5
set xrange [-reach:reach]; set yrange [-reach:reach]
set palette defined (0 '#f4f4f4', 1 '#e08f6a')
# weights from 0 on
set cbrange [0:*]
set cbtics scale 0 format '%.2g'
set colorbox
# which group model, as one would say it
model = words(panels) > 1 ? system("awk 'NR == 2 { print $1 }' '".dir."/group-pooled.tsv'") : ''
model = (model eq 'G1' ? 'direction process' : model eq 'G2' ? 'sub-Riemannian diffusion' : model eq 'G3' ? 'fan of curves' : 'model').', fitted ('.model.')'
unset key
set tics front
stick = 0.46
dx(o, c) = stick * cos(o * pi / 180) * c
dy(o, c) = stick * sin(o * pi / 180) * c
do for [which in panels] {
	set title which eq 'field' ? 'K1, excitatory part' : which eq 'iterated-field' ? 'after propagation' : \
		which eq 'edges-field' ? 'edges of the images (M4)' : model
	set xlabel (down == 1 || which eq 'edges-field' || which eq 'group') ? 'along the target''s stripes (px)' : ''
	set ylabel (which eq 'field' || which eq 'edges-field') ? 'across (px)' : ''
	table = dir.'/'.which.'-pooled.tsv'
	stats table using ((column('coherence'))) nooutput name 'c'
	longest = c_max
	lines = dir.'/'.(which eq 'group' ? 'field' : which).'-lines.tsv'
	plot table using ((column('x_px'))):(column('y_px')):(column('weight')) with image pixels, \
	     lines using ((column('x_px'))):(which eq 'group' ? NaN : column('y_px')):(column('curve')) with lines lc rgb '#7f9cc8' lw 1, \
	     table using ((column('x_px')) - dx(column('orientation_deg'), column('coherence')/longest)):\
	         (column('y_px') - dy(column('orientation_deg'), column('coherence')/longest)):\
	         (2*dx(column('orientation_deg'), column('coherence')/longest)):\
	         (2*dy(column('orientation_deg'), column('coherence')/longest)) with vectors nohead lw 2 lc rgb '#1f4e9c'
}
unset multiplot
