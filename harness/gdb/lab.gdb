# harness/gdb/lab.gdb: how a session of `make gdb` begins: signals, settings, and what the commands of this folder share.
#
#   gdb -x harness/gdb/lab.gdb build/fast/linux          in the top folder, as the debug information says linux/mm/...
#
# Plain gdb script: it must work in a gdb that was built without Python, so $_streq() and its like are out. There is no scope:
# names that begin with lab- and $lab_ are this folder's own, mm- is for who types. And there is no way to catch an error but
# two: `thread apply N -s` and `frame apply level 0 -s` run a command and say nothing if that fails.

# UML's own: page faults of the kernel, wake-ups, ticks, devices.
handle SIGSEGV SIGUSR1 SIGALRM SIGIO nostop noprint pass
set breakpoint pending off
set confirm off
set pagination off
set startup-with-shell off
set disable-randomization on
# Each process of the guest is one of the host: gdb would announce them all.
set print inferior-events off
set print thread-events off
set print symbol on
set print entry-values no
set max-value-size unlimited
set history save off

# lab-arrived: after `run` with B=: is the guest there? A script learns it from the status.
set $lab_batch = 0
define lab-arrived
  if $_thread == 0
    echo umlock: the guest ended without coming to B\n
    if $lab_batch
      quit 1
    end
  end
end

# lab-panic: a panic stops where it begins, not where UML ends its process.
define lab-panic
  pipe break panic | cat >/dev/null
  commands
    echo the kernel panics: backtrace says why\n
  end
end

# lab-begin COMMAND: sets $lab_go when there is a kernel to look at, or says in a line why not.
define lab-begin
  set $lab_go = 0
  if $_thread == 0
    echo $arg0: no kernel runs: type run\n
  else
    set $lab_thread = $_thread
    set $lab_stopped = 0
    # What runs has no frame.
    thread apply $lab_thread -q -s frame apply level 0 -q -s set $lab_stopped = 1
    if !$lab_stopped
      echo $arg0: the kernel is running: type interrupt, or Ctrl-C\n
    else
      if (int)system_state == 0
        echo $arg0: the kernel has not set itself up yet: type tbreak kernel_init, and continue\n
      else
        set $lab_go = 1
      end
    end
  end
end

# lab-run BODY: runs it, a command that sets $lab_done when it has come to its end.
define lab-run
  set $lab_done = 0
  thread apply $lab_thread -q -s $arg0
end

# lab-try COMMAND BODY: the same, and says that it could not.
define lab-try
  lab-run $arg1
  lab-sorry $arg0
end
define lab-sorry
  if !$lab_done
    echo $arg0: this kernel does not have what it reads, or its lists are being changed: finish, or step on, and try again\n
  end
end

# lab-value EXPRESSION: sets $lab_value to that as a number (of a struct, its address), or to the largest there is. In the frame that is
# selected, which only `info frame` tells.
define lab-value
  set $lab_value = ~0UL
  pipe info frame | awk '/^Stack level/ { exit $3 + 0 }'
  set $lab_level = $_shell_exitcode
  frame apply level $lab_level -q -s set $lab_value = sizeof($arg0) > 8 ? (unsigned long)&($arg0) : (unsigned long)($arg0)
end

# lab-has VARIABLE NAME: sets it to whether the kernel has something of that name.
define lab-has
  set $arg0 = 0
  thread apply $lab_thread -q -s set $arg0 = sizeof($arg1) > 0
end

# lab-flags TABLE BITS: the names of those bits, as the kernel has them, with bars between.
define lab-flags
  set $lab_flag = &'mm/debug.c'::$arg0[0]
  set $lab_bits = $arg1
  set $lab_bar = 0
  while $lab_flag->name
    if $lab_bits & $lab_flag->mask
      if $lab_bar
        printf "|"
      end
      printf "%s", $lab_flag->name
      set $lab_bar = 1
    end
    set $lab_flag = $lab_flag + 1
  end
end

# lab-page EXPRESSION: sets $lab_page to the first page of the folio that it names by number or address, or to 0; and for who types,
# $folio and $pfn.
define lab-page
  lab-value $arg0
  set $lab_page = (struct page *)0
  set $lab_map = contig_page_data.node_mem_map
  set $lab_base = contig_page_data.node_start_pfn
  set $lab_pages = contig_page_data.node_spanned_pages
  if $lab_value >= $lab_base && $lab_value - $lab_base < $lab_pages
    set $lab_page = $lab_map + ($lab_value - $lab_base)
  end
  set $lab_offset = $lab_value - (unsigned long)$lab_map
  if $lab_value >= (unsigned long)$lab_map && $lab_offset < $lab_pages * sizeof(struct page)
    set $lab_page = $lab_map + $lab_offset / sizeof(struct page)
  end
  if $lab_page && ($lab_page->compound_head & 1)
    set $lab_page = (struct page *)($lab_page->compound_head - 1)
  end
  if $lab_page
    lab-pfn $lab_page
    set $folio = (struct folio *)$lab_page
    set $pfn = $lab_pfn
  end
end

# lab-pfn PAGE: sets $lab_pfn.
define lab-pfn
  set $lab_pfn = contig_page_data.node_start_pfn + ((struct page *)$arg0 - contig_page_data.node_mem_map)
end

# lab-path CGROUP: prints its path. The kernel keeps names from the leaf up: each part is looked for anew from there.
define lab-path
  set $lab_leaf = $arg0->kn
  set $lab_depth = 0
  set $lab_kn = $lab_leaf
  while $lab_kn->parent
    set $lab_depth = $lab_depth + 1
    set $lab_kn = $lab_kn->parent
  end
  if $lab_depth == 0
    printf "/"
  end
  while $lab_depth > 0
    set $lab_up = 1
    set $lab_kn = $lab_leaf
    while $lab_up < $lab_depth
      set $lab_kn = $lab_kn->parent
      set $lab_up = $lab_up + 1
    end
    printf "/%s", $lab_kn->name
    set $lab_depth = $lab_depth - 1
  end
end

source harness/gdb/folio.gdb
source harness/gdb/lists.gdb
source harness/gdb/mappings.gdb
source harness/gdb/tasks.gdb
source harness/gdb/counters.gdb
source harness/gdb/steps.gdb
