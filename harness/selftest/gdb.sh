# shellcheck shell=bash
# shellcheck disable=SC2016	# what others are to expand
# harness/selftest/gdb.sh: make gdb: what it refuses, what its commands say where there is nothing to see, what is left of it.

# typing FILE COMMAND...: the command reads that file.
typing() { "${@:2}" <"$1"; }

# each_command: the commands of harness/gdb, with arguments that are right.
each_command() {
	printf 'mm-%s\n' lru 'folio 0x1000' 'list inactive_anon 3' 'rmap 0x1000' 'vmas 1' vmstat 'vmstat mlock' policy memcg ps 'follow 0x1000' stuck
}

case_gdb_stops() {
	echo 'info locals' >"$HERE/in"
	T=mlock B=shrink_folio_list INITRD=${WORK%/selftest}/rootfs.cpio gets 0 typing "$HERE/in" harness/debug
	says 'hit Breakpoint 1, shrink_folio_list ('
	says 'linux/mm/vmscan.c:'
	[ "$(grep -c '^[a-z_]* = ' "$HERE/out")" -ge 4 ] || fail "no locals"
	[ "$(grep -c '= <optimized out>' "$HERE/out")" -le 5 ] || fail "more than 5 locals are optimised out"
	# No test switches swap off before it ends, this one least of all.
	TESTS=harness/selftest/guests T=passes B=__do_sys_swapoff gets 1 harness/debug
	says "the guest ended without coming to B"
	CMD='echo c >/proc/sysrq-trigger' gets 0 typing <(printf '%s\n' run 'backtrace 2') harness/debug
	says 'the kernel panics: backtrace says why'
	says '#1 '
	CMD='exit 3' gets 0 typing <(echo run) harness/debug
	says "exited with code 03"
	# The arguments of a place, and a line.
	CMD='pages -l 1 true' P=rmap B='mlock_walk mm/mlock_rmap.c:165' gets 0 harness/debug
	says 'Breakpoint 2 at'
	says 'mlock_policy=rmap '
}

case_gdb_typos() {
	refuses "make gdb needs a terminal" harness/debug
	T=nosuch refuses "no test 'nosuch'" harness/debug
	T='m*' refuses "gdb looks at one" harness/debug
	T=lazy P=count INITRD='' refuses "test lazy is not for P=count" harness/debug
	T=mlock CMD=true refuses "T= or CMD=, not both" harness/debug
	T=mlock DIR=/tmp refuses "DIR=/tmp is for a command" harness/debug
	CMD=true DIR=/nonexistent refuses "is not a folder of the host" harness/debug
	CMD=true P=nosuch refuses "no policy 'nosuch'" harness/debug
	CMD=true L=nosuch refuses "no LRU 'nosuch'" harness/debug
	CMD=true M=1 refuses "M=1 is too little" harness/debug
	CMD=true V=nosuch refuses "no variant" harness/debug
	CMD=true B=nosuchfunction refuses "no function of the kernel: there is none like it" harness/debug
	CMD=true B=shrnk_folio_list refuses "no function of the kernel: there is shrink_" harness/debug
	CMD=true B=mm/nosuch.c:3 refuses "is no place in the kernel" harness/debug
	CMD=true GDB=nosuch refuses "no nosuch here" harness/debug
	refuses "is not known: plan" harness/debug nosuch
	ATTACH=x refuses "ATTACH=x is not a whole number" harness/debug
	ATTACH=1 refuses "no make shell V=fast of this checkout is running" harness/debug
	ATTACH=1 T=mlock refuses "takes no T=" harness/debug
	ATTACH=$$ refuses "is not a guest, but" harness/debug
	ATTACH=999999999 refuses "there is no such process" harness/debug
	refuses "wants one process" harness/postmortem
	refuses "process $$ is no guest" harness/postmortem $$
	refuses "takes no N=" make -s gdb CMD=true N=2
}

# Kernels that gdb can make nothing of.
case_gdb_kernels() {
	export CMD=true
	UML=$HERE/nosuch refuses "no kernel" harness/debug
	strip -o "$HERE/stripped" "$UML"
	UML=$HERE/stripped refuses "has no debug information (stripped?)" harness/debug
	# One that says that it is older, and has debug information.
	echo 'int main(void) { return 0; }' | gcc -g -o "$HERE/older" -x c -
	UML=$HERE/older refuses "their lines do not match" harness/debug
	ln -s "$UML" "$HERE/linux"
	touch -d 2000-01-01 "$HERE/built"
	UML=$HERE/linux refuses "has changed since" harness/debug
	# Saved a moment before the build began, in the same second.
	touch -r "$(find linux -path linux/.git -prune -o -name '*.[chS]' -printf '%T@ %p\n' | sort -rn | sed 's/^[^ ]* //;q')" "$HERE/built"
	UML=$HERE/linux gets 0 harness/debug
	echo '#include <errno.h>
		long ptrace(void) { errno = EPERM; return -1; }' | gcc -shared -fPIC -o "$HERE/no_ptrace.so" -x c -
	LD_PRELOAD=$HERE/no_ptrace.so refuses "ptrace: refused" harness/debug
}

