# shellcheck shell=bash
# harness/selftest/machine.sh: machines on which a guest cannot live: what harness/run says then, and what harness/doctor says before.

# on_tmpfs OPTIONS COMMAND...: runs it with $HERE/small, a tmpfs mounted so, as the temporary folder.
on_tmpfs() {
	mkdir -p "$HERE/small"
	# shellcheck disable=SC2016	# for the inner bash to expand
	unshare ${NOT_ROOT:+-r} -m bash -c 'mount -t tmpfs -o "$1" tmpfs "$2" && export TMPDIR=$2 && shift 2 && "$@"' bash "$1" "$HERE/small" "${@:2}"
}
[ "$(id -u)" = 0 ] || NOT_ROOT=1

can_mount() { on_tmpfs size=1M true 2>/dev/null || skip "no mount namespaces here"; }

fill_it() { dd if=/dev/zero of="$TMPDIR/full" bs=64k 2>/dev/null || "$@"; }
export -f fill_it

case_temp_full() {
	can_mount
	fake exits_0
	refuses "is full: free some of it, or set TMPDIR" on_tmpfs size=1M fill_it harness/run
	refuses "MiB free, and the guests' memory needs" on_tmpfs size=100M harness/run
	gets 2 on_tmpfs size=1M fill_it harness/doctor temp libc ptrace
	says "BAD  temp:"
	[ "$(grep -c BAD "$HERE/said")" = 1 ] || fail "its other probes blame the compiler"
}

case_temp_noexec() {
	can_mount
	fake exits_0
	refuses "is mounted noexec" on_tmpfs noexec,size=4G harness/run
	gets 2 on_tmpfs noexec,size=4G harness/doctor temp
	says "BAD  temp:"
	gets 0 on_tmpfs size=4G harness/run
	# Its other probes compile and run programs, and do so elsewhere then.
	gets 0 on_tmpfs noexec,size=4G harness/doctor libc ptrace xstate
}

case_temp_long() {
	local long
	fake exits_0
	long=$HERE/$(printf 'a%.0s' {1..80})
	mkdir "$long"
	TMPDIR=$long refuses "is too long for the socket" harness/run
	TMPDIR=/nonexistent refuses "does not exist" harness/run
	TMPDIR=$long gets 2 harness/doctor temp
	[ -z "$(ls -A "$long")" ] || fail "files in $long"
}

# A library whose ptrace() is refused, as a container's seccomp profile does it.
case_no_ptrace() {
	echo '#include <errno.h>
		long ptrace(void) { errno = EPERM; return -1; }' | gcc -shared -fPIC -o "$HERE/no_ptrace.so" -x c - || skip "no gcc"
	T=passes LD_PRELOAD=$HERE/no_ptrace.so gets 2 guests harness/run
	[ "$(wc -l <"$HERE/err")" = 1 ] || fail "not one line"
	says "no guest starts here:"
	says ptrace
	CMD=true LD_PRELOAD=$HERE/no_ptrace.so gets 2 harness/shell
	says "no guest starts here:"
	LD_PRELOAD=$HERE/no_ptrace.so gets 2 harness/doctor ptrace
	says "BAD  ptrace: refused"
}

case_memory_too_small() {
	T=passes M=1M gets 2 guests harness/run
	says "M=1M is too little for a guest to start: give it 64M or more"
	CMD=true M=1000G refuses "M=1000G is more than a guest can have" harness/shell
}

case_doctor() {
	local probe
	mkdir -p "$HERE/root/proc/sys/vm" "$HERE/root/proc/sys/kernel/yama" "$HERE/root/bin" "$HERE/stubs"
	gets 0 harness/doctor bash libc temp tmpfs ptrace xstate cpus
	[ "$(grep -c '^ok   [a-z]*: .' "$HERE/out")" = 7 ] || fail "not a line a probe"
	refuses "no probe 'ptrac': there is ptrace" harness/doctor ptrac

	# A root of its own, in which each value is bad.
	export ROOT=$HERE/root
	echo 1000 >"$ROOT/proc/sys/vm/max_map_count"
	echo 2 >"$ROOT/proc/sys/vm/overcommit_memory"
	echo 3 >"$ROOT/proc/sys/kernel/yama/ptrace_scope"
	stub "$ROOT/bin/bash" 'echo 404 4.4.20'
	bad maps 'vm.max_map_count is 1000'
	bad overcommit 'vm.overcommit_memory is 2'
	bad yama 'ptrace_scope is 3'
	bad bash 4.4.20
	ROOT=

	# Programs that say what such a machine would say.
	stub "$HERE/stubs/df" 'echo head; echo fs 1 1 100 1% /'
	stub "$HERE/stubs/taskset" 'exit 1'
	# shellcheck disable=SC2016	# for the stub to expand
	stub "$HERE/stubs/cc-xstate" 'while [ "$1" != -o ]; do shift; done; printf "#!/bin/sh\necho 11008\n" >"$2"; chmod +x "$2"'
	# shellcheck disable=SC2016
	stub "$HERE/stubs/cc-static" 'case "$*" in *-static*) echo "cannot find -lc" >&2; exit 1 ;; esac; exec gcc "$@"'
	PATH=$HERE/stubs:$PATH bad disk '100 MiB free'
	PATH=$HERE/stubs:$PATH bad temp '100 MiB free'
	PATH=$HERE/stubs:$PATH bad cpus 'taskset tells none'
	CC=$HERE/stubs/cc-static bad libc 'cannot link statically'
	PATH=$(path_without flex) bad packages 'sudo apt-get install'
	(ulimit -f 1000; bad limits 'at most 1000 KiB')

	# The series brings room for a large XSTATE; without it such a host is bad.
	scratch
	rm -f patches/*
	CC=$HERE/stubs/cc-xstate bad xstate '11008 bytes'
	: >patches/0001-um-x86-xstate.patch
	CC=$HERE/stubs/cc-xstate gets 0 harness/doctor xstate

	# Each probe but the hint has its failing fixture here.
	# shellcheck disable=SC2013	# words
	for probe in $(sed -n 's/^PROBES="\(.*\)"/\1/p' harness/doctor); do
		case $probe in tmpfs | ptrace) continue ;; esac	# ptrace: above
		grep -q "bad $probe " "$SELF/machine.sh" || fail "no failing fixture for the probe $probe"
	done
}

# stub FILE COMMANDS: a program that does these.
stub() { printf '#!/bin/sh\n%s\n' "$2" >"$1"; chmod +x "$1"; }

# bad PROBE TEXT: this probe alone says BAD, with its value and a cure.
bad() {
	gets 2 harness/doctor "$1"
	grep -qE "^BAD  $1: [^:]*.*: .*" "$HERE/out" || fail "not 'BAD  $1: VALUE: CURE'"
	[ "$(wc -l <"$HERE/said")" = 1 ] || fail "not one line"
	says "$2"
}
