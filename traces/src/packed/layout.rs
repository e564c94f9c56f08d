//! How words of events are divided.
//!
//! A [`Layout`] says which *columns* words belong to (with the bits that hold
//! the value; the others are the key) and which *shapes* events have (the
//! columns of their words; the first is the same in all). It stands in each
//! block, so that unpacking knows nothing of events.
//!
//! For each word there is a *control* byte: whether its key was foretold (by
//! the long memory, by the short one, or not), and which predictor came nearest
//! to its value and in how many bytes the difference to that is stored. The
//! first word of an event also tells if the event's shape was not foretold.
//! Shapes, and each column's control bytes and each byte of its keys and of its
//! differences, are streams of their own, compressed apart.

use super::Fault;
use super::model::{COLUMNS, PREDICTORS};
use super::steps::Steps;
use super::streams::Input;

/// How a word is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    /// Lowest bit of the value.
    pub(crate) shift: u8,
    /// Bits of the value.
    pub(crate) width: u8,
    /// How values move.
    pub(crate) steps: Steps,
}

/// The columns of an event's words.
pub(crate) type Shape = Vec<u8>;

/// How words of events are divided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Layout {
    /// By number.
    pub(crate) columns: Vec<Column>,
    /// By number.
    pub(crate) shapes: Vec<Shape>,
}

/// Most words of an event.
pub(super) const SHAPE_MAX: usize = 16;
pub(super) const SHAPES_MAX: usize = 255;
/// Values of a control byte's lower part: predictor, and bytes of difference.
pub(super) const VALUE_CODES: u8 = PREDICTORS as u8 * 9;
/// Added for an event whose shape was not foretold.
pub(super) const NEW_SHAPE: u8 = VALUE_CODES * 3;
/// In place of a key's code: it was not foretold.
pub(super) const KEY_TOLD: u8 = 2;

/// Streams of a column: control bytes, each byte of keys, each of differences.
pub(super) const STREAMS: usize = 17;
pub(super) const CONTROL: usize = 0;
pub(super) const KEYS: usize = 1;
pub(super) const VALUES: usize = 9;

impl Column {
    /// A column of values in `width` bits from `shift` on.
    pub(crate) const fn new(shift: u8, width: u8) -> Column {
        Column {
            shift,
            width,
            steps: Steps::ONE,
        }
    }

    /// The value in a word, as it stands there.
    fn plain(self, word: u64) -> u64 {
        word >> self.shift.min(63) & low_bits(self.width)
    }

    /// The value in a word of a block whose steps these are, as it is foretold.
    pub(super) fn value(self, word: u64) -> u64 {
        self.steps.number(self.plain(word))
    }

    /// The part of a word that a value makes.
    #[inline]
    pub(super) fn part(self, value: u64) -> u64 {
        (self.steps.value(value) & low_bits(self.width)) << self.shift
    }

    pub(super) fn mask(self) -> u64 {
        low_bits(self.width) << self.shift
    }

    fn is_lawful(self) -> bool {
        self.shift < 64 && self.width <= 64 - self.shift
    }
}

pub(super) fn low_bits(width: u8) -> u64 {
    match width {
        64.. => u64::MAX,
        width => (1 << width) - 1,
    }
}

/// The difference, as short as it is in either direction around `width` bits.
pub(super) fn folded(value: u64, guess: u64, width: u8) -> u64 {
    let unused = 64 - u32::from(width.max(1));
    let signed = (value.wrapping_sub(guess) << unused) as i64 >> unused;
    (signed << 1 ^ signed >> 63) as u64
}

pub(super) fn unfolded(folded: u64, guess: u64, width: u8) -> u64 {
    let difference = folded >> 1 ^ (folded & 1).wrapping_neg();
    guess.wrapping_add(difference) & low_bits(width)
}

pub(super) fn bytes_of(number: u64) -> usize {
    8 - number.leading_zeros() as usize / 8
}

impl Layout {
    /// This layout without the shapes that none of `events` has, whose numbers
    /// become those of the layout that is left.
    pub(crate) fn of(mut self, events: &mut [u8]) -> Layout {
        let mut number = vec![None; self.shapes.len()];
        let mut shapes = Vec::new();
        for event in events {
            let shape = usize::from(*event);
            *event = *number[shape].get_or_insert_with(|| {
                shapes.push(std::mem::take(&mut self.shapes[shape]));
                shapes.len() as u8 - 1
            });
        }
        self.shapes = shapes;
        self
    }

    /// This layout with the steps of a block of these events.
    pub(super) fn with_steps(&self, words: &[[u8; 8]], shapes: &[u8]) -> Layout {
        let mut values: Vec<Vec<u64>> = vec![Vec::new(); self.columns.len()];
        let mut words = words.iter();
        for shape in shapes {
            let columns = &self.shapes[usize::from(*shape)];
            for (column, word) in columns.iter().zip(&mut words) {
                let at = usize::from(*column);
                let column = self.columns[at];
                if column.width > 0 {
                    values[at].push(column.plain(u64::from_le_bytes(*word)));
                }
            }
        }
        let mut layout = self.clone();
        for (column, values) in layout.columns.iter_mut().zip(values) {
            column.steps = Steps::find(&values);
        }
        layout
    }

    pub(super) fn put(&self, out: &mut Vec<u8>) {
        out.push(self.columns.len() as u8);
        for column in &self.columns {
            out.extend([column.shift, column.width]);
            column.steps.put(out);
        }
        out.push(self.shapes.len() as u8);
        for shape in &self.shapes {
            out.push(shape.len() as u8);
            out.extend(shape);
        }
    }

    pub(super) fn take(input: &mut Input<'_>) -> Result<Layout, Fault> {
        let mut layout = Layout::default();
        for _ in 0..input.byte()? {
            layout.columns.push(Column {
                shift: input.byte()?,
                width: input.byte()?,
                steps: Steps::take(input)?,
            });
        }
        for _ in 0..input.byte()? {
            let length = input.byte()?;
            layout.shapes.push(input.take(u64::from(length))?.to_vec());
        }
        match layout.is_lawful() {
            true => Ok(layout),
            false => Err(Fault::new("a layout of events, found an unlawful one")),
        }
    }

    fn is_lawful(&self) -> bool {
        let first = self.shapes.first().and_then(|shape| shape.first());
        let shape = |shape: &Shape| {
            shape.first() == first
                && shape.len() <= SHAPE_MAX
                && shape.iter().all(|at| usize::from(*at) < self.columns.len())
        };
        first.is_some()
            && self.columns.len() <= COLUMNS
            && self.columns.iter().all(|column| column.is_lawful())
            && self.shapes.len() <= SHAPES_MAX
            && self.shapes.iter().all(shape)
    }
}
