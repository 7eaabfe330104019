# shellcheck shell=bash
# harness/selftest/bench.sh: harness/bench with benchmarks whose values are known.

case_bench_typos() {
	Q=fast refuses "Q=fast is not known: Q=quick" harness/bench
	T=reclam refuses "no benchmark 'reclam': there is reclaim" harness/bench plan
	V=debug refuses "make bench measures V=fast" harness/bench
	refuses "make bench takes no P=, L=" make bench L=classic
	gets 2 make bench T=reclam
	says "there is reclaim"
}

# benchmark NAME: from here on the benchmarks are those that this is called for, each as standard input has it.
benchmark() {
	export BENCHES=$HERE/benches BUILD=$HERE/build DOCS=$HERE/docs
	mkdir -p "$BENCHES" "$BUILD"
	cat >"$BENCHES/$1.sh"
}

# Three rounds of two points in turns: what was measured, the medians, the table, a bound that holds and one that does not.
case_bench() {
	benchmark known <<-'END'
		columns="size"
		points() { for size in 10 20; do echo "count|classic|$size|measured $size"; done; }
		measured() { echo "all ns $(($1 * 100 * (round == 2 ? 3 : 1) + round))"; echo "all pages $1"; echo "a line of something else"; }
		page() {
			table size what "In us" 1e-3 metric=ns
			bound "pages" "$(median size=20 metric=pages)" '<=' 20
			bound "twice" "$(over "$(median size=20 metric=ns)" "$(median size=10 metric=ns)")" '>=' 3
		}
	END
	gets 1 harness/bench
	says "known: twice: 1.9"
	says_not "known: pages"
	[ "$(grep -v '^#' "$BUILD/bench/known.tsv" | awk -F '\t' '$6 == "ns" { printf "%s:%s:%s ", $1, $4, $7 }')" = "1:10:1001 1:20:2001 2:10:3002 2:20:6002 3:10:1003 3:20:2003 " ] ||
		fail "other values: $(cat "$BUILD/bench/known.tsv")"
	grep -q '^# machine: .* CPUs, ' "$BUILD/bench/known.tsv" || fail "no machine"
	grep -q '^# kernel: 6[.]' "$BUILD/bench/known.tsv" || fail "no kernel"
	grep -qxF "$(printf '3\tcount\tclassic\t20\tall\tns\t2003\t2001\t6002')" "$BUILD/bench/known.median.tsv" || fail "other medians: $(cat "$BUILD/bench/known.median.tsv")"
	grep -qxF '| 10 | 1.00 (1.00 to 3.00) |' "$BUILD/bench/benchmarks.md" || fail "another table: $(cat "$BUILD/bench/benchmarks.md")"
	grep -qxF -- '- pages: 20, bound <= 20' "$BUILD/bench/benchmarks.md" || fail "no bound"
	grep -qF -- 'MISSES the bound >= 3' "$BUILD/bench/benchmarks.md" || fail "the bound holds"
	# Once each, with Q=quick.
	Q=quick gets 1 harness/bench
	[ "$(grep -vc '^#' "$BUILD/bench/known.tsv")" = 5 ] || fail "not one round"
	[ ! -e "$DOCS" ] || fail "there is a page for docs/"
}

case_bench_fails() {
	benchmark silent <<-'END'
		columns="size"
		points() { echo "count|classic|1|echo nothing here"; }
		page() { :; }
	END
	refuses "the benchmark silent fails at count|classic|1|echo nothing here, which is to print lines 'WHAT METRIC VALUE': nothing here" harness/bench
	benchmark silent <<-'END'
		columns="size"
		points() { echo "count|classic|1|ends 3"; }
		ends() { echo this; echo why >&2; return "$1"; }
		page() { :; }
	END
	refuses "the benchmark silent fails at count|classic|1|ends 3: why" harness/bench
	benchmark silent <<-'END'
		columns="size"
		points() { echo "count|classic|1|echo all ns 1"; missing; }
		page() { :; }
	END
	gets 127 harness/bench
	says "missing: command not found"
	benchmark silent <<-'END'
		columns="size"
		points() { :; }
		page() { :; }
	END
	refuses "the benchmark silent has no points" harness/bench
	[ ! -e "$BUILD/bench/benchmarks.md" ] || fail "there is a page"
}

# TERM to the script alone: the point ends, whatever it is at, and the values of other points count for nothing.
case_bench_ended() {
	local status=0 pid
	benchmark slow <<-'END'
		columns="size"
		points() { for size in 1 2; do echo "count|classic|$size|slow $size"; done; }
		slow() { echo all ns 1; [ "$1" = 1 ] || { : >"$OUT/here"; sleep 77 & wait; }; }
		page() { :; }
	END
	harness/bench >"$HERE/said" 2>&1 &
	pid=$!
	soon [ -e "$BUILD/bench/here" ]
	kill -TERM "$pid"
	wait "$pid" || status=$?
	[ "$status" = 130 ] || fail "status $status"
	says "interrupted: 1 of 6 points were measured"
	[ ! -e "$BUILD/bench/slow.tsv" ] || fail "values of a run that did not end"
}

# A plot comes as SVG and as PNG; each of the lab's has its place in the page, with what there is to say of it.
case_bench_plots() {
	local script text
	command -v gnuplot >/dev/null || skip "no gnuplot here, which make bench would install"
	benchmark drawn <<-'END'
		columns="size"
		points() { for size in 1 2; do echo "count|classic|$size|echo all ns $size"; done; }
		page() { :; }
	END
	printf '# size 300,200\nplot pick("metric=ns") using 4:7 with lines title "ns"\n' >"$BENCHES/drawn.gp"
	benchmark plain <<-'END'
		columns="size"
		points() { echo "count|classic|1|echo all ns 3"; }
		page() { bound three "$(median metric=ns)" '<=' 3; bound four "$(median metric=four)" '<=' 4; }
	END
	Q=quick gets 0 harness/bench
	grep -q '<svg' "$BUILD/bench/drawn.svg" || fail "no SVG"
	head -c 4 "$BUILD/bench/drawn.png" | grep -q PNG || fail "no PNG"
	# What was not measured is a miss, but with Q=quick. A whole run that misses nothing writes the page of docs/, and the plots.
	gets 1 harness/bench
	says "plain: four: was not measured"
	[ ! -e "$DOCS" ] || fail "there is a page for docs/"
	sed -i 's/four/ns/g' "$BENCHES/plain.sh"
	gets 0 harness/bench page
	{ [ -s "$DOCS/benchmarks.md" ] && [ -s "$DOCS/benchmarks/drawn.svg" ]; } || fail "no page for docs/"
	Q=quick T=plain gets 0 harness/bench
	refuses "are not of one machine, kernel and size" harness/bench page
	printf '# size 300,200\nplot nosuch\n' >"$BENCHES/drawn.gp"
	T=drawn Q=quick refuses "gnuplot cannot plot $BENCHES/drawn.gp" harness/bench
	for script in harness/benches/*.gp; do
		grep -q '^# size ' "$script" || continue
		script=$(basename "$script" .gp)
		grep -A 20 "figure $script \"" harness/benches/*.sh | sed -n '/figure/,/END$/p' >"$HERE/said"
		for text in "For a user:" "Expected:" "A surprise:" "Again: \`make bench T="; do says "$text"; done
	done
}
