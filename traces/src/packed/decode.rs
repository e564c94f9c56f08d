//! Reads events back.

use zstd::bulk::Decompressor;

use super::Fault;
use super::layout::{
    CONTROL, Column, KEY_TOLD, KEYS, Layout, NEW_SHAPE, SHAPE_MAX, STREAMS, VALUE_CODES, VALUES,
    low_bits, unfolded,
};
use super::model::{Model, PREDICTORS};
use super::streams::{self, Input};

/// A stream that is read from its front. What is missing reads as zero; that it
/// was is found at the end.
#[derive(Default)]
struct Stream {
    bytes: Vec<u8>,
    at: usize,
}

impl Stream {
    #[inline]
    fn next(&mut self) -> u8 {
        let byte = self.bytes.get(self.at).copied().unwrap_or_default();
        self.at += 1;
        byte
    }
}

/// Reads words back.
struct Reader {
    layout: Layout,
    model: Model,
    shapes: Stream,
    /// By column.
    streams: Vec<[Stream; STREAMS]>,
}

/// The words of a block that unpacks to `length` bytes.
pub(super) fn unpack(stored: &[u8], length: usize) -> Result<Vec<u8>, Fault> {
    let mut input = Input(stored);
    let layout = Layout::take(&mut input)?;
    let words = input.number()?;
    if words.checked_mul(8) != Some(length as u64) {
        return Err(Fault::new(format!(
            "a block of {length} bytes, found one of {words} words"
        )));
    }
    let mut reader = Reader::take(layout, input, length / 8)?;
    let mut out = Vec::with_capacity(length);
    while out.len() < length {
        reader.event(length, &mut out)?;
    }
    match reader.is_at_end() {
        true => Ok(out),
        false => Err(Fault::new(
            "a block that ends with its words, found another end",
        )),
    }
}

impl Reader {
    /// Takes the streams of so many words. A word has at most one byte in each
    /// stream of its column, and one more for a shape: what claims more is
    /// refused before it is unpacked.
    fn take(layout: Layout, mut input: Input<'_>, words: usize) -> Result<Reader, Fault> {
        let mut zstd = Decompressor::new().map_err(|error| Fault::new(error.to_string()))?;
        let mut room = words.saturating_mul(STREAMS + 1);
        let mut take = |input: &mut Input<'_>| {
            let bytes = streams::take(input, words.min(room), &mut zstd)?;
            room -= bytes.len();
            Ok(Stream { bytes, at: 0 })
        };
        let shapes = take(&mut input)?;
        let mut streams = Vec::with_capacity(layout.columns.len());
        for _ in &layout.columns {
            let set = input.number()?;
            let mut column: [Stream; STREAMS] = Default::default();
            for (at, stream) in column.iter_mut().enumerate() {
                if set >> at & 1 != 0 {
                    *stream = take(&mut input)?;
                }
            }
            streams.push(column);
        }
        Ok(Reader {
            layout,
            model: Model::new(),
            shapes,
            streams,
        })
    }

    /// Whether nothing of the streams is left, and nothing was missing.
    fn is_at_end(&self) -> bool {
        let mut streams = self.streams.iter().flatten().chain([&self.shapes]);
        streams.all(|it| it.at == it.bytes.len())
    }

    fn event(&mut self, end: usize, out: &mut Vec<u8>) -> Result<(), Fault> {
        self.model.begin();
        let first = usize::from(self.layout.shapes[0][0]);
        let (word, shape) = self.first_word(first)?;
        let Some(shape) = self.layout.shapes.get(usize::from(shape)) else {
            return Err(Fault::new("an event of a known shape, found another"));
        };
        if (end - out.len()) / 8 < shape.len() {
            return Err(Fault::new("an event within its block, found a longer one"));
        }
        let mut columns = [0; SHAPE_MAX];
        let columns = &mut columns[..shape.len()];
        columns.copy_from_slice(shape);
        out.extend_from_slice(&word.to_le_bytes());
        for column in &columns[1..] {
            let column = usize::from(*column);
            let control = self.streams[column][CONTROL].next();
            let word = self.word(column, control, false)?;
            out.extend_from_slice(&word.to_le_bytes());
        }
        Ok(())
    }

    fn first_word(&mut self, column: usize) -> Result<(u64, u8), Fault> {
        let control = self.streams[column][CONTROL].next();
        let parts = self.layout.columns[column];
        let key = self.key(column, control % NEW_SHAPE / VALUE_CODES, true);
        let (place, mut shape) = self.model.guess_shape();
        if control >= NEW_SHAPE {
            shape = self.shapes.next();
            self.model.learn_shape(place, shape);
        }
        let value = self.value(column, parts, control % VALUE_CODES);
        match control / NEW_SHAPE {
            0 | 1 => Ok((key | parts.part(value), shape)),
            _ => Err(Fault::new("a control byte, found an unlawful one")),
        }
    }

    #[inline]
    fn word(&mut self, column: usize, control: u8, first: bool) -> Result<u64, Fault> {
        let parts = self.layout.columns[column];
        let key = self.key(column, control / VALUE_CODES, first);
        let value = self.value(column, parts, control % VALUE_CODES);
        match control < NEW_SHAPE {
            true => Ok(key | parts.part(value)),
            false => Err(Fault::new("a control byte, found an unlawful one")),
        }
    }

    #[inline]
    fn key(&mut self, column: usize, code: u8, first: bool) -> u64 {
        let (places, guesses) = self.model.guess_key(column);
        let mask = !self.layout.columns[column].mask();
        // Which memory knew is not foretold by the processor: no branch on it.
        let mut key = guesses[usize::from(code != 0)];
        if code == KEY_TOLD {
            key ^= self.told_key(column, mask);
        }
        key &= mask;
        self.model.learn_key(column, places, key, first);
        key
    }

    fn told_key(&mut self, column: usize, mask: u64) -> u64 {
        let mut bytes = [0; 8];
        for (at, byte) in bytes.iter_mut().enumerate() {
            if mask >> (8 * at) & 0xff != 0 {
                *byte = self.streams[column][KEYS + at].next();
            }
        }
        u64::from_le_bytes(bytes)
    }

    #[inline]
    fn value(&mut self, column: usize, parts: Column, code: u8) -> u64 {
        if parts.width == 0 {
            return 0;
        }
        let guesses = self.model.guess_value(column);
        let predictor = usize::from(code) % PREDICTORS;
        let guess = guesses[predictor] & low_bits(parts.width);
        let count = usize::from(code) / PREDICTORS;
        let value = match count {
            0 => guess,
            _ => unfolded(self.told_value(column, count), guess, parts.width),
        };
        self.model.learn_value(column, value);
        value
    }

    fn told_value(&mut self, column: usize, count: usize) -> u64 {
        let mut bytes = [0; 8];
        for (byte, stream) in bytes
            .iter_mut()
            .zip(&mut self.streams[column][VALUES..VALUES + count])
        {
            *byte = stream.next();
        }
        u64::from_le_bytes(bytes)
    }
}
