# size 760,420
all = quick ? '17 GiB' : '129 GiB'; locked = quick ? '16 GiB' : '128 GiB'
set title "Pages scanned to reclaim 256 MiB of " . all . "\n{/*0.85 the first time, classic LRU}" font ',13'
set ylabel "pages scanned"
set format y "10^{%L}"
set yrange [1e4:1e8]
what = "first"; metric = "scanned"; factor = 1
load 'harness/benches/over.gp'
