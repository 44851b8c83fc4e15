# Psi0: weights, LoG, radial profile, emergence. Before: dir, with dir/lgn-fit.gp: k (side) and what the fit found
width = 960; height = 620
load here.'/style.gp'
load dir.'/lgn-fit.gp'
log_(x, y) = (s = (x - x0)**2 + (y - y0)**2, A * (1 - s/(2*sigma**2)) * exp(-s/(2*sigma**2)))
half = (k - 1)/2.
weights = dir.'/lgn.txt'
col(i) = int(i) % int(k) - half
row(i) = half - floor(i / k)
stats weights using 1 nooutput name 'w'
most = abs(w_max) > abs(w_min) ? abs(w_max) : abs(w_min)
set multiplot
unset key
set size square
set cbrange [-most:most]
set colorbox vertical user origin screen 0.345,0.58 size screen 0.012,0.36
set cbtics most*.999 format '%.1f' scale 0
set tics scale 0
set border 15
set xrange [-half-.5:half+.5]
set yrange [-half-.5:half+.5]
set lmargin at screen 0.07; set rmargin at screen 0.33; set bmargin at screen 0.58; set tmargin at screen 0.94
set title 'Ψ0'
set xlabel 'x (px)' offset 0,0.5; set ylabel 'y (px)'
plot weights using (col($0)):(row($0)):1 with image pixels, \
     '+' using (x0):(y0) every ::0::0 with points pt 1 ps 1.5 lc rgb '#000000' notitle
unset colorbox
set label 1 (reason eq '-' ? 'accepted' : 'not accepted: '.reason) at screen 0.55,0.495 center
set lmargin at screen 0.42; set rmargin at screen 0.68
set title sprintf('LoG, σ = %.2f px, r = %.3f', sigma, r)
unset ylabel
set samples 81; set isosamples 81
set datafile separator whitespace
plot '++' using 1:2:(log_($1, $2)) with image pixels
unset label 1
set datafile separator "\t"
set size nosquare
set lmargin at screen 0.76; set rmargin at screen 0.98
set border 3
set tics scale 0.6
set title 'profile about the fitted centre'
set xlabel 'distance (px)'
set xrange [0:half*1.5]
set xtics 1
set yrange [*:*]
set xzeroaxis lc rgb '#b0b0b0' lt 1 lw 1
plot weights using (sqrt((col($0)-x0)**2 + (row($0)-y0)**2)):1 with points lt 1 ps 0.6, \
     log_(x + x0, y0) with lines lt 2
set lmargin at screen 0.08; set rmargin at screen 0.98; set bmargin at screen 0.1; set tmargin at screen 0.41
set xtics autofreq
set title 'emergence during training'
set xlabel 'epoch'
set xrange [0:*]
set yrange [0:1]
set key bottom right
unset xzeroaxis
epoch(x) = x + 1
history = dir.'/lgn-history.tsv'
plot history using (epoch(column('record'))):(column('r')) with linespoints lt 1 ps 0.5 title 'r with the LoG', \
     history using (epoch(column('record'))):(column('symmetry')) with linespoints lt 2 ps 0.5 title 'rotational symmetry', \
     r_chance with lines lt 1 lw 1 dt 3 title '95 % of noise like the final Ψ0, r', \
     symmetry_chance with lines lt 2 lw 1 dt 3 title '95 % of noise like the final Ψ0, symmetry'
unset multiplot
