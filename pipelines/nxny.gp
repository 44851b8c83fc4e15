# Shape of the receptive profiles, n_x = sigma_across f and n_y = sigma_along f, over macaque V1 cells.
# Before: dir
width = 560; height = 480
load here.'/style.gp'
table = dir.'/gabor.tsv'
load here.'/ringach.gp'
accepted(x) = column('accepted') == 1 ? x : NaN
rejected(x) = column('accepted') == 0 ? x : NaN
plot $ringach using 1:2:1:(next($1)):2:(next($2)):3 with boxxy lc palette fillstyle solid noborder notitle, \
     x with lines dt 2 lc rgb '#404040' lw 1 notitle, \
     table using (accepted(column('nx'))):(column('ny')) with points lt 2 pt 7 ps 0.9 title 'accepted', \
     table using (rejected(column('nx'))):(column('ny')) with points lt 4 ps 0.7 title 'not accepted'
