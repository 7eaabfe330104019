# shellcheck shell=bash
# shellcheck disable=SC2034,SC2153,SC2154	# what it has from harness/bench, and for it
# harness/benches/locks.sh: what it costs to lock, unlock, map and unmap a page, by how many processes have it.

columns="processes others"

points() {
	local policy n others all="1 2 4 8 16 32 64"
	[ -z "$Q" ] || all="1 8 64"
	for others in lock map; do
		for n in $all; do
			for policy in none count rmap lazy lazy,eager; do echo "$policy|classic|$n $others|guest 512M lock_cost $n $others"; done
		done
	done
}

page() {
	local what others
	cat <<-'END'
		## mlock, munlock, fault, munmap and exit

		So many processes have the same 4 MiB of a file mapped; one of them does the operation. The others have it locked too, or only have it
		mapped. The pages lie one behind the other, as UML has the host map each run of pages by itself. A fault is the kernel's own, of a
		`madvise(MADV_POPULATE_READ)`, which brings sixteen pages at a time: one from user code is another matter on UML, see the lab itself.

	END
	figure locks-lock "One operation, where the others lock the page too" <<-'END'
		- For a user: what a policy takes from those who lock memory, for each page and operation.
		- Expected: flat lines: `rmap` asks the reverse map at munlock, munmap and exit, and the first other lock that it meets ends the walk. From one
		  process to two they fall: what another has locked already need not be moved.
		- A surprise: `lazy` costs what `none` does, but for 5 ns at munlock: nothing is marked, and what reclaim has not found need not be looked for.
		  `lazy,eager`, which parks at mlock, is dearer than `count`.
		- Again: `make bench T=locks`; a point: `make shell P=rmap M=512M CMD='lock_cost 64 lock'`.
	END
	figure locks-map "One operation, where the others only map the page" <<-'END'
		- For a user: the worst case of `rmap`, memory that many share and one locks: the end of the lock costs some 20 ns for each who shares.
		- Expected: so, and why 6.12 counts instead. The other lines are flat.
		- A surprise: exit is as dear as munmap and more for reasons that have nothing to do with locks: a process ends with it.
		- Again: `make bench T=locks`; a point: `make shell P=rmap M=512M CMD='lock_cost 64 map'`.
	END
	figure locks-visited "Mappings that a munlock visits" <<-'END'
		- For a user: where the time of the figure above goes; by the trace event `munlock_walk`.
		- Expected: all that map the page, or two: that of the caller, and the first that locks it.
		- A surprise: nothing.
		- Again: `make bench T=locks`; one: `make shell P=rmap CMD='trace -e munlock_walk lock_cost 8 map'`.
	END
	for others in lock map; do
		for what in mlock munlock fault munmap exit; do
			table processes policy "$what, in ns for a page, by the number of processes; the others $others it" 1 "others=$others" "what=$what" metric=ns
		done
	done
	for others in lock map; do
		for what in munlock munmap exit; do
			table processes policy "Mappings that $what visits for a page, by the number of processes; the others $others it" 1 "others=$others" "what=$what" metric=visited
		done
	done
}
