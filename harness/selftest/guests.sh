# shellcheck shell=bash
# harness/selftest/guests.sh: the bad guests of guests/*.c, and what the report and the exit status must make of each.

# The first two answers are globs: a test that switches the machine off under init may yet meet UML's panic at power-off.
# name             | the line in the report      | $? by hand | what the lines above it in the report must say
GUESTS='
passes             | ok                          | 0   |
fails              | not ok                      | 1   | fails.c:10:one_is_two:Expected 1 (1) == 2 (2)
skips              | ok # SKIP no such machine   | 4   |
hangs              | not ok # timeout            | 124 | no end within 1 s
hangs_in_kernel    | not ok # timeout            | -   | # hangs_in_kernel waits in <do_wait+
panics             | not ok # panic              | 134 | in write_sysrq_trigger (file=
no_init            | not ok # panic              | 134 | Attempted to kill init
warns              | not ok                      | 1   | WARNING: CPU: 0
warns_out_of_sight | not ok                      | 1   | the kernel is tainted
warns_without_space| ok                          | 0   |
warns_as_declared  | ok                          | 0   |
warns_too_much     | not ok                      | 1   | a splat that it does not declare
warns_not          | not ok                      | 1   | did not come
skips_its_warning  | ok # SKIP nothing warns here| 4   |
warns_as_known     | ok                          | 0   |
warns_beside_known | not ok                      | 1   | WARNING: CPU: 0
taints_as_known    | not ok                      | 1   | the kernel complained
taints             | not ok                      | 1   | the kernel is tainted (512)
missing            | not ok                      | 1   | is missing
not_executable     | not ok                      | 1   | is not executable
forges             | not ok                      | 1   | init: forges: verdict 1, exit status 1
floods             | ok                          | 0   |
eats_memory        | not ok                      | 1   | killed by signal 9
fills_tmp          | ok                          | 0   |
leaves_a_child     | ok                          | 0   |
killed             | not ok                      | 1   | killed by signal 6
exits_134          | not ok                      | 1   | verdict 1
audit_finds        | not ok                      | 1   | the audit: violations 1
audit_is_gone      | not ok                      | 1   | the audit: no /sys/kernel/debug/mlock/audit
audit_says_nothing | not ok                      | 1   | the audit: 
loses_a_race       | not ok                      | 1   | maps_and_locks
powers_off         | not ok*                     | 1*  | reboot: Power down
'
LOG_LIMIT=$((9 << 20))		# of one guest's log on the host; the harness keeps 8 MiB and a tail

# make_guests: their root file system; in it one program is left out and one has no exec bit. The one of no_init has an init that ends at once.
make_guests() {
	local edit='/^file \/tests\/missing /d; /^file \/tests\/not_executable /s/0755/0644/'
	make -s -C rootfs O="$WORK" LINUX="$LINUX" TESTS=../harness/selftest/guests >"$WORK/make.log" 2>&1 || { cat "$WORK/make.log"; exit 1; }
	printf '#!/bin/sh\necho "this init ends"\n' >"$TMP/init"
	(
		cd rootfs || exit
		sed "$edit" "$WORK/rootfs/list" >"$TMP/list"
		"$WORK/rootfs/gen_init_cpio" -t 0 "$TMP/list" >"$TMP/guests.cpio"
		sed "s|^file /init .*|file /init $TMP/init 0755 0 0|" "$WORK/rootfs/list" >"$TMP/list"
		"$WORK/rootfs/gen_init_cpio" -t 0 "$TMP/list" >"$TMP/no_init.cpio"
	)
	# For the kernel under test: no_init gets the other initramfs.
	printf '#!/bin/sh\ncase "$*" in *umlock.test=no_init*) set -- "$@" initrd=%s ;; esac\nexec %s "$@"\n' "$TMP/no_init.cpio" "$TMP/linux" >"$TMP/uml"
	chmod +x "$TMP/uml"
	export INITRD=$TMP/guests.cpio
}

# guests COMMAND...: harness/run with the bad guests on the real kernel; the policy is nothing to them.
guests() { TESTS=harness/selftest/guests UML=$TMP/uml L=${L:-classic} P=${P:-count} "$@"; }

# rows: the table, without the blanks around its columns.
rows() { sed -e '/^$/d' -e 's/ *| */|/g' <<<"$GUESTS"; }

