//! The table of event kinds: one row a kind.
//!
//! **Effects.** An analysis asks an event for its [`Effect`]s and never for
//! its kind, so a new primitive is a wrapper in the recorder and a row here.
//!
//! **Gates.** The recorder numbers what happens to an object; [`Gate`] says
//! what a number means for the order in which events may be replayed. Every
//! gate restates something that was true of the recorded run in real time, so
//! the run itself is one lawful order and replay can't get stuck on a whole
//! trace.
//!
//! **Operands.** `object`, `other`, `number` and `extra` of a
//! [`SyncEvent`](crate::event::SyncEvent), by kind:
//!
//! | kinds | object | other | number | extra |
//! | --- | --- | --- | --- | --- |
//! | `acq` `rel` `racq` `rrel` `downgrade` | lock | `rel`: thread whose hold it is, if another | exclusive holds of the lock that ended before this hold began | - |
//! | inner pairs of a re-entrant lock | lock | | [`NO_NUMBER`](crate::event::NO_NUMBER) | - |
//! | `req` `unreq` | object (or thread, with `extra` 1) | - | - | 1: `object` is a thread; 2: a request for the shared side of a lock |
//! | `fork` `join` | thread | - | - | - |
//! | `load` | atomic | name of the version | version read | - |
//! | `store` `rmw` | atomic | name of the version | version written (each object's count from 1; 0 is its first value) | - |
//! | `chan` `barrier` `sem` | object | - | capacity (`NO_NUMBER`: unbounded), parties, initial count | - |
//! | `send` | channel | name of the message | message | place among the channel's sends, from 1, if it is bounded |
//! | `recv` | channel | name of the message | message | place among the channel's receives, from 1, if it is bounded |
//! | `sent` | channel | - | receive that must have completed (0: none) | - |
//! | `unsent` | channel | - | - | - |
//! | `close` `recv_closed` | channel | - | imported: closes so far, this one included; recorded: `NO_NUMBER` | - |
//! | `wait` `woken` | condition variable | lock | as `rel` and `acq` of the lock | - |
//! | `notify` `notify_all` | condition variable | thread woken | - | - |
//! | `arrive` `depart` | barrier | - | generation, from 0 | - |
//! | `once_done` `once_get` | once | - | generation, from 0 | - |
//! | `unpark` | thread | - | unparks of that thread so far, this one included | - |
//! | `park` | - | - | unparks of this thread consumed so far | - |
//! | `sem_post` `wg_done` `release` | object | - | such events of the object so far, this one included | - |
//! | `sem_wait` `wg_wait` `acquire` | object | - | such events of the object that it has seen | - |
//! | `alloc` `free` | name of the block | - | first byte | length |
//! | `outside` `inside` `span` `span_end` `begin` `end` | label | - | - | - |

/// What a wait, hold or order is about, as analyses see it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Joins what was published in the slot into the thread's clock.
    Acquire(Slot),
    /// Publishes the thread's clock into the slot, which accumulates.
    Release(Slot),
    /// Reads version `number` of the atomic `object`.
    AtomicLoad,
    /// Writes version `number` of the atomic `object`.
    AtomicStore,
    /// Reads version `number - 1` of the atomic `object`, writes `number`.
    AtomicRmw,
    /// Atomic fence.
    Fence,
    /// Ends the life of the block: a write of all its bytes.
    Free,
    /// The thread holds the event's lock (`Trace::lock_of`) from here on.
    Take(Mode),
    /// It does no longer.
    Drop(Mode),
    /// Its exclusive hold becomes a shared one.
    Downgrade,
    /// It waits from here until its next event on `object` (for a `wait`,
    /// until its `woken`).
    WaitBegin,
    /// It has given up waiting for `object`.
    WaitCancel,
    /// It may end a wait for `object`; what ends whose wait is the matter of
    /// [`Wake`].
    Wakes(Wake),
    /// The thread is outside (asleep, in I/O) until it is `Inside` again.
    Outside,
    /// Ends `Outside`.
    Inside,
    /// A span of the program's own begins.
    SpanBegin,
    /// It ends.
    SpanEnd,
    /// Nothing before is compared with anything after.
    Cut,
}

