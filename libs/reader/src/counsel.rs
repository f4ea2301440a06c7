//! Counsel: a larger reader of whole texts that is asked where the network is in doubt. It knew a hundred languages before it learned
//! the tags of orders (`training/learning/counsel.py`), and takes some milliseconds for what the network reads in a tenth of one.
//!
//! A text is cut into pieces of words; each is some hundred numbers. In every layer each piece hears all others as far as they concern it
//! (Vaswani et al., "Attention is all you need", 2017), then is changed by itself. All pieces have a say on each tag, the loudest most.
//! Weights are whole steps, a byte each, and so is what they are multiplied by, with two bytes: sums of whole numbers are the same on
//! every machine.

#![expect(clippy::inline_always, reason = "what is dispatched is made for this machine's reckoner only where it is inlined")]

use std::collections::HashMap;
use std::sync::Arc;

#[cfg(target_arch = "x86_64")]
use pulp::x86::V3;
use pulp::{Arch, NullaryFnOnce};
use pyo3::prelude::*;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::judge::Case;
use crate::network::{Stated, add, product};
use crate::order::Order;
use crate::text::{ByHash, hash, spelled};

/// What begins a word, in place of the space before it.
const SPACE: char = '\u{2581}';
const BEGIN: u32 = 0;
const END: u32 = 2;
const UNKNOWN: u32 = 3;
/// What costs so much more than the rarest piece is taken only where nothing else fits.
const UNKNOWN_COST: f32 = 10.0;
/// Longer texts are not read: it has learned from next to none, and they take too long.
const MOST_PIECES: usize = 110;
/// Places in a text that it could know.
const PLACES: usize = 152;
/// Numbers of a piece, those that each of its heads hears with, and those that it is changed by.
const WIDTH: usize = 384;
const HEAD: usize = 32;
const INNER: usize = 1536;
/// What is multiplied by steps is made of so many to both sides: of 1,536 products the sum stays within four bytes.
const STEPS: f32 = 8191.0;
const EVEN: f32 = 1e-12;
const LEAST: f32 = 1e-9;
/// A number, not too large, is whole once this was added; then its last bits say which one it is.
const ROUNDING: f32 = 12_582_912.0;
/// So many rows, pieces, and numbers of each are reckoned together.
const ROWS: usize = 2;
const PIECES: usize = 4;
const LANES: usize = 16;

