# Lateral weights of chosen filters. Before: dir
width = 900; height = 440
load here.'/style.gp'
unset border; unset tics; unset key; unset colorbox
set margins 0,0,0,0
set lmargin at screen 0.11; set rmargin at screen 0.99; set bmargin at screen 0.08; set tmargin at screen 0.88
set size ratio -1
set autoscale fix
stats dir.'/kernels.txt' using 3 nooutput name 'row'
stats dir.'/kernels.txt' using 4 nooutput name 'tile'
tile = tile_max
do for [i = 0:11] { set label (i == 5 ? '0°' : sprintf('%+d°', -75 + 15*i)) at (i + 0.5)*tile, row_max + tile*0.8 center }
set label 'difference of orientations' at 6*tile, row_max + tile*1.15 center
# colours as in the picture, which scales each row to its own largest weight
do for [i = 0:60] { set object i + 1 rectangle from screen 0.4 + 0.005*i, screen 0.025 to screen 0.4 + 0.005*(i + 1), screen 0.05 fc palette frac i/60. fs solid noborder }
set label 'inhibition' at screen 0.39, screen 0.037 right
set label 'excitation' at screen 0.715, screen 0.037 left
plot dir.'/kernels.png' binary filetype=png with rgbimage, \
     dir.'/kernels.txt' using (-8):3:(sprintf('θ = %.0f°', $2)) with labels right
