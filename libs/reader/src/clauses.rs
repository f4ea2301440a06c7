//! Clauses of the text: where the words stop that belong together, and what was found in each.

use crate::lexicon::{Group, Rules};
use crate::matching::Hit;
use crate::text::{Gap, Word};

/// Nobody writes longer clauses.
const MOST_WORDS: u32 = 120;

/// The words from `first` to `last` that belong together, and what was found in them (the numbers of hits).
pub struct Clause {
    pub first: u32,
    pub last: u32,
    pub sentence: u32,
    pub passage: u32,
    /// A colon ends it.
    pub heading: bool,
    /// It begins with men, dog ...
    pub turned: bool,
    /// og, samt or eller is among its words,
    pub listed: bool,
    /// and there stands the last of them.
    pub joint: Option<u32>,
    /// It names nothing: all that was found in it are helpers, verbs and cues.
    pub bare: bool,
    /// How many of its words say something that nobody knows.
    pub unknown: u32,
    pub things: Vec<u32>,
    pub done: Vec<u32>,
    pub cues: Vec<u32>,
}

impl Clause {
    pub fn has_verb(&self) -> bool {
        !(self.done.is_empty() && self.cues.is_empty())
    }

    pub fn is_done(&self) -> bool {
        !self.done.is_empty()
    }

    pub fn hits(&self) -> impl Iterator<Item = u32> {
        self.things.iter().chain(&self.done).chain(&self.cues).copied()
    }
}

/// Cut the text at commas, brackets, dashes, `men`, and where `og` leads on to a new verb or cue. `hits` are sorted.
pub fn clauses(words: &[Word], hits: &[Hit], rules: &Rules) -> Vec<Clause> {
    let mut verbs = vec![false; words.len() + 1];
    let mut within = vec![false; words.len()]; // `ikke men` of a term cuts nothing
    let mut known = vec![false; words.len()];
    for hit in hits {
        let kind = rules.kind(hit.group);
        verbs[hit.first as usize] |= kind.verb || kind.cue.is_some();
        within[hit.first as usize + 1..=hit.last as usize].fill(true);
        known[hit.first as usize..=hit.last as usize].fill(true);
    }
    let mut found = cut(words, &verbs, &within);
    let mut at = 0;
    for (number, hit) in hits.iter().enumerate() {
        while found[at].last < hit.first {
            at += 1;
        }
        let clause = &mut found[at];
        let kind = rules.kind(hit.group);
        if let Some((_, cue)) = rules.cue_of(hit.group) {
            if !cue.protects {
                clause.cues.push(number as u32);
            }
        } else if kind.verb {
            clause.done.push(number as u32);
        } else {
            clause.things.push(number as u32);
            clause.bare &= kind.helper;
        }
    }
    for clause in &mut found {
        let here = clause.first as usize..=clause.last as usize;
        clause.unknown = here.filter(|&word| words[word].tells && !known[word]).count() as u32;
    }
    let mut named = named(found);
    let standing: Vec<Option<Vec<u32>>> = (0..named.len()).map(|place| standing(place, &named, hits, rules)).collect();
    for (clause, cues) in named.iter_mut().zip(standing) {
        clause.cues = cues.unwrap_or_default();
    }
    named
}

/// The cues of a clause that may speak.
fn standing(place: usize, found: &[Clause], hits: &[Hit], rules: &Rules) -> Option<Vec<u32>> {
    let cues = &found[place].cues;
    if cues.is_empty() {
        return None;
    }
    Some(cues.iter().copied().filter(|&cue| stands(cue, place, found, hits, rules)).collect())
}

/// Whether the words beside a cue let it speak; one that leads its clause has those of the clause before beside it, too.
fn stands(number: u32, place: usize, found: &[Clause], hits: &[Hit], rules: &Rules) -> bool {
    let hit = hits[number as usize];
    let Some((_, cue)) = rules.cue_of(hit.group) else { return false };
    let clause = &found[place];
    if cue.turned && !turns(place, found) {
        return false;
    }
    if cue.needs.is_empty() && cue.unless.is_empty() {
        return true;
    }
    let group = |number: u32| hits[number as usize].group;
    let names = |&number: &u32| hits[number as usize].first < hit.first && !rules.kind(group(number)).helper;
    let leads = !clause.things.iter().any(names);
    let before = if leads && cue.alone && place > 0 { Some(&found[place - 1]) } else { None };
    let beside = |wanted: &[Group]| {
        clause.hits().chain(before.into_iter().flat_map(Clause::hits)).any(|number| wanted.binary_search(&group(number)).is_ok())
    };
    (cue.needs.is_empty() || beside(&cue.needs)) && !beside(&cue.unless)
}

/// Whether the sentence goes on with a `but` and nothing that was done.
fn turns(place: usize, found: &[Clause]) -> bool {
    let rest = || found[place + 1..].iter().filter(|other| other.sentence == found[place].sentence);
    match rest().position(|other| other.turned) {
        Some(at) => !rest().skip(at).any(Clause::is_done),
        None => false,
    }
}

fn cut(words: &[Word], verbs: &[bool], within: &[bool]) -> Vec<Clause> {
    let mut found: Vec<Clause> = Vec::new();
    let mut sentences = 0;
    for (index, word) in words.iter().enumerate() {
        sentences += u32::from(word.gap >= Gap::Sentence);
        let turned = word.turns && !within[index];
        let is_full = found.last().is_some_and(|clause| index as u32 - clause.first >= MOST_WORDS);
        if word.gap >= Gap::Clause || turned || (word.lists && verbs[index + 1]) || is_full {
            found.push(Clause {
                first: index as u32,
                last: index as u32,
                sentence: sentences,
                passage: word.passage,
                heading: word.colon,
                turned,
                listed: false,
                joint: None,
                bare: true,
                unknown: 0,
                things: Vec::new(),
                done: Vec::new(),
                cues: Vec::new(),
            });
        }
        let clause = found.last_mut().expect("the first word begins a clause");
        clause.last = index as u32;
        clause.heading = word.colon;
        if word.lists {
            clause.listed = true;
            clause.joint = Some(index as u32);
        }
    }
    found
}

/// A colon cuts no clause that only says something of what it names: `Tandrem: skiftet sidste år`.
fn named(found: Vec<Clause>) -> Vec<Clause> {
    let mut merged: Vec<Clause> = Vec::with_capacity(found.len());
    for clause in found {
        match merged.last_mut() {
            Some(before) if before.heading && before.cues.is_empty() && clause.bare && before.sentence == clause.sentence => {
                before.last = clause.last;
                before.heading = clause.heading;
                before.joint = before.joint.max(clause.joint);
                before.listed |= clause.listed;
                before.unknown += clause.unknown;
                before.things.extend(clause.things);
                before.done.extend(clause.done);
                before.cues.extend(clause.cues);
            }
            _ => merged.push(clause),
        }
    }
    merged
}

/// The number of the clause that a word stands in.
pub fn holding(found: &[Clause], word: u32) -> usize {
    found.partition_point(|clause| clause.first <= word).saturating_sub(1)
}