# Each command says in one line that there is nothing to see: no process, a kernel that is not set up, one that runs.
case_gdb_states() {
	local n
	each_command >"$HERE/in"
	n=$(wc -l <"$HERE/in")
	CMD=true gets 0 typing "$HERE/in" harness/debug
	[ "$(grep -c '^mm-.*: no kernel runs: type run$' "$HERE/out")" = "$n" ] || fail "not a line for each"
	CMD=true B=start_kernel gets 0 typing "$HERE/in" harness/debug
	[ "$(grep -c '^mm-.*: the kernel has not set itself up yet' "$HERE/out")" = "$n" ] || fail "not a line for each"
	{ echo 'continue &'; cat "$HERE/in"; } >"$HERE/running"
	CMD='sleep 5' B=start_kernel gets 0 typing "$HERE/running" harness/debug
	[ "$(grep -c '^mm-.*: the kernel is running' "$HERE/out")" = "$n" ] || fail "not a line for each"
	# As early as they can be, in a gdb without its Python library.
	mkdir "$HERE/empty"
	printf '#!/bin/sh\nexec gdb -data-directory %s "$@" 2>/dev/null\n' "$HERE/empty" >"$HERE/gdb"
	chmod +x "$HERE/gdb"
	for n in kernel_init mlock_debug_init; do
		GDB=$HERE/gdb CMD=true B=$n gets 0 typing "$HERE/in" harness/debug
		says_not "does not have"
		[ "$(grep -c '^mm-' "$HERE/out")" = 1 ] || fail "more than mm-vmas says no"	# process 1 has no memory yet
		says 'nr_free_pages '
		says 'pid 2 '
	done
	! grep -n -e python -e '\$_\(streq\|strlen\|regex\|memeq\|as_string\)' harness/gdb/*.gdb | grep -v ': *#' || fail "Python"
}

# Each wrong argument, one line of usage.
case_gdb_usage() {
	printf 'mm-%s\n' 'lru 1' folio 'folio bogus' 'folio 99999999' 'folio 1 2' 'folio "x"' 'folio $nosuch' 'folio 1+' list 'list bogus' 'list 0x1000' 'list unevictable 1001' 'list unevictable x' \
		'list unevictable 1 2' 'list *' rmap 'rmap bogus' 'rmap -1' vmas 'vmas 99' 'vmas bogus' 'vmas 1 2' 'vmstat nosuch' 'vmstat a b' 'vmstat [' 'vmstat ##' "vmstat 'x" 'policy 1' 'memcg 1' 'ps 1' \
		follow 'follow bogus' 'follow 1 2' 'stuck 1' 'break-reclaim on' 'break-reclaim 1 2' >"$HERE/in"
	CMD='pages 1 knob reclaim' B=shrink_folio_list gets 0 typing "$HERE/in" harness/debug
	[ "$(grep -c '^usage: mm-' "$HERE/out")" = "$(wc -l <"$HERE/in")" ] || fail "not a line of usage for each"
	[ "$(sed '1,/folio_batch free_folios/d' "$HERE/out" | grep -cv '^usage: mm-')" = 0 ] || fail "more than that"
	[ ! -s "$HERE/err" ] || ! grep -v -e '^Staying' -e '^Core dump' -e '^	' -e '^Checking' "$HERE/err" || fail "errors"
}

# What the commands print is what the kernel itself says: all mappings of a process that has more than a node of its tree holds, the
# flags of a page, the counters by name.
case_gdb_agrees() {
	printf '%s\n' 'ignore 1 900' continue 'mm-vmas vma->vm_mm->owner->tgid' 'printf "mappings %d\n", vma->vm_mm->map_count' >"$HERE/in"
	T=mlockfuzz P=none B=mlock_fixup INITRD=${WORK%/selftest}/rootfs.cpio gets 0 typing "$HERE/in" harness/debug
	says "mappings $(grep -c '^0x' "$HERE/out")"
	[ "$(grep -c '^0x' "$HERE/out")" -gt 20 ] || fail "too few mappings to tell"
	# shellcheck disable=SC2016	# the guest's own
	printf '%s\n' 'mm-folio 0' 'mm-vmstat' 'mm-folio folio_list->next' >"$HERE/in"
	CMD='pages -l 2 sh -c "cd /sys/kernel/debug/mlock; echo \$PFN >folio; cat folio; cat /proc/vmstat; echo \$PID \$START 0x1000 >reclaim"' P=none B=shrink_folio_list \
		gets 0 typing "$HERE/in" harness/debug
	[ "$(grep -c '^flags referenced|uptodate|.*swapbacked' "$HERE/out")" = 2 ] || fail "the flags differ"
	[ "$(grep -E '^[a-z0-9_]+ [0-9]+$' "$HERE/out" | cut -d' ' -f1 | grep -v -e '^nr_dirty.*threshold' -e '^nr_memmap' -e '^nr_unstable' -e count -e lockers |
		sort | uniq -c | awk '$1 != 2')" = "" ] || fail "other counters"
}

# A guest of make shell, attached to while it waits, goes on afterwards; a second debugger is refused.
case_gdb_attach() {
	local job pid
	mkfifo "$HERE/keys"
	script -qc 'harness/shell' /dev/null <"$HERE/keys" >"$HERE/screen" 2>&1 &
	job=$!
	exec 7>"$HERE/keys"
	soon grep -q '/root #' "$HERE/screen"
	printf 'mm-policy\nmm-lru\nmm-ps\nmm-stuck\n' >"$HERE/in"
	ATTACH=1 gets 0 typing "$HERE/in" harness/debug
	says 'policy count'
	says 'unevictable '
	says ' sh pages '
	says 'Detaching from program'
	# What mm-follow has switched on is off again after quit.
	ATTACH=1 gets 0 typing <(printf '%s\n' 'mm-follow 0x1000' mm-policy quit) harness/debug
	says 'watched yes'
	ATTACH=1 gets 0 typing <(echo mm-policy) harness/debug
	says 'watched no'
	echo 'echo still $((1 + 1)) here' >&7
	soon grep -q 'still 2 here' "$HERE/screen"
	pid=$(cat "$TMPDIR"/uml.*/g/pid)
	ATTACH=$pid B=shmem_zero_setup gets 0 typing <(printf '%s\n' 'echo stopped\n') timeout -s KILL 20 bash -c 'harness/debug & sleep 2; echo "pages -s 1 true" >&7; wait'
	says 'Breakpoint 1, shmem_zero_setup'
	gdb -nx -batch -p "$pid" -ex 'shell sleep 4' >"$HERE/first" 2>&1 &
	soon grep -q sigsuspend "$HERE/first"
	ATTACH=1 refuses "has a debugger already" harness/debug
	wait "$!"
	echo 'exit' >&7
	exec 7>&-
	wait "$job" || true
}

