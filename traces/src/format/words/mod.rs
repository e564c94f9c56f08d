//! Events as 8-byte words.
//!
//! An event's first word is never zero and is stored last, so a reader finds
//! the end of what was committed without the writer's help. No event straddles
//! two chunks.
//!
//! # Sync events
//!
//! | word | bits | meaning |
//! | --- | --- | --- |
//! | first | 0..8 | kind |
//! | | 8 | tried |
//! | | 9..14 | which of number, extra, other, time, stamp follow, in this order |
//! | | 14..17 | memory order |
//! | | 17 | compact |
//! | | 48..64 | mark: where the thread's access stream was, in words, from any point that holds for a chunk of it, modulo 2^16 |
//!
//! *Compact*, two words or one, and a time behind them: what a recorder mostly
//! writes. An extra is the same as the number.
//!
//! | word | bits | meaning |
//! | --- | --- | --- |
//! | first | 9 | no second word: it is that of the event before |
//! | | 11 | with bit 9: but its number is one more |
//! | | 18..48 | site |
//! | second | 0..20 | object + 1, 0 for none |
//! | | 20..64 | number; all ones is pending |
//!
//! So the words of a chunk are decoded from its beginning, or from a switch, on:
//! what the event before was is handed from one to the next.
//!
//! How far the access stream has come since the thread's last sync event is the
//! difference of the two marks. A compact event is only written where both lie
//! in one access chunk, which is why 16 bits are enough.
//!
//! *Full*, two to eight words:
//!
//! | word | bits | meaning |
//! | --- | --- | --- |
//! | first | 18 | the difference does not fit: it follows as the last word |
//! | | 24..48 | words of the access stream since the thread's last sync event |
//! | second | 0..32 | object + 1, 0 for none |
//! | | 32..64 | site |
//! | others | | as the first word says; a number of all ones is pending |
//!
//! # Accesses
//!
//! | bits | meaning |
//! | --- | --- |
//! | 0..48 | address (or value of an escape) |
//! | 48..51 | length: 1 to 5 for 1, 2, 4, 8, 16 bytes; 6 as the escape before it said; 7 this is an escape |
//! | 51 | a write |
//! | 52..64 | site, from the chunk's base on; 4095 as the escape before it said; or which escape |
//!
//! Every word can be decoded by itself, with no more than its chunk's header and
//! the escapes before it.
//!
//! # Switches
//!
//! A writer may go from one thread to another within a chunk (tasks) if the
//! chunk's header says so (`SWITCHES`). In a sync chunk that is a record of
//! three words: [`SWITCH`] in the bits of the kind, the thread, and the
//! position of what follows in that thread's sync stream, in words. In an
//! access chunk it is an [`Escape::Thread`] and an [`Escape::Position`]. Words
//! of switches count in no stream.

mod access;
mod sync;

pub use access::*;
pub use sync::*;
