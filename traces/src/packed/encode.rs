//! Writes events down as what the model did not foretell.

use super::layout::{
    CONTROL, KEY_TOLD, KEYS, Layout, NEW_SHAPE, STREAMS, VALUE_CODES, VALUES, bytes_of, folded,
    low_bits,
};
use super::model::{COLUMNS, Model, PREDICTORS};
use super::streams::{Squeeze, put_number};

/// Writes words down.
pub(super) struct Writer<'a> {
    layout: &'a Layout,
    model: &'a mut Model,
    shapes: Vec<u8>,
    /// By column.
    streams: Vec<[Vec<u8>; STREAMS]>,
    /// The predictor taken last, by column.
    predictor: [u8; COLUMNS],
    words: u64,
}

impl<'a> Writer<'a> {
    pub(super) fn new(layout: &'a Layout, model: &'a mut Model) -> Writer<'a> {
        model.reset();
        Writer {
            layout,
            model,
            shapes: Vec::new(),
            streams: vec![Default::default(); layout.columns.len()],
            predictor: [0; COLUMNS],
            words: 0,
        }
    }

    /// Adds an event; it has as many words as its shape.
    pub(super) fn event(&mut self, shape: u8, words: &[[u8; 8]]) {
        let layout = self.layout;
        self.model.begin();
        for (at, (column, word)) in layout.shapes[usize::from(shape)]
            .iter()
            .zip(words)
            .enumerate()
        {
            let shape = (at == 0).then_some(shape);
            self.word(usize::from(*column), u64::from_le_bytes(*word), shape);
        }
        self.words += words.len() as u64;
    }

    fn word(&mut self, column: usize, word: u64, shape: Option<u8>) {
        let parts = self.layout.columns[column];
        let key = word & !parts.mask();
        let mut control = self.key(column, key, shape.is_some()) * VALUE_CODES;
        if let Some(shape) = shape {
            let (place, guess) = self.model.guess_shape();
            if guess != shape {
                control += NEW_SHAPE;
                self.shapes.push(shape);
                self.model.learn_shape(place, shape);
            }
        }
        if parts.width > 0 {
            control += self.value(column, parts.value(word));
        }
        self.streams[column][CONTROL].push(control);
    }

    /// Writes a key, and gives its code.
    fn key(&mut self, column: usize, key: u64, first: bool) -> u8 {
        let mask = !self.layout.columns[column].mask();
        let (places, guesses) = self.model.guess_key(column);
        self.model.learn_key(column, places, key, first);
        if let Some(hit) = guesses.iter().position(|guess| guess & mask == key) {
            return hit as u8;
        }
        let bytes = (key ^ guesses[1]).to_le_bytes();
        for (at, byte) in bytes.iter().enumerate() {
            if mask >> (8 * at) & 0xff != 0 {
                self.streams[column][KEYS + at].push(*byte);
            }
        }
        KEY_TOLD
    }

    /// Writes a value, and gives its code.
    fn value(&mut self, column: usize, value: u64) -> u8 {
        let width = self.layout.columns[column].width;
        let guesses = self.model.guess_value(column);
        self.model.learn_value(column, value);
        let folds = guesses.map(|guess| folded(value, guess & low_bits(width), width));
        // What takes the fewest bytes; of equals, the one taken last: control
        // bytes that repeat cost nothing.
        let last = self.predictor[column];
        let cost = |(at, fold): (u8, u64)| (bytes_of(fold), at != last, at);
        let best = (0..).zip(folds).min_by_key(|it| cost(*it));
        let (best, fold) = best.unwrap_or_default();
        self.predictor[column] = best;
        let count = bytes_of(fold);
        for (at, byte) in fold.to_le_bytes()[..count].iter().enumerate() {
            self.streams[column][VALUES + at].push(*byte);
        }
        best + PREDICTORS as u8 * count as u8
    }

    /// Appends all that was written.
    pub(super) fn finish(self, zstd: &mut Squeeze, out: &mut Vec<u8>) -> std::io::Result<()> {
        self.layout.put(out);
        put_number(self.words, out);
        zstd.put(&self.shapes, out)?;
        for streams in &self.streams {
            let filled = (0..).zip(streams).filter(|(_, stream)| !stream.is_empty());
            let set = filled.clone().map(|(at, _)| 1 << at);
            put_number(set.fold(0, |set: u64, bit: u64| set | bit), out);
            for (_, stream) in filled {
                zstd.put(stream, out)?;
            }
        }
        Ok(())
    }
}
