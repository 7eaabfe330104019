# operations.gp: a panel for each operation, against the number of processes; the plots of locks set others and heading.
set multiplot layout 2,3 title heading font ',14' margins 0.07,0.98,0.10,0.86 spacing 0.06,0.16
set logscale xy 
set xrange [0.8:80]
set yrange [10:5000]
set format y "%g"
set xtics (1, 2, 4, 8, 16, 32, 64)
set xlabel "processes that have the page"
do for [op in "mlock munlock fault munmap exit"] {
	set title op
	set ylabel (op eq "mlock" || op eq "munmap" ? "ns for a page" : "")
	set key off
	plot for [i = 1:words(policies)] pick("others=" . others . " policy=" . word(policies, i) . " what=" . op . " metric=ns") \
		using 4:8:9:10 with yerrorlines lt i title word(policies, i)
}
unset title; unset xlabel; unset ylabel; unset tics; unset border; unset grid
set key at graph 0.5,0.6 center noenhanced
set key on
plot for [i = 1:words(policies)] NaN with linespoints lt i title word(policies, i)
unset multiplot
