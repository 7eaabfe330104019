# size 760,420
set title "Time to reclaim 256 MiB of 129 GiB, the first time, classic LRU" font ',13'
set ylabel "ms"
set xlabel "policy"
set logscale y
set yrange [10:20000]
left = "nothing locked"; right = "all locked but 1 GiB"
left_keys = "lru=classic locked=0 what=first metric=ns"
right_keys = "lru=classic locked=99 what=first metric=ns"
v = 7; factor = 1e-6
load 'harness/benches/bars.gp'
