//! Accesses of many bytes, and what else compilers tell of plain ones.

use std::ffi::{c_int, c_void};

use hbtrace_recorder::raw::Place;

use crate::access;
use crate::call::with_caller;

with_caller! {
    /// These bytes are about to be read.
    fn __tsan_read_range(start: usize, len: usize) => read, "rdx";
    /// These bytes are about to be written.
    fn __tsan_write_range(start: usize, len: usize) => write, "rdx";
    /// An object's pointer to its virtual functions is about to be written.
    fn __tsan_vptr_update(at: *mut usize, new: usize) => vptr_update, "rdx";
    /// Copies bytes that don't overlap.
    fn __tsan_memcpy(to: *mut c_void, from: *const c_void, len: usize) -> *mut c_void
        => copy, "rcx";
    /// Copies bytes.
    fn __tsan_memmove(to: *mut c_void, from: *const c_void, len: usize) -> *mut c_void
        => copy, "rcx";
    /// Sets bytes.
    fn __tsan_memset(to: *mut c_void, byte: c_int, len: usize) -> *mut c_void => set, "rcx";
    /// Reads two bytes that may be anywhere.
    fn __sanitizer_unaligned_load16(at: *const u16) -> u16 => load::<u16>, "rsi";
    /// Reads four bytes that may be anywhere.
    fn __sanitizer_unaligned_load32(at: *const u32) -> u32 => load::<u32>, "rsi";
    /// Reads eight bytes that may be anywhere.
    fn __sanitizer_unaligned_load64(at: *const u64) -> u64 => load::<u64>, "rsi";
    /// Writes two bytes that may be anywhere.
    fn __sanitizer_unaligned_store16(at: *mut u16, value: u16) => store::<u16>, "rdx";
    /// Writes four bytes that may be anywhere.
    fn __sanitizer_unaligned_store32(at: *mut u32, value: u32) => store::<u32>, "rdx";
    /// Writes eight bytes that may be anywhere.
    fn __sanitizer_unaligned_store64(at: *mut u64, value: u64) => store::<u64>, "rdx";
}

extern "C" fn read(start: usize, len: usize, back: usize) {
    access::rare(false, start, len, Place::of_call(back));
}

extern "C" fn write(start: usize, len: usize, back: usize) {
    access::rare(true, start, len, Place::of_call(back));
}

/// Destructors of a class's bases write what stands there already: that is no
/// write, as the compiler may leave it out.
unsafe extern "C" fn vptr_update(at: *mut usize, new: usize, back: usize) {
    // SAFETY: the caller is about to write there.
    if unsafe { at.read_volatile() } != new {
        access::rare(true, at.addr(), size_of::<usize>(), Place::of_call(back));
    }
}

unsafe extern "C" fn copy(
    to: *mut c_void,
    from: *const c_void,
    len: usize,
    back: usize,
) -> *mut c_void {
    read(from.addr(), len, back);
    write(to.addr(), len, back);
    // SAFETY: as the caller promises.
    unsafe { libc::memmove(to, from, len) }
}

unsafe extern "C" fn set(to: *mut c_void, byte: c_int, len: usize, back: usize) -> *mut c_void {
    write(to.addr(), len, back);
    // SAFETY: as the caller promises.
    unsafe { libc::memset(to, byte, len) }
}

unsafe extern "C" fn load<T: Copy>(at: *const T, back: usize) -> T {
    read(at.addr(), size_of::<T>(), back);
    // SAFETY: as the caller promises.
    unsafe { at.read_unaligned() }
}

unsafe extern "C" fn store<T: Copy>(at: *mut T, value: T, back: usize) {
    write(at.addr(), size_of::<T>(), back);
    // SAFETY: as the caller promises.
    unsafe { at.write_unaligned(value) };
}
