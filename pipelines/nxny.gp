# Shape of the receptive profiles, n_x = sigma_across f and n_y = sigma_along f, over macaque V1 cells
# (Ringach 2002, 79 cells, counts in the bins digitised by VOneNet). Before: dir
width = 560; height = 480
load here.'/style.gp'
table = dir.'/gabor.tsv'
set xlabel 'n_x = σ_{across} f'
set ylabel 'n_y = σ_{along} f'
set xrange [0.1:1.585]
set yrange [0.1:1.585]
set logscale xy
set rmargin at screen 0.82
set xtics (0.1, 0.174, 0.302, 0.525, 0.912, 1.585) format '%.2g'
set ytics (0.1, 0.174, 0.302, 0.525, 0.912, 1.585) format '%.2g'
set size square
set key top left reverse Left opaque
set palette defined (0 '#ffffff', 1 '#9a9a9a')
set cbrange [0:20]
set cblabel 'macaque cells in the bin'
$ringach << END
0.100	0.100	2
0.100	0.174	0
0.100	0.302	1
0.100	0.525	0
0.100	0.912	0
0.174	0.100	8
0.174	0.174	9
0.174	0.302	4
0.174	0.525	1
0.174	0.912	0
0.302	0.100	1
0.302	0.174	2
0.302	0.302	19
0.302	0.525	17
0.302	0.912	3
0.525	0.100	0
0.525	0.174	0
0.525	0.302	1
0.525	0.525	7
0.525	0.912	4
0.912	0.100	0
0.912	0.174	0
0.912	0.302	0
0.912	0.525	0
0.912	0.912	0
END
next(x) = x * 10**0.24
accepted(x) = column('accepted') == 1 ? x : NaN
rejected(x) = column('accepted') == 0 ? x : NaN
plot $ringach using 1:2:1:(next($1)):2:(next($2)):3 with boxxy lc palette fillstyle solid noborder notitle, \
     x with lines dt 2 lc rgb '#404040' lw 1 notitle, \
     table using (accepted(column('nx'))):(column('ny')) with points lt 2 pt 7 ps 0.9 title 'accepted', \
     table using (rejected(column('nx'))):(column('ny')) with points lt 4 ps 0.7 title 'not accepted'
