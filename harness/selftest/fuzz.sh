# shellcheck shell=bash
# harness/selftest/fuzz.sh: harness/fuzz, with the real kernel and the real mlockfuzz.

# fuzz SETTING...: harness/fuzz with these, under lazy and the classic LRU.
fuzz() {
	local built=${WORK%/selftest}
	mkdir -p "$BUILD"
	[ -e "$BUILD/rootfs" ] || ln -s "$built/rootfs" "$BUILD/rootfs"
	env P=lazy L=classic INITRD="$built/rootfs.cpio" "$@" harness/fuzz
}

case_fuzz_typos() {
	local setting
	for setting in SEED=0 SEED=x OPS=0 OPS=1.5 MINUTES=-1 MINUTES=x; do refuses "$setting is not" fuzz "$setting"; done
	refuses "no policy 'lzy': there is lazy" fuzz P=lzy
	refuses "REPLAY=$HERE/none is not a file of operations" fuzz REPLAY="$HERE/none"
	printf '1 mlock 0 0 1 0\n1 mlook 0 0 1 0\n' >"$HERE/ops"
	refuses "1 mlook 0 0 1 0: each line is" fuzz REPLAY="$HERE/ops"
	[ ! -e "$BUILD/fuzz/log" ] || fail "something ran"
}

# The same seed, the same operations; under time-travel, the same counters to the last one.
case_fuzz_repeats() {
	local round
	gets 0 fuzz SEED=3 OPS=500
	says "ok seed 3: 500 operations, 1 passed, 0 failed, 0 skipped"
	says "nothing wrong: 500 operations of 1 seeds under each of 1 policies and 1 LRUs"
	for round in 1 2; do
		T=mlockfuzz P=rmap L=mglru INITRD=${WORK%/selftest}/rootfs.cpio WORDS="time-travel=inf-cpu norandmaps umlock.counters umlock.args=3,1500" gets 0 harness/run
		tr -d '\r' <"$BUILD/log/fast/mlockfuzz.rmap.mglru.log" | grep '^moved ' >"$HERE/moved.$round" || fail "no counters"
	done
	diff "$HERE/moved.1" "$HERE/moved.2" >"$HERE/said" || fail "the second boot is another"
}

# A page that goes without the model: of 202 lines two are left, and they are a test that fails.
case_fuzz_shortens() {
	local program=${WORK%/selftest}/rootfs/tests/mlockfuzz
	{
		"$program" -p 1 150
		printf '1 map 3 0 10 0\n1 unsaid 3 2 1 0\n'
		"$program" -p 2 50
	} >"$HERE/unsaid.ops"
	gets 1 fuzz REPLAY="$HERE/unsaid.ops"
	says "worker 1, slot 3, page 2: the model says 1, its mapping 0"
	says "made short under time-travel=inf-cpu norandmaps: 2 operations"
	says "as a test it failed in 5 of 5 boots; to keep it: cp"
	grep -qx '	"1 unsaid 3 2 1 0"' "$BUILD"/fuzz/fuzz_unsaid_ops_lazy_classic.c || fail "the test does not have it"
}

# TERM ends it, and its guests, at once and not when those are through.
case_fuzz_ended() {
	local pid begun
	fuzz SEED=4 OPS=20000 >"$HERE/said" 2>&1 &
	pid=$!
	soon grep -q "^Run .init" "$BUILD/fuzz/log/fast/mlockfuzz.lazy.classic.log"
	pid=$(pgrep -P "$pid" -f harness/fuzz)	# fuzz() itself is a subshell here
	begun=$SECONDS
	kill -TERM "$pid"
	wait || true
	[ $((SECONDS - begun)) -le 4 ] || fail "it took $((SECONDS - begun)) s"
	says "interrupted: the last seed was 4"
}
