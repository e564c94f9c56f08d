//! Where things are: file header, chunk headers. All numbers are
//! little-endian. Offsets are in bytes.
//!
//! A file is one header page and then chunks, laid end to end at multiples of
//! [`PAGE`]. A chunk whose header was never written (the process died between
//! drawing the space and writing it) reads as zero: readers go on at the next
//! page that bears a chunk header with its own offset in it.

/// First bytes of every trace.
pub const MAGIC: [u8; 8] = *b"HBTRACE\0";
/// Version of the format that this code writes.
pub const VERSION: u32 = 2;
/// Granularity of chunks, and size of the file header.
pub const PAGE: usize = 4096;
/// Largest chunk.
pub const CHUNK_MAX: usize = 256 * 1024;
/// Largest size that a reader believes.
pub const CHUNK_LIMIT: usize = 64 * 1024 * 1024;

/// Offsets in the file header.
pub mod header {
    /// [`MAGIC`](super::MAGIC).
    pub const MAGIC: usize = 0;
    /// u32, [`VERSION`](super::VERSION).
    pub const VERSION: usize = 8;
    /// u32, see [`flags`](super::flags).
    pub const FLAGS: usize = 12;
    /// u32, size of this header: where the first chunk lies.
    pub const HEADER_SIZE: usize = 16;
    /// u32, granularity of chunks.
    pub const PAGE_SIZE: usize = 20;
    /// u32, process id.
    pub const PID: usize = 24;
    /// u32, CPUs of the machine.
    pub const CPUS: usize = 28;
    /// u64, start in nanoseconds of UTC since 1970.
    pub const START_UTC: usize = 32;
    /// u64, start in ticks. Imported traces: first time, in nanoseconds.
    pub const START_TICKS: usize = 40;
    /// u64, ticks of the latest calibration.
    pub const LAST_TICKS: usize = 48;
    /// u64, nanoseconds since the start at the latest calibration. Imported
    /// traces: last time.
    pub const LAST_NS: usize = 56;
    /// u64, bytes of the file handed out so far, this header included.
    pub const ALLOCATED: usize = 64;
    /// u64, accesses lost.
    pub const LOST_ACCESSES: usize = 72;
    /// u64, sync events lost.
    pub const LOST_SYNC: usize = 80;
    /// u64, ticks of the first lost sync event, 0 if none.
    pub const LOST_FROM: usize = 88;
    /// u32, 0 while recording, 1 when the recorder has closed the trace, 2 in a
    /// copy that was taken while it recorded on.
    pub const STATE: usize = 96;
    /// u32, chunks that the recorder's helper thread had not made ready in time.
    pub const BEHIND: usize = 100;
    /// u64, flight recording: ticks before which chunks were recycled.
    pub const EVICTED_UNTIL: usize = 104;
    /// u32, bytes of the program and its arguments, each ended by a NUL.
    pub const ARGUMENTS_LENGTH: usize = 112;
    /// u32, milliseconds that threads waited for room (`HBTRACE_FULL=wait`).
    pub const WAITED_MS: usize = 116;
    /// u64, CPU time of the recorder's helper thread, in nanoseconds.
    pub const HELPER_NS: usize = 120;
    /// The arguments.
    pub const ARGUMENTS: usize = 128;
    /// Where they end at the latest. What follows counts only if they do: older
    /// recorders had nothing there, and arguments might reach beyond.
    pub const ARGUMENTS_END: usize = PAGE - 64;
    /// u64, flight recording: bytes that its pool was to have, if it has less.
    pub const POOL_ASKED: usize = ARGUMENTS_END;
    /// u64, likewise: bytes that it has.
    pub const POOL_GOT: usize = ARGUMENTS_END + 8;
    /// u32, likewise: why, see [`bound`](super::bound).
    pub const POOL_BOUND: usize = ARGUMENTS_END + 16;
    /// u64, when the process began, in the kernel's clock ticks since the boot.
    pub const PROCESS_START: usize = ARGUMENTS_END + 24;
    /// 16 bytes, the kernel's id of the boot.
    pub const BOOT: usize = ARGUMENTS_END + 32;

    use super::PAGE;
}

