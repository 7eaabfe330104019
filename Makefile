# umlock: every entry of the lab. `make help` lists them; what they do stands in harness/.

export T P L V J N M S B Q ATTACH DIR KERNEL FAILED SEED OPS MINUTES REPLAY
# As typed: a $ in CMD is for the guest's shell, in the others a typo that is not to pass for nothing.
$(foreach v,T P L J N M S B Q ATTACH CMD DIR KERNEL FAILED SEED OPS MINUTES REPLAY,$(eval override export $v := $$(value $v)))
export CC = gcc
V := $(or $(V),fast)
typed := $(foreach v,$(.VARIABLES),$(if $(filter command,$(origin $v)),$v))
unknown := $(filter-out T P L V J N M S B Q ATTACH CMD DIR KERNEL FAILED SEED OPS MINUTES REPLAY CC GDB TMPDIR,$(typed))
$(if $(unknown),$(error umlock: no variable $(unknown): 'make help' lists them))
$(if $(filter run,$(MAKECMDGOALS)),$(if $(CMD)$(DIR),$(error umlock: make run takes no CMD= and no DIR=: make shell does)))
$(if $(filter fuzz,$(MAKECMDGOALS)),$(if $(T)$(N)$(M)$(FAILED),$(error umlock: make fuzz takes no T=, N=, M= and FAILED=: see docs/fuzz.md)))
$(if $(filter bench,$(MAKECMDGOALS)),$(if $(P)$(L)$(N)$(M)$(FAILED),$(error umlock: make bench takes no P=, L=, N=, M= and FAILED=: it measures all policies under both LRUs; T= and Q=quick choose)))
$(if $(filter gdb,$(MAKECMDGOALS)),$(if $(N)$(S)$(FAILED),$(error umlock: make gdb takes no N=, S= and FAILED=: see docs/gdb.md)))

MAKEFLAGS += --no-builtin-rules --no-print-directory
.NOTPARALLEL:
.SUFFIXES:
.DEFAULT_GOAL := help

help:          ## this list
	@harness/help

uml:           ## build/linux: the kernel, with the root file system in it (V=debug, kasan, gcov: build/V/linux)
uml: plan need-uml linux rootfs
	@harness/kernel

run:           ## on a terminal: boot to a shell; otherwise: a tour of what mlock does, as a table
run: plan ready
	@harness/shell run

check:         ## the harness's own test, shellcheck, checkpatch, the examples and gdb sessions in docs/, every test under each policy and both LRUs; with T= or FAILED=1 just those
check: plan need-check ready
	@harness/run $(if $(T)$(FAILED),,all)

check-gdb:     ## the sessions of docs/gdb.md, typed again under each policy; also part of make check
check-gdb: plan need-check ready
	@harness/check-gdb

check-series:  ## each patch alone: applies, builds, boots, as clean as the tree without it; and that nothing changes with the policies off
check-series: need-check-series linux rootfs
	@harness/series

list:          ## the tests, what they need and which claims they prove
	@harness/run list

shell:         ## a shell in the guest; CMD='a command' runs that (make prints its status, harness/shell returns it), in DIR= of the host
shell: plan ready
	@harness/shell

gdb:           ## gdb on a test (T=), a command (CMD=) or the guest's shell; B=shrink_folio_list stops there; ATTACH=1 takes a running make shell
gdb: plan-debug need-gdb $(if $(ATTACH),,ready)
	@harness/debug

fuzz:          ## random operations under each policy and LRU, judged by the audit; what fails is made short and written as a test
fuzz: plan plan-fuzz need-check ready
	@harness/fuzz

bench:         ## what the policies and the lab cost: tables and plots; Q=quick in 3 minutes, T=reclaim one of big, footprint, lab, locks, moves, reclaim
bench: plan-bench need-check need-bench ready
	@harness/bench

doctor:        ## what of this machine would get in the way, and the cure
	@harness/doctor

compile_commands.json: ## how each C file is compiled, for clangd
compile_commands.json: plan ready
	@harness/compile-commands

linux:         ## fill linux/ (KERNEL=deb, git, a tarball or a folder) and apply patches/
linux: need-linux
	@harness/linux

patches:       ## write the commits in linux/ to patches/
	@harness/patches

claims:        ## docs/claims.md from docs/claims.tsv and the tests
	@text=$$(harness/claims) && printf '%s\n' "$$text" >docs/claims.md

clean:         ## remove build/
	@harness/clean

distclean:     ## remove build/ and empty linux/, unless that holds work that is not in patches/
	@harness/clean linux

# What check and shell need: a kernel as new as its sources; a root file system as new as its own.
ready: need-uml linux rootfs
	@harness/kernel test

rootfs: need-uml linux
	@$(MAKE) -s -C rootfs O=$(CURDIR)/build LINUX=$(CURDIR)/linux || { harness/doctor disk | grep BAD >&2; exit 2; }

# A typo is an error at once, not after a build.
plan:
	@harness/run plan

plan-fuzz plan-bench plan-debug:
	@harness/$(@:plan-%=%) plan

need-%:
	@harness/packages $*

# Folders, which are no targets: make would call them up to date.
build configs docs harness:
	@harness/help $@

.DEFAULT:
	@harness/help $@

.PHONY: help uml run check check-gdb check-series list shell gdb fuzz bench doctor compile_commands.json linux patches claims clean distclean ready rootfs plan plan-fuzz plan-bench plan-debug build configs docs harness
