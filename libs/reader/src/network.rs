//! A small network that reads a text as a whole: what each word is made of, which groups stand on it, what is around it. It says how likely
//! each tag is, and which word says so loudest.
//!
//! A word is the sum of the rows of its signs (pieces of it, groups, what parts it from the word before, where it stands). Three layers mix
//! each word with its neighbours, the last ones from up to eight words away. All words have a say on each tag; the loudest count most.

#![expect(clippy::inline_always, reason = "what is dispatched is made for this machine's reckoner only where it is inlined")]

use std::sync::{Arc, Mutex, PoisonError};

use pulp::Arch;
use pyo3::prelude::*;

use crate::features::{Family, Part, key, key_of, name};
use crate::judge::{Case, State};
use crate::order::Passage;
use crate::text::{ByHash, Filter, Word, hash};

/// Numbers that a word is made of.
const WIDTH: usize = 64;
/// Words that a layer mixes.
const TAPS: usize = 5;
/// Pieces of a word have so many letters.
const PIECES: [usize; 3] = [3, 4, 5];
const MOST_PIECES: usize = 24;
const MOST_GROUPS: usize = 8;
/// So many other words are remembered, a quarter of a kilobyte each.
const MOST_REMEMBERED: usize = 16_384;
/// What is quieter by so much than the loudest word adds nothing.
const QUIET: f32 = 12.0;
const EVEN: f32 = 1e-5;
/// The mean of all words says no more in longer texts, nor do the rules' words on more tags than these.
const LONG: usize = 48;
const MANY: usize = 4;

const PIECE: Family = Family::new("piece");
const BEGINS: Family = Family::new("begins");
const GOES_ON: Family = Family::new("on");
const BEFORE: Family = Family::new("before");
const BEHIND: Family = Family::new("behind");
const PLACE: Family = Family::new("place");
const LANGUAGE: Family = Family::new("language");
const MONTH: Family = Family::new("month");
const OPEN: Family = Family::new("open");

type Row = [f32; WIDTH];
/// What words are, by the hash of their letters.
type Remembered = ByHash<(Box<str>, Row)>;

/// A sign's row as it is kept: whole steps of some size.
struct Steps {
    size: f32,
    counts: [i8; WIDTH],
}

#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct LayerTold {
    apart: usize,
    near: Vec<f32>,
    mix: Vec<f32>,
    bias: Vec<f32>,
    share: Vec<f32>,
}

/// A network as it is kept in a file. `rows`: a byte a number, which `scales` says how to read, row by row.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct NetworkTold {
    tags: Vec<String>,
    signs: Vec<String>,
    scales: Vec<f32>,
    rows: Vec<u8>,
    layers: Vec<LayerTold>,
    loud: Vec<f32>,
    mean: Vec<f32>,
    bias: Vec<f32>,
    stated: Vec<f32>,
    beside: Vec<f32>,
}

/// Mixes each word with its neighbours: the one, `apart` words away, and the next one as far again, on both sides.
struct Layer {
    apart: usize,
    near: Vec<Row>,
    mix: Vec<Row>,
    bias: Row,
    share: Row,
}

/// What the network says of a text: how likely each of its tags is (log odds), and the number of the word that says so loudest, but
/// for words of lines that were cancelled.
pub struct Said {
    pub sums: Vec<f32>,
    pub loudest: Vec<u32>,
}

/// The network, learned from labelled orders of all languages.
pub struct Network {
    pub tags: Vec<String>,
    /// What this machine reckons with, many numbers at a time.
    arch: Arch,
    signs: ByHash<u32>,
    known: Filter,
    rows: Vec<Steps>,
    /// What words are that were seen often, with all their pieces.
    words: ByHash<Row>,
    /// And others that were met lately.
    remembered: Mutex<Remembered>,
    layers: Vec<Layer>,
    /// By tag: what makes a word loud, what the mean of all words says, and what is said of any text.
    loud: Vec<Row>,
    mean: Vec<Row>,
    bias: Vec<f32>,
    stated: Stated,
}

