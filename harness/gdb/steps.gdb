# harness/gdb/steps.gdb: mm-break-reclaim, mm-follow: breakpoints that say what they stand for.

set $lab_reclaim_first = 0
set $lab_reclaim_last = 0
set $lab_follow_first = 0
set $lab_follow_last = 0

# lab-off WORD: sets $lab_off to whether that is the word off, whatever else it may be.
define lab-off
  pipe -d #lab# echo $arg0\n #lab# grep -qx off
  set $lab_off = !$_shell_exitcode
end

# lab-delete FIRST LAST: those breakpoints; who types may have deleted some already.
define lab-delete
  set $lab_i = $arg0
  while $lab_i && $lab_i <= $arg1
    eval "pipe delete %d | cat >/dev/null", $lab_i
    set $lab_i = $lab_i + 1
  end
end

define lab-unbreak-reclaim
  lab-delete $lab_reclaim_first $lab_reclaim_last
  set $lab_reclaim_first = 0
end

define lab-break-reclaim
  lab-unbreak-reclaim
  with breakpoint pending on -- break shrink_lruvec
  set $lab_reclaim_first = $bpnum
  commands
    echo reclaim: lruvec: the lists of one memory cgroup\n
  end
  with breakpoint pending on -- break isolate_lru_folios
  commands
    echo reclaim: isolate: takes folios off the end of a list (classic)\n
  end
  with breakpoint pending on -- break evict_folios
  commands
    echo reclaim: evict: takes folios of the oldest generation (MGLRU)\n
  end
  with breakpoint pending on -- break shrink_folio_list
  commands
    echo reclaim: judge: what becomes of each folio that was taken\n
  end
  with breakpoint pending on -- break folio_referenced
  commands
    echo reclaim: referenced: asks each mapping: used since, or locked?\n
  end
  with breakpoint pending on -- break try_to_unmap
  commands
    echo reclaim: unmap: takes the folio from each mapping\n
  end
  with breakpoint pending on -- break __remove_mapping
  commands
    echo reclaim: remove: takes the folio out of its cache, if nobody else has it\n
  end
  with breakpoint pending on -- break move_folios_to_lru
  commands
    echo reclaim: put back: what was kept goes to the list that is right for it now\n
  end
  set $lab_reclaim_last = $bpnum
end

define mm-break-reclaim
  set $lab_off = 0
  if $argc == 1
    lab-off $arg0
  end
  if $lab_off
    lab-unbreak-reclaim
  else
    if $argc == 0
      lab-break-reclaim
    else
      echo usage: mm-break-reclaim [off]\n
    end
  end
end
document mm-break-reclaim
mm-break-reclaim [off]: breakpoints at the steps of reclaim, each of which says its name when the kernel stops there.
lruvec, isolate (classic) or evict (MGLRU), judge, referenced, unmap, remove, put back. off takes them away; so does delete.
end

# lab-unfollow: the breakpoints, and the key that lab-follow has raised: not of a kernel that was started since.
define lab-unfollow
  lab-delete $lab_follow_first $lab_follow_last
  if $lab_follow_first && $lab_has_policy
    if mlock_hook_key.key.enabled.counter > 0
      set var mlock_hook_key.key.enabled.counter = mlock_hook_key.key.enabled.counter - 1
    end
  end
  set $lab_follow_first = 0
end

define lab-freed
  lab-pfn $lab_followed
  printf "follow: pfn 0x%lx: freed; what comes now is its next owner's\n", $lab_pfn
end

define lab-follow
  lab-unfollow
  lab-pfn $lab_page
  set $lab_followed = (unsigned long)$lab_page
  lab-has $lab_has_policy mlock_policy
  break folio_migrate_flags if (unsigned long)folio == $lab_followed
  set $lab_follow_last = $bpnum
  commands
    lab-pfn $lab_followed
    printf "follow: pfn 0x%lx: migrated", $lab_pfn
    lab-pfn newfolio
    printf " to pfn 0x%lx\n", $lab_pfn
  end
  set $lab_follow_first = $lab_follow_last
  # To the lists of this CPU, and past them.
  break free_unref_page_commit if (unsigned long)page == $lab_followed
  set $lab_follow_last = $bpnum
  commands
    lab-freed
  end
  break free_one_page if (unsigned long)page == $lab_followed
  set $lab_follow_last = $bpnum
  commands
    lab-freed
  end
  if $lab_has_policy
    break __mlock_note if (unsigned long)folio == $lab_followed
    set $lab_follow_last = $bpnum
    commands
      lab-pfn $lab_followed
      printf "follow: pfn 0x%lx: %s.%s\n", $lab_pfn, mlock_event_names[event], mlock_how_names[how]
    end
    # As mlock_hook_get() does when a trace event is turned on: from now on each event passes there.
    set var mlock_hook_key.key.enabled.counter = mlock_hook_key.key.enabled.counter + 1
  end
  set $lab_done = 1
end

# Another kernel has other pages there, and its key is off.
define hook-run
  if $lab_follow_first
    lab-delete $lab_follow_first $lab_follow_last
    set $lab_follow_first = 0
    echo mm-follow: ended, as another kernel starts\n
  end
end

# A guest that lives on is to be as it was.
define lab-let-go
  if $_thread && $lab_follow_first
    set $lab_thread = $_thread
    thread apply $lab_thread -q -s lab-unfollow
  end
end
define hook-quit
  lab-let-go
end
define hook-detach
  lab-let-go
end

define mm-follow
  if $argc != 1
    echo usage: mm-follow PFN|PTR, as mm-folio, or mm-follow off\n
  else
    lab-begin mm-follow
    if $lab_go
      lab-off $arg0
      if $lab_off
        lab-unfollow
      else
        lab-page $arg0
        if !$lab_page
          echo usage: mm-follow PFN|PTR: no page of this guest is '$arg0'\n
        else
          lab-try mm-follow lab-follow
        end
      end
    end
  end
end
document mm-follow
mm-follow PFN|PTR: stop whenever that folio is marked, culled, parked, rescued, migrated, freed. mm-follow off ends it.
The events of the mlock policy have the names of trace and stats: mark, unmark, discover, cull, rescue, park, unpark, isolate_fail, and
by whom. quit ends it as well; a guest that was attached to stays watched if the session ends otherwise.
end
