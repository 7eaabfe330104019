# harness/gdb/counters.gdb: mm-vmstat, mm-policy.

# lab-vmstat: the lines of /proc/vmstat in its order: of the zones, of the node, events. What stands between the last two is not
# kept anywhere but reckoned when that file is read.
define lab-vmstat
  set $lab_i = 0
  # Of its own file: others declare it without a size, and which of them gdb finds depends on what it has read before.
  set $lab_names = &'mm/vmstat.c'::vmstat_text
  set $lab_name = &(*$lab_names)[0]
  while $lab_i < NR_VM_ZONE_STAT_ITEMS
    printf "%s %ld\n", *$lab_name, vm_zone_stat[$lab_i].counter
    set $lab_name = $lab_name + 1
    set $lab_i = $lab_i + 1
  end
  set $lab_i = 0
  while $lab_i < NR_VM_NODE_STAT_ITEMS
    printf "%s %ld\n", *$lab_name, vm_node_stat[$lab_i].counter
    set $lab_name = $lab_name + 1
    set $lab_i = $lab_i + 1
  end
  set $lab_i = 0
  set $lab_name = &(*$lab_names)[sizeof(*$lab_names) / sizeof((*$lab_names)[0]) - NR_VM_EVENT_ITEMS]
  while $lab_i < NR_VM_EVENT_ITEMS
    set $lab_count = vm_event_states.event[$lab_i]
    if $lab_i == PGPGIN || $lab_i == PGPGOUT
      # From sectors to kB, as vmstat_start() has it.
      set $lab_count = $lab_count / 2
    end
    printf "%s %lu\n", *$lab_name, $lab_count
    set $lab_name = $lab_name + 1
    set $lab_i = $lab_i + 1
  end
  set $lab_done = 1
end

define mm-vmstat
  if $argc > 1
    echo usage: mm-vmstat [PATTERN], a regular expression of grep's, without blanks\n
  else
    lab-begin mm-vmstat
    if $lab_go
      if $argc == 0
        lab-try mm-vmstat lab-vmstat
      else
        # A quote would end the one here.
        pipe -d #lab# echo $arg0\n #lab# grep -q "[']"
        set $lab_matches = 0
        if $_shell_exitcode
          pipe lab-run lab-vmstat | grep -e '$arg0' 2>/dev/null
          set $lab_matches = !$_shell_exitcode
          lab-sorry mm-vmstat
        else
          set $lab_done = 1
        end
        if $lab_done && !$lab_matches
          echo usage: mm-vmstat [PATTERN]: no counter is called like '$arg0'\n
        end
      end
    end
  end
end
document mm-vmstat
mm-vmstat [PATTERN]: the counters of /proc/vmstat, or those whose line a regular expression of grep's matches.
But for five that are reckoned when that file is read: nr_dirty_threshold and its like. mm-vmstat mlock
end

define lab-yes
  if $arg1
    printf "$arg0 yes\n"
  else
    printf "$arg0 no\n"
  end
end

define lab-policy
  lab-has $lab_has_policy mlock_policy
  if !$lab_has_policy
    printf "mm-policy: this kernel has no CONFIG_MLOCK_POLICY\n"
  else
    printf "policy %s\n", mlock_policy->name
    lab-yes parks mlock_policy->parks
    lab-yes lists mlock_policy->lists
    lab-yes trylock mlock_policy->trylock
    lab-yes watched mlock_hook_key.key.enabled.counter
    printf "nr_mlock %ld\nnr_unevictable %ld\n", vm_zone_stat[NR_MLOCK].counter, vm_node_stat[NR_UNEVICTABLE].counter
    set $lab_i = 0
    while $lab_i < MLOCK_NR_EVENTS
      set $lab_how = 0
      while $lab_how < MLOCK_NR_HOW
        if mlock_stats.nr[$lab_i][$lab_how]
          printf "%s.%s %lu\n", mlock_event_names[$lab_i], mlock_how_names[$lab_how], mlock_stats.nr[$lab_i][$lab_how]
        end
        set $lab_how = $lab_how + 1
      end
      set $lab_i = $lab_i + 1
    end
  end
  set $lab_done = 1
end

define mm-policy
  if $argc != 0
    echo usage: mm-policy, without an argument\n
  else
    lab-begin mm-policy
    if $lab_go
      lab-try mm-policy lab-policy
    end
  end
end
document mm-policy
mm-policy: the mlock policy of this boot and what it does; NR_MLOCK, NR_UNEVICTABLE; the events counted so far.
Under count they are counted while somebody looks (watched): a trace event, a 1 in debugfs mlock/stats, mm-follow.
end