/// An order as counsel reads it: the language, the month, whether the work is done; then its lines and remarks, small.
pub fn plain(order: &Order, language: &str) -> String {
    let done = if order.finished { "done" } else { "open" };
    let mut told = format!("{language} {:02} {done}", order.month.unwrap_or_default());
    for (number, passage) in order.passages.iter().enumerate() {
        told.push_str(if number > 0 { " | " } else { " " });
        if passage.dropped || passage.takes_back.is_some() {
            told.push_str("minus ");
        }
        told.push_str(&passage.text);
    }
    let letters = spelled(&told);
    let small: String = letters.nfkd().flat_map(char::to_lowercase).filter(|letter| !is_combining_mark(*letter)).collect();
    small.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Pieces that texts are cut into, so that all of a word together are the likeliest (a unigram model).
#[pyclass(frozen)]
pub struct Pieces {
    known: ByHash<(u32, f32)>,
    longest: usize,
    unknown: f32,
}

#[pymethods]
impl Pieces {
    /// Of pieces with their logarithmic likelihood, numbered as they come.
    #[new]
    pub fn new(pieces: Vec<String>, likely: Vec<f32>) -> Pieces {
        let longest = pieces.iter().map(|piece| piece.chars().count()).max().unwrap_or_default();
        let rarest = likely.iter().copied().fold(0.0, f32::min);
        let known = pieces.iter().zip(likely).zip(0..).map(|((piece, score), number)| (hash(piece), (number, score))).collect();
        Pieces { known, longest, unknown: rarest - UNKNOWN_COST }
    }

    /// The numbers of a text's pieces, between those that say where it begins and ends.
    pub fn cut(&self, text: &str) -> Vec<u32> {
        let mut found = vec![BEGIN];
        text.split(' ').filter(|word| !word.is_empty()).for_each(|word| self.cut_word(word, &mut found));
        found.push(END);
        found
    }
}

impl Pieces {
    fn cut_word(&self, word: &str, to: &mut Vec<u32>) {
        let framed: String = std::iter::once(SPACE).chain(word.chars()).collect();
        let edges: Vec<usize> = framed.char_indices().map(|(at, _)| at).chain([framed.len()]).collect();
        let mut best = vec![(f32::NEG_INFINITY, 0, UNKNOWN); edges.len()]; // how likely, from where, with what piece
        best[0].0 = 0.0;
        for from in 0..edges.len() - 1 {
            let so_far = best[from].0;
            for behind in from + 1..edges.len().min(from + self.longest + 1) {
                let piece = self.known.get(&hash(&framed[edges[from]..edges[behind]])).copied();
                let unknown = (behind == from + 1).then_some((UNKNOWN, self.unknown));
                if let Some((number, score)) = piece.filter(|(number, _)| *number > UNKNOWN).or(unknown)
                    && so_far + score > best[behind].0
                {
                    best[behind] = (so_far + score, from, number);
                }
            }
        }
        let (mut at, begins) = (edges.len() - 1, to.len());
        while at > 0 {
            to.push(best[at].2);
            at = best[at].1;
        }
        to[begins..].reverse();
    }
}

/// Rows of steps, each of its own size.
struct Steps {
    rows: Vec<i16>,
    sizes: Vec<f32>,
    wide: usize,
}

impl Steps {
    /// Of numbers: the largest of a row has the most steps.
    #[inline(always)]
    fn of(numbers: &[f32], wide: usize) -> Steps {
        let mut found = Steps { rows: Vec::with_capacity(numbers.len()), sizes: Vec::with_capacity(numbers.len() / wide), wide };
        for row in numbers.chunks_exact(wide) {
            let mut most = [LEAST; 8];
            for numbers in row.as_chunks::<8>().0 {
                for (most, number) in most.iter_mut().zip(numbers) {
                    *most = if number.abs() > *most { number.abs() } else { *most };
                }
            }
            let size = most.iter().copied().fold(LEAST, f32::max) / STEPS;
            let share = 1.0 / size;
            found.rows.extend(row.iter().map(|number| (number * share + ROUNDING).to_bits() as i16));
            found.sizes.push(size);
        }
        found
    }

    #[inline(always)]
    fn row(&self, at: usize) -> &[i16] {
        &self.rows[at * self.wide..(at + 1) * self.wide]
    }
}

/// From some numbers of a piece to others.
struct Change {
    steps: Steps,
    bias: Vec<f32>,
}

/// Makes numbers even: a mean of 0 and a spread of 1, then each as large and as far off as was learned.
struct Evening {
    by: Vec<f32>,
    off: Vec<f32>,
}

struct Layer {
    /// What a piece asks, what it answers to, and what it tells: three times `WIDTH`.
    asks: Change,
    heard: Change,
    evened: Evening,
    grown: Change,
    shrunk: Change,
    settled: Evening,
}

/// Weights by name, as a file keeps them.
struct Tables(HashMap<String, Vec<u8>>);

impl Tables {
    fn numbers(&mut self, name: &str, count: usize) -> Option<Vec<f32>> {
        let told = self.0.remove(name)?;
        (told.len() == 4 * count).then(|| told.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
    }

    fn steps(&mut self, name: &str, rows: usize, wide: usize) -> Option<Steps> {
        let told = self.0.remove(name)?;
        let sizes = self.numbers(&format!("{name}.sizes"), rows)?;
        let rows = (told.len() == rows * wide).then(|| told.iter().map(|byte| i16::from(byte.cast_signed())).collect());
        Some(Steps { rows: rows?, sizes, wide })
    }

    fn change(&mut self, name: &str, wide: usize, to: usize) -> Option<Change> {
        Some(Change { steps: self.steps(name, to, wide)?, bias: self.numbers(&format!("{name}.bias"), to)? })
    }

    fn evening(&mut self, name: &str) -> Option<Evening> {
        Some(Evening { by: self.numbers(&format!("{name}.by"), WIDTH)?, off: self.numbers(&format!("{name}.off"), WIDTH)? })
    }

    fn layer(&mut self, number: usize) -> Option<Layer> {
        Some(Layer {
            asks: self.change(&format!("{number}.asks"), WIDTH, 3 * WIDTH)?,
            heard: self.change(&format!("{number}.heard"), WIDTH, WIDTH)?,
            evened: self.evening(&format!("{number}.evened"))?,
            grown: self.change(&format!("{number}.grown"), WIDTH, INNER)?,
            shrunk: self.change(&format!("{number}.shrunk"), INNER, WIDTH)?,
            settled: self.evening(&format!("{number}.settled"))?,
        })
    }
}

/// Counsel as it is kept in a file: `tables` holds weights by name, numbers of four bytes and steps of one.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct CounselTold {
    tags: Vec<String>,
    pieces: Vec<String>,
    likely: Vec<f32>,
    layers: usize,
    tables: HashMap<String, Vec<u8>>,
}

/// The larger reader.
pub struct Counsel {
    pub tags: Vec<String>,
    pieces: Pieces,
    of_piece: Steps,
    /// By place in the text.
    places: Vec<f32>,
    first: Evening,
    layers: Vec<Layer>,
    /// By tag: what makes a piece loud, what the mean of all says, and what is said of any text.
    loud: Vec<f32>,
    mean: Vec<f32>,
    bias: Vec<f32>,
    stated: Stated,
}

impl Counsel {
    fn told(told: CounselTold) -> Option<Counsel> {
        let (tags, mut tables) = (told.tags.len(), Tables(told.tables));
        let pieces = Pieces::new(told.pieces, told.likely);
        let layers = (0..told.layers).map(|number| tables.layer(number)).collect::<Option<_>>()?;
        Some(Counsel {
            of_piece: tables.steps("pieces", pieces.known.len(), WIDTH)?,
            places: tables.numbers("places", PLACES * WIDTH)?,
            first: tables.evening("first")?,
            layers,
            loud: tables.numbers("loud", tags * WIDTH)?,
            mean: tables.numbers("mean", tags * WIDTH)?,
            bias: tables.numbers("bias", tags)?,
            stated: Stated::new(&tables.numbers("stated", 3 * tags)?, &tables.numbers("beside", 2 * tags * tags)?, tags)?,
            pieces,
            tags: told.tags,
        })
    }

    /// Read a text: how likely each of its tags is (log odds). None of one that is too long.
    pub fn read(&self, case: &Case<'_>) -> Option<Vec<f32>> {
        if case.joined.words.len() > MOST_PIECES {
            return None; // each is a piece at least
        }
        let text = self.pieces.cut(&plain(case.order, case.language.text()));
        let mut sums = (text.len() <= MOST_PIECES).then(|| self.said(&text))?;
        self.stated.add_to(&mut sums, &self.tags, case);
        Some(sums)
    }

    #[cfg(target_arch = "x86_64")]
    fn said(&self, text: &[u32]) -> Vec<f32> {
        match V3::try_new() {
            Some(quick) => quick.vectorize(Hearing { counsel: self, reckoner: quick, text }),
            None => Arch::new().dispatch(Hearing { counsel: self, reckoner: OneByOne, text }),
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn said(&self, text: &[u32]) -> Vec<f32> {
        Arch::new().dispatch(Hearing { counsel: self, reckoner: OneByOne, text })
    }

    #[inline(always)]
    fn heard(&self, reckoner: impl Reckoner, text: &[u32]) -> Vec<f32> {
        let mut pieces = Vec::with_capacity(text.len() * WIDTH);
        for (&piece, place) in text.iter().zip(self.places.chunks_exact(WIDTH)) {
            let size = self.of_piece.sizes[piece as usize];
            let steps = self.of_piece.row(piece as usize);
            pieces.extend(steps.iter().zip(place).map(|(&step, place)| f32::from(step) * size + place));
        }
        self.first.even(&mut pieces);
        for layer in &self.layers {
            layer.pass(reckoner, &mut pieces);
        }
        let mut mean = [0.0; WIDTH];
        pieces.chunks_exact(WIDTH).for_each(|piece| add(&mut mean, piece));
        let share = 1.0 / text.len() as f32;
        let by_tag = self.loud.chunks_exact(WIDTH).zip(self.mean.chunks_exact(WIDTH)).zip(&self.bias);
        let said = by_tag.map(|((loud, of_mean), bias)| {
            let heard: Vec<f32> = pieces.chunks_exact(WIDTH).map(|piece| product(piece, loud)).collect();
            let most = heard.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            most + heard.iter().map(|loud| raised(loud - most)).sum::<f32>().ln() + product(&mean, of_mean) * share + bias
        });
        said.collect()
    }
}

/// What is dispatched: closures are not always inlined, and only what is inlined is made for the machine.
struct Hearing<'a, R> {
    counsel: &'a Counsel,
    reckoner: R,
    text: &'a [u32],
}

impl<R: Reckoner> NullaryFnOnce for Hearing<'_, R> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn call(self) -> Vec<f32> {
        self.counsel.heard(self.reckoner, self.text)
    }
}

