# size 960,600
heading = "One operation on a page that the other processes have mapped, and not locked"
others = "map"
load 'harness/benches/operations.gp'
