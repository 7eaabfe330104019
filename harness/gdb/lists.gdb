# harness/gdb/lists.gdb: mm-lru, mm-list, mm-memcg: the lists of each memory cgroup, and what is on them.

# lab-first-group, lab-next-group: set $lab_group to the root, to the next in the order of a tree, to 0 at its end; and
# $lab_lruvec to its lists. A kernel without CONFIG_MEMCG has one lruvec, and no group ($lab_has_memcg is 0).
define lab-first-group
  lab-has $lab_has_memcg root_mem_cgroup
  set $lab_more = 1
  if $lab_has_memcg
    set $lab_group = root_mem_cgroup
    set $lab_lruvec = &$lab_group->nodeinfo[0]->lruvec
  else
    set $lab_lruvec = &contig_page_data.__lruvec
  end
end
define lab-next-group
  set $lab_more = 0
  if $lab_has_memcg
    # The css is the first member of a group.
    set $lab_css = &$lab_group->css
    set $lab_next = $lab_css->children.next
    if $lab_next == &$lab_css->children
      while $lab_css->parent && $lab_css->sibling.next == &$lab_css->parent->children
        set $lab_css = $lab_css->parent
      end
      set $lab_next = $lab_css->parent ? $lab_css->sibling.next : (struct list_head *)0
    end
    if $lab_next
      set $lab_group = (struct mem_cgroup *)((unsigned long)$lab_next - (unsigned long)&((struct cgroup_subsys_state *)0)->sibling)
      set $lab_lruvec = &$lab_group->nodeinfo[0]->lruvec
      set $lab_more = 1
    end
  end
end

# lab-group: prints the path of the group at hand.
define lab-group
  if $lab_has_memcg
    lab-path $lab_group->css.cgroup
    if !($lab_group->css.flags & CSS_ONLINE)
      printf " (removed)"
    end
  else
    printf "/"
  end
end

# lab-size LRU: sets $lab_size to the pages that the kernel has counted on that list.
define lab-size
  set $lab_size = 0
  if $lab_has_memcg
    set $lab_zone = 0
    while $lab_zone < sizeof(contig_page_data.node_zones) / sizeof(struct zone)
      set $lab_size = $lab_size + $lab_group->nodeinfo[0]->lru_zone_size[$lab_zone][$arg0]
      set $lab_zone = $lab_zone + 1
    end
  else
    set $lab_size = vm_node_stat[NR_LRU_BASE + $arg0].counter
  end
end

# lab-modes: sets $lab_mglru and $lab_lists.
define lab-modes
  set $lab_mglru = 0
  lab-has $lab_has_gen lru_gen_caps
  if $lab_has_gen
    set $lab_mglru = lru_gen_caps[0].key.enabled.counter > 0
  end
  set $lab_lists = 0
  lab-has $lab_has_policy mlock_policy
  if $lab_has_policy
    set $lab_lists = mlock_policy->lists
  end
end

# lab-unevictable: how long that list is; where it is one, counted by walking as well.
define lab-unevictable
  lab-size LRU_UNEVICTABLE
  printf "unevictable %ld", $lab_size
  if $lab_lists
    set $lab_length = 0
    set $lab_left = 0
    lab-linked &$lab_lruvec->lists[LRU_UNEVICTABLE]
    printf ", %ld on the list", $lab_length
  end
  printf "\n"
end