/// Where clocks are published. All but the last five belong to `object`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Slot {
    /// Ends of exclusive holds of the event's lock.
    Exclusive,
    /// Ends of shared holds of the event's lock.
    Shared,
    /// Message `number` of the channel.
    Message,
    /// The channel's `number`-th receive, as `sent` acquires it; a `recv`
    /// publishes into its `extra`-th.
    Receipt,
    /// The end of a channel.
    Closed,
    /// Arrivals of generation `number`.
    Generation,
    /// All that was published into the object so far.
    All,
    /// Likewise, of an object that may be a lock in disguise: a semaphore, a
    /// token of the program's own.
    Permit,
    /// Start of the thread `object`.
    Start,
    /// End of the thread `object`.
    End,
    /// Unparks that the thread has not consumed yet; acquiring empties it.
    Token,
    /// The bytes of a block: an allocation acquires what frees of any of its
    /// bytes published.
    Life,
}

/// How a lock is held.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Mode {
    /// By one thread.
    Exclusive,
    /// Together with other shared holds.
    Shared,
}

/// Which event ends a wait (the waker of the critical path).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wake {
    /// Waits for the lock: the last end of a hold that blocked it.
    Lock(Mode),
    /// Waits of a condition variable.
    Condition,
    /// Receivers of message `number`.
    Receiver,
    /// The sender that needed the `extra`-th receive.
    Sender,
    /// Receivers that saw the channel closed.
    Closed,
    /// Departures of generation `number`: the last arrival.
    Generation,
    /// Whoever waits for the object: the last event before its return.
    Any,
    /// The parked thread `object`.
    Parked,
}

/// How an event's number orders it among the events of its object. Events of
/// one *lane* are replayed by ascending rank; equal ranks are unordered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Gate {
    /// Program order alone.
    None,
    /// Lane of the lock, rank `3 * number + phase`: shared holds that saw
    /// `number` have phase 0 (taken and dropped), the exclusive hold 1 (taken)
    /// and 2 (dropped). (A downgrade ends the exclusive hold `number`.)
    Hold(u8),
    /// Lane of the object, rank `2 * number + phase`.
    Count(u8),
    /// Lane of the parked thread, rank `2 * number + phase`.
    Park(u8),
    /// Lane of the channel's sends, rank `extra`.
    Send,
    /// Lane of the channel's receives, rank `extra`; and after the send of
    /// message `number`.
    Receive,
    /// After the receive `number` of the channel.
    Sent,
    /// Lane of the channel's end, rank `2 * number + phase` (0 close, 1 seen),
    /// or `phase` alone where there is no number.
    Close(u8),
    /// Lane of the atomic's versions, rank `number`, where that is possible
    /// at all (relaxed stores of several atomics may not agree on an order).
    Write,
    /// If it acquires: after version `number` was written.
    Read,
    /// An acquiring fence: after the versions that the thread's relaxed loads
    /// before it have read.
    Fence,
    /// The thread `object` starts after it.
    Fork,
    /// After the last event of the thread `object`.
    Join,
    /// Lane of all lives of blocks, by `stamp`.
    Life,
    /// After all events before it, of all threads, by `stamp`.
    Cut,
}

/// What the operands in parentheses are, in text traces.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operands {
    /// `fence`-like: none. Written without parentheses.
    None,
    /// A lock; `rel` may name the thread whose hold it is.
    Lock,
    /// Anything that can be waited for.
    Waitable,
    /// A thread.
    Thread,
    /// An atomic location, an ordering, and an optional version.
    Atomic,
    /// An ordering.
    Order,
    /// An object and a number.
    ObjectNumber,
    /// A channel and an optional message.
    Message,
    /// A condition variable and its lock.
    ConditionLock,
    /// A condition variable and, optionally, the thread woken.
    ConditionThread,
    /// An object of any other kind.
    Object,
    /// A block of memory: a name, or address and length.
    Block,
    /// A label.
    Label,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $name:literal, $operands:ident,
        $gate:expr, [$($effect:expr),*];)*) => {
        /// What a synchronisation event is. The discriminant is its number
        /// in the file.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u8)]
        pub enum Kind { $($(#[$doc])* $variant = $number,)* }

        impl Kind {
            /// Every kind, in the order of the table.
            pub const ALL: &'static [Kind] = &[$(Kind::$variant),*];

            /// The kind with this number in the file.
            #[must_use]
            pub fn from_number(number: u8) -> Option<Kind> {
                match number { $($number => Some(Kind::$variant),)* _ => None }
            }

            /// The kind of this name in text traces.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Kind> {
                match name { $($name => Some(Kind::$variant),)* _ => None }
            }

            /// The name in text traces.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Kind::$variant => $name,)* }
            }

            /// What stands in its parentheses.
            #[must_use]
            pub fn operands(self) -> Operands {
                match self { $(Kind::$variant => Operands::$operands,)* }
            }

            /// What orders it among the events of its object.
            #[must_use]
            pub fn gate(self) -> Gate {
                match self { $(Kind::$variant => $gate,)* }
            }

            /// What it does, in this order.
            #[must_use]
            pub fn effects(self) -> &'static [Effect] {
                use Effect::*;
                match self { $(Kind::$variant => const { &[$($effect),*] },)* }
            }
        }
    };
}

