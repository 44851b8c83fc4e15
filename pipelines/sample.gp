# Images of the training set. Before: dir
width = 900; height = 320
load here.'/style.gp'
unset border; unset tics; unset key
set margins 0,0,0,0
set size ratio -1
set autoscale fix
plot dir.'/sample.png' binary filetype=png with rgbimage
