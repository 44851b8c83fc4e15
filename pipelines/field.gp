# The canonical field and its streamlines; beside it the direction process. Before: dir
width = 960; height = 480
load here.'/style.gp'
set multiplot layout 1,2 margins 0.07,0.92,0.12,0.92 spacing 0.1,0.1
set size ratio -1
set xlabel 'along the stripes (px)'
set ylabel 'across (px)'
set xrange [-8:8]; set yrange [-8:8]
set palette defined (0 '#d0d0d0', 1 '#b2182b')
unset colorbox
unset key
set title 'K1, excitatory part'
half(c) = 0.45 * c
dx(o, c) = cos(o*pi/180) * half(c)
dy(o, c) = sin(o*pi/180) * half(c)
pooled(x) = column('filter') == -1 && strcol('part') eq 'positive' ? x : NaN
sticks(f) = sprintf("'%s/%s' using (pooled(column('x_px')) - dx(column('orientation_deg'), column('coherence'))):(column('y_px') - dy(column('orientation_deg'), column('coherence'))):(2*dx(column('orientation_deg'), column('coherence'))):(2*dy(column('orientation_deg'), column('coherence'))):(column('weight')) with vectors nohead lw 2.5 lc palette", dir, f)
plot for [c in 'field.tsv'] @sticks
unset multiplot
