# harness/gdb/mappings.gdb: mm-rmap, mm-vmas: who maps a folio, and what a process maps.

# lab-pte MM ADDRESS: sets $lab_pte to the page table entry there, or to 0. UML on x86_64 has three levels of 512 entries; bit 0 or 4
# says that there is a page (arch/um/include/asm/pgtable.h), and the guest's memory is mapped as a whole at uml_physmem.
define lab-pte
  set $lab_pte = 0
  set $lab_table = (unsigned long *)$arg0->pgd
  set $lab_pgd = $lab_table[($arg1 >> 30) & 511]
  if $lab_pgd & 1
    set $lab_table = (unsigned long *)(uml_physmem + ($lab_pgd & ~0xfffUL))
    set $lab_pmd = $lab_table[($arg1 >> 21) & 511]
    if $lab_pmd & 1
      set $lab_table = (unsigned long *)(uml_physmem + ($lab_pmd & ~0xfffUL))
      set $lab_pte = $lab_table[($arg1 >> 12) & 511]
    end
  end
end

# lab-mapper INDEX: a line for $lab_vma, if it maps $lab_page, whose place there it reckons from that index.
define lab-mapper
  set $lab_address = $lab_vma->vm_start + (($arg0 - $lab_vma->vm_pgoff) << 12)
  if $arg0 >= $lab_vma->vm_pgoff && $lab_address < $lab_vma->vm_end
    lab-one-mapper $lab_address
  end
end

# lab-one-mapper ADDRESS: the same, of a place that is known.
define lab-one-mapper
  set $lab_mm = $lab_vma->vm_mm
  lab-pte $lab_mm $arg0
  if ($lab_pte & 0x11) && ($lab_pte >> 12) == $lab_pfn
    set $lab_mappers = $lab_mappers + 1
    printf "  mm 0x%lx pid ", (unsigned long)$lab_mm
    set $lab_owner = 0
    lab-has $lab_has_memcg root_mem_cgroup
    if $lab_has_memcg
      set $lab_owner = $lab_mm->owner
    end
    if $lab_owner
      set $pid = $lab_owner->tgid
      printf "%d %s", $pid, $lab_owner->comm
    else
      printf "-"
    end
    printf " address 0x%lx ", $arg0
    if $lab_vma->vm_flags & $lab_vm_locked
      set $lab_lockers = $lab_lockers + 1
      printf "VM_LOCKED\n"
    else
      printf "not locked\n"
    end
  end
end

# lab-first-node ROOT, lab-next-node: set $lab_node to the leftmost of a tree, to the next in its order, to 0 at its end.
define lab-first-node
  set $lab_node = $arg0
  while $lab_node && $lab_node->rb_left
    set $lab_node = $lab_node->rb_left
  end
end
define lab-next-node
  if $lab_node->rb_right
    lab-first-node $lab_node->rb_right
  else
    set $lab_child = $lab_node
    set $lab_node = (struct rb_node *)($lab_node->__rb_parent_color & ~3UL)
    while $lab_node && $lab_node->rb_right == $lab_child
      set $lab_child = $lab_node
      set $lab_node = (struct rb_node *)($lab_node->__rb_parent_color & ~3UL)
    end
  end
end

# lab-anon ANON_VMA, lab-ksm NODE, lab-mapped MAPPING: the three kinds of reverse map, each to its end.
define lab-anon
  lab-first-node $arg0->rb_root.rb_root.rb_node
  while $lab_node
    set $lab_avc = (struct anon_vma_chain *)((unsigned long)$lab_node - (unsigned long)&((struct anon_vma_chain *)0)->rb)
    set $lab_vma = $lab_avc->vma
    lab-mapper $lab_index
    lab-next-node
  end
end
define lab-ksm
  set $lab_link = $arg0->hlist.first
  while $lab_link
    set $lab_item = (struct ksm_rmap_item *)((unsigned long)$lab_link - (unsigned long)&((struct ksm_rmap_item *)0)->hlist)
    lab-first-node $lab_item->anon_vma->rb_root.rb_root.rb_node
    set $lab_place = $lab_item->address & ~0xfffUL
    while $lab_node
      set $lab_avc = (struct anon_vma_chain *)((unsigned long)$lab_node - (unsigned long)&((struct anon_vma_chain *)0)->rb)
      set $lab_vma = $lab_avc->vma
      # After a fork the child's mapping is found here, and again by a rmap_item of its own, if ksmd has come by.
      set $lab_twice = 0
      set $lab_other = $arg0->hlist.first
      while $lab_other && $lab_item->mm != $lab_vma->vm_mm
        set $lab_its = (struct ksm_rmap_item *)((unsigned long)$lab_other - (unsigned long)&((struct ksm_rmap_item *)0)->hlist)
        if $lab_its->mm == $lab_vma->vm_mm && ($lab_its->address & ~0xfffUL) == $lab_place
          set $lab_twice = 1
        end
        set $lab_other = $lab_other->next
      end
      if !$lab_twice && $lab_place >= $lab_vma->vm_start && $lab_place < $lab_vma->vm_end
        lab-one-mapper $lab_place
      end
      lab-next-node
    end
    set $lab_link = $lab_link->next
  end
end
define lab-mapped
  lab-first-node $arg0->i_mmap.rb_root.rb_node
  while $lab_node
    set $lab_vma = (struct vm_area_struct *)((unsigned long)$lab_node - (unsigned long)&((struct vm_area_struct *)0)->shared.rb)
    lab-mapper $lab_index
    lab-next-node
  end
end

