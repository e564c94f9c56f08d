//! Thread-locals at a fixed distance from the thread's pointer (initial-exec),
//! which Rust can't ask for: they need no call to be found, so that functions
//! that use no others have no frame, and no allocation in the shared library.

use std::arch::{asm, global_asm};

/// Defines functions that find a word of the thread's own, which is zero at
/// first.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident = $symbol:literal;)*) => {$(
        #[cfg(target_arch = "x86_64")]
        global_asm!(
            ".pushsection .tbss, \"awT\", @nobits",
            concat!(".hidden ", $symbol),
            concat!(".globl ", $symbol),
            concat!(".type ", $symbol, ", @object"),
            concat!(".size ", $symbol, ", 8"),
            ".balign 8",
            concat!($symbol, ":"),
            ".zero 8",
            ".popsection",
        );

        $(#[$doc])*
        pub(crate) mod $name {
            use super::asm;

            /// The word.
            #[inline(always)]
            pub(crate) fn get() -> usize {
                let word: usize;
                #[cfg(target_arch = "x86_64")]
                // SAFETY: reads the thread's own word, whose distance stands in
                // the global offset table.
                unsafe {
                    asm!(
                        concat!("mov {word}, qword ptr [rip + ", $symbol, "@GOTTPOFF]"),
                        "mov {word}, qword ptr fs:[{word}]",
                        word = out(reg) word,
                        options(nostack, readonly, preserves_flags),
                    );
                }
                word
            }

            /// Sets it.
            #[inline(always)]
            pub(crate) fn set(word: usize) {
                #[cfg(target_arch = "x86_64")]
                // SAFETY: as in `get`, writes.
                unsafe {
                    asm!(
                        concat!("mov {at}, qword ptr [rip + ", $symbol, "@GOTTPOFF]"),
                        "mov qword ptr fs:[{at}], {word}",
                        at = out(reg) _,
                        word = in(reg) word,
                        options(nostack, preserves_flags),
                    );
                }
            }
        }
    )*};
}

words! {
    /// Whether the thread tells of a block's life.
    telling = "hbtrace_rt_telling";
    /// Where the recorder's own thread-local is, once that is known.
    cursor = "hbtrace_rt_cursor";
    /// How many have asked that the thread's reads, and its writes, be ignored.
    ignoring = "hbtrace_rt_ignoring";
}
