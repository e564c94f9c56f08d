//! How often each of the program's atomics was written, found by address.
//!
//! An operation and the count of it are one step, so that which write a load
//! read from is known and not guessed. A write holds its *stripe*, a spin lock,
//! for that step and nothing else; a load holds nothing: it looks at the
//! stripe's sequence before and behind, and again if a write came in between.
//!
//! **Which atomic.** An address together with a width: the same bytes under two
//! widths are two atomics. Languages know no atomics that overlap in part, and
//! what is not ordered by other means is reported as a race between them.
//!
//! **Signals.** A handler may interrupt the thread while it holds a stripe. It
//! would wait for itself, so [`is_holding`] is asked first: it makes its
//! operation without the step, and counts it as lost.
//!
//! **Memory.** A stripe has room for two atomics and a list of more, from pages
//! of its own that are never given back: malloc may be what was interrupted.
//! Atomics in memory that is freed are [forgotten](forget), and their room used
//! again.

use std::cell::Cell;
use std::ptr::null_mut;
use std::sync::atomic::{
    AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, compiler_fence, fence,
};

use crate::pages;

/// Stripes. The atomics of one cache line share one.
const STRIPES: usize = 1 << 16;
const LINE_SHIFT: u32 = 6;
/// Counts of atomics in pages, so that most memory is freed without a look.
const PAGES: usize = 1 << 12;
const PAGE_SHIFT: u32 = 12;
/// Bits of a key below the address.
const WIDTH_BITS: u32 = 8;
/// Atomics that a list's link has room for.
const LINK: usize = 5;
/// Looks at a lock before the processor is offered to others.
const SPINS: u32 = 100;

thread_local! {
    static HOLDING: Cell<bool> = const { Cell::new(false) };
}

/// An atomic: its address and width.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key(u64);

impl Key {
    #[inline(always)]
    pub(crate) fn new(address: usize, width: usize) -> Key {
        Key((address as u64) << WIDTH_BITS | width as u64)
    }

    #[inline(always)]
    fn address(self) -> usize {
        (self.0 >> WIDTH_BITS) as usize
    }

    #[inline(always)]
    fn stripe(self) -> &'static Stripe {
        stripe_of(self.address())
    }
}

#[inline(always)]
fn stripe_of(address: usize) -> &'static Stripe {
    let line = address >> LINE_SHIFT;
    &TABLE[(line ^ line >> 16) % STRIPES]
}

/// What is known of an atomic. Empty if the key is 0.
struct Slot {
    key: AtomicU64,
    version: AtomicU64,
    object: AtomicU32,
}

impl Slot {
    const fn new() -> Slot {
        Slot {
            key: AtomicU64::new(0),
            version: AtomicU64::new(0),
            object: AtomicU32::new(0),
        }
    }
}

/// More slots of a stripe.
struct Link {
    slots: [Slot; LINK],
    next: AtomicPtr<Link>,
}

#[repr(align(64))]
struct Stripe {
    /// Odd while it is held.
    sequence: AtomicU64,
    slots: [Slot; 2],
    more: AtomicPtr<Link>,
}

static TABLE: [Stripe; STRIPES] = [const {
    Stripe {
        sequence: AtomicU64::new(0),
        slots: [const { Slot::new() }; 2],
        more: AtomicPtr::new(null_mut()),
    }
}; STRIPES];

static IN_PAGES: [AtomicU32; PAGES] = [const { AtomicU32::new(0) }; PAGES];

/// Whether this thread holds a stripe: it is in a signal handler.
#[inline(always)]
pub(crate) fn is_holding() -> bool {
    HOLDING.get()
}

