//! One pass over a text finds every term of a lexicon; the longest reading of the same words wins.

use std::collections::{BTreeSet, HashMap, HashSet};

use daachorse::DoubleArrayAhoCorasick;

use crate::lexicon::{Group, TermTold};
use crate::patterns::Patterns;
use crate::text::{self, Folded, Gap, Word};

/// So many letters of a word at least, where a term goes on with the next: `forskærm lakeret`, not `prøvetur uden`.
const PART: usize = 4;
const WITHIN: u32 = 1 << 31;

/// Words of one group, from word `first` to word `last`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Hit {
    pub first: u32,
    pub last: u32,
    pub group: Group,
    /// Letters found, where the term is only a part of its word; 0 when it is whole words.
    pub part: u32,
}

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

/// What else is told of the groups that are looked for.
#[derive(Clone, Copy, Default)]
struct Manner {
    transparent: bool,
    opaque: bool,
    /// A cue that names a year, and holds where that is before the order's.
    past: bool,
}

/// Which groups let others shine through, cover even those, or are of a year.
pub struct Manners<'a> {
    pub transparent: &'a HashSet<String>,
    pub opaque: &'a HashSet<String>,
    pub past: &'a HashSet<String>,
}

pub struct Matcher {
    pub groups: Vec<String>,
    automaton: Option<DoubleArrayAhoCorasick<u32>>,
    /// The terms in the order of their letters, and where those of each string of letters begin, which the automaton knows by its number
    /// (with `WITHIN` where one of them may begin within a word).
    terms: Vec<Term>,
    spelt: Vec<u32>,
    manners: Vec<Manner>,
    endings: text::Words,
    longest_ending: usize,
    patterns: Patterns,
}

impl Matcher {
    pub fn new(
        told: &[TermTold],
        patterns: &HashMap<String, String>,
        manners: &Manners<'_>,
        endings: &HashSet<String>,
    ) -> Result<Matcher, String> {
        let names: BTreeSet<&str> =
            told.iter().map(|term| term.group.as_str()).chain(patterns.keys().map(String::as_str)).collect();
        let groups: Vec<String> = names.into_iter().map(String::from).collect();
        let group = |name: &str| groups.binary_search_by(|known| known.as_str().cmp(name)).expect("every name is known") as Group;
        let mut sorted: Vec<&TermTold> = told.iter().collect();
        sorted.sort_by(|one, other| one.letters.cmp(&other.letters));
        let terms: Vec<Term> = sorted.iter().map(|term| Term::new(term, group(&term.group))).collect();
        let mut letters: Vec<(&str, u32)> = Vec::new();
        let mut spelt: Vec<u32> = Vec::new();
        for (at, term) in sorted.iter().enumerate() {
            if letters.last().is_none_or(|(known, _)| *known != term.letters) {
                letters.push((&term.letters, spelt.len() as u32));
                spelt.push(at as u32);
            }
            if term.open_left {
                letters.last_mut().expect("there is one now").1 |= WITHIN;
            }
        }
        spelt.push(sorted.len() as u32);
        let automaton = (!letters.is_empty())
            .then(|| DoubleArrayAhoCorasick::with_values(letters))
            .transpose()
            .map_err(|error| format!("the terms cannot be searched for: {error}"))?;
        let manner = |name: &String| Manner {
            transparent: manners.transparent.contains(name),
            opaque: manners.opaque.contains(name),
            past: manners.past.contains(name),
        };
        let expressions: Vec<(Group, &str)> = patterns.iter().map(|(name, text)| (group(name), text.as_str())).collect();
        Ok(Matcher {
            manners: groups.iter().map(manner).collect(),
            automaton,
            terms,
            spelt,
            longest_ending: endings.iter().map(String::len).max().unwrap_or(0),
            endings: endings.iter().map(|ending| ending.as_str().into()).collect(),
            patterns: Patterns::new(&expressions)?,
            groups,
        })
    }

    fn manner(&self, hit: &Hit) -> Manner {
        self.manners[usize::from(hit.group)]
    }

    /// Add what stands in one passage to `found`, without what a longer reading covers. `words` are all words so far, those of the
    /// passage from `first` on; `year`: that of the day which the text is of.
    pub fn search(&self, text: &str, folded: &Folded, words: &[Word], first: usize, year: Option<i32>, found: &mut Vec<Hit>) {
        let mut hits: Vec<Hit> = Vec::new();
        self.find_terms(folded, words, &mut hits);
        self.find_patterns(text, words, first, &mut hits);
        if let Some(year) = year {
            hits.retain(|hit| !(self.manner(hit).past && is_of(year, &text[span(words, hit)])));
        }
        hits.sort_unstable();
        hits.dedup();
        self.keep_longest(&mut hits, first, words.len());
        found.append(&mut hits);
    }

