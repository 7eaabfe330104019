# shellcheck shell=bash
# shellcheck disable=SC2034,SC2153,SC2154	# what it has from harness/bench, and for it
# harness/benches/big.sh: 128 GiB locked and 1 GiB that is not: the machine of the second seed.

columns="locked"
MOST_HOST=8		# GiB: the host's memory that a guest may take

LIMIT=60		# seconds: a request that takes longer is stopped

# big LOCKED: so many of a hundred. The others first: what is locked is older than what can go. With Q=quick an eighth of it all.
big() {
	local all=33816576 locked=33554432 mem=150G swap=4G
	[ -z "$Q" ] || all=4456448 locked=4194304 mem=20G
	[ "$1" != 0 ] || locked=0
	watched guest "$mem" reclaim_cost anon "$all" "$locked" 1 65536 2 "$LIMIT"
}

# watched COMMAND...: that, and "host kb VALUE": the most that the guest had of the host's memory: of its own, and of the file, without a name, that
# is its memory.
watched() {
	local most=0 job now guest fd
	"$@" &
	job=$!
	while kill -0 "$job" 2>/dev/null; do
		# The child of harness/shell, which is the child of this job.
		for guest in $(pgrep -P "$(pgrep -P "$job" -d ,)"); do
			now=$(sed -n 's/^RssAnon:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$guest/status" 2>/dev/null) || continue
			fd=$(find "/proc/$guest/fd" -lname '*/#* (deleted)' -print -quit 2>/dev/null) || continue
			[ -z "$fd" ] || now=$((${now:-0} + $(stat -L -c %b "$fd" 2>/dev/null || echo 0) / 2))
			if [ "${now:-0}" -gt "$most" ]; then most=$now; fi
		done
		sleep 0.2
	done
	wait "$job"
	echo "host kb $most"
}

points() {
	local policy lru lrus=$LRUS locked
	[ -z "$Q" ] || lrus=classic
	for lru in $lrus; do
		for policy in none count rmap lazy lazy,eager; do
			for locked in 0 99; do
				# Without a lock, all policies do the same.
				if [ -n "$Q" ] && [ "$locked" = 0 ] && [ "$policy" != count ]; then continue; fi
				echo "$policy|$lru|$locked|big $locked"
			done
		done
	done
}

page() {
	local policy lru request="256 MiB"
	cat <<-END
		## At 128 GiB

		A guest of 150 GiB has $([ -z "$Q" ] && echo "33554432 locked pages, 128 GiB, in one zone, and 1 GiB" || echo "(with Q=quick) 16 GiB of locked pages, and 1 GiB") of anonymous pages that are not locked and came
		later; none was touched lately. One page is asked for, then $request. Beside it, "0": the same guest with the same pages, and none of them
		locked. First: reclaim meets each page for the first time. Steady: it has met all, the 1 GiB is new and untouched. A request that takes more than
		$LIMIT s is stopped. Swap is zram, and the pages hold zeros, for which the kernel notes a bit each and writes nothing.

	END
	picture big-time "time to reclaim 256 MiB, the first time"
	picture big-scanned "pages scanned to reclaim 256 MiB"
	picture big-steady "time to reclaim 256 MiB, in the steady state"
	for lru in $LRUS; do
		[ -n "$(median "lru=$lru" policy=none locked=99 what=first metric=scanned)" ] || continue
		for what in first steady; do
			echo "**$lru, $what**"
			echo
			table policy locked "Time to reclaim $request, in ms, by the percentage that is locked" 1e-6 "lru=$lru" "what=$what" metric=ns
			table policy locked "Of which to the first page, in ms" 1e-6 "lru=$lru" "what=$what" metric=wait_ns
			table policy locked "Pages scanned" 1 "lru=$lru" "what=$what" metric=scanned
			table policy locked "Pages reclaimed" 1 "lru=$lru" "what=$what" metric=reclaimed
		done
		table policy locked "Time to fill, and to lock, all of memory, in s" 1e-9 "lru=$lru" what=fill metric=ns
		table policy locked "Stopped after $LIMIT s" 1 "lru=$lru" what=all metric=stopped
		table policy locked "The host's memory for it, in GiB" 9.5367e-7 "lru=$lru" what=host metric=kb
	done
	[ -n "$Q" ] || for lru in $LRUS; do
		for policy in count rmap lazy lazy,eager; do
			# What lazy has to discover it discovers in the first pass.
			case $policy in lazy*) what=steady ;; *) what=first ;; esac
			more "$lru" "$policy" "$what" scanned '<=' 1.1
			more "$lru" "$policy" "$what" ns '<=' 1.2
		done
		more "$lru" none first scanned '>=' 20
		more "$lru" none first ns '>=' 20
		bound "the host's memory, the most of all points, in GiB, $lru" "$(picked "lru=$lru" what=host metric=kb | awk -F '\t' 'NR > 1 && $NF > most { most = $NF } END { print most / 1048576 }')" '<=' $MOST_HOST
	done
	cat <<-'END'

		For a user: the problem of the second seed. Whoever needs a page first, on a machine full of locked memory, waits under `none` until
		reclaim has looked at all 33 million pages, and does so again when they have aged; under `count` and `rmap` there is nothing
		to look at. `lazy` is as slow as `none` once: that pass discovers what is locked, and from then on it is as fast as the others.
		`lazy,eager` does not even do that, as new locked pages never were on a list.

		Expected: so. The seed's hours are seconds here: one CPU, nobody else who scans, no disk, and a page that was not touched takes 80 ns to
		look at. The ratio is what carries over.
		A surprise is what `none` does in the steady state: see the benchmark before this one.

		Again: `make bench T=big`.

	END
}

# more LRU POLICY WHAT METRIC OP LIMIT: the bound of that with 99 of 100 locked over the same with none.
more() { bound "$4 to reclaim 256 MiB, 99 of 100 locked over nothing locked, $1, $2, $3" "$(over "$(median "lru=$1" "policy=$2" locked=99 "what=$3" "metric=$4")" "$(median "lru=$1" "policy=$2" locked=0 "what=$3" "metric=$4")")" "$5" "$6"; }
