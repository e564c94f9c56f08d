//! `malloc` and its kin. C++'s `new` and libc's own allocations for its callers
//! (`strdup`) come here as well, since they call these.
//!
//! A block is as long as the allocator made it, which may be more than what was
//! asked for: what is freed says nothing else.
//!
//! The allocator is glibc's, under names that nothing stands in front of: to
//! look up others may allocate.

use std::ffi::{c_int, c_void};

use crate::call::with_caller;
use crate::{errno, lives};

unsafe extern "C" {
    fn __libc_malloc(len: usize) -> *mut c_void;
    fn __libc_calloc(count: usize, len: usize) -> *mut c_void;
    fn __libc_realloc(block: *mut c_void, len: usize) -> *mut c_void;
    fn __libc_memalign(align: usize, len: usize) -> *mut c_void;
    fn __libc_valloc(len: usize) -> *mut c_void;
    fn __libc_pvalloc(len: usize) -> *mut c_void;
    fn __libc_free(block: *mut c_void);
}

with_caller! {
    /// A new block.
    fn malloc(len: usize) -> *mut c_void => allocate, "rsi";
    /// A new block of zeroes.
    fn calloc(count: usize, len: usize) -> *mut c_void => allocate_zeroes, "rdx";
    /// The block with another length, elsewhere perhaps.
    fn realloc(block: *mut c_void, len: usize) -> *mut c_void => resize, "rdx";
    /// As `realloc`, of an array.
    fn reallocarray(block: *mut c_void, count: usize, len: usize) -> *mut c_void
        => resize_array, "rcx";
    /// Gives a block back.
    fn free(block: *mut c_void) => give_back, "rsi";
    /// A new block at a multiple of `align`.
    fn memalign(align: usize, len: usize) -> *mut c_void => allocate_aligned, "rdx";
    /// A new block at a multiple of `align`.
    fn aligned_alloc(align: usize, len: usize) -> *mut c_void => allocate_aligned, "rdx";
    /// A new block at a multiple of `align`, or an error.
    fn posix_memalign(block: *mut *mut c_void, align: usize, len: usize) -> c_int
        => allocate_posix, "rcx";
    /// A new block at the begin of a page.
    fn valloc(len: usize) -> *mut c_void => allocate_page, "rsi";
    /// New pages.
    fn pvalloc(len: usize) -> *mut c_void => allocate_pages, "rsi";
}

/// How long a block is.
#[inline]
fn len_of(block: *mut c_void) -> usize {
    // SAFETY: null, or a block of this allocator's.
    unsafe { libc::malloc_usable_size(block) }
}

/// The block has come from the allocator, if it did.
#[inline]
fn born(block: *mut c_void, back: usize) -> *mut c_void {
    if !block.is_null() {
        lives::begins(block.addr(), len_of(block), back);
    }
    block
}

#[inline]
fn dies(block: *mut c_void, back: usize) {
    if !block.is_null() {
        lives::ends(block.addr(), len_of(block), back);
    }
}

unsafe extern "C" fn allocate(len: usize, back: usize) -> *mut c_void {
    // SAFETY: asks for nothing.
    born(unsafe { __libc_malloc(len) }, back)
}

unsafe extern "C" fn allocate_zeroes(count: usize, len: usize, back: usize) -> *mut c_void {
    // SAFETY: asks for nothing.
    born(unsafe { __libc_calloc(count, len) }, back)
}

unsafe extern "C" fn resize(block: *mut c_void, len: usize, back: usize) -> *mut c_void {
    dies(block, back);
    // SAFETY: as the caller promises.
    let new = unsafe { __libc_realloc(block, len) };
    if new.is_null() && len != 0 {
        // There was no memory, and the block is there as before.
        born(block, back);
    }
    born(new, back)
}

unsafe extern "C" fn resize_array(
    block: *mut c_void,
    count: usize,
    len: usize,
    back: usize,
) -> *mut c_void {
    let Some(len) = count.checked_mul(len) else {
        errno::set(libc::ENOMEM);
        return std::ptr::null_mut();
    };
    // SAFETY: as the caller promises.
    unsafe { resize(block, len, back) }
}

unsafe extern "C" fn give_back(block: *mut c_void, back: usize) {
    dies(block, back);
    // SAFETY: as the caller promises.
    unsafe { __libc_free(block) };
}

unsafe extern "C" fn allocate_aligned(align: usize, len: usize, back: usize) -> *mut c_void {
    // SAFETY: asks for nothing.
    born(unsafe { __libc_memalign(align, len) }, back)
}

unsafe extern "C" fn allocate_posix(
    to: *mut *mut c_void,
    align: usize,
    len: usize,
    back: usize,
) -> c_int {
    if !align.is_power_of_two() || !align.is_multiple_of(size_of::<*mut c_void>()) {
        return libc::EINVAL;
    }
    // This function tells an error by its result alone.
    let _errno = errno::keep();
    // SAFETY: asks for nothing.
    let block = unsafe { __libc_memalign(align, len) };
    if block.is_null() {
        return libc::ENOMEM;
    }
    // SAFETY: as the caller promises.
    unsafe { to.write(born(block, back)) };
    0
}

unsafe extern "C" fn allocate_page(len: usize, back: usize) -> *mut c_void {
    // SAFETY: asks for nothing.
    born(unsafe { __libc_valloc(len) }, back)
}

unsafe extern "C" fn allocate_pages(len: usize, back: usize) -> *mut c_void {
    // SAFETY: asks for nothing.
    born(unsafe { __libc_pvalloc(len) }, back)
}

/// A block of this library's own.
pub(crate) fn own(align: usize, len: usize) -> *mut u8 {
    // SAFETY: asks for nothing.
    unsafe { __libc_memalign(align, len) }.cast()
}

/// A block of zeroes of this library's own.
pub(crate) fn own_zeroes(len: usize) -> *mut u8 {
    // SAFETY: asks for nothing.
    unsafe { __libc_calloc(1, len) }.cast()
}

/// Another length for such a block.
///
/// # Safety
/// It is such a block.
pub(crate) unsafe fn own_resized(block: *mut u8, len: usize) -> *mut u8 {
    // SAFETY: as the caller promises.
    unsafe { __libc_realloc(block.cast(), len) }.cast()
}

/// Gives such a block back.
///
/// # Safety
/// It is such a block.
pub(crate) unsafe fn own_back(block: *mut u8) {
    // SAFETY: as the caller promises.
    unsafe { __libc_free(block.cast()) };
}