define lab-lru
  lab-modes
  lab-first-group
  while $lab_more
    printf "memcg "
    lab-group
    printf "\n"
    if $lab_mglru
      set $lab_seq = $lab_lruvec->lrugen.min_seq[0]
      if $lab_lruvec->lrugen.min_seq[1] < $lab_seq
        set $lab_seq = $lab_lruvec->lrugen.min_seq[1]
      end
      while $lab_seq <= $lab_lruvec->lrugen.max_seq
        set $lab_anon = 0
        set $lab_files = 0
        set $lab_zone = 0
        while $lab_zone < sizeof(contig_page_data.node_zones) / sizeof(struct zone)
          set $lab_anon = $lab_anon + $lab_lruvec->lrugen.nr_pages[$lab_seq % 4][0][$lab_zone]
          set $lab_files = $lab_files + $lab_lruvec->lrugen.nr_pages[$lab_seq % 4][1][$lab_zone]
          set $lab_zone = $lab_zone + 1
        end
        printf "  gen %d anon %ld file %ld\n", $lab_seq % 4, $lab_anon, $lab_files
        set $lab_seq = $lab_seq + 1
      end
    else
      lab-size LRU_INACTIVE_ANON
      printf "  inactive_anon %ld", $lab_size
      lab-size LRU_ACTIVE_ANON
      printf " active_anon %ld", $lab_size
      lab-size LRU_INACTIVE_FILE
      printf " inactive_file %ld", $lab_size
      lab-size LRU_ACTIVE_FILE
      printf " active_file %ld\n", $lab_size
    end
    printf "  "
    lab-unevictable
    lab-next-group
  end
  set $lab_done = 1
end

define mm-lru
  if $argc != 0
    echo usage: mm-lru, without an argument\n
  else
    lab-begin mm-lru
    if $lab_go
      lab-try mm-lru lab-lru
    end
  end
end
document mm-lru
mm-lru: the length, in pages, of every list of every memory cgroup.
Of the classic LRU, or the generations of MGLRU, oldest first, by the number that mm-folio shows. The unevictable list is only a
size, but under mlock_policy=rmap: there it is walked. Folios in a batch on their way to a list count for none.
end

# The names that mm-list takes; a convenience variable that is void is not one of them.
set $lab_name_inactive_anon = 0
set $lab_name_active_anon = 1
set $lab_name_inactive_file = 2
set $lab_name_active_file = 3
set $lab_name_unevictable = 4
set $lab_name_gen0 = 10
set $lab_name_gen1 = 11
set $lab_name_gen2 = 12
set $lab_name_gen3 = 13

# lab-linked HEAD: the folios linked there, a line each, up to $lab_left more; adds them all to $lab_length. More than there is
# memory for, or what is no page, is a list that somebody is changing, or none of folios: that ends in an error, for lab-run.
define lab-linked
  set $lab_head = $arg0
  set $lab_entry = $lab_head->next
  set $lab_most = $lab_length + contig_page_data.node_spanned_pages
  # Outside the loop: a type looked up by its name takes 8 ms.
  set $lab_low = (unsigned long)contig_page_data.node_mem_map
  set $lab_high = $lab_low + contig_page_data.node_spanned_pages * sizeof(struct page)
  while $lab_entry != $lab_head
    set $lab_length = $lab_length + 1
    if $lab_length > $lab_most || (unsigned long)$lab_entry < $lab_low || (unsigned long)$lab_entry >= $lab_high
      output *(char *)0
    end
    if $lab_left > 0
      set $lab_left = $lab_left - 1
      set $lab_page = (struct page *)((unsigned long)$lab_entry - (unsigned long)&((struct page *)0)->lru)
      lab-pfn $lab_page
      lab-mapcount
      printf "  pfn 0x%lx refcount %d mapcount %d ", $lab_pfn, $lab_page->_refcount.counter, $lab_mapcount
      lab-flags pageflag_names $lab_page->flags
      printf "\n"
    end
    set $lab_entry = $lab_entry->next
  end
end

define lab-list-all
  lab-modes
  set $lab_found = 0
  lab-first-group
  while $lab_more
    set $lab_length = 0
    set $lab_left = $lab_limit
    if $lab_which == 4 && !$lab_lists
      lab-size LRU_UNEVICTABLE
      set $lab_length = $lab_size
      set $lab_left = 0
    else
      if $lab_which < 10
        lab-first-link &$lab_lruvec->lists[$lab_which]
      else
        set $lab_type = 0
        while $lab_type < 2
          set $lab_zone = 0
          while $lab_zone < sizeof(contig_page_data.node_zones) / sizeof(struct zone)
            lab-first-link &$lab_lruvec->lrugen.folios[$lab_which-10][$lab_type][$lab_zone]
            set $lab_zone = $lab_zone + 1
          end
          set $lab_type = $lab_type + 1
        end
      end
    end
    if $lab_length
      set $lab_found = 1
      printf "%ld in memcg ", $lab_length
      lab-group
      if $lab_which == 4 && !$lab_lists
        printf ", a size: this policy links no folio there"
      end
      printf "\n"
    end
    lab-next-group
  end
  if !$lab_found
    if $lab_mglru && $lab_which < 4
      printf "no folio: under MGLRU they are on gen0 to gen3\n"
    else
      printf "no folio\n"
    end
  end
  set $lab_done = 1