use Mode::{Exclusive, Shared};

kinds! {
    /// Exclusive hold begins.
    Acq = 1, "acq", Lock, Gate::Hold(1),
        [Acquire(Slot::Exclusive), Acquire(Slot::Shared), Take(Exclusive)];
    /// Exclusive hold ends.
    Rel = 2, "rel", Lock, Gate::Hold(2),
        [Release(Slot::Exclusive), Drop(Exclusive), Wakes(Wake::Lock(Exclusive))];
    /// Shared hold begins.
    ReadAcq = 3, "racq", Lock, Gate::Hold(0), [Acquire(Slot::Exclusive), Take(Shared)];
    /// Shared hold ends.
    ReadRel = 4, "rrel", Lock, Gate::Hold(0),
        [Release(Slot::Shared), Drop(Shared), Wakes(Wake::Lock(Shared))];
    /// Exclusive hold becomes shared, publishing like its end.
    Downgrade = 5, "downgrade", Lock, Gate::Hold(2),
        [Release(Slot::Exclusive), Downgrade, Wakes(Wake::Lock(Exclusive))];
    /// The thread starts to wait.
    Req = 6, "req", Waitable, Gate::None, [WaitBegin];
    /// It gives up.
    Unreq = 7, "unreq", Waitable, Gate::None, [WaitCancel];
    /// Thread creation.
    Fork = 8, "fork", Thread, Gate::Fork, [Release(Slot::Start)];
    /// Return of a join.
    Join = 9, "join", Thread, Gate::Join, [Acquire(Slot::End)];
    /// Atomic load, also a failed compare-exchange.
    Load = 10, "load", Atomic, Gate::Read, [AtomicLoad];
    /// Atomic store.
    Store = 11, "store", Atomic, Gate::Write, [AtomicStore];
    /// Atomic read-modify-write.
    Rmw = 12, "rmw", Atomic, Gate::Write, [AtomicRmw];
    /// Atomic fence.
    Fence = 13, "fence", Order, Gate::Fence, [Effect::Fence];
    /// Capacity of a channel.
    Chan = 14, "chan", ObjectNumber, Gate::None, [];
    /// A send starts.
    Send = 15, "send", Message, Gate::Send,
        [Release(Slot::Message), Wakes(Wake::Receiver)];
    /// The thread's last send on the channel has completed.
    Sent = 16, "sent", Object, Gate::Sent, [Acquire(Slot::Receipt)];
    /// A receive has completed.
    Recv = 17, "recv", Message, Gate::Receive,
        [Acquire(Slot::Message), Release(Slot::Receipt), Wakes(Wake::Sender)];
    /// The thread's last send on the channel failed.
    Unsent = 18, "unsent", Object, Gate::None, [WaitCancel];
    /// The channel is closed, or one of its senders dropped.
    Close = 19, "close", Object, Gate::Close(0),
        [Release(Slot::Closed), Wakes(Wake::Closed)];
    /// A receive returned because the channel is closed.
    RecvClosed = 20, "recv_closed", Object, Gate::Close(1), [Acquire(Slot::Closed)];
    /// Lets go of the lock and waits for the condition.
    Wait = 21, "wait", ConditionLock, Gate::Hold(2),
        [Release(Slot::Exclusive), Drop(Exclusive), Wakes(Wake::Lock(Exclusive)), WaitBegin];
    /// Has the lock again.
    Woken = 22, "woken", ConditionLock, Gate::Hold(1),
        [Acquire(Slot::Exclusive), Acquire(Slot::Shared), Take(Exclusive)];
    /// Wakes one waiter of a condition variable.
    Notify = 23, "notify", ConditionThread, Gate::None, [Wakes(Wake::Condition)];
    /// Wakes all.
    NotifyAll = 24, "notify_all", Object, Gate::None, [Wakes(Wake::Condition)];
    /// Parties of a barrier.
    Barrier = 25, "barrier", ObjectNumber, Gate::None, [];
    /// Arrival at a barrier.
    Arrive = 26, "arrive", Object, Gate::Count(0),
        [Release(Slot::Generation), Wakes(Wake::Generation)];
    /// Return from it.
    Depart = 27, "depart", Object, Gate::Count(1), [Acquire(Slot::Generation)];
    /// An initialiser has finished.
    OnceDone = 28, "once_done", Object, Gate::Count(0),
        [Release(Slot::All), Wakes(Wake::Any)];
    /// A later caller has seen that.
    OnceGet = 29, "once_get", Object, Gate::Count(1), [Acquire(Slot::All)];
    /// Return from parking.
    Park = 30, "park", None, Gate::Park(1), [Acquire(Slot::Token)];
    /// Gives the thread its token.
    Unpark = 31, "unpark", Thread, Gate::Park(0),
        [Release(Slot::Token), Wakes(Wake::Parked)];
    /// Initial count of a semaphore.
    Sem = 32, "sem", ObjectNumber, Gate::None, [];
    /// Semaphore release.
    SemPost = 33, "sem_post", Object, Gate::Count(0), [Release(Slot::Permit), Wakes(Wake::Any)];
    /// Return from a semaphore's acquire.
    SemWait = 34, "sem_wait", Object, Gate::Count(1), [Acquire(Slot::Permit)];
    /// Count-down of a wait group.
    WgDone = 35, "wg_done", Object, Gate::Count(0), [Release(Slot::All), Wakes(Wake::Any)];
    /// Return from waiting for the group.
    WgWait = 36, "wg_wait", Object, Gate::Count(1), [Acquire(Slot::All)];
    /// Birth of a heap block.
    Alloc = 37, "alloc", Block, Gate::Life, [Acquire(Slot::Life)];
    /// Its end.
    Free = 38, "free", Block, Gate::Life, [Effect::Free, Release(Slot::Life)];
    /// An intended atomic block begins.
    Begin = 39, "begin", Label, Gate::None, [];
    /// It ends.
    End = 40, "end", Label, Gate::None, [];
    /// Nothing before this is compared with anything after.
    Cut = 41, "cut", None, Gate::Cut, [Effect::Cut];
    /// Told by the program: what was done so far happens before whoever
    /// acquires the token later.
    Release = 42, "release", Object, Gate::Count(0), [Effect::Release(Slot::Permit), Wakes(Wake::Any)];
    /// Told by the program: what was released to the token happens before.
    Acquire = 43, "acquire", Object, Gate::Count(1), [Effect::Acquire(Slot::Permit)];
    /// The thread goes outside: sleep, I/O.
    Outside = 44, "outside", Label, Gate::None, [Effect::Outside];
    /// It is back.
    Inside = 45, "inside", Label, Gate::None, [Effect::Inside];
    /// A span of the program's own begins.
    Span = 46, "span", Label, Gate::None, [SpanBegin];
    /// It ends.
    SpanEnd = 47, "span_end", Label, Gate::None, [Effect::SpanEnd];
    /// A recorded stretch of the thread begins: its first event.
    ThreadBegin = 48, "thread_begin", None, Gate::None, [];
    /// The thread's closure has ended; thread-local destructors may follow.
    ThreadEnd = 49, "thread_end", None, Gate::None, [];
}

impl Kind {
    /// Whether `other` and not `object` is the lock that it takes or drops.
    #[must_use]
    pub fn lock_is_other(self) -> bool {
        self.operands() == Operands::ConditionLock
    }
}
