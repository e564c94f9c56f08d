//! Foretells the words of events from those before them.
//!
//! Events of a program in its loops repeat: the same sites in the same order,
//! addresses that advance by the same step, numbers of an object that count
//! on. A word is divided into a *key* (what repeats: kind, site, object) and a
//! *value* (what moves: an address, a number, a time). The key is foretold
//! from the keys before it; the value, once its key is known, by four
//! predictors at once. Both sides keep the same tables, so only what was not
//! foretold has to be stored.
//!
//! Paper: value-prediction trace compression (Burtscher, *VPC3: A Fast and
//! Effective Trace-Compression Algorithm*, SIGMETRICS 2004). We differ in that
//! a value that is missed is stored as its difference to the nearest
//! prediction and not as it is, and in that contexts come from keys and not
//! from program counters.
//!
//! Limits: tables are small (they fit a second-level cache) and begin empty in
//! each block, so that blocks unpack on their own. Collisions cost bytes, never
//! correctness.

/// Columns that a layout may have.
pub(super) const COLUMNS: usize = 16;
/// Predictors of a value.
pub(super) const PREDICTORS: usize = 4;

const TABLE_BITS: u32 = 12;
const FOLLOWING_BITS: u32 = 13;

type Table<T> = Box<[T; 1 << TABLE_BITS]>;

/// What was last seen under a context.
#[derive(Clone, Copy, Default)]
struct Seen {
    /// The value.
    last: u64,
    /// Its difference to the one before under this context.
    stride: u64,
    /// Its difference to the value before it in its column.
    step: u64,
}

/// Where the predictions of a value stand.
#[derive(Clone, Copy)]
struct ValuePlace {
    seen: usize,
    of_tail: usize,
    following: usize,
}

/// The tables, and what came last.
pub(super) struct Model {
    keys: [Table<u64>; 2],
    shapes: Table<u8>,
    seen: Table<Seen>,
    of_tail: Table<u64>,
    following: Box<[u64; 1 << FOLLOWING_BITS]>,
    last: [u64; COLUMNS],
    /// Keys of the event so far.
    event: u64,
    /// The same without its first word: the object, not what befell it.
    tail: u64,
    /// Keys of the last event, and of the one before it.
    before: [u64; 2],
    value: ValuePlace,
}

/// Mixes `b` into `a` so that the upper bits depend on all of both.
fn mix(a: u64, b: u64) -> u64 {
    let product = (a.rotate_left(29) ^ b).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    product ^ product >> 32
}

fn slot(hash: u64, bits: u32) -> usize {
    (hash >> (64 - bits)) as usize
}

/// A table of zeros that never lies on the stack.
fn table<T: Copy + Default, const N: usize>() -> Box<[T; N]> {
    let zeros = vec![T::default(); N].into_boxed_slice();
    zeros
        .try_into()
        .unwrap_or_else(|_| unreachable!("it has N entries"))
}

impl Model {
    pub(super) fn new() -> Model {
        Model {
            keys: [table(), table()],
            shapes: table(),
            seen: table(),
            of_tail: table(),
            following: table(),
            last: [0; COLUMNS],
            event: 0,
            tail: 0,
            before: [0; 2],
            value: ValuePlace {
                seen: 0,
                of_tail: 0,
                following: 0,
            },
        }
    }

    /// Forgets everything.
    pub(super) fn reset(&mut self) {
        self.keys.iter_mut().for_each(|table| table.fill(0));
        self.shapes.fill(0);
        self.seen.fill(Seen::default());
        self.of_tail.fill(0);
        self.following.fill(0);
        self.last = [0; COLUMNS];
        self.before = [0; 2];
        self.event = 0;
        self.tail = 0;
    }

    /// A new event begins.
    pub(super) fn begin(&mut self) {
        self.before = [self.event, self.before[0]];
        self.event = 0;
        self.tail = 0;
    }

    /// Where the next key of `column` is foretold, by a long and by a short
    /// memory.
    fn key_places(&self, column: usize) -> [usize; 2] {
        let short = mix(mix(self.event, self.before[0]), column as u64);
        let long = mix(short, self.before[1]);
        [slot(long, TABLE_BITS), slot(short, TABLE_BITS)]
    }

    /// The two guesses at the next key of `column`.
    pub(super) fn guess_key(&self, column: usize) -> ([usize; 2], [u64; 2]) {
        let places = self.key_places(column);
        let guesses = [self.keys[0][places[0]], self.keys[1][places[1]]];
        (places, guesses)
    }

    /// Learns a key whose places were told by [`guess_key`](Model::guess_key),
    /// and makes ready to foretell its value.
    pub(super) fn learn_key(&mut self, column: usize, places: [usize; 2], key: u64, first: bool) {
        self.keys[0][places[0]] = key;
        self.keys[1][places[1]] = key;
        let own = mix(key, column as u64);
        self.event = mix(self.event, own);
        let tail = mix(self.tail, own);
        if !first {
            self.tail = tail;
        }
        let context = mix(self.event, column as u64);
        self.value = ValuePlace {
            seen: slot(context, TABLE_BITS),
            of_tail: slot(tail, TABLE_BITS),
            following: slot(mix(context, self.last[column]), FOLLOWING_BITS),
        };
    }

    /// The shape of an event that begins with the key just learned.
    pub(super) fn guess_shape(&self) -> (usize, u8) {
        let place = slot(self.event, TABLE_BITS);
        (place, self.shapes[place])
    }

    pub(super) fn learn_shape(&mut self, place: usize, shape: u8) {
        self.shapes[place] = shape;
    }

    /// The guesses at the value of the key just learned.
    pub(super) fn guess_value(&self, column: usize) -> [u64; PREDICTORS] {
        let seen = &self.seen[self.value.seen];
        [
            seen.last.wrapping_add(seen.stride),
            self.of_tail[self.value.of_tail],
            self.following[self.value.following],
            self.last[column].wrapping_add(seen.step),
        ]
    }

    pub(super) fn learn_value(&mut self, column: usize, value: u64) {
        let seen = &mut self.seen[self.value.seen];
        *seen = Seen {
            last: value,
            stride: value.wrapping_sub(seen.last),
            step: value.wrapping_sub(self.last[column]),
        };
        self.of_tail[self.value.of_tail] = value;
        self.following[self.value.following] = value;
        self.last[column] = value;
    }
}