/// What the rules' own word on a tag says: nothing, yes, over; and their word on one tag of another.
pub struct Stated {
    alone: [Vec<f32>; 3],
    beside: [Vec<Vec<f32>>; 2],
}

impl Steps {
    fn add_to(&self, sum: &mut Row) {
        sum.iter_mut().zip(&self.counts).for_each(|(sum, &count)| *sum += f32::from(count) * self.size);
    }
}

fn rows(told: &[f32], count: usize) -> Option<Vec<Row>> {
    (told.len() == count * WIDTH).then(|| told.chunks_exact(WIDTH).map(row).collect())
}

fn row(told: &[f32]) -> Row {
    let mut made = [0.0; WIDTH];
    made.copy_from_slice(told);
    made
}

impl Network {
    fn told(told: NetworkTold) -> Option<Network> {
        let tags = told.tags.len();
        if told.rows.len() != told.signs.len() * WIDTH || told.scales.len() != told.signs.len() || told.bias.len() != tags {
            return None;
        }
        let mut layers = Vec::new();
        for layer in told.layers {
            layers.push(Layer {
                apart: layer.apart,
                near: rows(&layer.near, TAPS)?,
                mix: rows(&layer.mix, WIDTH)?,
                bias: *rows(&layer.bias, 1)?.first()?,
                share: *rows(&layer.share, 1)?.first()?,
            });
        }
        let steps = |(bytes, &size): (&[u8], &f32)| {
            let mut counts = [0; WIDTH];
            counts.iter_mut().zip(bytes).for_each(|(count, byte)| *count = byte.cast_signed());
            Steps { size, counts }
        };
        let signs: ByHash<u32> = told.signs.iter().zip(0..).map(|(sign, number)| (key_of(sign), number)).collect();
        let mut network = Network {
            known: Filter::new(signs.keys()),
            signs,
            rows: told.rows.chunks_exact(WIDTH).zip(&told.scales).map(steps).collect(),
            words: ByHash::default(),
            remembered: Mutex::default(),
            layers,
            loud: rows(&told.loud, tags)?,
            mean: rows(&told.mean, tags)?,
            bias: told.bias,
            stated: Stated::new(&told.stated, &told.beside, tags)?,
            tags: told.tags,
            arch: Arch::new(),
        };
        let whole = |sign: &String| Some(sign.strip_prefix("piece:<")?.strip_suffix('>')?.to_owned());
        for word in told.signs.iter().filter_map(whole) {
            network.words.insert(hash(&word), network.of_pieces(&word));
        }
        Some(network)
    }

