# size 760,420
set title "Pages scanned to reclaim 256 MiB of 129 GiB, the first time, classic LRU" font ',13'
set ylabel "pages scanned"
set xlabel "policy"
set logscale y
set format y "10^{%L}"
set yrange [1e4:1e8]
left = "nothing locked"; right = "all locked but 1 GiB"
left_keys = "lru=classic locked=0 what=first metric=scanned"
right_keys = "lru=classic locked=99 what=first metric=scanned"
v = 7; factor = 1
load 'harness/benches/bars.gp'
