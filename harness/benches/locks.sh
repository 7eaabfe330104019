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
		mapped. Pages are where the kernel finds them at once, and one behind the other, as UML has the host map each run by itself.

	END
	picture locks-lock "time for a page by the number of processes that lock it"
	picture locks-map "time for a page by the number of processes that have it mapped"
	picture locks-visited "mappings visited for a page"
	for others in lock map; do
		for what in mlock munlock fault munmap exit; do
			table processes policy "$what, in ns for a page, the others $others it" 1 "others=$others" "what=$what" metric=ns
		done
	done
	for others in lock map; do
		for what in munlock munmap exit; do
			table processes policy "Mappings that $what visits for a page, the others $others it" 1 "others=$others" "what=$what" metric=visited
		done
	done
	cat <<-'END'
		For a user: `count` and `none` have a price that does not depend on how many have the page. `rmap` asks the reverse map at each munlock,
		munmap and exit of who locks: if another locks it too, the first such mapping ends the walk; if nobody does, all are visited, some 20 ns
		each. `lazy` asks only for a page that reclaim has found and put aside before, which here it has not.

		Expected: flat lines, but for `rmap` where the others only map. That `mlock` is not slower under any policy was hoped for:
		it is marked in batches everywhere. A surprise: an exit is dearer than an munmap for reasons that have nothing to do with locks, the end of a
		process; the difference of the policies is the same.

		Again: `make bench T=locks`.

	END
}
