# shellcheck shell=bash
# harness/selftest/run.sh: selection, repetition, interruption: harness/run with a kernel that is a script.

# fake NAME...: from here on the tests are these, and the kernel is fake-linux.
fake() {
	local name
	mkdir "$HERE/tests"
	for name; do printf 'UMLOCK(.timeout = 60);\n' >"$HERE/tests/$name.c"; done
	export TESTS=$HERE/tests UML=$SELF/fake-linux L=classic P=count
}

# status             | the line in the report
case_verdicts() {
	local status line
	fake exits_0 exits_1 exits_4 exits_77 exits_124 exits_134 exits_137
	gets 1 harness/run
	while IFS='|' read -r status line; do
		says "${line/NAME/exits_$status.count.classic}"
	done <<-'END'
		0|ok 1 NAME
		1|not ok 2 NAME
		124|not ok 3 NAME # timeout
		134|not ok 4 NAME # panic
		137|not ok 5 NAME # exit status 137
		4|ok 6 NAME # SKIP no reason given
		77|not ok 7 NAME # exit status 77
	END
	says "1 passed, 5 failed, 1 skipped"
	T='exits_0 exits_4' gets 0 harness/run
	# What is no kernel may return anything.
	UML=/bin/true T=exits_0 gets 2 harness/run
	says "no guest starts here: /bin/true ends with status 0 and says nothing"
	UML=/bin/true CMD=true gets 2 harness/shell
	says "no guest starts here"
}

case_typos() {
	local setting
	fake exits_0 mlock fork
	T=mlok refuses "no test 'mlok': there is mlock" harness/run
	T='exits_0 nosuch' refuses "no test 'nosuch': there is exits_0 fork mlock" harness/run
	P=cuont refuses "no policy 'cuont': there is count" harness/run
	L=mglrv refuses "no LRU 'mglrv': there is mglru" harness/run
	V=kasam refuses "no variant 'kasam': there is kasan" harness/run
	V='fast debug' refuses "no variant 'fast debug'" harness/kernel
	V='*' refuses "no variant '*'" harness/run
	FAILED=yes refuses "FAILED=yes is not known" harness/run
	S=1234567 refuses "S=1234567 is too large" harness/run
	for setting in J=0 J=x N=0 N=x N=-1 S=0.5 M=x M=0 M=10T; do
		refuses "$setting is not" env "$setting" harness/run
	done
	refuses "harness/run lst is not known" harness/run lst
	: >"$HERE/empty"
	chmod +x "$HERE/empty"
	UML=$HERE/empty refuses "no kernel $HERE/empty: run 'make uml" harness/run
	# shellcheck disable=SC2016	# for make to leave alone
	gets 2 make check 'T=$(x)'
	says "no test '\$(x)'"
	gets 2 make uml CC=nonexistent
	says "CC=nonexistent is no command here"
	UML=/nonexistent refuses "no kernel /nonexistent: run 'make uml" harness/run
	gets 2 make chek
	says "no target 'chek': there is check"
	gets 2 make docs
	says "no target 'docs'"
	gets 2 make fuzz N=2
	says "make fuzz takes no T=, N="
	SEED=abc refuses "SEED=abc is not" harness/fuzz plan
	REPLAY=/nonexistent refuses "REPLAY=/nonexistent is not a file" harness/fuzz plan
	echo 'int main(void) { return 0; }' >"$HERE/tests/bare.c"
	refuses "bare.c: no UMLOCK(...) line: see docs/write-a-test.md" harness/run
	printf 'UMLOCK(.claims = "L1",\n\t.timeout = 5);\n' >"$HERE/tests/bare.c"
	refuses "bare.c: UMLOCK(...); is one line" harness/run
	echo 'UMLOCK(.mem = "lots");' >"$HERE/tests/bare.c"
	refuses "bare.c: its .mem is 'lots', and wants a number of MiB" harness/run
	echo 'UMLOCK(.timeout = "x");' >"$HERE/tests/bare.c"
	refuses "bare.c: its .timeout is 'x', and wants a number of seconds" harness/run
	echo 'UMLOCK(.swap = "zz");' >"$HERE/tests/bare.c"
	refuses "bare.c: its .swap is 'zz', and wants a number of MiB" harness/run
	echo 'UMLOCK(.policies = "lasy*");' >"$HERE/tests/bare.c"
	refuses "bare.c: its .policies names 'lasy*', and no policy is called so" harness/run
	[ ! -e "$BUILD/log" ] || fail "something ran"
}

case_selection() {
	fake exits_0 exits_4 fork
	printf 'UMLOCK(.timeout = 60, .policies = "lazy*");\n' >"$HERE/tests/only_lazy.c"
	T='exits_*' L='mglru classic' gets 0 harness/run
	sed -n 's/^ok //p' "$HERE/out" | sed 's/ #.*//' | diff - <(printf '%s\n' '1 exits_0.count.mglru' '2 exits_0.count.classic' '3 exits_4.count.mglru' '4 exits_4.count.classic') >"$HERE/said" ||
		fail "not T sorted, then L as given"
	T=only_lazy refuses "nothing to run" harness/run
	T='only_lazy exits_0' gets 0 harness/run
	says "only_lazy is left out: it is not for P=count"
	T='only_* exits_0' gets 0 harness/run
	says_not "left out"
	gets 0 harness/run list
	[ "$(cut -d' ' -f1 "$HERE/out" | paste -sd' ')" = "TEST exits_0 exits_4 fork only_lazy" ] || fail "the list"
}

