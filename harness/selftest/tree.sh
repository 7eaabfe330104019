# shellcheck shell=bash
# shellcheck disable=SC2016	# what others are to expand
# harness/selftest/tree.sh: the kernel tree, the series, the configuration and the packages, each in a scratch copy of the checkout.

# scratch: goes to a copy of this checkout without linux/ and build/, with the environment of someone who just cloned it.
scratch() {
	mkdir -p "$HERE/copy/linux"
	tar -C "$CHECKOUT" --exclude=./linux --exclude=./build --exclude=./.git -cf - . | tar -C "$HERE/copy" -xf -
	cd "$HERE/copy" || exit
	unset BUILD UML INITRD TESTS
}

# tiny_kernel: a folder that looks like a kernel to harness/linux, in $TREE, outside of every git tree, and a series of one patch for it.
tiny_kernel() {
	TREE=$TMPDIR/kernel
	trap 'rm -rf "$TREE"' EXIT
	mkdir -p "$TREE/arch/um" "$TREE/mm"
	: >"$TREE/arch/um/Kconfig"
	printf 'VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 7\nEXTRAVERSION =\n' >"$TREE/Makefile"
	seq 20 >"$TREE/mm/foo.c"
	printf '/*\n!/debian/\n' >"$TREE/.gitignore"	# as Debian's
	rm -rf patches
	mkdir patches
	cat >patches/0001-mm-foo-ten.patch <<-'END'
		From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001
		From: umlock developers <umlock@localhost>
		Subject: mm: foo: ten

		Say ten.
		---
		diff --git a/mm/foo.c b/mm/foo.c
		--- a/mm/foo.c
		+++ b/mm/foo.c
		@@ -8,5 +8,5 @@
		 8
		 9
		-10
		+ten
		 11
		 12
	END
	export KERNEL=$TREE
}

case_wrong_kernel() {
	scratch
	KERNEL=/nonexistent refuses "KERNEL=/nonexistent is neither deb, git, a tarball nor a folder" harness/linux
	echo text >"$HERE/text.tar.xz"
	KERNEL=$HERE/text.tar.xz gets 2 harness/linux
	says "): name a tarball of Linux 6.12"
	mkdir "$HERE/folder"
	KERNEL=$HERE/folder refuses "is not a kernel tree (no Makefile or no arch/um/Kconfig in it)" harness/linux
	KERNEL=$HERE refuses "KERNEL=$HERE is not a kernel tree" harness/linux	# this checkout is in it
	mkdir "$HERE/folder/full"
	tar -C "$HERE/folder" -cJf "$HERE/full.tar.xz" full
	KERNEL=$HERE/full.tar.xz refuses "is not a kernel tree" harness/linux
	{ [ -z "$(ls -A linux)" ] && [ ! -e build/fill ]; } || fail "something was left in linux/"
	touch linux/mine
	KERNEL=$HERE/folder refuses "linux/ is neither empty nor filled by the lab" harness/linux
	[ -e linux/mine ] || fail "linux/mine is gone"
}

# The disk that the kernel is unpacked to or copied to: linux/ stays empty, and the half that fitted goes.
case_disk_full() {
	local half=$HERE/small/build
	can_mount
	scratch
	tiny_kernel
	dd if=/dev/urandom of="$TREE/mm/large" bs=1M count=3 status=none
	tar -C "${TREE%/*}" -cJf "$HERE/kernel.tar.xz" kernel
	left() { "$@" 2>&1; set -- $?; find "$BUILD" -name mm; return "$1"; }
	export -f left
	KERNEL=$HERE/kernel.tar.xz gets 2 on_tmpfs size=1M env BUILD="$half" bash -c "left harness/linux"
	says "the disk of $half is full: a kernel's source needs 2 GiB there"
	[ "$(wc -l <"$HERE/said")" = 1 ] || fail "not one line, or half a tree is left"
	gets 2 on_tmpfs size=1M env BUILD="$half" bash -c "left harness/linux"
	says "cannot be copied: is there space in $half?"
	[ -z "$(ls -A linux)" ] || fail "something was left in linux/"
}

