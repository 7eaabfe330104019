# bars.gp: a pair of bars for each policy: what the plot calls the left one and the right one, picked by left_keys and right_keys;
# v is the column of the median, times factor it is in the unit of the axis.
set style fill solid 0.85 border lc rgb '#444444'
set boxwidth 0.36
set xrange [0.4:5.6]
set xtics () noenhanced
do for [i = 1:words(policies)] { set xtics add (word(policies, i) i) }
keys(k, i) = "policy=" . word(policies, i) . " " . (k == 1 ? left_keys : right_keys)
shade(k) = k == 1 ? '#9ecae1' : '#08519c'
plot for [k = 1:2] for [i = 1:words(policies)] pick(keys(k, i)) using (i + (k - 1.5) * 0.4):(column(v) * factor) with boxes lw 1 lc rgb shade(k) notitle, \
	for [k = 1:2] for [i = 1:words(policies)] pick(keys(k, i)) using (i + (k - 1.5) * 0.4):(column(v + 1) * factor):(0):((column(v + 2) - column(v + 1)) * factor) \
		with vectors nohead lw 2 lc rgb '#d62728' notitle, \
	keyentry with boxes lw 1 lc rgb shade(1) title left, \
	keyentry with boxes lw 1 lc rgb shade(2) title right
