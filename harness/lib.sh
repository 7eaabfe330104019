# shellcheck shell=bash
# harness/lib.sh: what every script of the harness shares. Source it; it runs nothing.
#
#   . "${0%/*}/lib.sh"
#   [ -e "$BUILD/fast/linux" ] || die "no kernel: run 'make uml'"

set -eu -o pipefail
PATH=$PATH:/usr/sbin:/sbin	# mkswap; Debian leaves them out for users
shopt -s inherit_errexit	# or a typo that pick() finds within $(...) would go unheard
cd "$(dirname "${BASH_SOURCE[0]}")/.."
case $PWD in *[[:space:]:]*) printf '%s\n' "umlock: the checkout $PWD has a blank or a colon in its name, which neither make nor the kernel's build can cope with: move it" >&2; exit 2 ;; esac

# Scripts call make with words of their own: what this run's make was given is not for it.
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL

# Defaults; the environment (make's variables) overrides each.
: "${V:=fast}" "${T:=}" "${P:=}" "${L:=classic mglru}" "${J:=$(nproc)}" "${N:=1}" "${M:=}" "${S:=1}"
: "${FAILED:=}" "${KERNEL:=}" "${CMD:=}" "${DIR:=}" "${CC:=gcc}" "${GDB:=gdb}" "${B:=}" "${ATTACH:=}"
: "${BUILD:=$PWD/build}" "${TESTS:=rootfs/tests}"	# the harness tests itself with others
# A kernel with KASAN is larger, and so is what it keeps of each guest's memory: so many MiB are added to that.
: "${ROOM:=$([ "$V" != kasan ] || echo 128)}"
LINUX=$PWD/linux
: "${UML:=$PWD/build/$V/linux}"	# a kernel built elsewhere can be named
VARIANTS="fast debug kasan gcov"
# shellcheck disable=SC2034	# read by the scripts that source this
POLICIES="count none lazy lazy,eager rmap rmap,trylock"		# that this series builds, in the order of the report
# shellcheck disable=SC2034
LRUS="classic mglru"

# Goes before a guest's command: without the host's randomisation, whose gap below the heap is added to mem=, each boot has
# the same memory. Empty where the host does not allow it.
# shellcheck disable=SC2034
if setarch -R true 2>/dev/null; then FIXED=(setarch -R); else FIXED=(); fi

# What every guest is told. lpj is what calibration finds on a machine of today: only delay loops read it, and to find it anew
# takes 80 ms of each boot. WORDS are those of this run alone.
# shellcheck disable=SC2034
read -ra GUEST <<<"umid=g noreboot panic=-1 lpj=36000000 ${WORDS:-}"

# die WHAT: one line on stderr (what, which value, the cure), status 2: usage or environment.
die() {
	printf 'umlock: %s\n' "$*" >&2
	exit 2
}

# say TEXT: one line on stderr; standard output belongs to reports.
say() { printf '%s\n' "$*" >&2; }

# progress TEXT: a line on stderr that the next one overwrites, on a terminal only; no text clears it.
progress() {
	if [ -t 2 ]; then printf '\r\033[K%.*s' "$(($(tput cols 2>/dev/null || echo 80) - 1))" "$*" >&2; fi
}

# near WORD NAME...: those names that WORD may have meant (within a third of its letters, or containing it), or all of them, if they are
# few enough to read.
near() {
	local word=$1
	shift
	printf '%s\n' "$@" | awk -v w="$word" '
		function min(a, b) { return a < b ? a : b }
		function distance(a, b,  i, j, d) {
			for (i = 0; i <= length(a); i++) d[i, 0] = i
			for (j = 0; j <= length(b); j++) d[0, j] = j
			for (i = 1; i <= length(a); i++)
				for (j = 1; j <= length(b); j++)
					d[i, j] = min(min(d[i-1, j], d[i, j-1]) + 1,
						d[i-1, j-1] + (substr(a, i, 1) != substr(b, j, 1)))
			return d[length(a), length(b)]
		}
		{ all = all " " $0 }
		distance(w, $0) <= 1 + length(w) / 3 || (w != "" && index($0, w)) { like = like " " $0 }
		END { print substr(like != "" ? like : NR > 50 ? " none like it" : all, 2) }'
}

