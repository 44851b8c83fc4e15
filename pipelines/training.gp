# Training curves: loss and accuracy by epoch. Before: dir
width = 900; height = 340
load here.'/style.gp'
log = dir.'/log.tsv'
set multiplot layout 1,2 margins 0.08,0.98,0.19,0.92 spacing 0.1,0.1
set xlabel 'epoch'
set ylabel 'cross-entropy'
set yrange [0:*]
plot log using (column('epoch') + 1):(column('loss')) with lines lt 1 title 'training', \
     log using (column('epoch') + 1):(column('val_loss')) with lines lt 2 title 'validation'
set ylabel 'accuracy'
set yrange [0:1]
set key bottom right
plot log using (column('epoch') + 1):(column('accuracy')) with lines lt 1 title 'training', \
     log using (column('epoch') + 1):(column('val_accuracy')) with lines lt 2 title 'validation'
unset multiplot