/// A stripe that this thread holds until it is dropped.
struct Held(&'static Stripe);

impl Stripe {
    #[inline(always)]
    fn hold(&'static self) -> Held {
        HOLDING.set(true);
        // SeqCst: for the compiler alone; a handler of this thread finds the
        // flag wherever it finds the lock.
        compiler_fence(Ordering::SeqCst);
        // Relaxed: only a guess.
        let sequence = self.sequence.load(Ordering::Relaxed) & !1;
        // Acquire: pairs with the release in `drop`.
        let taken = self.sequence.compare_exchange(
            sequence,
            sequence + 1,
            Ordering::Acquire,
            Ordering::Relaxed,
        );
        if taken.is_err() {
            self.hold_soon();
        }
        Held(self)
    }

    #[cold]
    fn hold_soon(&self) {
        for spins in 1_u32.. {
            // Relaxed: only a guess.
            let sequence = self.sequence.load(Ordering::Relaxed);
            // Acquire: as in `hold`.
            let (wanted, order) = (sequence + 1, Ordering::Acquire);
            if sequence & 1 == 0
                && self
                    .sequence
                    .compare_exchange_weak(sequence, wanted, order, Ordering::Relaxed)
                    .is_ok()
            {
                return;
            }
            spin(spins);
        }
    }

    #[inline(always)]
    fn find(&self, key: u64) -> Option<&Slot> {
        // Relaxed, all: who holds the stripe changes them, and who does not
        // looks at its sequence.
        if self.slots[0].key.load(Ordering::Relaxed) == key {
            return Some(&self.slots[0]);
        }
        if self.slots[1].key.load(Ordering::Relaxed) == key {
            return Some(&self.slots[1]);
        }
        // Acquire: pairs with the release in `Held::add`.
        if self.more.load(Ordering::Acquire).is_null() {
            return None;
        }
        self.find_more(key)
    }

    #[inline(never)]
    fn find_more(&self, key: u64) -> Option<&Slot> {
        // Relaxed: as in `find`.
        self.links()
            .flat_map(|link| &link.slots)
            .find(|slot| slot.key.load(Ordering::Relaxed) == key)
    }

    fn links(&self) -> impl Iterator<Item = &Link> {
        let link = |link: *mut Link| {
            // SAFETY: null, or a link that is never unmapped nor changed but
            // through its atomics.
            unsafe { link.as_ref() }
        };
        // Acquire, both: pair with the release in `Held::add`.
        let first = link(self.more.load(Ordering::Acquire));
        std::iter::successors(first, move |before| {
            link(before.next.load(Ordering::Acquire))
        })
    }

    fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.slots
            .iter()
            .chain(self.links().flat_map(|link| &link.slots))
    }
}

impl Held {
    /// Adds an atomic that is not there. `None`: there is no memory.
    fn add(&self, key: Key, object: u32) -> Option<()> {
        // Relaxed, all but the last: as in `Stripe::find`.
        let free = |slot: &&Slot| slot.key.load(Ordering::Relaxed) == 0;
        let slot = match self.0.slots().find(free) {
            Some(slot) => slot,
            None => {
                let link = new_link()?;
                link.next
                    .store(self.0.more.load(Ordering::Relaxed), Ordering::Relaxed);
                let slot = &link.slots[0];
                // Release: whoever finds the link finds it as it was mapped.
                self.0
                    .more
                    .store(std::ptr::from_ref(link).cast_mut(), Ordering::Release);
                slot
            }
        };
        slot.object.store(object, Ordering::Relaxed);
        slot.version.store(0, Ordering::Relaxed);
        // Release: `object_of` reads the object behind the key.
        slot.key.store(key.0, Ordering::Release);
        page_of(key.address()).fetch_add(1, Ordering::Relaxed);
        Some(())
    }
}

impl Drop for Held {
    #[inline(always)]
    fn drop(&mut self) {
        // Relaxed: nobody else changes it while it is held.
        let sequence = self.0.sequence.load(Ordering::Relaxed);
        // Release: pairs with the acquires in `hold` and `read`.
        self.0.sequence.store(sequence + 1, Ordering::Release);
        // SeqCst: as in `hold`.
        compiler_fence(Ordering::SeqCst);
        HOLDING.set(false);
    }
}

/// The object of the atomic, if it is known.
#[inline(always)]
pub(crate) fn object_of(key: Key) -> Option<u32> {
    let slot = key.stripe().find(key.0)?;
    // Acquire: pairs with the release in `Held::add`.
    fence(Ordering::Acquire);
    // Relaxed: `write` compares it again.
    Some(slot.object.load(Ordering::Relaxed))
}

/// Gives the atomic the object, unless it has one; says which it has.
pub(crate) fn know(key: Key, object: u32) -> Option<u32> {
    let held = key.stripe().hold();
    if let Some(slot) = held.0.find(key.0) {
        // Relaxed: the stripe is held.
        return Some(slot.object.load(Ordering::Relaxed));
    }
    held.add(key, object).map(|()| object)
}

