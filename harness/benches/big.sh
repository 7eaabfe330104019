# shellcheck shell=bash
# shellcheck disable=SC2034,SC2153,SC2154	# what it has from harness/bench, and for it
# harness/benches/big.sh: 128 GiB locked and 1 GiB that is not: the machine of the second seed.

columns="locked"
MOST_HOST=8		# GiB: the host's memory that a guest may take

LIMIT=60		# seconds: a request that takes longer is stopped

# big LOCKED: so many of a hundred; they are there first, and so older than what can go. With Q=quick 16 GiB of them.
big() {
	local all=33816576 locked=33554432 mem=150G swap=4G need=7168
	[ -z "$Q" ] || all=4456448 locked=4194304 mem=20G need=2048
	[ "$1" != 0 ] || locked=0
	TEMP_NEED=$need watched guest "$mem" reclaim_cost anon "$all" "$locked" 1 65536 2 "$LIMIT"
}

# watched COMMAND...: that, and "host kb VALUE": the most that the guest had of the host's memory: of its own, and of the file without
# a name that is its memory.
watched() {
	local most=0 job now guest fd
	"$@" &
	job=$!
	while kill -0 "$job" 2>/dev/null; do
		# The child of harness/shell, which is the child of this job.
		for guest in $(pgrep -P "$job" | xargs -r -n 1 pgrep -P); do
			now=$(sed -n 's/^RssAnon:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$guest/status" 2>/dev/null) || continue
			fd=$(find "/proc/$guest/fd" -lname '*(deleted)' -print -quit 2>/dev/null) || continue
			[ -z "$fd" ] || now=$((${now:-0} + $(stat -L -c %b "$fd" 2>/dev/null || echo 0) / 2))
			if [ "${now:-0}" -gt "$most" ]; then most=$now; fi
		done
		sleep 0.2
	done
	wait "$job"
	[ "$most" -gt 10240 ] || { echo "the guest's memory was not found among the files of its process"; return 1; }
	echo "host kb $most"
}

points() {
	local policy lru lrus=$LRUS
	[ -z "$Q" ] || lrus=classic
	for lru in $lrus; do
		for policy in none count rmap lazy lazy,eager; do
			# With nothing locked all policies do the same: the benchmark reclaim has them beside each other.
			[ "$policy" != count ] || echo "$policy|$lru|0|big 0"
			echo "$policy|$lru|99|big 99"
		done
	done
}

page() {
	local policy lru what
	cat <<-END
		## At 128 GiB

		A guest of 150 GiB has $([ -z "$Q" ] && echo "33554432 locked pages, 128 GiB, in one zone, and 1 GiB" || echo "(with Q=quick, 20 GiB) 16 GiB of locked pages in one zone, and 1 GiB") of anonymous pages that are not locked and came
		later; none was touched lately. One page is asked for, then 256 MiB. Beside it, "0", the same guest with the same pages, and none of
		them locked, where all policies do the same. First: reclaim meets each page for the first time. Steady: it has met all, the 1 GiB is new and untouched. What takes more than
		$LIMIT s is stopped. Swap is in zram, and the pages hold zeros, for which the kernel notes a bit each and writes nothing.

	END
	figure big-time "Time to reclaim 256 MiB, the first time" <<-'END'
		- For a user: the problem for which the unevictable list was made (`unevictable-lru.txt` of Linux 2.6.28: 128 GiB, 32 million pages, vmscan
		  busy for hours), and that it is solved. Whoever needs memory first, on a machine full of locked pages, waits under `none`
		  until reclaim has looked at all 33 million; under `count`, `rmap` and `lazy,eager` there is nothing to look at. `lazy` waits as `none`
		  does, once.
		- Expected: so. The hours are seconds here: no disk, no other CPU, nobody else who scans. The ratio is what to look at.
		- A surprise: MGLRU (in the tables). With nothing locked it takes 257 MiB for the one page that is asked for first, as it goes by the size of the list; under
		  `none`, all that can go, a gigabyte: see the first figure of the benchmark reclaim.
		- Again: `make bench T=big`; a point: `SWAP=- WORDS=umlock.swap=4G make shell P=none M=150G CMD='reclaim_cost anon 33816576 33554432 1 65536 2 60'`.
	END
	figure big-scanned "Pages scanned to reclaim 256 MiB, the first time" <<-'END'
		- For a user: the same without a clock: 65 thousand pages, or 33 million.
		- Expected: all that is locked and older, and then 256 MiB.
		- A surprise: nothing; the numbers are the same in each round.
		- Again: `make bench T=big`.
	END
	figure big-steady "Time to reclaim 256 MiB, in the steady state" <<-'END'
		- For a user: `lazy` has discovered all by now, and is as fast as if nothing were locked.
		- Expected: so; and `none` as slow as the first time, which it is under MGLRU (in the tables).
		- A surprise: the classic LRU under `none` is not, as the locked pages are on the active list by now, of which it ages only a part. They come back as
		  that part is aged: it still scans ten times what it gets. And the dashed line: with nothing locked, what goes was never taken
		  before, which costs more; `lazy` is to be compared with `count`.
		- Again: `make bench T=big`.
	END
	for lru in $LRUS; do
		[ -n "$(median "lru=$lru" policy=count locked=99 what=first metric=scanned)" ] || continue
		for what in first steady; do
			echo "**$lru, $what**"
			echo
			table locked policy "Time to reclaim 256 MiB, in ms, by the percentage that is locked" 1e-6 "lru=$lru" "what=$what" metric=ns
			table locked policy "Of which until the request for one page was done, in ms" 1e-6 "lru=$lru" "what=$what" metric=wait_ns
			table locked policy "Pages scanned" 1 "lru=$lru" "what=$what" metric=scanned
			table locked policy "Pages reclaimed" 1 "lru=$lru" "what=$what" metric=reclaimed
			table locked policy "Of which with the request for one page" 1 "lru=$lru" "what=$what" metric=wait_reclaimed
		done
		echo "**$lru, both**"
		echo
		table locked policy "Time to lock what is locked, in s" 1e-9 "lru=$lru" what=lock metric=ns
		table locked policy "Requests that were stopped after $(median "lru=$lru" policy=count locked=99 what=all metric=limit) s (1: one was, 0: none)" 1 "lru=$lru" what=all metric=stopped
		table locked policy "The host's memory for it, in GiB" 9.5367e-7 "lru=$lru" what=host metric=kb
	done
	[ -z "$Q" ] || return 0
	echo "Bounds, of what the same guest needs with nothing locked, for each page that was reclaimed; of \`none\`, for the request as a whole:"
	echo
	for lru in $LRUS; do
		for policy in count rmap lazy lazy,eager; do
			bound "pages reclaimed, $lru, $policy" "$(value "$policy" 99 first reclaimed)" '>=' 65536
			bound "stopped, $lru, $policy" "$(value "$policy" 99 all stopped)" '<=' 0
			# What lazy has to discover it discovers in the first pass.
			case $policy in lazy) what=steady ;; *) what=first ;; esac
			for metric in scanned_per_page ns_per_page; do more "$policy" "$what" $metric '<=' "$(case $metric in ns*) echo 1.2 ;; *) echo 1.1 ;; esac)"; done
		done
		# What goes in the steady state is memory that was there before; where nothing is locked it is not, and a page costs more.
		bound "ns_per_page, 99 of 100 locked, $lru, steady, lazy over count" "$(over "$(value lazy 99 steady ns_per_page)" "$(value count 99 steady ns_per_page)")" '<=' 1.2
		more none first scanned '>=' 20
		more none first ns '>=' 20
		bound "the host's memory, the most of all points, in GiB, $lru" "$(picked "lru=$lru" what=host metric=kb | awk -F '\t' 'NR > 1 && $NF > most { most = $NF } END { print most / 1048576 }')" '<=' $MOST_HOST
	done
	echo
}

# value POLICY LOCKED WHAT METRIC: its median under that LRU.
value() { median "lru=$lru" "policy=$1" "locked=$2" "what=$3" "metric=$4"; }

# more POLICY WHAT METRIC OP LIMIT: the bound of that with 99 of 100 locked over the same with nothing locked.
more() { bound "$3, 99 of 100 locked over nothing locked, $lru, $2, $1" "$(over "$(value "$1" 99 "$2" "$3")" "$(value count 0 "$2" "$3")")" "$4" "$5"; }
