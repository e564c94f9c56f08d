//! Functions that know who called them.

/// Defines functions of the C ABI that hand on what they were given, with the
/// address that they return to as one argument more. Which that is only a
/// function's first instruction can know for sure.
macro_rules! with_caller {
    ($($(#[$doc:meta])* fn $name:ident($($argument:ident: $type:ty),* $(,)?) $(-> $result:ty)? => $to:path, $register:literal;)*) => {$(
        $(#[$doc])*
        ///
        /// # Safety
        /// As the function of this name.
        #[unsafe(naked)]
        #[unsafe(no_mangle)]
        pub(crate) unsafe extern "C" fn $name($($argument: $type),*) $(-> $result)? {
            #[cfg(target_arch = "x86_64")]
            ::std::arch::naked_asm!(concat!("mov ", $register, ", [rsp]"), "jmp {}", sym $to)
        }
    )*};
}
pub(crate) use with_caller;