/// Makes `operation` on the atomic, which says whether it wrote. Tells the
/// version that stands there now; `None` if it is not `object` any more.
#[inline(always)]
pub(crate) fn write<R>(
    key: Key,
    object: u32,
    operation: impl FnOnce() -> (R, bool),
) -> (R, Option<u64>) {
    let held = key.stripe().hold();
    let (result, wrote) = operation();
    // Relaxed, all: the stripe is held.
    let same = |slot: &&Slot| slot.object.load(Ordering::Relaxed) == object;
    let version = held.0.find(key.0).filter(same).map(|slot| {
        let version = slot.version.load(Ordering::Relaxed) + u64::from(wrote);
        slot.version.store(version, Ordering::Relaxed);
        version
    });
    (result, version)
}

/// Makes `load`, with the object and the version that it read. `None`: the
/// atomic is not known.
#[inline(always)]
pub(crate) fn read<R>(key: Key, load: impl Fn() -> R) -> Option<(R, u32, u64)> {
    let stripe = key.stripe();
    for spins in 1_u32.. {
        // Acquire: pairs with the release of whoever held it last.
        let before = stripe.sequence.load(Ordering::Acquire);
        if before & 1 == 0 {
            let slot = stripe.find(key.0)?;
            let result = load();
            // Relaxed, both: the sequence tells whether they belong together.
            let object = slot.object.load(Ordering::Relaxed);
            let version = slot.version.load(Ordering::Relaxed);
            // Acquire: the sequence is looked at behind what was read.
            fence(Ordering::Acquire);
            if stripe.sequence.load(Ordering::Relaxed) == before {
                return Some((result, object, version));
            }
        }
        spin(spins);
    }
    None
}

/// Forgets the atomics in these bytes, whose life ends.
#[inline]
pub(crate) fn forget(start: usize, len: usize) {
    let end = start.saturating_add(len);
    let mut page = start >> PAGE_SHIFT << PAGE_SHIFT;
    while page < end {
        // Relaxed: who frees memory has seen to it that nobody is at it. Pages
        // share their counts, so that one without atomics may be looked at.
        if page_of(page).load(Ordering::Relaxed) != 0 {
            let lines = start.max(page) >> LINE_SHIFT..=(end - 1).min(page + 4095) >> LINE_SHIFT;
            lines.for_each(|line| forget_line(line << LINE_SHIFT, start..end));
        }
        page += 1 << PAGE_SHIFT;
    }
}

#[cold]
fn forget_line(line: usize, bytes: std::ops::Range<usize>) {
    if is_holding() {
        return;
    }
    let stripe = stripe_of(line);
    let is_in = |slot: &&Slot| {
        // Relaxed: as in `Stripe::find`.
        let key = slot.key.load(Ordering::Relaxed);
        key != 0 && bytes.contains(&Key(key).address())
    };
    if stripe.slots().any(|slot| is_in(&slot)) {
        let held = stripe.hold();
        for slot in held.0.slots().filter(is_in) {
            // Relaxed, both: the stripe is held.
            let key = Key(slot.key.swap(0, Ordering::Relaxed));
            page_of(key.address()).fetch_sub(1, Ordering::Relaxed);
        }
    }
}

fn page_of(address: usize) -> &'static AtomicU32 {
    let page = address >> PAGE_SHIFT;
    &IN_PAGES[(page ^ page >> 12) % PAGES]
}

#[cold]
fn spin(spins: u32) {
    if spins.is_multiple_of(SPINS) {
        std::thread::yield_now();
    }
    std::hint::spin_loop();
}

/// A link of zeroes, from one mapping for all of them, of which only what is
/// used takes memory.
fn new_link() -> Option<&'static Link> {
    static LINKS: AtomicPtr<Link> = AtomicPtr::new(null_mut());
    static USED: AtomicUsize = AtomicUsize::new(0);
    const BYTES: usize = 1 << 28;
    // Acquire: whoever finds the mapping finds it made.
    let mut links = LINKS.load(Ordering::Acquire);
    if links.is_null() {
        let mapped = pages::map(BYTES)?.cast();
        // AcqRel, acquire: one of those who map it is the first.
        let first = LINKS.compare_exchange(null_mut(), mapped, Ordering::AcqRel, Ordering::Acquire);
        links = match first {
            Ok(_) => mapped,
            Err(first) => {
                pages::unmap(mapped.cast(), BYTES);
                first
            }
        };
    }
    // Relaxed: only the count matters.
    let index = USED.fetch_add(1, Ordering::Relaxed);
    if index >= BYTES / size_of::<Link>() {
        USED.fetch_sub(1, Ordering::Relaxed);
        return None;
    }
    // SAFETY: mapped, aligned, given to nobody else, and zeroes are a link.
    Some(unsafe { &*links.add(index) })
}
