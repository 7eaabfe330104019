# size 900,640
heading = "Time until the first page is there, in the steady state"
unit = "ms until the first page"
metric = "wait_ns"; factor = 1e-6
set yrange [0.1:200]
load 'harness/benches/panels.gp'