# lab-vm-locked: sets $lab_vm_locked, a macro, which debug information does not have, from the kernel's table of names.
define lab-vm-locked
  set $lab_vm_locked = 0
  set $lab_flag = &'mm/debug.c'::vmaflag_names[0]
  while $lab_flag->name
    if $lab_flag->name[0] == 'l' && $lab_flag->name[1] == 'o' && $lab_flag->name[2] == 'c' && $lab_flag->name[3] == 'k' && $lab_flag->name[4] == 'e' && $lab_flag->name[5] == 'd'
      set $lab_vm_locked = $lab_flag->mask
    end
    set $lab_flag = $lab_flag + 1
  end
end

define lab-rmap
  lab-vm-locked
  lab-pfn $lab_page
  set $lab_mappers = 0
  set $lab_lockers = 0
  set $lab_raw = (unsigned long)$lab_page->mapping
  set $lab_index = ((struct folio *)$lab_page)->index
  printf "pfn 0x%lx\n", $lab_pfn
  lab-type
  if $lab_type
    # What is no folio has other things in that field.
    set $lab_raw = 0
  end
  if $lab_raw && ($lab_raw & 3) == 0
    set $lab_map_of = (struct address_space *)$lab_raw
    lab-mapped $lab_map_of
  end
  if ($lab_raw & 3) == 1
    set $lab_map_of = (struct anon_vma *)($lab_raw - 1)
    lab-anon $lab_map_of
  end
  if ($lab_raw & 3) == 3
    set $lab_map_of = (struct ksm_stable_node *)($lab_raw - 3)
    lab-ksm $lab_map_of
  end
  printf "mappings %d locked %d\n", $lab_mappers, $lab_lockers
  set $lab_done = 1
end

define mm-rmap
  if $argc != 1
    echo usage: mm-rmap PFN|PTR, as mm-folio\n
  else
    lab-begin mm-rmap
    if $lab_go
      lab-page $arg0
      if !$lab_page
        echo usage: mm-rmap PFN|PTR: no page of this guest is '$arg0'\n
      else
        lab-try mm-rmap lab-rmap
      end
    end
  end
end
document mm-rmap
mm-rmap FOLIO: every mapping of a folio: its mm, the process, the address, and whether it is VM_LOCKED.
By its reverse map, as reclaim finds them: anonymous, of a file, or merged by KSM. FOLIO as in mm-folio. Of a large folio, its first page. Afterwards $pid is the process of the last one.
end

# lab-vma-at ADDRESS: sets $lab_vma to what the tree of $lab_mm has there (or 0) and $lab_end to the last address of which that holds:
# down from the root by the pivots, as mtree_range_walk() does.
define lab-vma-at
  set $lab_entry = (unsigned long)$lab_mm->mm_mt.ma_root
  set $lab_end = ~0UL
  # Only the root says that it is a node (or an entry, if there is but one); below, the type of a node says what its slots are.
  set $lab_inner = ($lab_entry & 3) == 2 && $lab_entry > 4096
  while $lab_inner
    set $lab_maple = (struct maple_node *)($lab_entry & ~255UL)
    set $lab_type = ($lab_entry >> 3) & 15
    set $lab_slot = 0
    if $lab_type == 3
      set $lab_last = $lab_maple->ma64.meta.end
      while $lab_slot < $lab_last && $lab_maple->ma64.pivot[$lab_slot] < $arg0
        set $lab_slot = $lab_slot + 1
      end
      if $lab_slot < $lab_last
        set $lab_end = $lab_maple->ma64.pivot[$lab_slot]
      end
      set $lab_entry = (unsigned long)$lab_maple->ma64.slot[$lab_slot]
    else
      set $lab_last = 15
      if !$lab_maple->mr64.pivot[14]
        set $lab_last = $lab_maple->mr64.meta.end
      else
        if $lab_maple->mr64.pivot[14] == $lab_end
          set $lab_last = 14
        end
      end
      while $lab_slot < $lab_last && $lab_maple->mr64.pivot[$lab_slot] < $arg0
        set $lab_slot = $lab_slot + 1
      end
      if $lab_slot < $lab_last
        set $lab_end = $lab_maple->mr64.pivot[$lab_slot]
      end
      set $lab_entry = (unsigned long)$lab_maple->mr64.slot[$lab_slot]
    end
    # Else it was a leaf.
    set $lab_inner = $lab_type != 1
  end
  set $lab_vma = (struct vm_area_struct *)$lab_entry
end

define lab-vmas
  set $lab_address = 0
  set $lab_end = 0
  while $lab_end != ~0UL
    lab-vma-at $lab_address
    if $lab_vma
      printf "0x%lx-0x%lx ", $lab_vma->vm_start, $lab_vma->vm_end
      lab-flags vmaflag_names $lab_vma->vm_flags
      if $lab_vma->vm_file
        printf " %s", $lab_vma->vm_file->f_path.dentry->d_name.name
      end
      printf "\n"
    end
    set $lab_address = $lab_end + 1
  end
  set $lab_done = 1
end

define mm-vmas
  if $argc != 1
    echo usage: mm-vmas PID, of a process of the guest: mm-ps lists them\n
  else
    lab-begin mm-vmas
    if $lab_go
      lab-value $arg0
      set $lab_task = (struct task_struct *)0
      thread apply $lab_thread -q -s lab-task $lab_value
      if !$lab_task
        echo usage: mm-vmas PID: no process of this guest has the number '$arg0': mm-ps lists them\n
      else
        set $lab_mm = $lab_task->mm
        if $lab_mm
          lab-try mm-vmas lab-vmas
        else
          echo mm-vmas: process $arg0 has no memory of its own: it is a thread of the kernel, or has ended\n
        end
      end
    end
  end
end
document mm-vmas
mm-vmas PID: the mappings of a process of the guest, a line each: from, to, flags by name, the file.
end
