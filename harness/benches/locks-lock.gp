# size 960,600
heading = "One operation on a page that the other processes have locked too"
others = "lock"
load 'harness/benches/operations.gp'
