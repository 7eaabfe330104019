# over.gp: a bar for each policy, with 99 % locked, and a line where it is with nothing locked; the plots of big set what, metric, factor,
# and how much is locked.
set style fill solid 0.85 border lc rgb '#444444'
set boxwidth 0.5
set xrange [0.4:5.6]
set xtics () noenhanced
do for [i = 1:words(policies)] { set xtics add (word(policies, i) i) }
set xlabel "policy"
set logscale y
keys(policy, locked) = "lru=classic policy=" . policy . " locked=" . locked . " what=" . what . " metric=" . metric
plot for [i = 1:words(policies)] pick(keys(word(policies, i), "99")) using (i):($7 * factor) with boxes lw 1 lc rgb '#08519c' notitle, \
	for [i = 1:words(policies)] pick(keys(word(policies, i), "99")) using (i):($8 * factor):(0):(($9 - $8) * factor) with vectors nohead lw 2 lc rgb '#d62728' notitle, \
	pick(keys("count", "0")) using (0.4):($7 * factor):(5.2):(0) with vectors nohead lw 2 dt 2 lc rgb '#222222' notitle, \
	keyentry with boxes lw 1 lc rgb '#08519c' title locked . " locked", \
	keyentry with lines lw 2 dt 2 lc rgb '#222222' title "nothing locked"
