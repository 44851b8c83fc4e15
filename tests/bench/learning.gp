# The cost of a convolution by its kernel's size and by images: gnuplot -e "folder = ...; constant = ms; slope = ms"
set terminal svg size 900, 380 font "sans,12"
set output folder . "/learning.svg"
set datafile separator tab
set multiplot layout 1, 2
set title "64 → 64 channels, 64 × 64, 32 images"
set xlabel "side of the kernel, px"
set ylabel "ms per image"
set yrange [0:*]
set xtics 3, 4, 31
unset key
plot folder . "/kernels.tsv" using 1:4 skip 1 with linespoints pt 7 lc rgb "#1f5f8b"
set title "9 × 9 px"
set xlabel "images"
set ylabel "ms"
set xtics auto
set logscale xy 2
set yrange [*:*]
set key top left
plot folder . "/images.tsv" using 2:($3 * 1e3) skip 1 with points pt 7 lc rgb "#1f5f8b" title "measured", \
	constant + slope * x lc rgb "#b35900" title sprintf("%.0f ms + %.1f ms an image", constant, slope)
unset multiplot
