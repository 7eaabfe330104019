# shellcheck shell=bash
# shellcheck disable=SC2034,SC2153,SC2154	# what it has from harness/bench, and for it
# harness/benches/reclaim.sh: what reclaim pays for pages that it cannot have, by how many of a hundred are locked.

columns="kind locked"

points() {
	local pages=409600 take=2048 passes=8 percents="0 50 90 99" policy lru kind percent
	[ -z "$Q" ] || pages=204800 take=1024 passes=3 percents="0 90 99"
	for kind in anon file; do
		for percent in $percents; do
			for lru in $LRUS; do
				for policy in none count rmap lazy lazy,eager; do
					echo "$policy|$lru|$kind $percent|guest 2500M reclaim_cost $kind $pages $((pages * percent / 100)) 64 $take $passes 60"
				done
			done
		done
	done
}

page() {
	cat <<-'END'
		## Reclaim against the locked fraction

		A group has 1.6 GiB of memory (0.8 GiB with Q=quick), of which so many of a hundred pages are locked, evenly among the others, none of them
		touched lately. A request takes one page, then 8 MiB. In the first pass reclaim meets every page for the first time; in the steady
		state it has met all that is locked.

	END
	picture reclaim-scanned "pages scanned for each page reclaimed, by the locked fraction"
	picture reclaim-time "time for each page reclaimed, by the locked fraction"
	picture reclaim-wait "time to the first page, by the locked fraction"
	picture reclaim-passes "first pass and steady state"
	for kind in anon file; do
		for lru in $LRUS; do
			[ -n "$(median "kind=$kind" "lru=$lru" policy=none locked=99 what=first metric=scanned)" ] || continue
			for what in first steady; do
				case $what in first) echo "**$kind, $lru, first pass**" ;; *) echo "**$kind, $lru, steady state**" ;; esac
				echo
				table locked policy "Pages scanned for each page reclaimed, by the percentage that is locked" 1 "kind=$kind" "lru=$lru" "what=$what" metric=scanned_per_page
				table locked policy "Time for each page reclaimed, in µs" 1e-3 "kind=$kind" "lru=$lru" "what=$what" metric=ns_per_page
				table locked policy "Time to the first page, in ms" 1e-6 "kind=$kind" "lru=$lru" "what=$what" metric=wait_ns
			done
		done
	done
	for policy in lazy lazy,eager rmap count; do
		for lru in $LRUS; do
			bound "scanned for each page that goes, 90 of 100 locked over nothing locked, steady, anon, $lru, $policy" \
				"$(over "$(median policy=$policy "lru=$lru" kind=anon locked=90 what=steady metric=scanned_per_page)" "$(median policy=$policy "lru=$lru" kind=anon locked=0 what=steady metric=scanned_per_page)")" '<=' 1.05
		done
	done
	cat <<-'END'

		For a user: what a locked majority costs everybody else who needs memory. Under `none` each page that goes takes 100 looks where 99 of
		100 are locked, and whoever waits for one page waits for all of them. Under the other policies it takes one look, however many are locked;
		`lazy` pays once, in the first pass, what `none` pays each time.

		Expected: 1 / (1 - fraction), so 2, 10 and 100, under `none` in the first pass, and under `lazy` there; 1 elsewhere.
		A surprise: `none` in the steady state. The classic LRU does better than that, as it has moved the locked pages to the active list, and looks at
		some of them as it ages that. MGLRU does far worse: it sorts what it cannot have into a young generation, which is the oldest
		a moment later; asked for 8 MiB it takes all that can go, does not find more, tries sixteen times and then refuses (`refused`
		in the values), although it has more than it was asked for. That is 6.12's own code on pages that rotate, which since 2008 no
		policy of the kernel leaves there.

		Again: `make bench T=reclaim`.

	END
}
