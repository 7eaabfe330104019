# size 900,640
heading = "Time that reclaim takes for each page it gets, in the steady state"
unit = "µs for one page reclaimed"
metric = "ns_per_page"; factor = 1e-3
set yrange [0.2:30]
load 'harness/benches/panels.gp'
