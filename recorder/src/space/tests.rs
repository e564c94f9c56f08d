//! The space without its helper, whose steps the tests take themselves.
#![allow(unsafe_code)] // Writes into chunks.

use super::*;

const CHUNK: usize = 256 << 10;

fn space(limit: u64) -> Space {
    with(|settings| settings.limit = limit)
}

pub(super) fn flight(bytes: u64) -> Space {
    with(|settings| settings.flight = Some(bytes))
}

fn with(set: impl FnOnce(&mut Settings)) -> Space {
    let mut settings = Settings::of(std::path::Path::new(""));
    set(&mut settings);
    Space::new(tempfile::tempfile().unwrap(), &settings).unwrap()
}

pub(super) fn prepare(space: &Space, ahead: u64) {
    while space.prepare(ahead, None) {}
}

/// Writes all of a chunk's payload.
pub(super) fn fill(chunk: &Chunk) -> usize {
    let (mut at, end) = chunk.payload();
    while at < end {
        // SAFETY: a word of the chunk, which is ours.
        unsafe { at.write(u64::MAX) };
        at = at.wrapping_add(1);
    }
    chunk.size() - 64
}

pub(super) fn read<const N: usize>(space: &Space, at: u64) -> [u8; N] {
    let mut bytes = [0; N];
    std::os::unix::fs::FileExt::read_exact_at(space.file(), &mut bytes, at).unwrap();
    bytes
}

fn behind(space: &Space) -> u32 {
    u32::from_le_bytes(read(space, header::BEHIND as u64))
}

#[test]
fn what_is_prepared_is_drawn_without_the_lock_of_growth() {
    let space = space(u64::MAX);
    prepare(&space, 2 << 20);
    let held = lock(&space.ground);
    for _ in 0..7 {
        let chunk = space.draw(CHUNK, CHUNK, Use::Accesses).unwrap();
        let used = fill(&chunk);
        space.close(chunk, used);
    }
    assert_eq!(behind(&space), 0);
    drop(held);
    for _ in 0..3 {
        space.draw(CHUNK, CHUNK, Use::Accesses).unwrap();
    }
    assert!(behind(&space) > 0, "it was not ready");
}

#[test]
fn a_small_recording_lies_in_the_first_stride() {
    let space = space(u64::MAX);
    // The helper is at the next one.
    let next = space.take_stride(Use::Accesses).unwrap();
    let chunk = space.draw(PAGE, PAGE, Use::Order).unwrap();
    assert_eq!(chunk.offset(), PAGE as u64);
    assert!(chunk.offset() < next.0);
    assert_eq!(behind(&space), 0);
}

#[test]
fn chunks_are_distinct_and_none_lies_in_two_slots() {
    let space = space(u64::MAX);
    let draw = || {
        let draws = (0..300).map(|count| {
            let size = (count % 64 + 1) * PAGE;
            let chunk = space.draw(size, PAGE, Use::Order).unwrap();
            fill(&chunk);
            (chunk.offset(), chunk.size() as u64)
        });
        draws.collect::<Vec<_>>()
    };
    let mut all: Vec<_> = std::thread::scope(|scope| {
        let threads = [(); 4].map(|()| scope.spawn(draw));
        for _ in 0..50 {
            prepare(&space, 1 << 20);
            space.release(0);
        }
        let chunks = threads.into_iter().flat_map(|it| it.join().unwrap());
        chunks.collect()
    });
    all.sort_unstable();
    for pair in all.windows(2) {
        assert!(pair[0].0 + pair[0].1 <= pair[1].0, "{pair:?}");
    }
    for (at, size) in all {
        assert_eq!(at / SLOT, (at + size - 1) / SLOT);
    }
    assert!(space.taken() > 2 * SLOT);
}

#[test]
fn a_limit_is_kept_and_the_reserve_is_for_sync_events() {
    let space = space(4 << 20);
    let draws = |purpose| {
        std::iter::from_fn(|| space.draw(CHUNK, CHUNK / 8, purpose))
            .map(|chunk| chunk.size())
            .sum::<usize>()
    };
    let accesses = draws(Use::Accesses);
    assert!((3 << 20..7 << 19).contains(&accesses), "{accesses}");
    let order = draws(Use::Order);
    assert!((1 << 18..1 << 20).contains(&order), "{order}");
    space.finish(0);
    assert!(space.file().metadata().unwrap().len() <= 4 << 20);
    assert!(space.draw(CHUNK, PAGE, Use::Order).is_none());
}

#[test]
fn a_finished_slot_is_released_and_can_be_written_still() {
    let space = space(u64::MAX);
    let mut first = None;
    let mut chunks = Vec::new();
    while space.taken() < SLOT + SLOT / 2 {
        let chunk = space.draw(CHUNK, CHUNK, Use::Accesses).unwrap();
        let used = fill(&chunk);
        first.get_or_insert(chunk.payload().0);
        chunks.push((chunk, used));
    }
    assert_eq!(space.release(0), 0, "chunks of it are open");
    for (chunk, used) in chunks {
        space.close(chunk, used);
    }
    assert_eq!(space.release(0), 1);
    let first = first.unwrap();
    // SAFETY: a word of the file, which stays mapped.
    unsafe {
        assert_eq!(first.read(), u64::MAX);
        first.write(7);
        assert_eq!(first.read(), 7);
    }
}

#[test]
fn a_descriptor_that_became_another_file_is_left_alone() {
    use std::os::fd::AsRawFd;
    let space = space(u64::MAX);
    let other = tempfile::tempfile().unwrap();
    // SAFETY: two descriptors of this test; both stay open.
    assert!(unsafe { libc::dup2(other.as_raw_fd(), space.file().as_raw_fd()) } >= 0);
    let drawn = std::iter::from_fn(|| space.draw(CHUNK, CHUNK, Use::Order));
    assert!(drawn.count() < 17);
    assert_eq!(other.metadata().unwrap().len(), 0);
}