# Ended at several moments, it leaves nothing: check-selftest looks.
case_gdb_ended() {
	local delay job
	mkfifo "$HERE/keys"
	exec 7<>"$HERE/keys"
	for delay in 0.2 0.7 1.5 2.5; do
		echo run >&7
		CMD='sleep 100' harness/debug <"$HERE/keys" >"$HERE/said" 2>&1 7>&- &
		job=$!
		sleep "$delay"
		kill -TERM "$job"
		wait "$job" || true
		sleep 0.3
		[ -z "$(ls -A "$TMPDIR")" ] || fail "after $delay s: $(ls "$TMPDIR")"
	done
}

# clangd reads it: each file is there, and the text is JSON.
case_compile_commands() {
	perl -MJSON::PP -e 1 2>/dev/null || skip "no JSON::PP in this perl"
	UML=${WORK%/selftest}/$V/linux gets 0 harness/compile-commands "$HERE/commands"
	perl -MJSON::PP -0777 -ne '
		my $rows = decode_json($_);
		my %command = map { $_->{file} => $_->{command} } @$rows;
		for my $row (@$rows) { -e $row->{file} or die "no $row->{file}\n" }
		for my $file (qw(linux/mm/vmscan.c linux/mm/mlock_rmap.c rootfs/tests/mlock.c rootfs/lib/race.c)) {
			my ($whole) = grep m{/\Q$file\E$}, keys %command or die "not in it: $file\n";
			$command{$whole} =~ /^gcc .* -c / or die "$file: $command{$whole}\n";
		}
		$command{(grep m{/linux/mm/vmscan.c$}, keys %command)[0]} =~ /-DKBUILD_BASENAME=/ or die "no names\n";
	' "$HERE/commands" || fail "not as clangd wants it"
}
