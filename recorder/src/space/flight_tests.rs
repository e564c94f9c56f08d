//! The pool of a flight recording, without the helper.
#![allow(unsafe_code)] // Reads chunks.

use super::tests::{fill, flight, prepare, read};
use super::*;
use crate::chunk::Head;
use crate::ticks;
use hbtrace_traces::format::layout::{CHUNK_HEADER, StreamKind, chunk};

/// Bytes of the pool, and its chunks, which are of one page.
const POOL: u64 = 1 << 20;
const CHUNKS: u32 = 256;
const USED: usize = PAGE - CHUNK_HEADER;

fn evicted_until(space: &Space) -> u64 {
    u64::from_le_bytes(read(space, header::EVICTED_UNTIL as u64))
}

/// Opens a chunk and fills it; its sequence tells it.
fn fly(space: &Space, sequence: u32) -> Chunk {
    let chunk = space.draw(256 << 10, PAGE, Use::Accesses).unwrap();
    assert_eq!(chunk.size(), PAGE);
    let (first, end) = chunk.payload();
    for at in 0..(end.addr() - first.addr()) / 8 {
        // SAFETY: a word of the chunk, which is ours.
        assert_eq!(unsafe { first.wrapping_add(at).read() }, 0, "not zeroed");
    }
    chunk.open(&Head {
        stream: StreamKind::Access,
        thread: 0,
        sequence,
        site: 0,
        position: 0,
        accesses: 0,
        ticks: ticks::now(),
    });
    fill(&chunk);
    chunk
}

/// Where the highest chunk ends.
fn handed_out(space: &Space) -> u64 {
    space.highest.load(Ordering::Relaxed)
}

/// Sequence numbers of the chunks that are not free.
fn surviving(space: &Space) -> Vec<u32> {
    let pages = 1..handed_out(space) / PAGE as u64;
    let heads = pages.map(|page| read::<CHUNK_HEADER>(space, page * PAGE as u64));
    let chunks = heads.filter(|head| head.starts_with(b"HBCK"));
    let mut all: Vec<_> = chunks
        .filter(|head| head[chunk::STATE] != chunk::FREE)
        .map(|head| u32::from_le_bytes(head[chunk::SEQUENCE..][..4].try_into().unwrap()))
        .collect();
    all.sort_unstable();
    all
}

#[test]
fn the_oldest_closed_chunk_is_recycled_first_for_ever() {
    let space = flight(POOL);
    let _current = fly(&space, 0);
    for sequence in 1..5000 {
        let before = ticks::now();
        let chunk = fly(&space, sequence);
        assert!(evicted_until(&space) < before, "a chunk of the future");
        space.close(chunk, USED);
        if sequence % 100 < 50 {
            prepare(&space, POOL);
        }
    }
    let left = surviving(&space);
    assert_eq!(left[0], 0, "the current one stays");
    let first = left[1];
    assert!((4999 - CHUNKS..=4999 - CHUNKS / 4 * 3).contains(&first));
    let all: Vec<_> = (first..5000).collect();
    assert_eq!(left[1..], all, "nothing is missing from there on");
    assert!(handed_out(&space) <= POOL + STRIDE);
    assert!(evicted_until(&space) > 0);
}

#[test]
fn a_pool_grows_where_threads_write_all_of_it() {
    let space = flight(POOL);
    let current: Vec<_> = (0..1000).map(|sequence| fly(&space, sequence)).collect();
    assert_eq!(surviving(&space), (0..1000).collect::<Vec<_>>());
    for chunk in current {
        space.close(chunk, USED);
    }
    let before = handed_out(&space);
    assert!(before <= (1000 * PAGE) as u64 + STRIDE);
    for sequence in 1000..9000 {
        space.close(fly(&space, sequence), USED);
    }
    assert!(handed_out(&space) <= before.next_multiple_of(STRIDE));
}

#[test]
fn threads_share_a_pool() {
    let space = flight(POOL);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let space = &space;
            scope.spawn(move || {
                for count in 0..5000 {
                    space.close(fly(space, thread * 10_000 + count), USED);
                }
            });
        }
        for _ in 0..2000 {
            prepare(&space, POOL / 16);
            std::thread::yield_now();
        }
    });
    assert!(handed_out(&space) <= POOL + STRIDE);
    let left = surviving(&space).len() as u32;
    assert!((CHUNKS / 4 * 3..=CHUNKS).contains(&left), "{left}");
}

#[test]
fn a_pool_is_not_larger_where_its_last_strides_are_on_their_way() {
    let space = flight(POOL);
    let pool = space.pool.as_ref().unwrap();
    let claimed = [(); 4].map(|()| pool.claim().unwrap());
    let current: Vec<_> = (0..20).map(|sequence| fly(&space, sequence)).collect();
    for claimed in claimed {
        let stride = space.draw_stride(PAGE as u64, Use::Accesses).unwrap();
        space.add_stride(pool, stride, claimed);
    }
    for chunk in current {
        space.close(chunk, USED);
    }
    for sequence in 20..2000 {
        space.close(fly(&space, sequence), USED);
    }
    let left = surviving(&space).len() as u32;
    assert!((CHUNKS - 1..=CHUNKS).contains(&left), "{left}");
    assert!(handed_out(&space) <= POOL + STRIDE + PAGE as u64);
}

#[test]
fn what_a_snapshot_holds_stays_while_the_rest_is_used_again() {
    let space = flight(POOL);
    let current = fly(&space, 0);
    for sequence in 1..1000 {
        space.close(fly(&space, sequence), USED);
    }
    let before = evicted_until(&space);
    let held = space.hold(ticks::now());
    // Chunks of the moment count as drawn before.
    let moment = ticks::now() + (1 << 21);
    while ticks::now() < moment {
        std::hint::spin_loop();
    }
    space.close(current, USED);
    for sequence in 1000..3000 {
        space.close(fly(&space, sequence), USED);
    }
    let all = surviving(&space);
    assert_eq!(all[0], 0, "it was open");
    for sequence in 1000 - CHUNKS / 2 + 1..1000 {
        assert!(all.contains(&sequence), "{sequence}");
    }
    let evicted = held.evicted().unwrap();
    assert!(before < evicted && evicted < moment && moment < evicted_until(&space));
    drop(held);
    for sequence in 3000..3300 {
        space.close(fly(&space, sequence), USED);
    }
    assert!(surviving(&space)[0] >= 2800, "all are recycled again");
    assert!(handed_out(&space) <= POOL + STRIDE);
    let later = space.hold(ticks::now()).evicted().unwrap();
    assert!(later >= evicted_until(&space), "what is gone is gone");
}

#[test]
fn names_stay_and_lie_beside_the_pool() {
    let space = flight(POOL);
    let names = space.draw(32 << 10, 32 << 10, Use::Tables).unwrap();
    assert_eq!(names.size(), 32 << 10);
    for sequence in 0..1000 {
        space.close(fly(&space, sequence), USED);
    }
    assert!(handed_out(&space) <= POOL + STRIDE + PAGE as u64);
    space.close(names, 100);
    space.finish(0);
    assert!(space.file().metadata().unwrap().len() < 2 * POOL);
}
