# size 760,420
set title "Mappings that one munlock visits, for a page" font ',13'
set xlabel "processes that have the page"
set ylabel "mappings visited"
set logscale x
set xrange [0.8:80]
set yrange [-2:70]
set xtics (1, 2, 4, 8, 16, 32, 64)
visits(policy, others) = pick("others=" . others . " policy=" . policy . " what=munlock metric=visited")
plot visits("rmap", "map") using 4:8 with linespoints lt 3 title "rmap, others map it", \
	visits("rmap", "lock") using 4:8 with linespoints lt 3 dt 2 title "rmap, others lock it", \
	visits("count", "map") using 4:8 with linespoints lt 2 title "the other policies"
