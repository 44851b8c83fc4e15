# Whitening: radial power spectra before and after. Before: dir, with dir/spectrum-fourier.tsv, spectrum-zca.tsv
width = 640; height = 440
load here.'/style.gp'
fourier = dir.'/spectrum-fourier.tsv'; zca = dir.'/spectrum-zca.tsv'
f0 = 0.4
# dB over the mean of the rings where the filter promises a flat spectrum
low = 0.05; high = 0.58*f0
inside(f) = f >= low && f <= high
stats fourier using (inside(column('frequency_cpp')) ? column('before') : NaN) nooutput name 'raw'
stats fourier using (inside(column('frequency_cpp')) ? column('after') : NaN) nooutput name 'white'
stats zca using (inside(column('frequency_cpp')) ? column('after') : NaN) nooutput name 'own'
db(p, mean) = p > 0 && mean > 0 ? 10*log10(p/mean) : NaN
set logscale x 2
set xrange [0.022:0.5]
set yrange [-32:26]
set xtics ('1/32' 1/32., '1/16' 1/16., '1/8' 1/8., '1/4' 1/4., '1/2' 1/2.)
set xlabel 'spatial frequency (cycles per pixel)'
set ylabel 'power (dB)'
set key bottom left
set object 1 rectangle from low, graph 0 to high, graph 1 fc rgb '#eeeeee' fs solid noborder behind
expected(f) = 10*log10(exp(-2*(f/f0)**4))
plot fourier using (column('frequency_cpp')):(db(column('before'), raw_mean)) with linespoints lt 4 ps 0.5 title 'images', \
     fourier using (column('frequency_cpp')):(db(column('after'), white_mean)) with linespoints lt 1 ps 0.5 title 'f exp(-(f/f_0)^4)', \
     expected(x) with lines lt 1 lw 1 dt 3 title 'the same on amplitudes of 1/f', \
     zca using (column('frequency_cpp')):(db(column('after'), own_mean)) with linespoints lt 2 ps 0.5 title 'ZCA'
