# shellcheck shell=bash
# shellcheck disable=SC2016	# what others are to expand
# harness/selftest/host.sh: what patches 1 to 3 and 8 to 12 promise, seen from the host. Source it; harness/check-selftest and
# harness/series do.
#
#   . harness/selftest/host.sh; check_hostcpu build/linux build/rootfs.cpio || echo failed
#
# Each check takes a UML binary and an initramfs with BusyBox at /bin/sh, prints what is wrong, if anything, and returns 0 or 1.
# Nothing is left behind. (No grep -q: it ends before its input does, and under pipefail that is a failure.)

complain() { echo "$*" >&2; return 1; }

# host_checks: the claims that are checked here, a line each: claim, check, the variant of the kernel that it takes.
host_checks() {
	cat <<'END'
P1 check_default_mem fast
P2 check_ptracer fast
P3 check_hostcpu fast
P8 check_gcov gcov
P9 check_no_gap fast
P10 check_fault_calls fast
P11 check_panic_helper fast
P12 check_policy fast
END
}

# guest BINARY INITRAMFS ARGS COMMAND: one boot that runs COMMAND as init; console on stdout, the kernel's exit status. What
# $guest_under says, if anything, runs it, and loses it when it is killed.
guest() {
	guest_dir=$(mktemp -d /tmp/umXXXXXX) || return 1
	# shellcheck disable=SC2086 # these are lists of words
	timeout -s KILL 60 ${guest_under:-} "$1" initrd="$2" uml_dir="$guest_dir" umid=g con=null con0=null,fd:1 root=/dev/ram0 console=tty0 $3 \
		rdinit=/bin/sh -- -c "\"mount -t proc p /proc; echo 0 >/proc/exitcode; $4; poweroff -f\"" </dev/null 2>&1
	set -- $?
	[ ! -e "$guest_dir/g/pid" ] || kill -KILL "$(cat "$guest_dir/g/pid")" 2>/dev/null
	rm -rf "$guest_dir"
	return "$1"
}

# P1: MemTotal without mem= is that of 256 MiB, less what the kernel takes and more for the gap below its heap (up to 64 MiB).
check_default_mem() {
	set -- "$(guest "$1" "$2" "" "grep MemTotal: /proc/meminfo" | awk '/^MemTotal:/ { print $2 }')"
	if [ "${1:-0}" -le 160000 ] || [ "$1" -ge 330000 ]; then complain "default memory: MemTotal is '$1' kB"; fi
}

# P2: the call is made before the command line is looked at; --version ends the process right after. Needs strace.
check_ptracer() {
	strace -f -e trace=prctl "$1" --version 2>&1 >/dev/null | grep 'prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY' >/dev/null ||
		complain "no prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY)"
}