    fn row(&self, family: &Family, parts: &[Part<'_>]) -> Option<&Steps> {
        let key = key(family, parts);
        if self.known.may_hold(key) { self.signs.get(&key).map(|&number| &self.rows[number as usize]) } else { None }
    }

    fn of_pieces(&self, letters: &str) -> Row {
        let mut sum = [0.0; WIDTH];
        let mut count = 0_u8;
        pieces(letters, |piece| {
            if usize::from(count) < MOST_PIECES
                && let Some(row) = self.row(&PIECE, &[piece])
            {
                count += 1;
                row.add_to(&mut sum);
            }
        });
        let share = 1.0 / f32::from(count.max(1)).sqrt();
        sum.map(|number| number * share)
    }

    /// What a word of a text is made of. Numbers are of few pieces, and seldom come again.
    fn of_letters(&self, word: &Word, letters: &str, remembered: &mut Remembered) -> Row {
        if let Some(known) = self.words.get(&word.hash) {
            return *known;
        }
        if letters.starts_with(char::is_numeric) {
            return self.of_pieces(letters);
        }
        if let Some((_, known)) = remembered.get(&word.hash).filter(|(told, _)| **told == *letters) {
            return *known;
        }
        if remembered.len() >= MOST_REMEMBERED {
            remembered.clear();
        }
        let made = self.of_pieces(letters);
        remembered.insert(word.hash, (letters.into(), made));
        made
    }

    /// What each word of a text is before its neighbours are heard.
    fn words(&self, case: &Case<'_>) -> Vec<Row> {
        let mut of_all = [0.0; WIDTH];
        of_text(case, |family, parts| {
            if let Some(row) = self.row(family, parts) {
                row.add_to(&mut of_all);
            }
        });
        let groups = groups(case);
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        let words = case.joined.words.iter().zip(&groups).zip(0..).map(|((word, groups), number)| {
            let mut sum = of_all;
            add(&mut sum, &self.of_letters(word, case.joined.letters(number), &mut remembered));
            of_word(case, number, groups, |family, parts| {
                if let Some(row) = self.row(family, parts) {
                    row.add_to(&mut sum);
                }
            });
            sum
        });
        words.collect()
    }

    /// Read a text.
    pub fn read(&self, case: &Case<'_>) -> Said {
        let counts: Vec<bool> =
            case.joined.words.iter().map(|word| !case.order.passages[word.passage as usize].dropped).collect();
        let words = self.words(case);
        let mut said = self.arch.dispatch(|| self.heard(words, &counts));
        self.stated.add_to(&mut said.sums, &self.tags, case);
        said
    }

    /// What is heard when the words are mixed; only those that count may be the loudest.
    #[inline(always)]
    fn heard(&self, mut words: Vec<Row>, counts: &[bool]) -> Said {
        let mut even = vec![[0.0; WIDTH]; words.len()];
        for layer in &self.layers {
            layer.mix(&mut words, &mut even);
        }
        let mut all = [0.0; WIDTH];
        for word in &mut words {
            *word = evened(word);
            add(&mut all, word);
        }
        let share = (words.len().clamp(1, LONG) as f32).sqrt() / words.len().max(1) as f32;
        let mut said = Said { sums: Vec::with_capacity(self.tags.len()), loudest: Vec::with_capacity(self.tags.len()) };
        let mut heard: Vec<f32> = Vec::with_capacity(words.len());
        for tag in 0..self.tags.len() {
            heard.clear();
            heard.extend(words.iter().map(|word| product(word, &self.loud[tag])));
            let most = heard.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let near = heard.iter().filter(|&&loud| loud > most - QUIET).map(|loud| (loud - most).exp()).sum::<f32>();
            let loudest = (0..heard.len()).filter(|&at| counts[at]).max_by(|&one, &other| heard[one].total_cmp(&heard[other]));
            said.sums.push(most + near.ln() + product(&all, &self.mean[tag]) * share + self.bias[tag]);
            said.loudest.push(loudest.unwrap_or_default() as u32);
        }
        said
    }
}

impl Stated {
    /// Of flat tables: by state and tag; by state (yes, then over), tag and the other tag. None where they have other sizes.
    pub fn new(alone: &[f32], beside: &[f32], tags: usize) -> Option<Stated> {
        if alone.len() != 3 * tags || beside.len() != 2 * tags * tags {
            return None;
        }
        let by_tag = |told: &[f32]| told.chunks_exact(tags.max(1)).map(<[f32]>::to_vec).collect::<Vec<_>>();
        let mut beside = by_tag(beside);
        let over = beside.split_off(tags);
        Some(Stated { alone: by_tag(alone).try_into().ok()?, beside: [beside, over] })
    }