end

# lab-first-link HEAD: lab-linked, if that list has been set up.
define lab-first-link
  if ((struct list_head *)$arg0)->next
    lab-linked $arg0
  end
end

define lab-list-head
  set $lab_length = 0
  set $lab_left = $lab_limit
  set $lab_list = (struct list_head *)$lab_value
  lab-linked $lab_list
  printf "%ld on this list\n", $lab_length
  set $lab_done = 1
end

define mm-list
  set $lab_limit = 20
  set $lab_which = -1
  set $lab_value = ~0UL
  set $lab_go = 0
  if $argc == 1 || $argc == 2
    lab-begin mm-list
    if $lab_go && $argc == 2
      lab-value $arg1
      set $lab_limit = $lab_value
    end
    if $lab_go && $lab_limit <= 1000
      thread apply $lab_thread -q -s set $lab_which = $_isvoid($lab_name_$arg0) ? -1 : $lab_name_$arg0
      if $lab_which >= 0
        lab-try mm-list lab-list-all
      else
        # A head may be anywhere: on a stack, in a group. What is none has no neighbours that point back.
        lab-value $arg0
        set $lab_good = 0
        thread apply $lab_thread -q -s set $lab_good = ((struct list_head *)$lab_value)->next->prev == (struct list_head *)$lab_value && ((struct list_head *)$lab_value)->prev->next == (struct list_head *)$lab_value
        if $lab_good
          lab-try mm-list lab-list-head
        else
          set $lab_limit = ~0UL
        end
      end
    end
  else
    set $lab_go = 1
    set $lab_limit = ~0UL
  end
  if $lab_go && $lab_limit > 1000
    echo usage: mm-list LRU|HEAD [COUNT]: LRU is inactive_anon, active_anon, inactive_file, active_file, unevictable, gen0 to gen3; HEAD a list of folios; COUNT up to 1000\n
  end
end
document mm-list
mm-list LRU|HEAD [COUNT]: the folios on one list, a line each, and how many there are.
COUNT: how many of each group to show, 20 unless told; a line takes some 25 ms, so at most 1000.
LRU: inactive_anon, active_anon, inactive_file, active_file, unevictable, of all groups; under MGLRU gen0 to gen3.
HEAD: an expression for a struct list_head of folios, or its address: mm-list folio_list, in shrink_folio_list().
end

# lab-limit PAGES: in kB, or "max".
define lab-limit
  if $arg0 >= 0x7ffffffffffff
    printf "max"
  else
    printf "%lu", $arg0 * 4
  end
end

define lab-memcg
  lab-first-group
  if !$lab_has_memcg
    printf "mm-memcg: this kernel has no CONFIG_MEMCG\n"
  else
    while $lab_more
      printf "memcg "
      lab-group
      lab-size LRU_UNEVICTABLE
      printf "\n  kB %lu max ", $lab_group->memory.usage.counter * 4
      lab-limit $lab_group->memory.max
      printf " high "
      lab-limit $lab_group->memory.high
      printf " unevictable %ld pages oom_kill %ld\n", $lab_size, $lab_group->memory_events[MEMCG_OOM_KILL].counter
      lab-next-group
    end
  end
  set $lab_done = 1
end

define mm-memcg
  if $argc != 0
    echo usage: mm-memcg, without an argument\n
  else
    lab-begin mm-memcg
    if $lab_go
      lab-try mm-memcg lab-memcg
    end
  end
end
document mm-memcg
mm-memcg: the memory cgroups: what each has charged and may (kB), its unevictable pages, how often it was OOM-killed.
What is charged and killed is with the groups below, the pages are of its own lists; the root is charged nothing itself.
end
