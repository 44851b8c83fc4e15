# Common look of the figures. Before: kind (svg, pdf, png), file, width and height in px; afterwards plot.
if (kind eq 'svg') set terminal svg size width,height font 'DejaVu Sans,13' background '#ffffff'
if (kind eq 'pdf') set terminal pdfcairo size width/96.,height/96. font 'DejaVu Sans,9.5'
if (kind eq 'png') set terminal pngcairo size 2*width,2*height font 'DejaVu Sans,20' linewidth 2 pointscale 1.5
set output file
set datafile separator "\t"
set datafile missing 'nan'
set encoding utf8
# a palette that survives grey print and colour blindness
set linetype 1 lc rgb '#1f4e9c' lw 2 pt 7
set linetype 2 lc rgb '#c8431f' lw 2 pt 5
set linetype 3 lc rgb '#3d8c40' lw 2 pt 9
set linetype 4 lc rgb '#8a8a8a' lw 2 pt 6
set linetype 5 lc rgb '#7b4ea3' lw 2 pt 11
set linetype 6 lc rgb '#d99a00' lw 2 pt 13
set border 3 lc rgb '#404040'
set tics nomirror out scale 0.6
set key samplen 2 spacing 1.1
# weights: blue below zero, white at zero, red above, as image-write draws them
set palette defined (-1 '#2166ac', -0.5 '#92c5de', 0 '#f7f7f7', 0.5 '#f4a582', 1 '#b2182b')