# make splits names at blanks, and the kernel at colons.
case_checkout_with_a_blank() {
	local name
	for name in "a checkout" a:checkout; do
		mkdir "$HERE/$name"
		cp -r harness Makefile rootfs "$HERE/$name/"
		refuses "has a blank or a colon in its name" "$HERE/$name/harness/run"
		gets 2 make -C "$HERE/$name" check
		says "umlock: the checkout $HERE/$name has a blank or a colon"
	done
}

case_patch_misfit() {
	scratch
	tiny_kernel
	sed -i s/^9$/nine/ "$TREE/mm/foo.c"
	gets 2 harness/linux
	says "patches/0001-mm-foo-ten.patch does not apply to mm/foo.c of Linux 6.12.7"
	git -C linux diff --quiet HEAD || fail "a half-patched tree"
	[ -z "$(git -C linux status --porcelain)" ] || fail "a half-patched tree: $(git -C linux status --porcelain)"
	cmp linux/mm/foo.c "$TREE/mm/foo.c" || fail "not the tree as it came"
	[ ! -e linux/.git/rebase-apply ] || fail "git am is still at it"
	# The cure that was named.
	gets 0 harness/clean linux
	{ [ -z "$(ls -A linux)" ] && [ ! -e build ]; } || fail "not empty"
}

case_patch_damaged() {
	scratch
	tiny_kernel
	head -c -10 patches/0001-mm-foo-ten.patch >"$HERE/cut"
	cp "$HERE/cut" patches/0001-mm-foo-ten.patch
	gets 2 harness/linux
	says "patches/0001-mm-foo-ten.patch is damaged (corrupt patch at line"
}

# As after a first run as root, for the packages.
case_build_of_another_user() {
	[ "$(id -u)" = 0 ] || skip "only root can be another user"
	mkdir "$BUILD"
	refuses "cannot be written by nobody" setpriv --reuid=65534 --regid=65534 --clear-groups harness/kernel
	gets 2 setpriv --reuid=65534 --regid=65534 --clear-groups harness/doctor disk
	says "cannot be written by nobody"
}

# A folder that is no git tree itself, but lies in one that ignores it, as anything in build/ does.
case_kernel_in_a_checkout() {
	scratch
	tiny_kernel
	git -C "$HERE" init -q
	echo '*' >"$HERE/.gitignore"
	mv "$TREE" "$HERE/kernel"
	KERNEL=$HERE/kernel gets 0 harness/linux
}

