# harness/gdb/tasks.gdb: mm-ps, mm-stuck: the tasks of the guest, and where they are.

# lab-first-task, lab-next-task: set $lab_task to the first process, to the next one, to 0 at the end.
define lab-first-task
  set $lab_task = &init_task
  lab-next-task
end
define lab-next-task
  set $lab_task = (struct task_struct *)((unsigned long)$lab_task->tasks.next - (unsigned long)&((struct task_struct *)0)->tasks)
  if $lab_task == &init_task
    set $lab_task = (struct task_struct *)0
  end
end

# lab-task PID: sets $lab_task to the process of that number, or to 0.
define lab-task
  lab-first-task
  while $lab_task && $lab_task->tgid != $arg0
    lab-next-task
  end
end

# lab-state TASK: its state as ps(1) has it.
define lab-state
  set $lab_state = $arg0->__state
  if $arg0->exit_state
    if $arg0->exit_state & 16
      printf "X"
    else
      printf "Z"
    end
  else
    if $lab_state == 0
      printf "R"
    else
      if $lab_state & 1
        printf "S"
      else
        if ($lab_state & 0x402) == 0x402
          printf "I"
        else
          if $lab_state & 2
            printf "D"
          else
            if $lab_state & 8
              printf "t"
            else
              if $lab_state & 64
                printf "P"
              else
                printf "T"
              end
            end
          end
        end
      end
    end
  end
end

define lab-ps
  lab-first-task
  while $lab_task
    printf "pid %d ", $lab_task->tgid
    lab-state $lab_task
    printf " %s", $lab_task->comm
    set $lab_mm = $lab_task->mm
    if $lab_mm
      printf " pages %ld locked %lu", $lab_mm->rss_stat[0].count + $lab_mm->rss_stat[1].count + $lab_mm->rss_stat[3].count, $lab_mm->locked_vm
    end
    printf "\n"
    lab-next-task
  end
  set $lab_done = 1
end

define mm-ps
  if $argc != 0
    echo usage: mm-ps, without an argument\n
  else
    lab-begin mm-ps
    if $lab_go
      lab-try mm-ps lab-ps
    end
  end
end
document mm-ps
mm-ps: the processes of the guest: number, state as in ps(1), name, pages in memory, pages locked (VmLck).
end

# lab-stack: prints where $lab_thread_of sleeps, from the function that has called the scheduler up. __switch_to() has saved its
# registers; each frame begins with a pointer to the next one (CONFIG_FRAME_POINTER), and above that stands the return address.
define lab-stack
  set $lab_low = (unsigned long)$lab_thread_of->stack
  set $lab_high = $lab_low + sizeof(union thread_union)
  set $lab_frame = $lab_thread_of->thread.switch_buf[0].__rbp
  set $lab_count = 0
  while $lab_frame >= $lab_low && $lab_frame < $lab_high
    set $lab_address = ((unsigned long *)$lab_frame)[1]
    if $lab_count || (($lab_address < $lab_sched || $lab_address >= $lab_sched_end) && ($lab_address < $lab_switch || $lab_address >= $lab_switch_end))
      if $lab_address
        printf "    "
        output/a $lab_address
        printf "\n"
      end
      set $lab_count = $lab_count + 1
    end
    set $lab_low = $lab_frame + 1
    set $lab_frame = *(unsigned long *)$lab_frame
  end
end

define lab-stuck
  set $lab_sched = (unsigned long)&__sched_text_start
  set $lab_sched_end = (unsigned long)&__sched_text_end
  set $lab_switch = (unsigned long)&__switch_to
  # It is short, and its size is not in the debug information.
  set $lab_switch_end = $lab_switch + 128
  set $lab_running = cpu_tasks[0].task
  lab-first-task
  while $lab_task
    set $lab_threads = &$lab_task->signal->thread_head
    set $lab_link = $lab_threads->next
    while $lab_link != $lab_threads
      set $lab_thread_of = (struct task_struct *)((unsigned long)$lab_link - (unsigned long)&((struct task_struct *)0)->thread_node)
      printf "pid %d ", $lab_thread_of->pid
      lab-state $lab_thread_of
      printf " %s ", $lab_thread_of->comm
      if $lab_thread_of == $lab_running
        printf "runs\n"
        thread apply 1 -q -s backtrace -frame-arguments none 30
      else
        if $lab_thread_of->exit_state
          printf "has ended\n"
        else
          if $lab_thread_of->__state
            printf "waits\n"
          else
            printf "is ready\n"
          end
          lab-stack
        end
      end
      set $lab_link = $lab_link->next
    end
    lab-next-task
  end
  if $lab_running == &init_task
    printf "the kernel idles\n"
    thread apply 1 -q -s backtrace -frame-arguments none 30
  end
  set $lab_done = 1
end

define mm-stuck
  if $argc != 0
    echo usage: mm-stuck, without an argument\n
  else
    lab-begin mm-stuck
    if $lab_go
      lab-try mm-stuck lab-stuck
    end
  end
end
document mm-stuck
mm-stuck: each task of the guest, its state, and its stack in the kernel.
The first line of a stack is the function in which the task waits, or, if it is ready, from which it will go on.
end
