//! The objects of a text: variables are a namespace, all other objects are
//! another. Of one name, a lock and a channel are still two objects.

use rustc_hash::FxHashMap;

use super::fault::Fault;
use super::line::Field;
use super::names::Names;
use crate::event::NONE;
use crate::id::{Location, ObjectId, SiteId};
use crate::kind::Kind;
use crate::trace::{Object, ObjectKind};

/// Sorts of objects that events act on in the same way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Class {
    Lock,
    Channel,
    Barrier,
    Semaphore,
    WaitGroup,
    Once,
    Condition,
    Token,
    Name,
    Label,
}

impl Class {
    /// What a thread can wait for, by precedence where a name is used for
    /// several.
    const WAITABLE: [Class; 8] = [
        Class::Lock,
        Class::Channel,
        Class::Barrier,
        Class::Semaphore,
        Class::WaitGroup,
        Class::Once,
        Class::Condition,
        Class::Token,
    ];

    /// The class of a kind's object.
    pub(super) fn of(kind: Kind) -> Class {
        match kind {
            Kind::Chan
            | Kind::Send
            | Kind::Sent
            | Kind::Recv
            | Kind::Unsent
            | Kind::Close
            | Kind::RecvClosed => Class::Channel,
            Kind::Wait | Kind::Woken | Kind::Notify | Kind::NotifyAll => Class::Condition,
            Kind::Barrier | Kind::Arrive | Kind::Depart => Class::Barrier,
            Kind::OnceDone | Kind::OnceGet => Class::Once,
            Kind::Sem | Kind::SemPost | Kind::SemWait => Class::Semaphore,
            Kind::WgDone | Kind::WgWait => Class::WaitGroup,
            Kind::Release | Kind::Acquire => Class::Token,
            _ => Class::Lock,
        }
    }

    fn object_kind(self) -> ObjectKind {
        match self {
            Class::Lock => ObjectKind::Mutex,
            Class::Channel => ObjectKind::Channel,
            Class::Barrier => ObjectKind::Barrier,
            Class::Semaphore => ObjectKind::Semaphore,
            Class::WaitGroup => ObjectKind::WaitGroup,
            Class::Once => ObjectKind::Once,
            Class::Condition => ObjectKind::Condvar,
            Class::Token => ObjectKind::Token,
            Class::Name => ObjectKind::Name,
            Class::Label => ObjectKind::Label,
        }
    }
}

/// All objects, and what their names stand for.
#[derive(Default)]
pub(super) struct Objects<'a> {
    pub(super) table: Vec<Object>,
    variables: Names<'a>,
    classes: [Names<'a>; 10],
    labels: FxHashMap<String, u32>,
    at: FxHashMap<Location, u32>,
}

impl<'a> Objects<'a> {
    /// The object of a class by its name.
    pub(super) fn named(&mut self, class: Class, field: Field<'a>) -> Result<u32, Fault> {
        let (id, new) = self.classes[class as usize].intern(field, self.table.len())?;
        if let Some(name) = new {
            self.table.push(object(name, class.object_kind(), None));
        }
        Ok(id)
    }

    /// A variable and its bytes.
    pub(super) fn variable(&mut self, field: Field<'a>) -> Result<(u32, Location), Fault> {
        let (id, new) = self.variables.intern(field, self.table.len())?;
        let location = Location::of_object(ObjectId(id), 1);
        if let Some(name) = new {
            self.table
                .push(object(name, ObjectKind::Cell, Some(location)));
        }
        Ok((id, location))
    }

    /// A variable that is used atomically.
    pub(super) fn atomic(&mut self, field: Field<'a>) -> Result<u32, Fault> {
        let (id, _) = self.variable(field)?;
        self.table[id as usize].kind = ObjectKind::Atomic;
        Ok(id)
    }

    /// The atomic at an address.
    pub(super) fn atomic_at(&mut self, location: Location, name: Field<'_>) -> Result<u32, Fault> {
        if let Some(id) = self.at.get(&location) {
            return Ok(*id);
        }
        let id = self.push_id(name)?;
        let name = format!("{:#x}:{}", location.start, location.len);
        self.table
            .push(object(name, ObjectKind::Atomic, Some(location)));
        self.at.insert(location, id);
        Ok(id)
    }

    /// A label: any text.
    pub(super) fn label(&mut self, field: Field<'a>) -> Result<u32, Fault> {
        let text = super::names::decode_site(field)?;
        if let Some(id) = self.labels.get(&text) {
            return Ok(*id);
        }
        let id = self.push_id(field)?;
        self.labels.insert(text.clone(), id);
        self.table
            .push(object(text, Class::Label.object_kind(), None));
        Ok(id)
    }

    fn push_id(&self, field: Field<'_>) -> Result<u32, Fault> {
        let next = u32::try_from(self.table.len())
            .ok()
            .filter(|id| *id != NONE);
        next.ok_or_else(|| Fault::malformed(field.at, "found more than 4294967294 objects"))
    }

    /// The lock is a readers-writer lock.
    pub(super) fn mark_shared(&mut self, lock: u32) {
        self.table[lock as usize].kind = ObjectKind::RwLock;
    }

    /// The object that a thread waits for under this name, if there is one.
    pub(super) fn waitable(&self, name: &str) -> Option<u32> {
        Class::WAITABLE
            .iter()
            .find_map(|class| self.classes[*class as usize].get(name))
    }

    /// An object that is only ever waited for.
    pub(super) fn unknown(&mut self, name: &str) -> u32 {
        let id = u32::try_from(self.table.len()).unwrap_or(NONE);
        self.table
            .push(object(name.to_owned(), ObjectKind::Unknown, None));
        id
    }
}

fn object(name: String, kind: ObjectKind, location: Option<Location>) -> Object {
    Object {
        name,
        kind,
        site: SiteId::UNKNOWN,
        location,
    }
}