# pick KIND "WORDS" NAME...: prints the names that the words (globs) match, each once, in the order of the words;
# a word that matches nothing is an error that prints the near names.
pick() {
	local kind=$1 words=$2 word name hit
	shift 2
	set -f
	for word in $words; do
		hit=
		for name; do
			# shellcheck disable=SC2053	# the word is a glob
			if [[ $name == $word ]]; then echo "$name"; hit=1; fi
		done
		[ -n "$hit" ] || die "no $kind '$word': there is $(near "$word" "$@")"
	done | awk '!seen[$0]++'
	set +f
}

# number NAME VALUE [DIGITS]: dies unless VALUE is a whole number above 0, of that many digits at most (6).
number() {
	case $2 in
	'' | *[!0-9]* | 0*) die "$1=$2 is not a whole number above 0: try $1=1" ;;
	esac
	[ "${#2}" -le "${3:-6}" ] || die "$1=$2 is too large: ${3:-6} digits fit"
}

# memory: dies unless M is a size that a guest can have; beyond 400 GiB its memory does not fit between the kernel and its stack.
memory() {
	local size=${M%[KMG]}
	[ -n "$M" ] || return 0
	[[ $M =~ ^[1-9][0-9]{0,9}[KMG]?$ ]] || die "M=$M is not a size of memory: try M=256M"
	case $M in *G) size=$((size << 20)) ;; *M) size=$((size << 10)) ;; *K) ;; *) size=$((size >> 10)) ;; esac
	[ "$size" -ge 65536 ] || die "M=$M is too little for a guest to start: give it 64M or more"
	[ "$size" -le $((400 << 20)) ] || die "M=$M is more than a guest can have: give it 400G or less"
}

# folder: makes DIR, when it is set, an absolute path, or dies.
folder() {
	[ -n "$DIR" ] || return 0
	if [ ! -d "$DIR" ] || [ ! -x "$DIR" ]; then die "DIR=$DIR is not a folder of the host, or not one that you may enter"; fi
	DIR=$(realpath "$DIR")
	[ "$DIR" != / ] || die "DIR=/ would hide the guest: name a folder in it"
}

# host_command FOLDER: makes it, with CMD and DIR as init wants them for umlock.dir=.
host_command() {
	mkdir "$1"
	if [ -n "$DIR" ]; then printf '%s\n' "$DIR" >"$1/dir"; fi
	printf '%s\n' "$CMD" >"$1/command"
}

# kernel: dies unless $UML can be started; a build or copy that was cut short leaves an empty one, which the shell would run.
kernel() { if [ ! -x "$UML" ] || [ ! -s "$UML" ]; then die "no kernel $UML: run 'make uml V=$V'"; fi; }

# lock: one run at a time in this checkout; held until the script ends. Guests must be started with 9>&-.
lock() {
	{ mkdir -p "$BUILD" && : >>"$BUILD/lock"; } 2>/dev/null ||
		die "$BUILD cannot be written by $(id -un): chown -R $(id -un) $PWD, or use a checkout of your own"
	exec 9>>"$BUILD/lock"
	flock -n 9 || die "another make runs in $PWD (see 'fuser $BUILD/lock'): wait for it, or use a second checkout"
}

