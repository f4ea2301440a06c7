//! The terms of a lexicon, found in one pass over a text's letters: an automaton knows how terms begin, a table the long ones whole. Most
//! of hundreds of thousands of terms are long and begin as others do, so the automaton stays small enough to be quick.

use std::collections::{BTreeMap, HashSet};

use daachorse::DoubleArrayAhoCorasick;

use crate::lexicon::{Group, TermTold};
use crate::matching::Hit;
use crate::text::{ByHash, Filter, Fnv, Folded, Gap, Word, Words, hash};

/// So many letters of a word at least, where a term goes on with the next: `forskærm lakeret`, not `prøvetur uden`.
const PART: usize = 4;
/// Terms that are longer (in bytes) are looked up whole where a word begins as they do.
const BEGINNING: usize = 8;
/// Set beside the number of a beginning that may stand within a word.
const WITHIN: u32 = 1 << 31;

#[derive(Clone, Copy)]
struct Term {
    group: Group,
    open_left: bool,
    open_right: bool,
    exact: bool,
    one_word: bool,
    apart: bool,
}

impl Term {
    fn new(told: &TermTold, group: Group) -> Term {
        let &TermTold { open_left, open_right, exact, one_word, apart, .. } = told;
        Term { group, open_left, open_right, exact, one_word, apart }
    }
}

/// Terms that are spelt alike, by where they begin and end among all.
#[derive(Clone, Copy, Default)]
struct Alike {
    begins: u32,
    ends: u32,
}

/// How terms begin: those that are no longer, and how long the longest is that goes on (0: none does).
#[derive(Clone, Copy, Default)]
struct Beginning {
    whole: Alike,
    longest: u32,
}

/// A long term, and where its letters stand.
struct Long {
    terms: Alike,
    spelt: u32,
}

pub struct Terms {
    automaton: Option<DoubleArrayAhoCorasick<u32>>,
    beginnings: Vec<Beginning>,
    long: ByHash<Long>,
    known: Filter,
    /// The letters of the long ones, one behind the other.
    spelt: String,
    all: Vec<Term>,
    endings: Words,
    longest_ending: usize,
}

impl Terms {
    /// `group`: the number of a group's name. Says what is wrong where terms cannot be searched for.
    pub fn new(told: &[TermTold], endings: &HashSet<String>, group: impl Fn(&str) -> Group) -> Result<Terms, String> {
        let mut by_letters: BTreeMap<&str, Vec<&TermTold>> = BTreeMap::new();
        for term in told.iter().filter(|term| !term.letters.is_empty()) {
            by_letters.entry(&term.letters).or_default().push(term);
        }
        let mut all: Vec<Term> = Vec::with_capacity(told.len());
        let mut begin: BTreeMap<&str, (Beginning, bool)> = BTreeMap::new();
        let mut long: ByHash<Long> = ByHash::default();
        let mut spelt = String::new();
        for (letters, terms) in by_letters {
            let begins = all.len() as u32;
            all.extend(terms.iter().map(|term| Term::new(term, group(&term.group))));
            let alike = Alike { begins, ends: all.len() as u32 };
            let is_open = terms.iter().any(|term| term.open_left || term.open_right);
            let beginning = &letters[..(0..=BEGINNING).rev().find(|&at| letters.is_char_boundary(at)).unwrap_or(0)];
            if letters.len() == beginning.len() || is_open {
                let (told, within) = begin.entry(letters).or_default();
                told.whole = alike;
                *within = terms.iter().any(|term| term.open_left);
            } else {
                let (told, _) = begin.entry(beginning).or_default();
                told.longest = told.longest.max(letters.len() as u32);
                long.insert(hash(letters), Long { terms: alike, spelt: spelt.len() as u32 });
                spelt.push_str(letters);
            }
        }
        let numbered = begin.iter().zip(0..);
        let numbered: Vec<(&str, u32)> =
            numbered.map(|((letters, (_, within)), number)| (*letters, if *within { number | WITHIN } else { number })).collect();
        let automaton = (!numbered.is_empty())
            .then(|| DoubleArrayAhoCorasick::with_values(numbered))
            .transpose()
            .map_err(|error| format!("the terms cannot be searched for: {error}"))?;
        Ok(Terms {
            automaton,
            beginnings: begin.into_values().map(|(beginning, _)| beginning).collect(),
            known: Filter::new(long.keys()),
            long,
            spelt,
            all,
            endings: endings.iter().map(|ending| ending.as_str().into()).collect(),
            longest_ending: endings.iter().map(String::len).max().unwrap_or(0),
        })
    }

