# shellcheck shell=bash
# shellcheck disable=SC2034,SC2153,SC2154	# what it has from harness/bench, and for it
# harness/benches/moves.sh: migration and compaction of locked memory.

columns="pages"
ROUNDS=5

points() {
	local policy pages
	for policy in none count rmap lazy lazy,eager; do
		for pages in plain locked; do echo "$policy|classic|$pages|guest 512M move_cost $pages"; done
	done
}

page() {
	local what
	cat <<-'END'
		## Migration and compaction

		64 MiB of pages, locked and met by reclaim, or plain, are moved by the knob `migrate`, five times; then they lie in rows of 16 with 64 free pages between
		them, and memory is compacted.

	END
	figure moves "Pages that migration moves in a second" <<-'END'
		- For a user: locking memory costs no mobility, under any policy.
		- Expected: so: migration takes what is parked, or on the unevictable list, as it takes the rest, and putback decides again.
		- A surprise: nothing. The time is that of copying, of finding the mappings, and, on UML, of having the host map each page anew.
		- Again: `make bench T=moves`; a point: `make shell P=lazy M=512M CMD='move_cost locked'`.
	END
	figure moves-compact "Pages that compaction moves in a second" <<-'END'
		- For a user: compaction moves locked pages as fast as others, and fails as seldom. It moves those that lie below the place where its two
		  scanners meet, thirteen of the sixteen thousand.
		- Expected: so, as `compact_unevictable_allowed` is 1.
		- A surprise: what it fails to move: the root file system, which ramfs keeps where it is, at each attempt. It is left out of the share below.
		- Again: `make bench T=moves`.
	END
	for what in migrate compact; do
		table policy pages "$what: thousands of pages a second" 1e-3 "what=$what" metric=per_second
		table policy pages "$what: pages moved" 1 "what=$what" metric=moved
		table policy pages "$what: share that failed, in %" 100 "what=$what" metric=failed_share
	done
}
