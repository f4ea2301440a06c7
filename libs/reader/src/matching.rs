//! One pass over a text finds every term of a lexicon; the longest reading of the same words wins.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::lexicon::{Group, TermTold};
use crate::patterns::Patterns;
use crate::terms::Terms;
use crate::text::{Folded, Word};

/// Words of one group, from word `first` to word `last`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Hit {
    pub first: u32,
    pub last: u32,
    pub group: Group,
    /// Letters found, where the term is only a part of its word; 0 when it is whole words.
    pub part: u32,
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
    terms: Terms,
    manners: Vec<Manner>,
    patterns: Patterns,
}

impl Matcher {
    pub fn new(
        told: &[TermTold],
        patterns: &HashMap<String, Vec<String>>,
        manners: &Manners<'_>,
        endings: &HashSet<String>,
    ) -> Result<Matcher, String> {
        let names: BTreeSet<&str> =
            told.iter().map(|term| term.group.as_str()).chain(patterns.keys().map(String::as_str)).collect();
        let groups: Vec<String> = names.into_iter().map(String::from).collect();
        let group = |name: &str| groups.binary_search_by(|known| known.as_str().cmp(name)).expect("every name is known") as Group;
        let manner = |name: &String| Manner {
            transparent: manners.transparent.contains(name),
            opaque: manners.opaque.contains(name),
            past: manners.past.contains(name),
        };
        let by_group = patterns.iter().map(|(name, texts)| (group(name), texts));
        let expressions: Vec<(Group, &str)> =
            by_group.flat_map(|(number, texts)| texts.iter().map(move |text| (number, text.as_str()))).collect();
        Ok(Matcher {
            manners: groups.iter().map(manner).collect(),
            terms: Terms::new(told, endings, group)?,
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
        self.terms.find(folded, words, &mut hits);
        self.find_patterns(text, words, first, &mut hits);
        if let Some(year) = year {
            hits.retain(|hit| !(self.manner(hit).past && is_of(year, &text[span(words, hit)])));
        }
        hits.sort_unstable();
        hits.dedup();
        self.keep_longest(&mut hits, first, words.len());
        found.append(&mut hits);
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
