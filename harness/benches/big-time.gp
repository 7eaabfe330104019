# size 760,420
set title "Time to reclaim 256 MiB of 129 GiB, the first time, classic LRU" font ',13'
set ylabel "ms"
set yrange [10:20000]
what = "first"; metric = "ns"; factor = 1e-6
load 'harness/benches/over.gp'
