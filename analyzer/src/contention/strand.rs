//! One thread's life as a sequence of states.
//!
//! A thread is *outside*, else *waiting*, else *holding* (running with a lock
//! held), else *running*. Its spans are contiguous from its beginning to its
//! end: a change of state first closes the span that lasted until then, and a
//! change told late (another thread let go of this one's lock, earlier than
//! what is known of this one) takes effect from where the spans have come to.

use hbtrace_traces::id::{ObjectId, SiteId, ThreadId};

/// What a thread waits for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Target {
    /// A lock, a channel, a barrier, ...
    Object(ObjectId),
    /// A thread that it joins, or itself when it is parked.
    Thread(ThreadId),
}

impl Target {
    /// The object, if it is one.
    pub(super) fn object(self) -> Option<ObjectId> {
        match self {
            Target::Object(object) => Some(object),
            Target::Thread(_) => None,
        }
    }
}

/// What a thread does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum State {
    Running,
    Holding,
    Waiting,
    /// Waiting until a time, and it came: as good as asleep.
    TimedOut,
    Outside,
}

/// A state for a while.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Span {
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) state: State,
    /// What it waits for, or the innermost lock it holds.
    pub(super) what: Option<Target>,
    /// Where the state began.
    pub(super) site: SiteId,
    /// Innermost lock held, whatever the state, and where it was taken.
    pub(super) held: Option<(ObjectId, SiteId)>,
}

/// A lock held.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hold {
    pub(super) lock: ObjectId,
    pub(super) site: SiteId,
    pub(super) since: u64,
    /// The range within which it certainly began.
    pub(super) since_range: (u64, u64),
}

/// A wait that has ended (or never did).
#[derive(Clone, Copy, Debug)]
pub(super) struct Wait {
    pub(super) from: u64,
    pub(super) until: u64,
    pub(super) what: Target,
    pub(super) site: SiteId,
    /// Events of the thread up to and including the one that ended it.
    pub(super) after: u32,
    /// The event that ended it, if that lies within it.
    pub(super) waker: Option<Waker>,
}

/// An event of another thread that ended a wait.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Waker {
    pub(super) time: u64,
    /// Its place in the replayed order.
    pub(super) step: u64,
    pub(super) thread: ThreadId,
    /// Events of its thread up to and including it.
    pub(super) after: u32,
}

/// A thread so far.
#[derive(Debug)]
pub(super) struct Strand {
    /// Who created it, and up to which event that thread had come.
    pub(super) parent: Option<(ThreadId, u32)>,
    /// From when on it counts.
    pub(super) begin: u64,
    /// Time of its last event, and that event's step.
    pub(super) last: (u64, u64),
    pub(super) spans: Vec<Span>,
    /// Waits by the event that ended them, those of no length left out.
    pub(super) waits: Vec<Wait>,
    pub(super) holds: Vec<Hold>,
    cursor: u64,
    site: SiteId,
    outside: Vec<SiteId>,
}

impl Strand {
    /// A thread of which nothing is known yet.
    pub(super) fn new() -> Strand {
        Strand {
            parent: None,
            begin: 0,
            last: (0, 0),
            spans: Vec::new(),
            waits: Vec::new(),
            holds: Vec::new(),
            cursor: 0,
            site: SiteId::UNKNOWN,
            outside: Vec::new(),
        }
    }

    /// The thread counts from `time` on; `parent` created it there.
    pub(super) fn begin(&mut self, time: u64, parent: Option<(ThreadId, u32)>, site: SiteId) {
        self.begin = time;
        self.cursor = time;
        self.last = (time, 0);
        self.parent = parent;
        self.site = site;
    }

    /// How far its spans have come.
    pub(super) fn cursor(&self) -> u64 {
        self.cursor
    }

    /// Closes the span that lasted until `time`.
    pub(super) fn advance(&mut self, time: u64) {
        let held = self.innermost();
        let (state, what, site) = match (self.outside.last(), held) {
            (Some(site), _) => (State::Outside, None, *site),
            (None, Some((lock, site))) => (State::Holding, Some(Target::Object(lock)), site),
            (None, None) => (State::Running, None, self.site),
        };
        self.push(time, state, what, site);
    }

    /// Closes a span of waiting that lasted until `time`.
    pub(super) fn advance_waiting(&mut self, time: u64, state: State, what: Target, site: SiteId) {
        self.push(time, state, Some(what), site);
    }

    fn push(&mut self, time: u64, state: State, what: Option<Target>, site: SiteId) {
        if time <= self.cursor {
            return;
        }
        let span = Span {
            from: self.cursor,
            to: time,
            state,
            what,
            site,
            held: self.innermost(),
        };
        self.cursor = time;
        match self.spans.last_mut() {
            Some(last)
                if (Span {
                    from: last.from,
                    to: time,
                    ..span
                }) == (Span { to: time, ..*last }) =>
            {
                last.to = time;
            }
            _ => self.spans.push(span),
        }
    }

    /// Where it runs from here on.
    pub(super) fn runs_at(&mut self, site: SiteId) {
        self.site = site;
    }

    /// Goes outside.
    pub(super) fn leave(&mut self, site: SiteId) {
        self.outside.push(site);
    }

    /// Is back.
    pub(super) fn enter(&mut self) {
        self.outside.pop();
    }

    /// Whether it is outside.
    pub(super) fn is_outside(&self) -> bool {
        !self.outside.is_empty()
    }

    fn innermost(&self) -> Option<(ObjectId, SiteId)> {
        self.holds.last().map(|hold| (hold.lock, hold.site))
    }

    /// Ends its latest hold of `lock`.
    pub(super) fn drop_hold(&mut self, lock: ObjectId) -> Option<Hold> {
        let at = self.holds.iter().rposition(|hold| hold.lock == lock)?;
        Some(self.holds.remove(at))
    }
}
