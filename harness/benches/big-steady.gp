# size 760,420
all = quick ? '17 GiB' : '129 GiB'; locked = quick ? '16 GiB' : '128 GiB'
set title "Time to reclaim 256 MiB of " . all . "\n{/*0.85 in the steady state, classic LRU}" font ',13'
set ylabel "ms"
set yrange [10:20000]
what = "steady"; metric = "ns"; factor = 1e-6
load 'harness/benches/over.gp'
