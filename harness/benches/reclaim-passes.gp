# size 760,420
set title "Pages scanned for each page reclaimed, first and later\n{/*0.85 99 % locked, classic LRU, anonymous pages}" font ',13'
set ylabel "pages scanned for one reclaimed"
set xlabel "policy"
set logscale y
set yrange [0.7:1000]
left = "first pass"; right = "steady state"
left_keys = "kind=anon lru=classic locked=99 metric=scanned_per_page what=first"
right_keys = "kind=anon lru=classic locked=99 metric=scanned_per_page what=steady"
v = 8; factor = 1
load 'harness/benches/bars.gp'