    fn find_terms(&self, folded: &Folded, words: &[Word], hits: &mut Vec<Hit>) {
        let Some(automaton) = &self.automaton else { return };
        let text = folded.string.as_str();
        for found in automaton.find_overlapping_iter(text) {
            let (start, end, value) = (found.start(), found.end(), found.value());
            let first = folded.word_of[start] as usize;
            let at_start = words[first].start as usize == start;
            if !at_start && value & WITHIN == 0 {
                continue;
            }
            let last = folded.word_of[end - 1] as usize;
            if first != last && words[first + 1..=last].iter().any(|word| word.gap != Gap::None) {
                continue;
            }
            let word_end = |word: usize| words.get(word + 1).map_or(text.len(), |next| next.start as usize);
            let rest = word_end(last) - end;
            let number = (value & !WITHIN) as usize;
            for term in &self.terms[self.spelt[number] as usize..self.spelt[number + 1] as usize] {
                if !at_start && !(term.open_left && (first == last || word_end(first) - start >= PART)) {
                    continue;
                }
                if (term.one_word && first != last) || (term.apart && first == last) {
                    continue;
                }
                if rest > 0 && !term.open_right && (term.exact || !self.is_ending(&text[end..end + rest])) {
                    continue;
                }
                let part = if term.open_left || term.open_right { (end - start) as u32 } else { 0 };
                hits.push(Hit { first: first as u32, last: last as u32, group: term.group, part });
            }
        }
    }

    fn is_ending(&self, letters: &str) -> bool {
        letters.len() <= self.longest_ending && self.endings.contains(letters)
    }

    fn find_patterns(&self, text: &str, words: &[Word], first: usize, hits: &mut Vec<Hit>) {
        self.patterns.find(text, |group, begins, ends| {
            let within = |word: &Word| (word.begins as usize) < ends && word.ends as usize > begins;
            let here = first..words.len();
            let begin = here.clone().find(|&at| within(&words[at]));
            let end = here.rev().find(|&at| within(&words[at]));
            if let Some((begin, end)) = begin.zip(end) {
                hits.push(Hit { first: begin as u32, last: end as u32, group, part: 0 });
            }
        });
    }

    /// Drop each hit that lies inside a longer one: `service` in `service aftale`, `syn` in `klargøring til syn`.
    /// `hits` are sorted; all lie within the words from `first` up to `end`.
    fn keep_longest(&self, hits: &mut Vec<Hit>, first: usize, end: usize) {
        let mut solid: Vec<(u32, i64, u32)> = Vec::with_capacity(hits.len()); // first, last (longest first), part
        let mut opaque = vec![false; end - first];
        for hit in hits.iter().filter(|hit| !self.manner(hit).transparent) {
            solid.push((hit.first, -i64::from(hit.last), hit.part));
            if self.manner(hit).opaque {
                opaque[hit.first as usize - first..=hit.last as usize - first].fill(true);
            }
        }
        solid.sort_unstable();
        let mut reach = -1;
        let mut readings: Vec<Reading> = Vec::with_capacity(solid.len()); // in order, each of its own words
        for &(begin, last, part) in &solid {
            let is_new = readings.last().is_none_or(|before| (before.first, before.last) != (begin, last));
            if is_new {
                readings.push(Reading { first: begin, last, stays: -last > reach, whole: false, most: 0 });
                reach = reach.max(-last);
            }
            let reading = readings.last_mut().expect("there is one now");
            reading.whole |= part == 0;
            reading.most = reading.most.max(part);
        }
        hits.retain(|hit| {
            let at = readings.binary_search_by_key(&(hit.first, -i64::from(hit.last)), |reading| (reading.first, reading.last));
            let same = at.ok().map(|at| &readings[at]);
            let stays = if self.manner(hit).transparent {
                !(opaque[hit.first as usize - first] && opaque[hit.last as usize - first])
            } else {
                same.is_some_and(|reading| reading.stays)
            };
            stays && !(hit.part > 0 && same.is_some_and(|reading| reading.whole || hit.part < reading.most))
        });
    }
}

/// What was found on the same words: of such, none but whole words stay where there are any, else those with the most letters.
struct Reading {
    first: u32,
    /// Negative, so that longer readings come first.
    last: i64,
    stays: bool,
    whole: bool,
    most: u32,
}

/// Where the words of a hit stand in the text of their passage.
pub fn span(words: &[Word], hit: &Hit) -> std::ops::Range<usize> {
    words[hit.first as usize].begins as usize..words[hit.last as usize].ends as usize
}

/// Whether words name that year or a later one: `udført i 2025` on an order of 2025.
fn is_of(year: i32, text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut latest = None;
    while at + 4 <= bytes.len() {
        let four = &bytes[at..at + 4];
        if (four.starts_with(b"19") || four.starts_with(b"20")) && four.iter().all(u8::is_ascii_digit) {
            latest = latest.max(std::str::from_utf8(four).ok().and_then(|told| told.parse::<i32>().ok()));
            at += 4;
        } else {
            at += 1;
        }
    }
    latest.is_some_and(|latest| latest >= year)
}