impl Layer {
    #[inline(always)]
    fn pass(&self, reckoner: impl Reckoner, pieces: &mut [f32]) {
        let told = hearing(&self.asks.of(reckoner, &Steps::of(pieces, WIDTH)));
        add(pieces, &self.heard.of(reckoner, &Steps::of(&told, WIDTH)));
        self.evened.even(pieces);
        let mut grown = self.grown.of(reckoner, &Steps::of(pieces, WIDTH));
        for number in &mut grown {
            *number = softened(*number);
        }
        add(pieces, &self.shrunk.of(reckoner, &Steps::of(&grown, INNER)));
        self.settled.even(pieces);
    }
}

/// What each piece hears: of what the others tell, most of those that answer to what it asks.
#[inline(always)]
fn hearing(asked: &[f32]) -> Vec<f32> {
    let count = asked.len() / (3 * WIDTH);
    let part = |piece: usize, which: usize, head: usize| {
        let at = (piece * 3 + which) * WIDTH + head * HEAD;
        &asked[at..at + HEAD]
    };
    let mut told = vec![0.0; count * WIDTH];
    let mut shares = vec![0.0; count];
    let scale = 1.0 / (HEAD as f32).sqrt();
    for head in 0..WIDTH / HEAD {
        for piece in 0..count {
            let asks = part(piece, 0, head);
            shares.iter_mut().enumerate().for_each(|(other, share)| *share = product(asks, part(other, 1, head)) * scale);
            let most = shares.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            for share in &mut shares {
                *share = raised(*share - most);
            }
            let all = 1.0 / shares.iter().sum::<f32>();
            let at = piece * WIDTH + head * HEAD;
            let to = &mut told[at..at + HEAD];
            for (other, share) in shares.iter().enumerate() {
                to.iter_mut().zip(part(other, 2, head)).for_each(|(sum, number)| *sum += number * share * all);
            }
        }
    }
    told
}

