# Accepted filters of many banks in one plane of n_x and n_y, over macaque V1 cells; large: a bank's median. Before: dir
width = 760; height = 480
load here.'/style.gp'
load here.'/ringach.gp'
points = dir.'/points.tsv'
set key at screen 0.6, 0.95 left top Left reverse noopaque noenhanced samplen 1
set rmargin at screen 0.55
set colorbox user origin screen 0.6,0.12 size screen 0.02,0.3
stats points using 1 nooutput name 'P'
banks = exists('P_blocks') && P_blocks > 1 ? P_blocks - 1 : 0
# colours of style.gp and a symbol for each round of them
colour(i) = 1 + i % 6 + (i % 6 >= 3)
plot $ringach using 1:2:1:(next($1)):2:(next($2)):3 with boxxy lc palette fillstyle solid noborder notitle, \
     x with lines dt 2 lc rgb '#404040' lw 1 notitle, \
     for [i=0:banks-1] points index i using 1:2 with points lt colour(i) pt 5 + 2 * (i / 6 % 5) ps 0.6 title columnheader(1)