# A guest unpacks one root file system: what the kernel embeds where that is the newest, or else the newest over it.
case_embeds() {
	unset INITRD
	fake exits_0
	mkdir -p "$HERE/kernel" "$BUILD"
	cp "$UML" "$HERE/kernel/linux"
	UML=$HERE/kernel/linux
	echo old >"$BUILD/rootfs.cpio"
	gets 0 harness/run
	grep -q "initrd=$BUILD/rootfs.cpio" "$BUILD/log/fast/exits_0.count.classic.log" || fail "no initrd= for a kernel that nothing is known of"
	ln "$BUILD/rootfs.cpio" "$HERE/kernel/embeds"
	gets 0 harness/run
	! grep -q initrd= "$BUILD/log/fast/exits_0.count.classic.log" || fail "initrd= for a kernel that embeds it"
	echo new >"$BUILD/rootfs.cpio.new"
	mv "$BUILD/rootfs.cpio.new" "$BUILD/rootfs.cpio"
	gets 0 harness/run
	grep -q "initrd=$BUILD/rootfs.cpio" "$BUILD/log/fast/exits_0.count.classic.log" || fail "no initrd= when the root file system is newer"
}

case_failed_only() {
	fake exits_0 exits_1 exits_134
	FAILED=1 refuses "nothing failed in the last run" harness/run
	gets 1 harness/run
	FAILED=1 gets 1 harness/run
	says 1..2
	says_not exits_0
	FAILED=1 T=exits_0 refuses "(exits_1.count.classic exits_134.count.classic) nothing is asked for" harness/run
	T=exits_0 gets 0 harness/run
	FAILED=1 refuses "nothing failed in the last run" harness/run
}

case_repeat() {
	fake exits_0 exits_1
	export BOOTS=$HERE/boots
	N=3 gets 1 harness/run
	says "failed in round 1 of 3"
	[ "$(wc -l <"$BOOTS")" = 2 ] || fail "did not stop at the first round that failed"
	rm "$BOOTS"
	N=3 T=exits_0 gets 0 harness/run
	[ "$(wc -l <"$BOOTS")" = 3 ] || fail "not three rounds"
	[ "$(grep -c '^KTAP' "$HERE/out")" = 1 ] || fail "more than one report"
}

case_two_runs() {
	local first
	fake exits_0 sleeps
	export BOOTS=$HERE/boots
	env --default-signal=INT harness/run >"$HERE/first" 2>&1 &
	first=$!
	soon grep -q sleeps "$BOOTS"
	refuses "another make runs in" harness/run
	[ "$(pgrep -fc "uml_dir=$TMPDIR.* umlock.test=sleeps")" = 1 ] || fail "the first run lost its guest"
	kill -INT "$first"
	wait "$first" || true
	grep -q '^ok 1 exits_0' "$HERE/first" || fail "the first run lost its report: $(cat "$HERE/first")"
}

# As Ctrl-C does: to the whole foreground group, at several moments of a run; check-selftest then looks for what is left.
case_interrupt() {
	local pid delay status
	for delay in 0.05 0.15 0.3 0.6 1.5; do
		status=0
		T='leaves_a_child hangs floods passes' J=3 S=60 guests exec setsid env --default-signal=INT harness/run >"$HERE/said" 2>&1 &
		pid=$!
		sleep "$delay"
		kill -INT -- "-$pid"
		wait "$pid" || status=$?
		[ "$status" = 130 ] || fail "status $status instead of 130 after $delay s"
		[ "$delay" != 1.5 ] || says "of 4 reported"
		sleep 0.2
		all_gone "$UMLOCK_SELFTEST" >"$HERE/said" || fail "after an interrupt at $delay s"
		[ -z "$(ls -A "$TMPDIR")" ] || fail "files after an interrupt at $delay s: $(find "$TMPDIR")"
	done
}

# What `make run` does without a terminal: the tour's own verdict is the exit status.
case_tour() {
	gets 0 harness/shell run
	says "Locked, 16384 of 16384 pages stayed"
}

# A command: its output and nothing else, its exit status, its quoting; a program of the host, in a folder that it may write.
case_command() {
	# shellcheck disable=SC2016	# for the guest's shell
	CMD='x=5; echo "got  $((x + 1))"; exit 7' gets 7 harness/shell
	[ "$(cat "$HERE/out")" = "got  6" ] || fail "other output than the command's"
	mkdir "$HERE/a folder"
	cp /bin/true "$HERE/a folder/program"
	CMD='./program && pwd >where' DIR="$HERE/a folder" gets 0 harness/shell
	[ "$(cat "$HERE/a folder/where")" = "$HERE/a folder" ] || fail "not run in DIR, or DIR cannot be written"
	CMD='echo c >/proc/sysrq-trigger' gets 134 harness/shell
	says "the kernel panicked"
	CMD='exit 134' gets 134 harness/shell
	says_not "panicked"
	# Without a terminal there is nothing to read.
	CMD='read x; echo "$?"; cat <(echo /dev/fd)' gets 0 harness/shell
	[ "$(cat "$HERE/out")" = "$(printf '1\n/dev/fd')" ] || fail "standard input is not at its end, or no /dev/fd"
	CMD=true DIR=/nonexistent refuses "DIR=/nonexistent is not a folder" harness/shell
	refuses "needs a terminal" harness/shell
	CMD=true refuses "make run takes no CMD=" make run
}
