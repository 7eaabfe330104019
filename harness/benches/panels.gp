# panels.gp: four panels of one metric against the locked fraction; the plots of reclaim set what, metric, factor, and the rest.
set multiplot layout 2,2 title heading font ',14' margins 0.09,0.83,0.10,0.87 spacing 0.07,0.12
@steps
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
