# shellcheck shell=bash
# shellcheck disable=SC2034,SC2153,SC2154	# what it has from harness/bench, and for it
# harness/benches/footprint.sh: what CONFIG_MLOCK_POLICY costs in the kernel's image, in struct page, and for each locked page.

columns="of"
ROUNDS=1

# The kernels are measured by harness/bench before the points; with Q=quick only if they were built before.
points() {
	local policy
	[ -n "$Q" ] || off_kernel >&2
	[ ! -x "$BUILD/off/fast/linux" ] || echo "-|-|image|images"
	for policy in count rmap lazy lazy,eager; do echo "$policy|classic|mark|guest 1500M mark_cost"; done
}

# images: sections and struct page of both kernels; and by file what is the policies' and what the instruments'.
images() {
	local kernel which file
	for which in off on; do
		kernel=$UML
		[ $which = on ] || kernel=$BUILD/off/fast/linux
		size "$kernel" | awk -v which=$which 'NR == 2 { print which, "text", $1; print which, "data", $2; print which, "bss", $3 }'
		echo "$which struct_page $(gdb -nx -q -batch -ex 'output sizeof(struct page)' "$kernel" 2>/dev/null)"
	done
	for file in "$BUILD"/fast/mm/mlock_*.o; do
		size "$file" | awk -v file="$(basename "$file" .o)" 'NR == 2 { print file, "text", $1; print file, "data", $2 + $3 }'
	done
}

page() {
	local metric
	echo "## Footprint"
	echo
	if [ -n "$(median of=image what=on metric=text)" ]; then
		echo "The kernel with the option on, less that with it off:"
		echo
		echo "| | off | on | more |"
		echo "|---|---|---|---|"
		for metric in text data bss struct_page; do
			printf '| %s, bytes | %s | %s | %s |\n' "$metric" "$(median of=image what=off "metric=$metric")" "$(median of=image what=on "metric=$metric")" \
				"$(($(median of=image what=on "metric=$metric") - $(median of=image what=off "metric=$metric")))"
		done
		echo
		bound "more in struct page, in bytes" "$(($(median of=image what=on metric=struct_page) - $(median of=image what=off metric=struct_page)))" '<=' 0
		echo
		echo "By file, text:"
		echo
		picked of=image metric=text | awk -F '\t' 'NR > 1 && $5 ~ /^mlock_/ { print "- `mm/" $5 ".c`: " $7 }'
		echo
	fi
	table policy of "Memory that a page's mark takes, in bytes, of 262144 locked pages which reclaim has met" 1 what=mark metric=bytes
	cat <<-'END'
		For a user: nothing for each page, whatever the policy. A parked page is marked by flags that it has, and is on no list; one on the
		unevictable list is linked by what linked it into another. The text is that of three policies with the audit, the knobs, the trace events and the sync points.

		Expected: so. What is left for each page is the noise of the kernel's own allocations beside a gigabyte.

		Again: `make bench T=footprint`.

	END
}
