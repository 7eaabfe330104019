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

		64 MiB of pages, locked and met by reclaim, or plain, are moved by the knob `migrate`; then they lie in rows of 16 with 64 free pages between
		them, and memory is compacted. Failed is what the kernel's counters say: in compaction that is the same eleven thousand pages each time, those of the
		root file system, which nobody can move.

	END
	picture moves "pages moved a second"
	for what in migrate compact; do
		table policy pages "$what: thousands of pages a second" 1e-3 "what=$what" metric=per_second
		table policy pages "$what: pages failed" 1 "what=$what" metric=failed
		table policy pages "$what: of 16384 pages, how many are elsewhere (migrate: of five times as many)" 1 "what=$what" metric=elsewhere
	done
	cat <<-'END'
		For a user: locking memory, under any policy, costs neither huge pages nor contiguous memory: it moves as fast as other memory does, and none of it
		is refused.

		Expected: so, as migration takes what is parked or on the unevictable list as it takes the rest, and putback decides again.
		The time is that of copying, and, on UML, of having the host map each page anew.

		Again: `make bench T=moves`.

	END
}
