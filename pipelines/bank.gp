# Effective profiles sorted by orientation, and the fits. Before: dir
width = 900; height = 320
load here.'/style.gp'
unset border; unset tics; unset key
set size ratio -1
set autoscale fix
set multiplot layout 2,1 margins 0.02,0.98,0.02,0.91 spacing 0.02,0.12
# the table's last column says what was fitted
fitted = system("awk -F '\\t' 'NR == 2 { print $NF }' '".dir."/gabor.tsv'")
set title (fitted eq 'effective' ? 'effective profiles Ψ0∗Ψ1' : 'filters').', sorted by orientation' offset 0,-0.6
plot dir.'/bank.png' binary filetype=png with rgbimage
set title 'their Gabor fits'
plot dir.'/fitted.png' binary filetype=png with rgbimage
unset multiplot