case_guests() {
	local name line shows seen above
	J=4 gets 1 guests harness/run
	while IFS='|' read -r name line _ shows; do
		seen=$(sed -n -E "s/^((not )?ok) [0-9]+ ${name}[.]count[.]classic/\1/p" "$HERE/out")
		# shellcheck disable=SC2053	# a glob
		[[ $seen == $line ]] || echo "# $name: the report says '$seen' instead of '$line'"
		# The comment lines between the entry before and this one.
		above=$(awk -v name="$name.count.classic" '/^(not )?ok / { for (i = 1; i <= NF; i++) if ($i == name) exit; text = ""; next } { text = text "\n" $0 } END { print text }' "$HERE/out")
		grep -qF -- "$shows" <<<"$above" || echo "# $name: the report does not show '$shows' above it: $above"
	done < <(rows) >"$HERE/wrong"
	[ ! -s "$HERE/wrong" ] || { cat "$HERE/wrong"; cat "$HERE/err"; fail "the report is not what the table says"; }
	[ "$(rows | wc -l)" = "$(find "$SELF/guests" -name '*.c' | wc -l)" ] || fail "the table and guests/*.c differ"
	says "$(rows | grep -c '|ok|') passed, $(rows | grep -c '|not ok') failed, $(rows | grep -c '|ok # SKIP') skipped"
	[ ! -s "$HERE/err" ] || fail "standard error of a run"
	strict_ktap "$HERE/out"
	# A flood: its log is bounded, and its end is there.
	[ "$(stat -c %s "$BUILD/log/fast/floods.count.classic.log")" -le "$LOG_LIMIT" ] || fail "the log of a flood has no limit"
	tail -c 1000 "$BUILD/log/fast/floods.count.classic.log" | grep -q 'verdict 0' || fail "the log of a flood has lost its end"
}

# by_hand NAME: boots it as a person would.
by_hand() {
	local status=0 dir=$TMPDIR/$1
	mkdir "$dir"
	timeout -s KILL 60 "$TMP/uml" mem=256M initrd="$INITRD" umlock.test="$1" umlock.timeout="${2:-10}" uml_dir="$dir" umid=g \
		con0=null,fd:1 con=null noreboot panic=-1 </dev/null >"$HERE/$1.log" 2>&1 || status=$?
	rm -rf "$dir"
	echo "$1 $status" >"$HERE/$1.status"
} 2>/dev/null

case_guests_by_hand() {
	local name status
	ulimit -c 0
	while IFS='|' read -r name _ status _; do
		if [ "$status" = - ]; then continue; fi
		while [ "$(jobs -pr | wc -l)" -ge 3 ]; do wait -n || true; done
		by_hand "$name" "$([ "$name" != hangs ] || echo 1)" &
	done < <(rows)
	wait
	while IFS='|' read -r name _ status _; do
		# shellcheck disable=SC2053	# a glob
		[ "$status" = - ] || [[ $(<"$HERE/$name.status") == "$name "$status ]] || echo "# $(cat "$HERE/$name.status") instead of $status; $(tail -n 3 "$HERE/$name.log" | paste -sd/)"
	done < <(rows) >"$HERE/said"
	[ ! -s "$HERE/said" ] || fail "exit status by hand"
	by_hand nosuch
	grep -q 'nosuch 1' "$HERE/nosuch.status" || fail "umlock.test=nosuch by hand: $(cat "$HERE/nosuch.status")"
	by_hand passes 1s
	grep -q 'umlock.timeout=1s is not a number of seconds' "$HERE/passes.log" || fail "umlock.timeout=1s by hand: $(tail -n 3 "$HERE/passes.log")"
}

# strict_ktap FILE: version, plan, numbered lines, the totals; no carriage return, no escape.
strict_ktap() {
	awk '
		function bad(what) { print "line " NR ": " what ": " $0; wrong = 1; exit }
		/[^\t -~]/ { bad("not plain text") }
		NR == 1 { if ($0 != "KTAP version 1") bad("no version"); next }
		NR == 2 { if ($0 !~ "^1[.][.][0-9]+$") bad("no plan"); plan = substr($0, 4); next }
		ended { bad("after the end") }
		/^#( |$)/ { next }
		/^(not )?ok [0-9]+ [^ ]+( # .*)?$/ { n++; got = $1 == "ok" ? $2 : $3; if (got != n) bad("number"); next }
		/^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$/ { ended = 1; sum = $1 + $3 + $5; next }
		{ bad("not KTAP") }
		END { if (!wrong && (!ended || n != plan || sum != plan)) { print "plan " plan ", lines " n ", totals " sum; wrong = 1 } exit wrong }
	' "$1" >"$HERE/ktap" || { cp "$HERE/ktap" "$HERE/said"; fail "not strict KTAP"; }
}

case_same_bytes() {
	export T='passes fails skips killed missing panics'
	J=1 gets 1 guests harness/run
	cp "$HERE/out" "$HERE/one"
	J=8 gets 1 guests harness/run
	diff "$HERE/one" "$HERE/out" >"$HERE/said" || fail "J=1 and J=8 differ"
}

# The kernel's own parser counts what the last line counts (Python is there on few machines: then there is nothing to compare with).
case_kunit_parses() {
	local parser=$LINUX/tools/testing/kunit/kunit.py
	if ! python3 -c '' 2>/dev/null || [ ! -e "$parser" ]; then skip "no python3, or no kunit.py"; fi
	T='passes fails skips panics' gets 1 guests harness/run
	cp "$HERE/out" "$HERE/report"
	says "1 passed, 2 failed, 1 skipped"
	python3 -B "$parser" parse "$HERE/report" >"$HERE/said" 2>&1 || true
	grep -qE 'Ran 4 tests: passed: 1, failed: 2, skipped: 1|passed: 1, failed: 1, crashed: 1, skipped: 1' "$HERE/said" || fail "kunit.py parse counts otherwise"
}
