# panels.gp: one metric against the locked fraction, for both LRUs, anonymous pages and those of a file, in the steady state; the plots
# of reclaim set heading, unit, metric, factor and yrange. The steps of the fraction are of one width.
step(percent) = percent == 0 ? 0 : percent == 50 ? 1 : percent == 90 ? 2 : 3
set multiplot layout 2,2 title heading font ',14' margins 0.09,0.83,0.10,0.87 spacing 0.07,0.12
set xrange [-0.2:3.2]
set xtics ("0" 0, "50" 1, "90" 2, "99" 3)
set logscale y
set format y "%g"
set key at screen 0.985,0.87
do for [kind in "anon file"] {
	do for [lru in "classic mglru"] {
		set title (kind eq "anon" ? "anonymous pages" : "pages of a file") . (lru eq "classic" ? ", classic LRU" : ", MGLRU")
		set xlabel (kind eq "file" ? "locked, % of the group's pages" : "")
		set ylabel (lru eq "classic" ? unit : "")
		plot for [i = 1:words(policies)] pick("kind=" . kind . " lru=" . lru . " policy=" . word(policies, i) . " what=steady metric=" . metric) \
			using (step($5) + (i - 3) * 0.05):($8 * factor):($9 * factor):($10 * factor) with yerrorlines lt i title (kind . lru eq "anonclassic" ? word(policies, i) : "")
	}
}
unset multiplot