# cpus_of BINARY INITRAMFS ARG: the host CPUs that a running guest, its helpers and its stubs may use, each set once; a word
# more, which is no CPU, if the stubs did not show.
cpus_of() {
	cpus_dir=$(mktemp -d /tmp/umXXXXXX) || return 1
	timeout -s KILL 20 "$1" initrd="$2" uml_dir="$cpus_dir" umid=c con=null con0=null,null root=/dev/ram0 console=tty0 "$3" \
		rdinit=/bin/sh -- -c '"sleep 9; poweroff -f"' </dev/null >"$cpus_dir/log" 2>&1 &
	cpus_job=$!
	cpus_n=0
	while cpus_n=$((cpus_n + 1)); [ "$cpus_n" -lt 50 ]; do
		cpus_pid=$(cat "$cpus_dir/c/pid" 2>/dev/null)
		# the kernel and two stubs: one for init, one for sleep; one that ended meanwhile does not count
		# shellcheck disable=SC2046 # pids
		set -- $(for cpus_p in $cpus_pid $(cat "/proc/${cpus_pid:-0}/task/"*/children 2>/dev/null); do
			sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' "/proc/$cpus_p/status" 2>/dev/null
		done)
		[ $# -ge 3 ] && break
		sleep 0.1
	done
	[ $# -ge 3 ] || echo "only $# processes, not the kernel and two stubs"
	printf '%s\n' "$@" | sort -u
	kill -KILL "$cpus_pid" 2>/dev/null
	wait "$cpus_job" 2>/dev/null
	rm -rf "$cpus_dir"
}

# P3: a number, auto and off do what they say, bad values end in one line and status 1, and --help knows the option.
check_hostcpu() {
	all=$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status)
	last=${all##*[,-]}
	is=$(cpus_of "$1" "$2" "hostcpu=$last")
	[ "$is" = "$last" ] || complain "hostcpu=$last: runs on '$is'" || return
	is=$(cpus_of "$1" "$2" mem=256M)
	case $is in '' | *[!0-9]*) complain "default: runs on '$is', not on one CPU"; return ;; esac
	is=$(cpus_of "$1" "$2" hostcpu=off)
	[ "$is" = "$all" ] || complain "hostcpu=off: runs on '$is', not on '$all'" || return
	for bad in '' banana -1 1x 8191 99999999999; do
		out=$(guest "$1" "$2" "hostcpu=$bad" true)
		set -- "$1" "$2" $?
		[ "$3" = 1 ] || complain "hostcpu=$bad: status $3" || return
		[ "$(echo "$out" | grep -c "^hostcpu=.*allowed here: $all\$")" = 1 ] || complain "hostcpu=$bad: says '$out'" || return
	done
	guest "$1" "$2" "hostcpu=$last" true | grep "^Staying on host CPU $last\$" >/dev/null || complain "no boot line" || return
	"$1" --help | grep '^hostcpu=<auto|N|off>$' >/dev/null || complain "--help does not know hostcpu="
}

# P8: a guest that ends leaves what it counted. libgcov asks the environment for a folder, so nothing in build/ is touched.
check_gcov() {
	gcov_dir=$(mktemp -d /tmp/umXXXXXX) || return 1
	GCOV_PREFIX=$gcov_dir guest "$1" "$2" "" true >/dev/null
	find "$gcov_dir" -name mlock.gcda -size +0 | grep . >/dev/null
	set -- $?
	rm -rf "$gcov_dir"
	[ "$1" = 0 ] || complain "no mlock.gcda after a boot"
}

# P9: the guest spans the pages that mem= says, and none between the kernel and its heap.
check_no_gap() {
	set -- "$(guest "$1" "$2" mem=256M "grep spanned /proc/zoneinfo" | awk '$1 == "spanned" { n += $2 } END { print n }')"
	if [ "$1" != 65536 ]; then complain "a guest of 256 MiB spans '$1' pages, not 65536"; fi
}

# P10: what the page faults of a boot take of the host, by strace: the FP registers are read once for each stop, as the others are,
# the siginfo not at all, the stub goes on to a system call, and no signal tells of the stops.
check_fault_calls() {
	calls=$(mktemp /tmp/umXXXXXX) || return 1
	guest_under="strace -e trace=ptrace -o $calls"
	guest "$1" "$2" "" "ls /" >/dev/null
	guest_under=
	set -- "$(awk -F '[(,]' '
		$1 == "ptrace" && /SIGSEGV/ { fault[$2]++ }
		$1 == "ptrace" { call[$2]++ }
		/CLD_TRAPPED/ { told++ }
		END {
			faults = fault["PTRACE_SYSEMU"]
			if (faults < 50 || call["PTRACE_GETREGSET"] > call["PTRACE_GETREGS"] + 5 || fault["PTRACE_GETSIGINFO"] || told)
				print faults + 0 " faults, " call["PTRACE_GETREGS"] + 0 " GETREGS, " call["PTRACE_GETREGSET"] + 0 " GETREGSET, " \
					fault["PTRACE_GETSIGINFO"] + 0 " GETSIGINFO, " told + 0 " stops told of"
		}' "$calls" 2>&1)"
	rm -f "$calls"
	[ -z "$1" ] || complain "a page fault takes too many calls of ptrace: $1"
}

# P12: the parameter names a policy, or stops the boot with the list of those that there are: each of them boots.
check_policy() {
	said=$(guest "$1" "$2" "mlock_policy=nosuch noreboot panic=-1" true | sed -n 's/.*mlock_policy=nosuch is not known: this kernel has //p' | head -n 1)
	case $said in 'count none'*) ;; *) complain "mlock_policy=nosuch: the list is '$said'"; return ;; esac
	for policy in $said; do
		guest "$1" "$2" "mlock_policy=$policy" "echo reached" | grep "^reached" >/dev/null || complain "mlock_policy=$policy does not boot" || return
	done
	for policy in none,nosuch count,none NONE ''; do
		out=$(guest "$1" "$2" "mlock_policy=$policy noreboot panic=-1" "echo reached")
		if echo "$out" | grep "^reached" >/dev/null; then complain "mlock_policy=$policy: the boot goes on"; return; fi
		echo "$out" | grep "mlock_policy=$policy is not known: this kernel has $said" >/dev/null || complain "mlock_policy=$policy: says '$out'" || return
	done
	# Given twice, the last one counts, and the first one leaves nothing behind.
	for policy in $said; do
		out=$(guest "$1" "$2" "mlock_policy=$policy mlock_policy=count" "mount -t sysfs s /sys; mount -t debugfs d /sys/kernel/debug; pages -l 64 true;
			cat /sys/kernel/debug/mlock/stats /sys/kernel/debug/mlock/audit; echo reached")
		if ! echo "$out" | grep "^reached" >/dev/null || echo "$out" | grep -E "^(watching|violations) [1-9]" >/dev/null; then
			complain "mlock_policy=$policy mlock_policy=count: $out"
			return
		fi
	done
}

# P11: the program is run at the panic, with the kernel's pid, while that is there; whatever comes of it, the panic goes on.
check_panic_helper() {
	helper=$(mktemp /tmp/umXXXXXX) || return 1
	printf '#!/bin/sh\n[ $# = 1 ] && [ /proc/$1/exe -ef %s ] && printf "\\nhelped\\n"\nexit 3\n' "$(realpath "$1")" >"$helper"
	chmod +x "$helper"
	out=$(guest "$1" "$2" "panic_helper=$helper noreboot panic=-1" "echo c >/proc/sysrq-trigger")
	set -- "$1" "$2" $?
	ended=$(guest "$1" "$2" "panic_helper=$helper noreboot panic=-1" "exit 0")
	rm -f "$helper"
	[ "$3" = 134 ] || complain "a panic with panic_helper=: status $3" || return
	[ "$(echo "$out" | grep -c "^helped")" = 1 ] || complain "panic_helper=: says '$out'" || return
	[ "$(echo "$ended" | grep -c "^helped")" = 1 ] || complain "panic_helper=, init ends: says '$ended'" || return
	guest "$1" "$2" "panic_helper=$helper noreboot panic=-1" "echo c >/proc/sysrq-trigger" >/dev/null
	set -- $?
	[ "$1" = 134 ] || complain "a panic_helper= that does not exist: status $1"
}
