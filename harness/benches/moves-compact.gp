# size 760,420
set title "Pages that compaction moves in a second, plain and locked" font ',13'
set ylabel "thousands of pages a second"
set xlabel "policy"
set yrange [0:*]
left = "plain"; right = "locked"
left_keys = "pages=plain what=compact metric=per_second"
right_keys = "pages=locked what=compact metric=per_second"
v = 7; factor = 1e-3
load 'harness/benches/bars.gp'