    /// Add what stands in one passage to `hits`. `words` are all words so far, of which those that `folded` holds are the last.
    pub fn find(&self, folded: &Folded, words: &[Word], hits: &mut Vec<Hit>) {
        let Some(automaton) = &self.automaton else { return };
        let place = Place { text: folded.string.as_str(), words };
        for found in automaton.find_overlapping_iter(place.text) {
            let (start, value) = (found.start(), found.value());
            let first = folded.word_of[start] as usize;
            let at_start = words[first].start as usize == start;
            if !at_start && value & WITHIN == 0 {
                continue;
            }
            let beginning = self.beginnings[(value & !WITHIN) as usize];
            if beginning.whole.begins < beginning.whole.ends {
                let last = folded.word_of[found.end() - 1] as usize;
                if place.goes_on(first, last) {
                    self.take(beginning.whole, &place, (start, found.end()), (first, last), hits);
                }
            }
            if at_start && beginning.longest > 0 {
                self.find_long(&place, start, first, beginning.longest as usize, hits);
            }
        }
    }

    /// Long terms that begin there, with a word: each ends with a word, or before one of the endings.
    fn find_long(&self, place: &Place<'_>, start: usize, first: usize, longest: usize, hits: &mut Vec<Hit>) {
        let bytes = place.text.as_bytes();
        let mut hashed = Fnv::new();
        let mut at = start;
        for last in first..place.words.len() {
            if last > first && place.words[last].gap != Gap::None {
                return;
            }
            let word_end = place.word_end(last);
            while at < word_end {
                if at - start >= longest {
                    return;
                }
                hashed.add(bytes[at]);
                at += 1;
                if word_end - at <= self.longest_ending
                    && self.known.may_hold(hashed.hash())
                    && let Some(long) = self.long.get(&hashed.hash())
                    && self.spelt.as_bytes()[long.spelt as usize..].starts_with(&bytes[start..at])
                {
                    self.take(long.terms, place, (start, at), (first, last), hits);
                }
            }
        }
    }

    /// Take those of the terms that may stand there: at the edges of words, or open to the rest of them.
    fn take(
        &self,
        terms: Alike,
        place: &Place<'_>,
        (start, end): (usize, usize),
        (first, last): (usize, usize),
        hits: &mut Vec<Hit>,
    ) {
        let at_start = place.words[first].start as usize == start;
        let rest = &place.text[end..place.word_end(last)];
        for term in &self.all[terms.begins as usize..terms.ends as usize] {
            if !at_start && !(term.open_left && (first == last || place.word_end(first) - start >= PART)) {
                continue;
            }
            if (term.one_word && first != last) || (term.apart && first == last) {
                continue;
            }
            if !rest.is_empty() && !term.open_right && (term.exact || !self.is_ending(rest)) {
                continue;
            }
            let part = if term.open_left || term.open_right { (end - start) as u32 } else { 0 };
            hits.push(Hit { first: first as u32, last: last as u32, group: term.group, part });
        }
    }

    fn is_ending(&self, letters: &str) -> bool {
        letters.len() <= self.longest_ending && self.endings.contains(letters)
    }
}

/// The letters of a passage, with its words behind all those of earlier ones.
struct Place<'a> {
    text: &'a str,
    words: &'a [Word],
}

impl Place<'_> {
    fn word_end(&self, word: usize) -> usize {
        self.words.get(word + 1).map_or(self.text.len(), |next| next.start as usize)
    }

    /// Whether nothing parts the words.
    fn goes_on(&self, first: usize, last: usize) -> bool {
        first == last || self.words[first + 1..=last].iter().all(|word| word.gap == Gap::None)
    }
}
