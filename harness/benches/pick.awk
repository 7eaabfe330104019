# pick.awk: of a table of medians, the rows that have these values, below the names of the columns as a comment.
#
#   awk -f harness/benches/pick.awk -v keys='policy=none what=steady metric=scanned' build/bench/reclaim.median.tsv
BEGIN { FS = "\t"; n = split(keys, key, " ") }
/^#/ { next }
!head {
	for (i = 1; i <= NF; i++) at[$i] = i
	for (i = 1; i <= n; i++) {
		eq = index(key[i], "=")
		column[i] = at[substr(key[i], 1, eq - 1)]
		value[i] = substr(key[i], eq + 1)
		if (!column[i]) { print "no column " key[i] " in " FILENAME >"/dev/stderr"; exit 1 }
	}
	head = 1
	print "#" $0
	next
}
{
	for (i = 1; i <= n; i++) if ($(column[i]) "" != value[i]) next
	print
}