# tests: one line a test, tab-separated: name, claims, timeout (s), mem, swap, policies, warn, known; from the UMLOCK() lines
# of $TESTS/*.c and nothing else. "-" stands for an empty field. A file without that line is an error.
tests() {
	awk '
		function field(key, none,  m) {
			if (!match($0, "[.]" key "[ \t]*=[ \t]*(\"[^\"]*\"|[0-9]+)")) return none
			m = substr($0, RSTART, RLENGTH)
			sub("^[^=]*=[ \t]*\"?", "", m); sub("\"$", "", m)
			return m == "" ? none : m
		}
		/^UMLOCK\(/ && !(FILENAME in seen) {
			seen[FILENAME] = 1
			if ($0 !~ /\);$/) { print "umlock: " FILENAME ": UMLOCK(...); is one line: see docs/write-a-test.md" >"/dev/stderr"; bad = 2 }
			name = FILENAME; sub(".*/", "", name); sub("[.]c$", "", name)
			print name "\t" field("claims", "-") "\t" field("timeout", 30) "\t" field("mem", "256M") "\t" \
				field("swap", "-") "\t" field("policies", "*") "\t" field("warn", "-") "\t" field("known", "-")
		}
		END {
			for (i = 1; i < ARGC; i++) if (!(ARGV[i] in seen)) {
				print "umlock: " ARGV[i] ": no UMLOCK(...) line: see docs/write-a-test.md" >"/dev/stderr"
				bad = 2
			}
			exit bad
		}' "$TESTS"/*.c
}

# variant: dies unless V is the name of one: a folder is called so, and no list or glob will do.
variant() {
	local name
	for name in $VARIANTS; do if [ "$V" = "$name" ]; then return; fi; done
	# shellcheck disable=SC2086	# a list of words
	die "no variant '$V': there is $(near "$V" $VARIANTS)"
}

# lgit ARGS...: git in linux/, which must be a tree of its own (in an empty folder git would take the lab's own).
lgit() {
	[ -e "$LINUX/.git" ] || die "linux/ is empty: run 'make linux'"
	git -C "$LINUX" -c user.name="${GIT_AUTHOR_NAME:-umlock developers}" -c user.email="${GIT_AUTHOR_EMAIL:-umlock@localhost}" \
		-c advice.detachedHead=false -c gc.auto=0 "$@"
}

# temp_folder: sets TEMP, where guests keep their memory and sockets: TMPDIR, else /dev/shm (memory, not a disk), else /tmp.
# Dies when a guest could not live there; TEMP_NEED (MiB, 600 unless told) must be free.
temp_folder() {
	local free probe
	TEMP=${TMPDIR:-/dev/shm}
	case $TEMP in *[[:space:]]*) die "TMPDIR=$TEMP has a blank in it, which a kernel's command line cannot carry: set TMPDIR to another" ;; esac
	[ -n "${TMPDIR:-}" ] || { [ -d /dev/shm ] && [ -w /dev/shm ]; } || TEMP=/tmp
	[ -d "$TEMP" ] || die "the temporary folder $TEMP does not exist: set TMPDIR to one that does"
	probe=$TEMP/uml.$$	# known before it is there, so that whoever is interrupted here can still remove it
	rm -rf "$probe"
	mkdir -m 700 "$probe" 2>/dev/null || die "the temporary folder $TEMP cannot be written or is full: set TMPDIR to one that can"
	printf '#!/bin/sh\n' 2>/dev/null >"$probe/exec" || { rm -rf "$probe"; die "the temporary folder $TEMP is full: free some of it, or set TMPDIR to another"; }
	chmod +x "$probe/exec"
	"$probe/exec" 2>/dev/null || { rm -rf "$probe"; die "the temporary folder $TEMP is mounted noexec, and a guest maps its memory from there: set TMPDIR to another"; }
	rm -rf "$probe"
	free=$(df -Pm "$TEMP" | awk 'NR == 2 { print $4 }')
	[ "$free" -ge "${TEMP_NEED:-600}" ] ||
		die "the temporary folder $TEMP has $free MiB free, and the guests' memory needs ${TEMP_NEED:-600}: free some of it, set TMPDIR to another, or take a smaller J="
	[ "${#TEMP}" -le 60 ] || die "TMPDIR=$TEMP is too long for the socket that each guest makes there (60 letters fit): set TMPDIR to a shorter one"
}

# initrd: sets INITRD, unless it is set, to the root file system that guests get over the one in $UML; to nothing when that
# is the same (see harness/kernel): to unpack it twice is 50 ms of each boot.
initrd() {
	if [ "$BUILD/rootfs.cpio" -ef "${UML%/*}/embeds" ]; then : "${INITRD:=}"; else : "${INITRD:=$BUILD/rootfs.cpio}"; fi
}

