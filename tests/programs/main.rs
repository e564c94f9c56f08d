//! Patterns of concurrent programs, as programs to record.
//!
//! `patterns NAME` runs one of them, `patterns` lists them. A name ends with
//! its verdict, `_race` or `_no_race`. In a racy one, comments tell what has
//! to be reported: `//~ 1 write` makes its line the writing side of pair 1,
//! whose other side bears the same number in the same function.
//!
//! No program sleeps to make a race happen: what happens-before leaves
//! unordered races in every interleaving, and where the interleaving decides
//! what is executed, threads are ordered by barriers of std's own, which the
//! recorder does not see.
//!
//! To add a pattern: a file, and a row in the list below.

// A thread that panics fails the program, as it should.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::process::ExitCode;

macro_rules! programs {
    ($($file:ident: $($name:ident),+;)*) => {
        $(mod $file;)*

        /// File, name and body of each program.
        pub(crate) const PROGRAMS: &[(&str, &str, fn())] = &[
            $($((stringify!($file), stringify!($name), $file::$name),)+)*
        ];
    };
}

programs! {
    arc: relaxed_count_race, counted_no_race, told_arc_no_race;
    barrier: missing_barrier_race, phases_no_race;
    bounded: wide_channel_race, receipt_no_race, two_permits_race, one_permit_no_race;
    close: write_after_drop_race, last_sender_no_race;
    condvar: write_after_push_race, queue_no_race;
    copy_on_write: relaxed_swap_race, release_swap_no_race;
    counter: plain_race, atomic_no_race, mutex_no_race;
    double_checked: relaxed_flag_race, acquire_flag_no_race;
    fan_in: early_closer_race, joining_closer_no_race;
    fences: missing_acquire_fence_race, missing_release_fence_race, fence_to_fence_no_race,
        fence_to_load_no_race, store_to_fence_no_race;
    flag: plain_bool_race, relaxed_bool_race, release_bool_no_race;
    foreign_queue: untold_race, told_no_race;
    loop_variable: by_reference_race, by_value_no_race;
    map: plain_map_race, locked_map_no_race;
    park: write_after_unpark_race, unpark_no_race;
    readers_writer: write_under_read_lock_race, write_lock_no_race;
    receiver_gone: write_after_receiver_drop_race, failed_send_no_race,
        failed_rendezvous_no_race, failed_buffered_send_race;
    release_sequence: relaxed_store_race, exchanges_no_race;
    rendezvous: buffered_race, handshake_no_race;
    scope: shared_slot_race, own_slots_no_race;
    singleton: plain_check_race, once_no_race;
    unbounded: write_after_send_race, message_no_race;
    use_after_free: free_beside_read_race, free_after_join_no_race, reused_block_no_race;
    wait_group: write_after_done_race, done_no_race;
    worker_pool: result_before_write_race, results_no_race;
}

fn main() -> ExitCode {
    let Some(wanted) = std::env::args().nth(1) else {
        for (file, name, _) in PROGRAMS {
            println!("{file} {name}");
        }
        return ExitCode::SUCCESS;
    };
    match PROGRAMS.iter().find(|(_, name, _)| *name == wanted) {
        Some((_, _, body)) => {
            body();
            ExitCode::SUCCESS
        }
        None => {
            println!("no program {wanted}");
            ExitCode::FAILURE
        }
    }
}
