# common.gp: what the plots share: how the policies look, and how values are picked.
set encoding utf8
set datafile separator "\t"
set grid ytics lc rgb '#dddddd' lt 1
set border 3
set tics nomirror
set key outside right top reverse Left noenhanced
policies = "none count rmap lazy lazy,eager"
set linetype 1 lc rgb '#d62728' lw 2 pt 7	# none
set linetype 2 lc rgb '#222222' lw 2 pt 5	# count
set linetype 3 lc rgb '#2ca02c' lw 2 pt 9	# rmap
set linetype 4 lc rgb '#1f77b4' lw 2 pt 11	# lazy
set linetype 5 lc rgb '#17becf' lw 2 pt 13	# lazy,eager
# The rows with these values: pick("policy=none metric=ns")
pick(keys) = "< awk -f harness/benches/pick.awk -v keys='" . keys . "' " . file