    /// What the rules say has a say, too.
    pub fn add_to(&self, sums: &mut [f32], tags: &[String], case: &Case<'_>) {
        let states = tags.iter().map(|tag| case.scene.rules.tag(tag).map_or(State::None, |tag| case.state(tag)));
        let states: Vec<State> = states.collect();
        let told = states.iter().filter(|state| **state != State::None).count();
        let share = MANY.min(told) as f32 / told.max(1) as f32;
        for (number, state) in states.into_iter().enumerate() {
            let (alone, beside) = match state {
                State::None => (&self.alone[0], None),
                State::Yes => (&self.alone[1], Some(&self.beside[0][number])),
                State::Over => (&self.alone[2], Some(&self.beside[1][number])),
            };
            sums[number] += alone[number];
            if let Some(beside) = beside {
                sums.iter_mut().zip(beside).for_each(|(sum, weight)| *sum += weight * share);
            }
        }
    }
}

/// A network that several readers use. Build it once and keep it.
#[pyclass(frozen, name = "Network")]
pub struct Shared(pub Arc<Network>);

#[pymethods]
impl Shared {
    /// Raises `ValueError` where it does not hold together.
    #[new]
    fn new(told: NetworkTold) -> PyResult<Shared> {
        let made = Network::told(told).ok_or_else(|| crate::refused("the network does not hold together".into()))?;
        Ok(Shared(Arc::new(made)))
    }
}

impl Layer {
    /// `even` is room for what they are evened.
    #[inline(always)]
    fn mix(&self, words: &mut [Row], even: &mut [Row]) {
        even.iter_mut().zip(&*words).for_each(|(even, word)| *even = evened(word));
        for (at, word) in words.iter_mut().enumerate() {
            let mut near = [0.0; WIDTH];
            for (tap, weights) in self.near.iter().enumerate() {
                let other = (at + tap * self.apart).checked_sub(TAPS / 2 * self.apart).and_then(|other| even.get(other));
                if let Some(other) = other {
                    near.iter_mut().zip(other).zip(weights).for_each(|((sum, number), weight)| *sum += number * weight);
                }
            }
            let mut mixed = self.bias;
            for (number, weights) in near.iter().zip(&self.mix) {
                mixed.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += number * weight);
            }
            word.iter_mut().zip(&mixed).zip(&self.share).for_each(|((sum, number), share)| *sum += number.max(0.0) * share);
        }
    }
}

#[inline(always)]
pub fn add(sums: &mut [f32], numbers: &[f32]) {
    sums.iter_mut().zip(numbers).for_each(|(sum, number)| *sum += number);
}

/// Products are summed eight at a time, in the same order on every machine.
#[inline(always)]
pub fn product(one: &[f32], other: &[f32]) -> f32 {
    let mut lanes = [0.0; 8];
    for (one, other) in one.as_chunks::<8>().0.iter().zip(other.as_chunks::<8>().0) {
        lanes.iter_mut().zip(one).zip(other).for_each(|((sum, one), other)| *sum += one * other);
    }
    lanes.iter().sum()
}

/// The same with a mean of 0 and a spread of 1.
#[inline(always)]
fn evened(row: &Row) -> Row {
    const ONES: Row = [1.0; WIDTH];
    let mean = product(row, &ONES) / WIDTH as f32;
    let apart = row.map(|number| number - mean);
    let share = 1.0 / (product(&apart, &apart) / WIDTH as f32 + EVEN).sqrt();
    apart.map(|number| number * share)
}

/// The signs of all words of a text, by name: to learn from.
pub fn signs(case: &Case<'_>) -> Vec<Vec<String>> {
    let mut of_all = Vec::new();
    of_text(case, |family, parts| of_all.push(name(family, parts)));
    let groups = groups(case);
    let words = (0..).zip(&groups).map(|(number, groups)| {
        let mut told = of_all.clone();
        of_word(case, number, groups, |family, parts| told.push(name(family, parts)));
        pieces(case.joined.letters(number), |piece| told.push(name(&PIECE, &[piece])));
        told
    });
    words.collect()
}

/// What is told of a whole text.
fn of_text(case: &Case<'_>, mut take: impl FnMut(&Family, &[Part<'_>])) {
    take(&LANGUAGE, &[case.language]);
    take(&MONTH, &[Part::of(&case.order.month.unwrap_or_default().to_string())]);
    if !case.order.finished {
        take(&OPEN, &[]);
    }
}

