//! The end of a block's life. The program only tells of it: the memory itself
//! stays, so that nothing really breaks.

use std::sync::Barrier;

use hbtrace_recorder::{alloc, free, read, thread, write};

static BLOCK: [u64; 8] = [0; 8];
const LEN: usize = size_of_val(&BLOCK);

/// Freed while another thread may still read.
pub(crate) fn free_beside_read_race() {
    alloc(&raw const BLOCK, LEN);
    let reader = thread::spawn(|| {
        read(&raw const BLOCK[2], 8); //~ 1 read
    });
    free(&raw const BLOCK, LEN); //~ 1 free
    reader.join().unwrap();
}

/// Freed once it can't.
pub(crate) fn free_after_join_no_race() {
    alloc(&raw const BLOCK, LEN);
    let reader = thread::spawn(|| {
        read(&raw const BLOCK[2], 8);
    });
    reader.join().unwrap();
    free(&raw const BLOCK, LEN);
}

/// Freed by one thread and given to another: the allocator orders the two
/// lives.
pub(crate) fn reused_block_no_race() {
    // Not recorded: the second life begins after the first has ended.
    static FREED: Barrier = Barrier::new(2);
    let first = thread::spawn(|| {
        alloc(&raw const BLOCK, LEN);
        write(&raw const BLOCK, LEN);
        free(&raw const BLOCK, LEN);
        FREED.wait();
    });
    FREED.wait();
    alloc(&raw const BLOCK[1], 16);
    write(&raw const BLOCK[1], 16);
    free(&raw const BLOCK[1], 16);
    first.join().unwrap();
}
