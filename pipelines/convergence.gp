# How the kernels on the grid converge to the closed forms of the resolvent, and how the aperture says they should. Before: dir
width = 900; height = 400
load here.'/style.gp'
set multiplot layout 1,2 margins 0.1,0.98,0.16,0.9 spacing 0.11,0.1
table = dir.'/convergence.tsv'
set logscale xy
set format y '10^{%L}'
set ytics 100
set ylabel 'relative error'
set yrange [1e-11:2]
at(axis, x) = strcol('axis') eq axis ? x : NaN
sigma = 0.7; turn = 5 * pi / 180 # the default aperture
set samples 400
set key bottom left
set title 'angular bandwidth'
set xlabel 'harmonics |n| ≤ N, at a step of 0.5 px'
set xrange [0.9:80]
set xtics (1, 2, 4, 8, 16, 32, 64)
plot table using (column('harmonics')):(at('harmonics', column('mean_x'))) with linespoints lt 1 title 'E[x]', \
     table using (column('harmonics')):(at('harmonics', column('mean_xx'))) with linespoints lt 2 title 'E[x²]', \
     table using (column('harmonics')):(at('harmonics', column('mean_yy'))) with linespoints lt 3 title 'E[y²]', \
     table using (column('harmonics')):(at('harmonics', column('marginal'))) with linespoints lt 5 title 'marginal of θ, largest', \
     exp(-x**2 * turn**2 / 2) with lines lt 4 dt 2 title 'exp(−N²σ_θ²/2)'
set title 'grid'
set xlabel 'step h (px), N = 120'
set xrange [0.45:2.2]
set xtics (0.5, 0.7, 1, 1.4, 2)
set key top left
plot table using (column('step_px')):(at('step', column('mass'))) with linespoints lt 4 title 'mass', \
     table using (column('step_px')):(at('step', column('mean_x'))) with linespoints lt 1 title 'E[x]', \
     table using (column('step_px')):(at('step', column('mean_xx'))) with linespoints lt 2 title 'E[x²]', \
     table using (column('step_px')):(at('step', column('mean_yy'))) with linespoints lt 3 title 'E[y²]', \
     exp(-2 * (pi * sigma / x)**2) with lines lt 4 dt 2 title 'exp(−2π²σ²/h²)'
unset multiplot
