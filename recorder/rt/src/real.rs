//! What this library stands in front of: the functions of libc under the same
//! names, which the program would have called.

use std::ffi::{CStr, c_void};
use std::sync::atomic::{AtomicPtr, Ordering};

/// A function of the next library, looked up at its first call.
pub(crate) struct Real {
    name: &'static CStr,
    found: AtomicPtr<c_void>,
}

impl Real {
    pub(crate) const fn new(name: &'static CStr) -> Real {
        Real {
            name,
            found: AtomicPtr::new(std::ptr::null_mut()),
        }
    }

    /// Its address; the process ends if there is none, since nothing could
    /// stand in for it.
    pub(crate) fn get(&self) -> *mut c_void {
        // Relaxed: the same address whoever stores it, of code that is there
        // from the beginning.
        let found = self.found.load(Ordering::Relaxed);
        if !found.is_null() {
            return found;
        }
        self.look_up()
    }

    /// Conditions had another layout before glibc 2.3.2 and have both since,
    /// on x86-64; all others have one.
    #[cold]
    fn look_up(&self) -> *mut c_void {
        // SAFETY: names that end in a zero.
        let mut found =
            unsafe { libc::dlvsym(libc::RTLD_NEXT, self.name.as_ptr(), c"GLIBC_2.3.2".as_ptr()) };
        if found.is_null() {
            // SAFETY: likewise.
            found = unsafe { libc::dlsym(libc::RTLD_NEXT, self.name.as_ptr()) };
        }
        if found.is_null() {
            crate::tell::fatal("libc lacks a function that the program calls: ", self.name);
        }
        // Relaxed: as in `get`.
        self.found.store(found, Ordering::Relaxed);
        found
    }
}

/// Defines functions that call the next library's of the same names. They may
/// be unwound: a thread can be cancelled in them, or call back.
macro_rules! real {
    ($(fn $name:ident($($argument:ident: $type:ty),* $(,)?) $(-> $result:ty)?;)*) => {$(
        #[inline]
        pub(crate) unsafe fn $name($($argument: $type),*) $(-> $result)? {
            static REAL: $crate::real::Real = $crate::real::Real::new(
                match ::std::ffi::CStr::from_bytes_with_nul(concat!(stringify!($name), "\0").as_bytes()) {
                    Ok(name) => name,
                    Err(_) => panic!("a name has no zero in it"),
                },
            );
            type Function = unsafe extern "C-unwind" fn($($type),*) $(-> $result)?;
            // SAFETY: libc's function of this name is of this type.
            let function = unsafe {
                ::std::mem::transmute::<*mut ::std::ffi::c_void, Function>(REAL.get())
            };
            // SAFETY: as the caller promises.
            unsafe { function($($argument),*) }
        }
    )*};
}
pub(crate) use real;