case_patches() {
	local before
	scratch
	tiny_kernel
	gets 0 harness/linux
	grep -q ten linux/mm/foo.c || fail "the patch is not applied"
	gets 0 harness/linux
	[ ! -s "$HERE/said" ] || fail "not a no-op when done"
	gets 0 harness/patches		# brings it into the lab's own form
	before=$(cat patches/*)
	gets 0 harness/patches
	{ [ ! -s "$HERE/said" ] && [ "$(cat patches/*)" = "$before" ]; } || fail "changed something without an edit"
	sed -i s/^3$/three/ linux/mm/foo.c
	echo new >linux/mm/new.c
	refuses "linux/ has uncommitted edits (mm/foo.c mm/new.c)" harness/patches
	touch linux/mm/new{1..3000}.c
	refuses "linux/ has uncommitted edits (mm/foo.c mm/new.c mm/new1.c" harness/patches
	rm linux/mm/new*.c
	[ "$(cat patches/*)" = "$before" ] || fail "changed patches/ in spite of uncommitted edits"
	git -C linux -c user.name=me -c user.email=me@localhost commit -qam 'mm: foo: three'
	gets 0 harness/patches
	says "wrote patches/0002-mm-foo-three.patch"
	{ [ "$(wc -l <"$HERE/said")" = 1 ] && [ "$(find patches -name '*.patch' | wc -l)" = 2 ]; } || fail "not one file a commit"
	gets 0 harness/linux
	[ ! -s "$HERE/said" ] || fail "applies again what is there"
	# Who takes his last commit back, and its patch, has lost nothing that is not in patches/.
	git -C linux reset -q --hard HEAD~1
	mv patches/0002-mm-foo-three.patch "$HERE/"
	gets 0 harness/linux
	mv "$HERE/0002-mm-foo-three.patch" patches/
	gets 0 harness/linux
	# What was written is what applies.
	rm -rf linux/.git linux build
	mkdir linux
	gets 0 harness/linux
	grep -q three linux/mm/foo.c || fail "the new patch is not applied"
	KERNEL=deb refuses "never refilled" harness/linux
}

# A new patch changes the files that it names and no other: kbuild would compile again what was only written again.
case_patch_added() {
	local before
	scratch
	tiny_kernel
	seq 20 >"$TREE/mm/bar.c"
	gets 0 harness/linux
	before=$(stat -c %y linux/mm/foo.c)
	sed -e 's/foo/bar/g' patches/0001-mm-foo-ten.patch >patches/0002-mm-bar-ten.patch
	gets 0 harness/linux
	says "2 patches applied"
	grep -q ten linux/mm/bar.c || fail "the new patch is not applied"
	[ "$(stat -c %y linux/mm/foo.c)" = "$before" ] || fail "a file that the new patch does not touch was written again"
	sed -e s/9/nine/ patches/0002-mm-bar-ten.patch >patches/0003-mm-bar-misfit.patch
	gets 2 harness/linux
	says "patches/0003-mm-bar-misfit.patch does not apply to mm/bar.c"
	{ [ -z "$(git -C linux status --porcelain)" ] && grep -q ten linux/mm/bar.c; } || fail "not the tree as it was before"
	rm patches/000[23]*
	gets 0 harness/linux
	cmp linux/mm/bar.c "$TREE/mm/bar.c" || fail "a patch that is gone is still applied"
}

# Whoever ends a build ends the compilers too, and the lock is free.
case_build_interrupted() {
	local pid status=0
	scratch
	mkdir -p build
	touch build/rootfs.cpio
	printf 'allnoconfig:\n\tcp "$(KCONFIG_ALLCONFIG)" $(O)/.config\nlinux:\n\techo CC; sleep 77\n' >linux/Makefile
	harness/kernel >"$HERE/said" 2>&1 &
	pid=$!
	soon grep -q CC build/log/kernel-fast.log
	kill -TERM "$pid"
	wait "$pid" || status=$?
	[ "$status" = 130 ] || fail "status $status instead of 130"
	says "interrupted: the next make goes on from here"
	soon flock -n build/lock true
}

# The last line names the disk, though its log had no room for that; see also doctor's probe.
case_build_disk_full() {
	can_mount
	scratch
	printf 'allnoconfig:\n\tcp "$(KCONFIG_ALLCONFIG)" $(O)/.config\nlinux:\n\tdd if=/dev/zero of=$(O)/linux bs=64k\n' >linux/Makefile
	# shellcheck disable=SC2016	# for the inner bash
	gets 2 on_tmpfs size=1M bash -c 'mkdir "$TMPDIR/b" && touch "$TMPDIR/b/rootfs.cpio" && BUILD=$TMPDIR/b exec harness/kernel'
	tail -n 1 "$HERE/said" | grep -q "the disk of $HERE/small/b is full" || fail "the disk is not named"
}

# What harness/run goes by: whether the binary has the root file system of now in it.
case_build_embeds() {
	scratch
	mkdir -p build
	echo 1 >build/rootfs.cpio
	rule() { printf 'allnoconfig:\n\tcp "$(KCONFIG_ALLCONFIG)" $(O)/.config\nlinux:\n\t%s\n' "$1" >linux/Makefile; }
	rule 'touch $(O)/linux'
	gets 0 harness/kernel
	gets 0 harness/kernel		# nothing to do
	[ build/rootfs.cpio -ef build/fast/embeds ] || fail "not known what the kernel embeds"
	rule false
	gets 2 harness/kernel
	says "the kernel (fast) does not build"
	[ ! -e build/fast/embeds ] || fail "a build that failed claims to embed it"
	rule 'touch $(O)/linux'
	gets 0 harness/kernel
	[ build/rootfs.cpio -ef build/fast/embeds ] || fail "not known what the kernel embeds, after a failure"
}

case_config_numa() {
	[ -e "$LINUX/Makefile" ] || skip "linux/ is empty"
	scratch
	echo CONFIG_NUMA=y >>configs/mm.config
	SRC=$LINUX refuses "configs/mm.config asks for CONFIG_NUMA=y" harness/kernel
}

# path_without COMMAND...: a folder with every command of this PATH but those.
path_without() {
	local file
	mkdir "$HERE/bin"
	ln -sf /usr/sbin/* /usr/bin/* "$HERE/bin/"
	# shellcheck disable=SC2086	# may be a glob
	for file; do rm -f "$HERE/bin/"$file; done
	echo "$HERE/bin"
}

# as_user COMMAND...: as somebody who is not root.
as_user() {
	if [ "$(id -u)" != 0 ]; then "$@"; else setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; fi
}

case_packages_missing() {
	local path
	as_user true 2>/dev/null || skip "cannot become another user"
	scratch
	path=$(path_without flex gdb)
	chmod -R a+rX "$HERE"
	as_user test -x "$HERE/copy/harness/packages" || skip "another user cannot read this checkout"
	gets 2 as_user env PATH="$path" KERNEL="$HERE" harness/packages check
	says "sudo apt-get install --no-install-recommends flex gdb"
	[ "$(grep -c 'apt-get install' "$HERE/said")" = 1 ] || fail "not one line to copy"
	gets 2 as_user env PATH="$path" KERNEL="$HERE" harness/packages uml
	says_not gdb
	gets 2 as_user env PATH="$path" KERNEL="$HERE" make uml
	says "sudo apt-get install --no-install-recommends flex"
}

# A libc.a that is not there: everything of its folder but that, in a mount namespace.
case_static_libc_missing() {
	local libc
	libc=$(compgen -G '/usr/lib/*/libc.a') || skip "no /usr/lib/*/libc.a to hide"
	scratch
	mkdir -p "$HERE/upper" "$HERE/work"
	hide() { mount -t overlay overlay -o "lowerdir=${libc%/*},upperdir=$HERE/upper,workdir=$HERE/work" "${libc%/*}" && rm "$libc"; }
	export -f hide
	export libc HERE
	unshare -m bash -c hide 2>/dev/null || skip "no mount namespace with an overlay"
	gets 2 unshare -m bash -c 'hide; exec setpriv --reuid=65534 --regid=65534 --clear-groups env KERNEL=/ harness/packages uml'
	says "sudo apt-get install --no-install-recommends libc6-dev"
	gets 2 unshare -m bash -c 'hide; exec harness/doctor libc'
	says "BAD  libc: gcc cannot link statically"
}

case_python_unneeded() {
	local path
	scratch
	path=$(path_without 'python*')
	PATH=$path gets 0 env KERNEL=/ harness/packages check
	PATH=$path T=passes gets 0 guests harness/run list
}

# What is wrong with the claims leaves the document as it was.
case_claims_refused() {
	scratch
	gets 0 make claims
	cp docs/claims.md "$HERE/before"
	echo 'UMLOCK(.claims = "Z99 U1");' >rootfs/tests/bad.c
	gets 2 make claims
	says "claims Z99, which docs/claims.tsv does not have"
	cmp docs/claims.md "$HERE/before" || fail "docs/claims.md was changed"
}

# Each symbol of the fragments has a comment of its own above it.
case_config_reasons() {
	awk '/^(# )?CONFIG_/ && last !~ /^# [^C]|^# C[^O]/ { print FILENAME ":" FNR ": " $0; bad = 1 } { last = $0 } END { exit bad }' \
		configs/*.config >"$HERE/said" || fail "without a reason"
}