/// The groups on each word, and whether they begin there.
fn groups<'a>(case: &Case<'a>) -> Vec<Vec<(Part<'a>, bool)>> {
    let mut found: Vec<Vec<(Part<'a>, bool)>> = vec![Vec::new(); case.joined.words.len()];
    for hit in case.scene.hits {
        for word in hit.first..=hit.last {
            let here = &mut found[word as usize];
            if here.len() < MOST_GROUPS {
                here.push((case.scene.rules.groups[usize::from(hit.group)].part(), word == hit.first));
            }
        }
    }
    found
}

/// What is told of a word beside its pieces.
fn of_word(case: &Case<'_>, number: u32, groups: &[(Part<'_>, bool)], mut take: impl FnMut(&Family, &[Part<'_>])) {
    let word = case.joined.words[number as usize];
    let passage = &case.order.passages[word.passage as usize];
    let is_of = |other: &&Word| other.passage == word.passage;
    let before = number.checked_sub(1).map(|at| &case.joined.words[at as usize]).filter(is_of);
    let begins = before.map_or(0, |before| before.ends as usize);
    let between = &passage.text[begins..(word.begins as usize).max(begins)];
    take(&BEFORE, &[if before.is_none() { Part::of("start") } else { parting(between) }]);
    if case.joined.words.get(number as usize + 1).is_none_or(|next| next.passage != word.passage) {
        take(&BEHIND, &[parting(&passage.text[word.ends as usize..])]);
    }
    take(&PLACE, &[place(passage)]);
    for &(group, is_first) in groups {
        take(if is_first { &BEGINS } else { &GOES_ON }, &[group]);
    }
}

fn place(passage: &Passage) -> Part<'static> {
    if passage.dropped {
        Part::of("dropped")
    } else if passage.remarks {
        Part::of("remarks")
    } else if passage.takes_back.is_some() {
        Part::of("back")
    } else {
        Part::of(["plain", "priced"][usize::from(passage.priced())])
    }
}

/// What parts two words.
fn parting(between: &str) -> Part<'static> {
    let dash = |part: &str| !part.is_empty() && part.chars().all(|sign| matches!(sign, '-' | '–' | '—'));
    let stop = |(at, sign): (usize, char)| sign == '.' && between[at + 1..].chars().next().is_none_or(char::is_whitespace);
    if between.is_empty() {
        Part::of("nothing")
    } else if between == " " {
        Part::of("space")
    } else if between.contains('?') {
        Part::of("question")
    } else if between.contains(['!', ';', '|', '*', '•', '\n', '\r']) || between.char_indices().any(stop) {
        Part::of("stop")
    } else if between.contains(['(', '[']) {
        Part::of("open")
    } else if between.contains([')', ']']) {
        Part::of("close")
    } else if between.contains(':') {
        Part::of("colon")
    } else if between.contains(',') {
        Part::of("comma")
    } else if between.starts_with(char::is_whitespace) && between.split_whitespace().any(dash) {
        Part::of("dash")
    } else if between.contains('+') {
        Part::of("plus")
    } else {
        Part::of("other")
    }
}

/// A word whole, then its pieces, but for numbers; each digit is a 0.
fn pieces(letters: &str, mut take: impl FnMut(Part<'_>)) {
    let mut framed = String::with_capacity(letters.len() + 2);
    framed.push('<');
    framed.extend(letters.chars().map(|letter| if letter.is_numeric() { '0' } else { letter }));
    framed.push('>');
    take(Part::of(&framed));
    if letters.starts_with(char::is_numeric) {
        return;
    }
    let places: Vec<usize> = framed.char_indices().map(|(at, _)| at).chain([framed.len()]).collect();
    for size in PIECES.into_iter().filter(|size| size + 1 < places.len()) {
        for window in places.windows(size + 1) {
            take(Part::of(&framed[window[0]..window[size]]));
        }
    }
}
