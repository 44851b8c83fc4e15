# Lateral weights of chosen filters. Before: dir
width = 900; height = 520
load here.'/style.gp'
unset border; unset tics; unset key
set margins 0,0,0,0
set size ratio -1
set autoscale fix
plot dir.'/kernels.png' binary filetype=png with rgbimage
