# Axes of n_x and n_y, and the counts of macaque V1 cells in their plane (Ringach 2002, 79 cells; in the bins digitised by
# VOneNet) as data block, whose bins end at next(). After style.gp
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
