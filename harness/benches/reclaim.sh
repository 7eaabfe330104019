# shellcheck shell=bash
# shellcheck disable=SC2034,SC2153,SC2154	# what it has from harness/bench, and for it
# harness/benches/reclaim.sh: what reclaim pays for pages that it cannot have, by how many of a hundred are locked.

columns="kind locked"

# reclaimed ARGUMENT...: of reclaim_cost; with swap for all that can go.
reclaimed() {
	local swap=2G
	guest 2500M reclaim_cost "$@"
}

points() {
	local pages=409600 take=2048 passes=8 percents="0 50 90 99" policy lru kind percent
	[ -z "$Q" ] || pages=204800 take=1024 passes=3 percents="0 90 99"
	for kind in anon file; do
		for percent in $percents; do
			for lru in $LRUS; do
				for policy in none count rmap lazy lazy,eager; do
					echo "$policy|$lru|$kind $percent|reclaimed $kind $pages $((pages * percent / 100)) 64 $take $passes 60"
				done
			done
		done
	done
}

page() {
	cat <<-'END'
		## Reclaim against the locked fraction

		A group has 1.6 GiB of memory (0.8 GiB with Q=quick), of which so many of a hundred pages are locked, evenly among the others, none of
		them touched lately. It is asked for one page, then for 8 MiB (4 MiB). In the first pass reclaim meets every page for the first time; in
		the steady state it has met all that is locked, and what can go is new, and was not touched either. The figures are of the steady state unless
		they say otherwise.

	END
	figure reclaim-scanned "Pages scanned for each page reclaimed" <<-'END'
		- For a user: how much work one page takes. Under `none` it is ten looks, or a hundred, where most of memory is locked; under the other
		  policies it is one, however much is locked.
		- Expected: 1 / (1 - fraction) under `none`, 2, 10 and 100, in the first pass (the tables have 2.5, 12 and 100, as a row of locked pages comes
		  first); 1 elsewhere.
		- A surprise: `none`, later. The classic LRU has the locked pages on its active list by then. At 50 % it need not age that list, and meets none of them;
		  from 90 % on it must, and looks at each page twice, there and, moved back, on the inactive list ("pages looked at", in the tables, has both). MGLRU does not end a group's
		  reclaim when it has enough (`should_abort_scan()` of mm/vmscan.c): once the oldest generation is full of locked pages, a request for one
		  page goes through all of them and takes all that can go.
		- Again: `make bench T=reclaim`; a point: `SWAP=- WORDS=umlock.swap=2G make shell P=none L=mglru M=2500M CMD='reclaim_cost anon 409600 405504 64 2048 8 60'`.
	END
	figure reclaim-time "Time for each page reclaimed" <<-'END'
		- For a user: what that work comes to. To reclaim a page takes about 1 µs here, where no disk is waited for; a look at one that is locked
		  about 0.1 µs, as its reverse map is asked for one mapping, and says no.
		- Expected: as the pages scanned. (MGLRU at 50 % is cheap for each page, as it takes fifty thousand at once.)
		- A surprise: how cheap a look is while nobody else looks. What a machine adds that UML has not is many CPUs that want one lru_lock for it.
		- Again: `make bench T=reclaim`.
	END
	figure reclaim-wait "Time until a request for one page is done" <<-'END'
		- For a user: how long somebody waits who needs a page now, and not 8 MiB.
		- Expected: under `none`, one batch of 32 pages at so many looks each; elsewhere no difference.
		- A surprise: in the steady state, under `none`, the one page is most of the whole from 90 % on, and all of it under MGLRU: what is locked is in
		  front of all that can go.
		- Again: `make bench T=reclaim`.
	END
	figure reclaim-passes "The first pass, and the steady state" <<-'END'
		- For a user: what `lazy` is about. It pays once, in the first pass: whoever meets a locked page puts it aside. `none` goes on paying, here a sixth of it,
		  under MGLRU all (the tables). `lazy,eager`, `rmap` and `count` do that when the page is locked.
		- Expected: so.
		- A surprise: nothing.
		- Again: `make bench T=reclaim`.
	END
	for kind in anon file; do
		for lru in $LRUS; do
			for what in first steady; do
				echo "**$(case $kind in anon) echo anonymous pages ;; *) echo pages of a file ;; esac), $lru, $(case $what in first) echo first pass ;; *) echo steady state ;; esac)**"
				echo
				table locked policy "Pages scanned for each page reclaimed, by the percentage that is locked" 1 "kind=$kind" "lru=$lru" "what=$what" metric=scanned_per_page
				table locked policy "Pages looked at, on the active list and in younger generations too" 1 "kind=$kind" "lru=$lru" "what=$what" metric=looked_at_per_page
				table locked policy "Time for each page reclaimed, in µs" 1e-3 "kind=$kind" "lru=$lru" "what=$what" metric=ns_per_page
				table locked policy "Time until the request for one page was done, in ms" 1e-6 "kind=$kind" "lru=$lru" "what=$what" metric=wait_ns
				table locked policy "Pages that went with the request for one" 1 "kind=$kind" "lru=$lru" "what=$what" metric=wait_reclaimed
			done
		done
	done
	echo "Bounds:"
	echo
	for policy in lazy lazy,eager rmap count; do
		for lru in $LRUS; do
			bound "scanned for each page that goes, 90 of 100 locked over nothing locked, steady, anon, $lru, $policy" \
				"$(over "$(median policy=$policy "lru=$lru" kind=anon locked=90 what=steady metric=scanned_per_page)" "$(median policy=$policy "lru=$lru" kind=anon locked=0 what=steady metric=scanned_per_page)")" '<=' 1.05
		done
	done
	echo
}