# command_line DIR POLICY LRU MEM SWAP WORD...: sets ARGS to the command line of a guest that has its files in DIR, SWAP ("64M", or - for
# none) of swap on a disk of its own, no input, and what every guest is told.
command_line() {
	# shellcheck disable=SC2054	# the commas are UML's
	ARGS=("mem=$4" ${INITRD:+"initrd=$INITRD"} "mlock_policy=$2" "umlock.lru=$3" "uml_dir=$1" con=null "${GUEST[@]}" "${@:6}")
	if [ "$5" = - ]; then return; fi
	truncate -s "$5" "$1/swap"
	mkswap "$1/swap" >/dev/null 2>&1
	ARGS+=("ubd0=$1/swap")
}

# is_guest PID: is that process one of our kernels?
is_guest() { grep -qa 'Linux version 6\.' "/proc/$1/exe" 2>/dev/null; }

# debugger: sets DEBUGGER to gdb's command with what every session has. To look a type up by its name costs 2.4 s in a kernel that it sees
# for the first time, then nothing: its index is kept in build/ for a day.
debugger() {
	local cache=$PWD/build/gdb-index
	mkdir -p "$cache"
	find "$cache" -name '*.gdb-index*' -mtime +0 -delete 2>/dev/null || true	# another may be at it too
	# shellcheck disable=SC2034	# read by the scripts that source this
	DEBUGGER=("$GDB" -nx -q -iex 'set auto-load no' -iex 'set debuginfod enabled off' -iex "set index-cache directory $cache" -iex 'set index-cache enabled on' -x harness/gdb/lab.gdb)
}

# host_cpus: the host CPUs that this process may use, one a line.
host_cpus() {
	taskset -cp $$ | sed 's/.*: //' | tr ',' '\n' | while IFS=- read -r first last; do seq "$first" "${last:-$first}"; done
}

# full FOLDER LOG: is the disk of that folder why something failed? Its log may not have had room for the word either.
full() { grep -q 'No space left' "$2" || [ "$(df -Pm "$1" | awk 'NR == 2 { print $4 }')" -lt 16 ]; }

# series: a checksum of patches/, by which linux/ knows whether it holds this series.
series() { { cat patches/*.patch 2>/dev/null || true; } | sha256sum | cut -d' ' -f1; }

# tree_at FOLDER COMMIT: a second work tree of linux/ there, at that commit, clean.
tree_at() {
	lgit worktree prune
	[ -e "$1/.git" ] || lgit worktree add -q -f --detach "$1" "$2"
	git -C "$1" checkout -q -f --detach "$(lgit rev-parse "$2")"
	git -C "$1" clean -q -fdx
}

# checkpatch PATCH...: the kernel's own style check. No sign-off is asked for, as the series is not submitted from here; nor
# is MAINTAINERS, which has the folders of new files already. Not from the lab's own folder: there it would find the patch in
# git and take it for a source file. It leaves a cache there: the folder keeps its time, for current() of harness/kernel.
checkpatch() {
	# shellcheck disable=SC2064	# its time as it is now
	(set -- "${@/#/$PWD/}" && cd "$LINUX" && trap "touch -d '$(stat -c %y .)' ." EXIT &&
		scripts/checkpatch.pl --strict --no-signoff --ignore FILE_PATH_CHANGES --terse "$@")
}

# own_symbols: the symbols of the kernel's configuration that our patches add.
own_symbols() { { cat patches/*.patch 2>/dev/null || true; } | sed -n 's/^+config //p'; }

# off_kernel: build/off/fast/linux, of linux/ as it is, with the policies compiled out.
off_kernel() {
	mkdir -p "$BUILD/off"
	cmp -s "$BUILD/rootfs.cpio" "$BUILD/off/rootfs.cpio" || cp "$BUILD/rootfs.cpio" "$BUILD/off/"
	V=fast OFF=$(own_symbols | xargs) BUILD=$BUILD/off SRC=$LINUX harness/kernel test || exit
}
