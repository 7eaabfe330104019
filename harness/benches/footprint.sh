# shellcheck shell=bash
# shellcheck disable=SC2034,SC2153,SC2154	# what it has from harness/bench, and for it
# harness/benches/footprint.sh: what CONFIG_MLOCK_POLICY costs in the kernel's image, in struct page, and for each locked page.

columns="of"
ROUNDS=5

# The kernel without the option is built first; with Q=quick it is left out if it was not built before.
points() {
	local policy
	[ -n "$Q" ] || off_kernel >&2
	[ ! -x "$BUILD/off/fast/linux" ] || echo "-|-|image|images"
	for policy in none count rmap lazy lazy,eager; do echo "$policy|classic|mark|guest 1500M mark_cost"; done
}

# images: sections and struct page of both kernels; and by file what is the policies' and what the instruments'.
images() {
	local kernel which file
	for which in off on; do
		kernel=$UML
		[ $which = on ] || kernel=$BUILD/off/fast/linux
		# The root file system is in it, which may be another.
		{ size "$kernel"; size -A "$kernel"; } | awk -v which=$which '
			NR == 2 { text = $1; data = $2; bss = $3 }
			$1 == ".init.ramfs" { text -= $2 }
			END { print which, "text", text; print which, "data", data; print which, "bss", bss }'
		echo "$which struct_page $(gdb -nx -q -batch -ex 'output sizeof(struct page)' "$kernel" 2>/dev/null)"
	done
	for file in "$BUILD"/fast/mm/mlock_*.o; do
		size "$file" | awk -v file="$(basename "$file" .o)" 'NR == 2 { print file, "text", $1; print file, "data", $2 + $3 }'
	done
}

# more METRIC: with the option on, less with it off.
more() { echo $(($(median of=image what=on "metric=$1") - $(median of=image what=off "metric=$1"))); }

page() {
	local metric
	cat <<-'END'
		## Footprint

		- For a user: what CONFIG_MLOCK_POLICY costs where it is compiled in, whatever the policy: text and data of the image; nothing in `struct page`; nothing
		  for each page that is marked: the table has less than the two bytes by which a gigabyte and the kernel's own lists differ from look to look.
		- Expected: so: a parked page is on no list, and its mark is a flag that it has anyway; one on the unevictable list is linked by what linked it
		  into another. The text is three policies, the audit, the knobs, the trace events and the sync points.
		- A surprise: nothing.
		- Again: `make bench T=footprint`; a point: `make shell P=lazy M=1500M CMD=mark_cost`.

	END
	if [ -n "$(median of=image what=on metric=text)" ]; then
		echo "| bytes | off | on | more |"
		echo "|---|---|---|---|"
		for metric in text data bss struct_page; do
			printf '| %s | %s | %s | %s |\n' "$metric" "$(median of=image what=off "metric=$metric")" "$(median of=image what=on "metric=$metric")" "$(more $metric)"
		done
		echo
		bound "more in struct page, in bytes" "$(more struct_page)" '<=' 0
		echo
		printf '%s:\n\n' "By file, in bytes"
		picked of=image metric=text | awk -F '\t' 'NR > 1 && $5 ~ /^mlock_/ { print "- `mm/" $5 ".c`: " $7 }'
		echo
	fi
	table policy what "Memory that a mark takes, in bytes for a page, of 262144 pages that are locked and were met by reclaim; none marks nothing" 1 of=mark metric=bytes
	for policy in count rmap lazy lazy,eager; do bound "a mark, in bytes for a page, $policy" "$(median "policy=$policy" of=mark metric=bytes)" '<=' 4; done
	echo
}