/// What keeps a file from growing.
pub mod bound {
    /// What the program chose.
    pub const LIMIT: u32 = 1;
    /// The limit on the size of files.
    pub const FILE_SIZE: u32 = 2;
    /// The limit on addresses.
    pub const ADDRESSES: u32 = 3;
    /// The file system has no room.
    pub const DISK: u32 = 4;
}

/// Bits of the header's flags. A reader ignores bits that it does not know in
/// the lower half, and refuses the file for one in the upper half.
pub mod flags {
    /// Bits that a reader must know to read on.
    pub const MUST_KNOW: u32 = 0xffff_0000;
    /// Written when the trace was finished, and not as it happened: times are
    /// nanoseconds and not ticks, chunks bear none, names are unique.
    pub const NANOSECONDS: u32 = 1;
    /// Events bear stamps: their place in an observed order.
    pub const STAMPED: u32 = 2;
    /// Recording began after the program had already used recorded objects.
    pub const LATE_START: u32 = 4;
    /// Flight recording: what was written first may have been recycled.
    pub const FLIGHT: u32 = 1 << 16;
    /// The file is packed: behind this header nothing is where it was recorded.
    pub const PACKED: u32 = 1 << 17;
    /// Every sync event was stamped (`HBTRACE_TIME=all`).
    pub const TIME_ALL: u32 = 16;
    /// The imported trace has no time at all.
    pub const TIMELESS: u32 = 32;
    /// It was a text: names, versions and messages stand as the text told them.
    pub const IMPORTED: u32 = 64;
}

/// Size of a chunk's header; its payload follows.
pub const CHUNK_HEADER: usize = 64;

/// Offsets in a chunk header.
pub mod chunk {
    /// First four bytes of a chunk, stored last.
    pub const MAGIC_VALUE: u32 = u32::from_le_bytes(*b"HBCK");
    /// u32, [`MAGIC_VALUE`].
    pub const MAGIC: usize = 0;
    /// u8, see [`StreamKind`](super::StreamKind).
    pub const STREAM: usize = 4;
    /// u8, [`OPEN`], [`CLOSED`] or [`FREE`].
    pub const STATE: usize = 5;
    /// It is still written.
    pub const OPEN: u8 = 1;
    /// It says itself how many bytes of it are used.
    pub const CLOSED: u8 = 2;
    /// Flight recording: its space is free, whatever else its header says.
    pub const FREE: u8 = 3;
    /// u8, 1 if its payload may bear switches to other threads.
    pub const SWITCHES: usize = 6;
    /// u8, 1 if a chunk that lies behind it was drawn before it. So all other
    /// chunks were drawn in the order in which they lie in the file.
    pub const REUSED: usize = 7;
    /// u64, where the chunk lies in the file.
    pub const OFFSET: usize = 8;
    /// u32, its size with header, a multiple of the page size.
    pub const SIZE: usize = 16;
    /// u32, bytes of payload committed, once closed.
    pub const USED: usize = 20;
    /// u32, whose chunk it is: the id of the thread that writes it (the ids of
    /// the recorder are never used again, those of the OS are).
    pub const WRITER: usize = 24;
    /// u32, the thread whose events stand at its start.
    pub const THREAD: usize = 28;
    /// u32, its place among the chunks of this writer and stream, from 0.
    pub const SEQUENCE: usize = 32;
    /// u32, access chunks: what the sites of its accesses count from.
    pub const SITE: usize = 36;
    /// u32, sync chunks: object waited for at its start, plus 1; 0 if none.
    pub const WAITING: usize = 36;
    /// u64, position of its first payload word in the thread's stream, in
    /// words: how many words of this stream the thread has written before.
    pub const POSITION: usize = 40;
    /// u64, ticks when it was drawn.
    pub const TICKS: usize = 48;
    /// u64, sync chunks: words of the access stream before the last event that
    /// came before the chunk.
    pub const ACCESSES: usize = 56;
}

/// What a chunk holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum StreamKind {
    /// Sync events of a writer.
    Sync = 1,
    /// Accesses of a writer.
    Access = 2,
    /// Table records of the process; writer and thread are 0.
    Table = 3,
}

impl StreamKind {
    /// The stream of this number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<StreamKind> {
        match number {
            1 => Some(StreamKind::Sync),
            2 => Some(StreamKind::Access),
            3 => Some(StreamKind::Table),
            _ => None,
        }
    }
}
