# size 760,420
set title "From the command to the verdict" font ',13'
set ylabel "seconds"
set logscale y
set yrange [0.1:2000]
set style fill solid 0.85 border lc rgb '#444444'
set boxwidth 0.36
stages = "boot gdb edited_test edited_kernel clean_build suite"
names = "'boot, one small test' 'gdb, stopped in reclaim' 'an edited test' 'mm/vmscan.c edited' 'clean build' 'make check'"
set xrange [0.4:6.6]
set xtics () rotate by -20
do for [i = 1:words(stages)] { set xtics add (word(names, i) i) }
tools = "umlock kunit.py"
plot for [k = 1:2] for [i = 1:words(stages)] pick("of=" . word(stages, i) . " what=" . word(tools, k) . " metric=s") \
	using (i + (k - 1.5) * 0.4):7 with boxes lw 1 lc rgb (k == 1 ? '#08519c' : '#fdae6b') title (i == 1 ? word(tools, k) : "")
