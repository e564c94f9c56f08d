//! Kinds of objects.

/// What kind of thing an object is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum ObjectKind {
    Unknown = 0,
    Mutex = 1,
    RwLock = 2,
    Condvar = 3,
    Channel = 4,
    Atomic = 5,
    Barrier = 6,
    Once = 7,
    Semaphore = 8,
    WaitGroup = 9,
    /// A recorded cell or a named variable of a text trace.
    Cell = 10,
    Block = 11,
    Token = 12,
    Label = 13,
    /// Name of a message or of a version, in imported traces.
    Name = 14,
}

impl ObjectKind {
    /// Every kind, by number.
    pub const ALL: [ObjectKind; 15] = [
        ObjectKind::Unknown,
        ObjectKind::Mutex,
        ObjectKind::RwLock,
        ObjectKind::Condvar,
        ObjectKind::Channel,
        ObjectKind::Atomic,
        ObjectKind::Barrier,
        ObjectKind::Once,
        ObjectKind::Semaphore,
        ObjectKind::WaitGroup,
        ObjectKind::Cell,
        ObjectKind::Block,
        ObjectKind::Token,
        ObjectKind::Label,
        ObjectKind::Name,
    ];

    /// The name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ObjectKind::Unknown => "object",
            ObjectKind::Mutex => "mutex",
            ObjectKind::RwLock => "rwlock",
            ObjectKind::Condvar => "condvar",
            ObjectKind::Channel => "channel",
            ObjectKind::Atomic => "atomic",
            ObjectKind::Barrier => "barrier",
            ObjectKind::Once => "once",
            ObjectKind::Semaphore => "semaphore",
            ObjectKind::WaitGroup => "wait group",
            ObjectKind::Cell => "cell",
            ObjectKind::Block => "block",
            ObjectKind::Token => "token",
            ObjectKind::Label => "label",
            ObjectKind::Name => "name",
        }
    }
}
