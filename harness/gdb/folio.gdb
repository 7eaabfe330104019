# harness/gdb/folio.gdb: mm-folio.

# lab-list: prints the list that $lab_page is on, as the file "folio" of debugfs does. The generation is in its flags, below the
# zone, in as many bits as hold 0 (no generation) to MAX_NR_GENS: include/linux/page-flags-layout.h of a kernel with one node.
define lab-list
  set $lab_bits = $lab_page->flags
  set $lab_zones = sizeof(contig_page_data.node_zones) / sizeof(struct zone)
  set $lab_shift = 64
  while (1 << (64 - $lab_shift)) < $lab_zones
    set $lab_shift = $lab_shift - 1
  end
  set $lab_gen = ($lab_bits >> ($lab_shift - 3)) & 7
  if !($lab_bits & (1UL << PG_lru))
    printf "none"
  else
    if $lab_bits & (1UL << PG_unevictable)
      printf "unevictable"
    else
      if $lab_gen
        printf "gen %d", $lab_gen - 1
      else
        if $lab_bits & (1UL << PG_active)
          printf "active"
        else
          printf "inactive"
        end
        if $lab_bits & (1UL << PG_swapbacked)
          printf "_anon"
        else
          printf "_file"
        end
      end
    end
  end
end

# lab-mapcount: sets $lab_mapcount of $lab_page. The field of a page that is no folio says what it is instead, above 0xf0000000.
define lab-mapcount
  set $lab_folio = (struct folio *)$lab_page
  set $lab_mapcount = $lab_page->_mapcount.counter + 1
  if $lab_page->flags & (1UL << PG_head)
    set $lab_mapcount = $lab_folio->_large_mapcount.counter + 1
  end
  if $lab_mapcount < 0
    set $lab_mapcount = 0
  end
end

# lab-type: sets $lab_type to what $lab_page is (slab, page table, free: enum pagetype), or to 0 if it may be a folio.
define lab-type
  set $lab_type = (unsigned int)$lab_page->page_type >> 24
  if $lab_type < 0xf0 || $lab_type == 0xff
    set $lab_type = 0
  end
end

# lab-file MAPPING: the file system, the inode and a name of it.
define lab-file
  set $lab_inode = $arg0->host
  printf "%s inode %lu", $lab_inode->i_sb->s_type->name, $lab_inode->i_ino
  set $lab_alias = (unsigned long)$lab_inode->i_dentry.first
  if $lab_alias
    set $lab_dentry = (struct dentry *)($lab_alias - (unsigned long)&((struct dentry *)0)->d_u.d_alias)
    printf " %s", $lab_dentry->d_name.name
  end
end

# lab-mapping: prints what $lab_page belongs to; the two lowest bits of the pointer say what it points to.
define lab-mapping
  set $lab_raw = (unsigned long)$lab_page->mapping
  if $lab_raw == 0
    printf "none"
  else
    if ($lab_raw & 3) == 1
      printf "anon_vma 0x%lx", $lab_raw - 1
    end
    if ($lab_raw & 3) == 3
      printf "ksm 0x%lx", $lab_raw - 3
    end
    if ($lab_raw & 3) == 2
      printf "movable_ops 0x%lx", $lab_raw - 2
    end
    if ($lab_raw & 3) == 0
      set $lab_file = (struct address_space *)$lab_raw
      lab-file $lab_file
    end
  end
end

define lab-folio
  lab-pfn $lab_page
  lab-mapcount
  printf "pfn 0x%lx\nflags ", $lab_pfn
  lab-flags pageflag_names $lab_page->flags
  printf "\n"
  lab-type
  if $lab_type
    printf "type "
    output (enum pagetype)$lab_type
    printf ": it is no folio\n"
  else
    printf "list "
    lab-list
    printf "\nrefcount %d\nmapcount %d\nmapping ", $lab_page->_refcount.counter, $lab_mapcount
    lab-mapping
    printf "\nindex 0x%lx\n", $lab_folio->index
    lab-has $lab_has_memcg root_mem_cgroup
    if $lab_has_memcg
      printf "memcg "
      if $lab_folio->memcg_data && !($lab_folio->memcg_data & 3)
        set $lab_group = (struct mem_cgroup *)$lab_folio->memcg_data
        lab-path $lab_group->css.cgroup
      else
        printf "-"
      end
      printf "\n"
    end
    lab-has $lab_has_policy mlock_policy
    set $lab_parks = 0
    set $lab_lists = 0
    if $lab_has_policy
      set $lab_parks = mlock_policy->parks
      set $lab_lists = mlock_policy->lists
    end
    if $lab_parks
      if $lab_page->flags & (1UL << PG_mlocked)
        printf "parked yes\n"
      end
    else
      # It stands in the place of a link of the list, and only where that list is none.
      if !$lab_lists && ($lab_page->flags & (1UL << PG_mlocked)) && ($lab_page->flags & (1UL << PG_unevictable)) && ($lab_page->flags & (1UL << PG_lru))
        printf "mlock_count %d\n", $lab_folio->mlock_count
      end
    end
  end
  set $lab_done = 1
end

define mm-folio
  if $argc != 1
    echo usage: mm-folio PFN|PTR, a number of a page frame, or an expression without blanks for a struct folio or page\n
  else
    lab-begin mm-folio
    if $lab_go
      lab-page $arg0
      if !$lab_page
        echo usage: mm-folio PFN|PTR: no page of this guest is '$arg0'\n
      else
        lab-try mm-folio lab-folio
      end
    end
  end
end
document mm-folio
mm-folio PFN|PTR: one folio: flags by name, list, refcount, mapcount, mapping, index, memcg, mlock_count or parked.
mlock_count under mlock_policy=count, where it has one; parked under the lazy policies, if it is.
PFN is a number as in /proc/PID/pagemap; PTR an expression for a struct folio or page, or for something in it, such as the link of a
list: mm-folio folio, mm-folio folio_list->next. Afterwards $folio and $pfn are that folio.
end