impl Change {
    #[inline(always)]
    fn of(&self, reckoner: impl Reckoner, given: &Steps) -> Vec<f32> {
        let (to, count) = (self.bias.len(), given.sizes.len());
        let mut found = vec![0.0; count * to];
        let mut put = |at: usize, row: usize, sum: i32| {
            found[at * to + row] = sum as f32 * (self.steps.sizes[row] * given.sizes[at]) + self.bias[row];
        };
        for first in (0..to).step_by(ROWS) {
            let rows: [&[i16]; ROWS] = std::array::from_fn(|one| self.steps.row(first + one));
            let rest = count - count % PIECES;
            for at in (0..rest).step_by(PIECES) {
                let sums = products(reckoner, rows, std::array::from_fn::<_, PIECES, _>(|one| given.row(at + one)));
                for (one, sums) in sums.into_iter().enumerate() {
                    sums.into_iter().enumerate().for_each(|(other, sum)| put(at + other, first + one, sum));
                }
            }
            for at in rest..count {
                let sums = products(reckoner, rows, [given.row(at)]);
                sums.into_iter().enumerate().for_each(|(one, [sum])| put(at, first + one, sum));
            }
        }
        found
    }
}

/// Sums products of whole numbers, many at a time.
trait Reckoner: Copy {
    type Sums: Copy;

    fn nothing(self) -> Self::Sums;
    fn added(self, sums: Self::Sums, one: &[i16; LANES], other: &[i16; LANES]) -> Self::Sums;
    fn total(self, sums: Self::Sums) -> i32;
}

/// For machines of which no more is known.
#[derive(Clone, Copy)]
struct OneByOne;

impl Reckoner for OneByOne {
    type Sums = i32;

    #[inline(always)]
    fn nothing(self) -> i32 {
        0
    }

    #[inline(always)]
    fn added(self, sums: i32, one: &[i16; LANES], other: &[i16; LANES]) -> i32 {
        sums + one.iter().zip(other).map(|(one, other)| i32::from(*one) * i32::from(*other)).sum::<i32>()
    }

    #[inline(always)]
    fn total(self, sums: i32) -> i32 {
        sums
    }
}

