# size 900,640
heading = "Time until a request for one page is done, in the steady state"
unit = "ms for the request"
metric = "wait_ns"; factor = 1e-6
set yrange [0.1:200]
load 'harness/benches/panels.gp'
