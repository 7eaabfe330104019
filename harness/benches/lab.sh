# shellcheck shell=bash
# shellcheck disable=SC2034,SC2153,SC2154	# what it has from harness/bench, and for it
# harness/benches/lab.sh: the lab itself: from an edit to a verdict, what a page costs in the guest beside the plain kernel, the audit.
#
# The plain kernel is the one below the series, same configuration, run as it comes: free on the host's CPUs. Beside the lab, where
# python3 is, kunit.py's own UML run of the same tree.

columns="of"
ROUNDS=3
PLAIN=$BUILD/plain
KUNIT=$OUT/kunit

plain_kernel() {
	tree_at "$PLAIN/src" refs/umlock/base
	cmp -s "$BUILD/rootfs.cpio" "$PLAIN/rootfs.cpio" || cp "$BUILD/rootfs.cpio" "$PLAIN/rootfs.cpio"
	BUILD=$PLAIN SRC=$PLAIN/src V=fast harness/kernel test >&2
}

# With Q=quick only if it was built before.
has_kunit() { command -v python3 >/dev/null && [ -e "$LINUX/tools/testing/kunit/kunit.py" ] && { [ -z "$Q" ] || [ -x "$KUNIT/linux" ]; }; }

# points: round is that of harness/bench; what takes minutes is done once.
points() {
	local kernel
	if [ -z "$Q" ]; then
		plain_kernel || exit
		off_kernel >&2
	fi
	# One that embeds an older root file system unpacks two: some 80 ms of a boot.
	[ "$BUILD/rootfs.cpio" -ef "${UML%/*}/embeds" ] || harness/kernel >&2 || exit
	echo "count|classic|boot|boot"
	echo "count|classic|gdb|seconds umlock env -u N -u S make gdb T=mlock B=shrink_folio_list"
	for kernel in plain off on; do [ ! -x "$(kernel_of $kernel)" ] || echo "count|classic|pages|costs $kernel"; done
	echo "count|classic|audit|labelled 256M guest 256M audit_cost"
	echo "count|classic|edited_test|edited_test"
	echo "count|classic|edited_kernel|edited_kernel"
	[ -z "$Q" ] && [ "$round" = 1 ] || return 0
	for policy in count lazy rmap; do echo "$policy|classic|reaper|labelled 64M guest 256M reap_cost"; done
	for policy in lazy lazy,eager; do echo "$policy|classic|rounds|labelled 1G rounds"; done
	echo "count|classic|audit|audit_128"
	echo "count|classic|clean_build|clean_build"
	echo "count|classic|suite|seconds umlock make check"
}

kernel_of() { case $1 in plain) echo "$PLAIN/fast/linux" ;; off) echo "$BUILD/off/fast/linux" ;; *) echo "$UML" ;; esac; }

# labelled WHAT COMMAND...: its lines "METRIC VALUE" are about WHAT.
labelled() { "${@:2}" | sed "s/^[a-z_]* -*[0-9.]*$/$1 &/"; }

# Pages that are lost are a bound below, and not an error here.
rounds() { guest 1500M lazy_rounds || [ $? = 1 ]; }

audit_128() { TEMP_NEED=4096 labelled 128G guest 140G audit_cost 33554432; }

costs() { UML=$(kernel_of "$1") labelled "$1" guest 256M page_costs; }

# kunit WHAT ACTION: the example suite, in a kernel of kunit.py's own.
kunit() {
	printf 'CONFIG_KUNIT=y\nCONFIG_KUNIT_EXAMPLE_TEST=y\n' >"$OUT/kunitconfig"
	seconds "$1" env -C "$LINUX" -u T -u P -u L -u V -u J -u N -u M -u S python3 tools/testing/kunit/kunit.py "$2" --build_dir="$KUNIT" --kunitconfig="$OUT/kunitconfig" "${@:3}"
}

# Both of a pair are measured one after the other; before a boot there is one that does not count, for what the host has to read.
boot() {
	T=ramfs P=count L=classic harness/run >"$OUT/said"
	T=ramfs P=count L=classic seconds umlock harness/run
	if has_kunit; then
		if [ -x "$KUNIT/linux" ]; then kunit unused exec example >&2; else kunit unused run "--jobs=$J" example >&2; fi
		kunit kunit.py exec example
	fi
}