#[cfg(target_arch = "x86_64")]
impl Reckoner for V3 {
    type Sums = std::arch::x86_64::__m256i;

    #[inline(always)]
    fn nothing(self) -> Self::Sums {
        pulp::cast([0_i32; 8])
    }

    #[inline(always)]
    fn added(self, sums: Self::Sums, one: &[i16; LANES], other: &[i16; LANES]) -> Self::Sums {
        self.avx2._mm256_add_epi32(sums, self.avx2._mm256_madd_epi16(pulp::cast(*one), pulp::cast(*other)))
    }

    #[inline(always)]
    fn total(self, sums: Self::Sums) -> i32 {
        pulp::cast::<_, [i32; 8]>(sums).iter().sum()
    }
}

/// The products of some rows with others.
#[inline(always)]
fn products<R: Reckoner, const N: usize, const M: usize>(reckoner: R, rows: [&[i16]; N], others: [&[i16]; M]) -> [[i32; M]; N] {
    let mut sums = [[reckoner.nothing(); M]; N];
    let rows = rows.map(|row| row.as_chunks::<LANES>().0);
    let others = others.map(|other| &other.as_chunks::<LANES>().0[..rows[0].len()]);
    for at in 0..rows[0].len() {
        for (sums, row) in sums.iter_mut().zip(&rows) {
            for (sum, other) in sums.iter_mut().zip(&others) {
                *sum = reckoner.added(*sum, &row[at], &other[at]);
            }
        }
    }
    sums.map(|sums| sums.map(|sum| reckoner.total(sum)))
}

impl Evening {
    #[inline(always)]
    fn even(&self, pieces: &mut [f32]) {
        for piece in pieces.chunks_exact_mut(WIDTH) {
            let mean = sum(piece) / WIDTH as f32;
            for number in piece.iter_mut() {
                *number -= mean;
            }
            let share = 1.0 / (product(piece, piece) / WIDTH as f32 + EVEN).sqrt();
            piece.iter_mut().zip(&self.by).zip(&self.off).for_each(|((number, by), off)| *number = *number * share * by + off);
        }
    }
}

#[inline(always)]
fn sum(numbers: &[f32]) -> f32 {
    let mut lanes = [0.0; 8];
    numbers.as_chunks::<8>().0.iter().for_each(|numbers| lanes.iter_mut().zip(numbers).for_each(|(sum, number)| *sum += number));
    lanes.iter().sum()
}

/// The exponential of a number that is 0 at most: by its binary exponent and, for the rest, the first terms of its series; right to six
/// digits, and the same on every machine.
#[inline(always)]
fn raised(number: f32) -> f32 {
    let twos = if number > -80.0 { number } else { -80.0 } * std::f32::consts::LOG2_E;
    let rounded = twos + ROUNDING;
    let rest = (twos - (rounded - ROUNDING)) * std::f32::consts::LN_2;
    let series = 1.0 + rest * (1.0 + rest * (0.5 + rest * (1.0 / 6.0 + rest * (1.0 / 24.0 + rest / 120.0))));
    let exponent = rounded.to_bits().wrapping_sub(ROUNDING.to_bits()).wrapping_add(127);
    f32::from_bits(exponent << 23) * series
}

/// A number times how likely it is that one of a normal distribution is smaller (GELU; Hendrycks and Gimpel, 2016), by formula 7.1.26 of
/// Abramowitz and Stegun for the error function.
#[inline(always)]
fn softened(number: f32) -> f32 {
    let size = number.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let part = 1.0 / (1.0 + 0.327_591_1 * size);
    let series = part * (0.254_829_6 + part * (-0.284_496_74 + part * (1.421_413_8 + part * (-1.453_152 + part * 1.061_405_4))));
    let error = 1.0 - series * raised(-size * size);
    0.5 * number * (1.0 + error.copysign(number))
}

/// Counsel that several readers ask. Build it once and keep it.
#[pyclass(frozen, name = "Counsel")]
pub struct SharedCounsel(pub Arc<Counsel>);

#[pymethods]
impl SharedCounsel {
    /// Raises `ValueError` where it does not hold together.
    #[new]
    fn new(told: CounselTold) -> PyResult<SharedCounsel> {
        let made = Counsel::told(told).ok_or_else(|| crate::refused("counsel does not hold together".into()))?;
        Ok(SharedCounsel(Arc::new(made)))
    }
}
