//! Memory orderings: as the trace names them, and which ones std refuses.

use std::sync::atomic::Ordering;

use hbtrace_traces::event::MemoryOrder;

/// The ordering as the trace names it.
#[inline(always)]
pub(super) fn recorded(order: Ordering) -> MemoryOrder {
    match order {
        Ordering::Relaxed => MemoryOrder::Relaxed,
        Ordering::Acquire => MemoryOrder::Acquire,
        Ordering::Release => MemoryOrder::Release,
        Ordering::AcqRel => MemoryOrder::AcqRel,
        // The enum is open for additions; the strongest is the safe reading
        // of one that we don't know.
        _ => MemoryOrder::SeqCst,
    }
}

/// Panics as std does if a load can't have this ordering.
#[track_caller]
#[inline(always)]
pub(super) fn check_load(order: Ordering) {
    match order {
        Ordering::Release => panic!("there is no such thing as a release load"),
        Ordering::AcqRel => panic!("there is no such thing as an acquire-release load"),
        _ => {}
    }
}

/// Panics as std does if a store can't have this ordering.
#[track_caller]
#[inline(always)]
pub(super) fn check_store(order: Ordering) {
    match order {
        Ordering::Acquire => panic!("there is no such thing as an acquire store"),
        Ordering::AcqRel => panic!("there is no such thing as an acquire-release store"),
        _ => {}
    }
}

/// Panics as std does if a compare-exchange can't fail with this ordering.
#[track_caller]
#[inline(always)]
pub(super) fn check_failure(order: Ordering) {
    match order {
        Ordering::Release => panic!("there is no such thing as a release failure ordering"),
        Ordering::AcqRel => {
            panic!("there is no such thing as an acquire-release failure ordering")
        }
        _ => {}
    }
}

/// The ordering, made an acquire if it is none: so that what the mirror looks
/// at behind the operation is not read before it.
#[inline(always)]
pub(super) fn acquiring(order: Ordering) -> Ordering {
    match order {
        Ordering::Relaxed => Ordering::Acquire,
        Ordering::Release => Ordering::AcqRel,
        order => order,
    }
}

/// The same for loads.
#[inline(always)]
pub(super) fn acquiring_load(order: Ordering) -> Ordering {
    match order {
        Ordering::Relaxed => Ordering::Acquire,
        order => order,
    }
}
