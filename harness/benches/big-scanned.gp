# size 760,420
set title "Pages scanned to reclaim 256 MiB of 129 GiB, the first time, classic LRU" font ',13'
set ylabel "pages scanned"
set format y "10^{%L}"
set yrange [1e4:1e8]
what = "first"; metric = "scanned"; factor = 1
load 'harness/benches/over.gp'
