# size 900,640
heading = "Pages that reclaim scans for each page it gets, in the steady state"
unit = "pages scanned for one reclaimed"
metric = "scanned_per_page"; factor = 1
set yrange [0.7:300]
load 'harness/benches/panels.gp'