edited_test() {
	touch rootfs/tests/mlock.c
	seconds umlock make check T=mlock P=count L=classic V=fast
}

edited_kernel() {
	touch "$LINUX/mm/vmscan.c"
	seconds umlock make check T=mlock P=count L=classic V=fast
	if has_kunit; then
		touch "$LINUX/mm/vmscan.c"
		kunit kunit.py run "--jobs=$J" example
	fi
}

# `make uml` as a newcomer has it, in a clone beside this one.
clean_build() {
	rm -rf "$BUILD/clone"
	git clone -q "$PWD" "$BUILD/clone"
	seconds umlock make -C "$BUILD/clone" uml V=fast KERNEL=deb
	rm -rf "$BUILD/clone"
	if has_kunit; then
		rm -rf "$KUNIT"
		kunit kunit.py run "--jobs=$J" example
	fi
}

# line SENTENCE VALUE UNIT FACTOR LIMIT: a figure and its bound.
line() {
	bound "$1, $3" "$(awk -v v="$2" -v f="$4" 'BEGIN { if (v != "") print v * f }')" '<=' "$5"
}

page() {
	local policy
	printf '## The lab itself\n\n'
	figure lab "From the command to the verdict" <<-'END'
		- For a user: an edit of the memory manager is judged before one has looked away. kunit.py's run of the same tree, where python3 is: it boots one kernel
		  for all its suites, and the one here, for the suite `example`, has no root file system and no process: less to boot, less to build.
		- Expected: so.
		- A surprise: what made the difference: 80 ms of each boot were the calibration of a delay loop, and most of a page's cost was the host's, which had to
		  bring and clear pages that were zero already.
		  And `map_locked` in the table of pages: the kernels plain and off unpack the root file system a second time, over the one in them, so that some memory
		  is no longer fresh.
		- Again: `make bench T=lab`; one: `time T=ramfs P=count L=classic harness/run`.
	END
	table of what "Seconds from the command to the verdict" 1 metric=s
	echo "Bounds, of the medians:"
	echo
	line "boot to the verdict of one small test" "$(median of=boot what=umlock metric=s)" s 1 0.35
	line "\`make gdb T=mlock B=shrink_folio_list\` until it stops there" "$(median of=gdb what=umlock metric=s)" s 1 5
	line "an edited test to a verdict" "$(median of=edited_test what=umlock metric=s)" s 1 2
	line "an edited line of \`mm/vmscan.c\` to a verdict" "$(median of=edited_kernel what=umlock metric=s)" s 1 8
	line "\`make uml\` in a clean checkout, packages there" "$(median of=clean_build what=umlock metric=s)" s 1 240
	line "\`MAP_LOCKED\`, a page of fresh memory" "$(median of=pages what=on metric=map_locked)" "µs" 1e-3 0.5
	line "user page fault over the plain kernel's" "$(over "$(median of=pages what=on metric=fault)" "$(median of=pages what=plain metric=fault)")" "of it" 1 0.25
	line "system call over the plain kernel's" "$(over "$(median of=pages what=on metric=syscall)" "$(median of=pages what=plain metric=syscall)")" "of it" 1 0.25
	line "audit of 256 MiB, half of it locked" "$(median of=audit what=256M metric=audit)" ms 1e-6 50
	line "audit of 128 GiB, all of it locked" "$(median of=audit what=128G metric=audit)" s 1e-9 60
	for policy in lazy lazy,eager; do
		line "free pages lost in 100 rounds of 1 GiB locked, found and unlocked, $policy" "$(median of=rounds "policy=$policy" metric=free_lost)" pages 1 50
	done
	echo
	table metric what "A page, and a system call, in the guest, in ns: plain is the kernel below the series, off and on have the series without and with the policies" 1 of=pages
	table policy of "OOM reaping of 64 MiB, 9 of 10 pages locked, in ms" 1 of=reaper
}
