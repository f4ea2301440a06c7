//! The judge: weights learned from labelled orders, which say how likely each tag is, given what the rules found and what else the text
//! says. Where they are sure of the contrary, they overturn the rules; then somebody should look.
//!
//! Two linear models. The first weighs what the text holds (words, pieces of words, groups by clause, what the rules say) for each tag; the
//! second weighs, for one tag, the first one's sum beside the rules, cues and words around the evidence.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use pyo3::prelude::*;

use crate::clauses::{Clause, holding};
use crate::lexicon::{Rules, Tag};
use crate::matching::Hit;
use crate::order::Order;
use crate::reading::{Joined, Overruled, Read, Source, Words};
use crate::rules::{Finding, Scene};
use crate::text::{Filter, Fnv, Taken, mixed};

/// A tag that the rules read counts from this probability on; where a clause says that it was done, it counts anyway;
const COUNTS_FROM: f64 = 0.42;
/// one that they did not read from this one on;
const ADDS_FROM: f64 = 0.5;
/// and one that invites people from this one on, and never where a rule was overruled: to invite the wrong person costs more than to miss
/// a visit.
const INVITES_FROM: f64 = 0.8;
const INVITING: [&str; 2] = ["service", "inspection_check"]; // and the wheel changes
/// A tag of which the rules say nothing is weighed where its sum is above this.
const WORTH_WEIGHING: f64 = -3.0;
const BOUND: f64 = 6.0;
const PIECE: usize = 4;

/// What the rules say of a tag.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum State {
    Yes,
    Over,
    None,
}

impl State {
    pub fn name(self) -> &'static str {
        ["yes", "over", "none"][self as usize]
    }
}

/// By the hash of a feature's name.
type ByFeature<T> = HashMap<u64, T, BuildHasherDefault<Taken>>;

fn hash(parts: &[&str]) -> u64 {
    let mut hasher = Fnv::default();
    for part in parts {
        hasher.write(part.as_bytes());
    }
    mixed(hasher.finish())
}

/// Whoever takes features: their names in parts, and their values.
pub trait Features {
    fn put(&mut self, name: &[&str], value: f64);
}

/// Features by name, for learning.
#[derive(Default)]
pub struct Named(pub Vec<(String, f64)>);

impl Features for Named {
    fn put(&mut self, name: &[&str], value: f64) {
        self.0.push((name.concat(), value));
    }
}

/// A feature of texts: how rare it is, and its weights by the number of the tag. It may come as a list.
#[derive(FromPyObject)]
struct FeatureTold {
    #[pyo3(item(0))]
    rarity: f64,
    #[pyo3(item(1))]
    weights: HashMap<String, f64>,
}

#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct TextTold {
    bias: Vec<f64>,
    features: HashMap<String, FeatureTold>,
}

#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct StateTold {
    bias: f64,
    features: HashMap<String, f64>,
}

/// Weights as they are kept in a file.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct WeightsTold {
    pub tags: Vec<String>,
    text: TextTold,
    judge: HashMap<String, StateTold>,
}

struct StateWeights {
    bias: f64,
    features: ByFeature<f64>,
}

/// The weights of one language.
pub struct Weights {
    pub tags: Vec<String>,
    bias: Vec<f64>,
    /// For each feature its number, rarity, and where its weights begin and end.
    features: ByFeature<(u32, f32, u32, u32)>,
    known: Filter,
    by_tag: Vec<(u16, f32)>,
    states: [StateWeights; 3],
}

impl Weights {
    /// Says what is wrong where they do not hold together.
    pub fn new(mut told: WeightsTold) -> Result<Weights, String> {
        let mut features = ByFeature::default();
        let mut by_tag = Vec::new();
        for (number, (name, FeatureTold { rarity, weights })) in told.text.features.into_iter().enumerate() {
            let begins = by_tag.len() as u32;
            for (tag, weight) in weights {
                let tag: u16 = tag.parse().map_err(|_| format!("{tag:?} is no number of a tag"))?;
                by_tag.push((tag, weight as f32));
            }
            features.insert(hash(&[&name]), (number as u32, rarity as f32, begins, by_tag.len() as u32));
        }
        if told.text.bias.len() != told.tags.len() || by_tag.iter().any(|(tag, _)| usize::from(*tag) >= told.tags.len()) {
            return Err("the weights name more tags than there are".into());
        }
        let mut state = |state: State| {
            let told = told.judge.remove(state.name()).ok_or_else(|| format!("the weights lack {:?}", state.name()))?;
            let features = told.features.into_iter().map(|(name, weight)| (hash(&[&name]), weight)).collect();
            Ok::<_, String>(StateWeights { bias: told.bias, features })
        };
        let states = [state(State::Yes)?, state(State::Over)?, state(State::None)?];
        let known = Filter::new(features.keys());
        Ok(Weights { tags: told.tags, bias: told.text.bias, features, known, by_tag, states })
    }
}

/// Sums up what a text's features weigh for each tag; each counts once.
struct TextSum<'a> {
    weights: &'a Weights,
    seen: Vec<u64>,
    sums: Vec<f64>,
    length: f64,
}

impl Features for TextSum<'_> {
    fn put(&mut self, name: &[&str], _: f64) {
        let told = hash(name);
        if !self.weights.known.may_hold(told) {
            return;
        }
        let Some(&(number, rarity, begins, ends)) = self.weights.features.get(&told) else { return };
        let (place, bit) = (number as usize / 64, 1_u64 << (number % 64));
        if self.seen[place] & bit != 0 {
            return;
        }
        self.seen[place] |= bit;
        self.length += f64::from(rarity) * f64::from(rarity);
        for &(tag, weight) in &self.weights.by_tag[begins as usize..ends as usize] {
            self.sums[usize::from(tag)] += f64::from(weight);
        }
    }
}

/// Sums up what the features of one tag weigh.
struct StateSum<'a> {
    weights: &'a StateWeights,
    sum: f64,
}

impl Features for StateSum<'_> {
    fn put(&mut self, name: &[&str], value: f64) {
        self.sum += self.weights.features.get(&hash(name)).map_or(0.0, |weight| weight * value);
    }
}

/// Sums up what features weigh for one tag, to say which words told.
struct TagSum<'a> {
    weights: &'a Weights,
    tag: u16,
    sum: f64,
}

impl Features for TagSum<'_> {
    fn put(&mut self, name: &[&str], _: f64) {
        let Some(&(.., begins, ends)) = self.weights.features.get(&hash(name)) else { return };
        let mine = self.weights.by_tag[begins as usize..ends as usize].iter().filter(|(tag, _)| *tag == self.tag);
        self.sum += mine.map(|(_, weight)| f64::from(*weight)).sum::<f64>();
    }
}

/// All that is weighed: an order, and what the rules read of it. `everything` that rules found, whatever took it away later; `cancelled`
/// what it was that lines of the same invoice took back.
pub struct Case<'a> {
    pub language: &'a str,
    pub order: &'a Order,
    pub joined: &'a Joined,
    pub scene: &'a Scene<'a>,
    pub everything: &'a [Finding],
    pub cancelled: &'a [Tag],
    pub read: &'a Read,
}

impl Case<'_> {
    fn rules(&self) -> &Rules {
        self.scene.rules
    }

    fn hit(&self, number: u32) -> Hit {
        self.scene.hits[number as usize]
    }

    fn group(&self, number: u32) -> &str {
        &self.rules().groups[usize::from(self.hit(number).group)]
    }

    fn is_remarks(&self, clause: &Clause) -> bool {
        self.order.passages[clause.passage as usize].remarks
    }

    /// Clauses but those of lines that were cancelled.
    fn clauses(&self) -> impl Iterator<Item = &Clause> {
        self.scene.found.iter().filter(|clause| !self.order.passages[clause.passage as usize].dropped)
    }

    fn says(&self, tag: &str) -> bool {
        self.read.tags.iter().any(|(known, _)| self.rules().tags[usize::from(*known)] == tag)
    }

    fn overrules(&self, tag: &str) -> bool {
        self.read.overruled.iter().any(|one| self.rules().tags[usize::from(one.tag)] == tag)
    }

    pub fn state(&self, tag: &str) -> State {
        if self.says(tag) {
            State::Yes
        } else if self.overrules(tag) {
            State::Over
        } else {
            State::None
        }
    }

    /// Whether a clause says that it was done.
    fn is_done(&self, tag: &str) -> bool {
        let rules = self.rules();
        let of_tag = |one: &&Finding| one.counts() && rules.tags[usize::from(rules.rule(one.rule).tag)] == base(tag);
        let clause = |one: &Finding| &self.scene.found[holding(self.scene.found, self.hit(one.hits[0]).first)];
        self.everything.iter().filter(of_tag).any(|one| clause(one).is_done())
    }

    /// How likely a tag must be to count.
    fn least(&self, tag: &str, state: State) -> f64 {
        let rules = self.rules();
        if !(is_wheel_change(tag) || INVITING.contains(&tag)) || state == State::Yes {
            return if state == State::Yes { COUNTS_FROM } else { ADDS_FROM };
        }
        let is_overruled = self.read.overruled.iter().any(|one| base(&rules.tags[usize::from(one.tag)]) == base(tag));
        if is_overruled { 1.0 } else { INVITES_FROM }
    }

    fn was_cancelled(&self, tag: &str) -> bool {
        self.cancelled.iter().any(|cancelled| self.rules().tags[usize::from(*cancelled)] == base(tag))
    }

    /// What the text holds, for the first model; some more than once.
    pub fn text_features(&self, to: &mut impl Features) {
        for clause in self.clauses() {
            self.clause_features(clause, to);
        }
        for (tag, _) in &self.read.tags {
            to.put(&["T:", &self.rules().tags[usize::from(*tag)]], 1.0);
        }
        for one in &self.read.overruled {
            to.put(&["O:", &self.rules().tags[usize::from(one.tag)]], 1.0);
        }
        if !self.order.finished {
            to.put(&["OPEN"], 1.0);
        }
    }

    fn clause_features(&self, clause: &Clause, to: &mut impl Features) {
        let names = |hits: &mut dyn Iterator<Item = u32>| {
            let mut groups: Vec<_> = hits.map(|hit| self.hit(hit).group).collect();
            groups.sort_unstable();
            groups.dedup();
            groups.into_iter().map(|group| self.rules().groups[usize::from(group)].as_str()).collect::<Vec<&str>>()
        };
        let groups = names(&mut clause.things.iter().chain(&clause.done).copied());
        let cues = names(&mut clause.cues.iter().copied());
        for (place, group) in groups.iter().enumerate() {
            to.put(&["g:", group], 1.0);
            to.put(&[if cues.is_empty() { "gn:" } else { "gc:" }, group], 1.0);
            if self.is_remarks(clause) {
                to.put(&["gr:", group], 1.0);
            }
            for other in &groups[place + 1..] {
                to.put(&["gg:", group, "|", other], 1.0);
            }
            for cue in &cues {
                to.put(&["gq:", group, "|", cue], 1.0);
            }
        }
        for cue in &cues {
            to.put(&["q:", cue], 1.0);
        }
        for word in clause.first..=clause.last {
            self.word_features(word, to);
        }
    }

    fn word_features(&self, word: u32, to: &mut impl Features) {
        let letters = self.joined.letters(word);
        if letters.starts_with(char::is_numeric) {
            return;
        }
        to.put(&[self.language, ":", letters], 1.0);
        let framed = format!("<{letters}>");
        let places: Vec<usize> = framed.char_indices().map(|(at, _)| at).chain([framed.len()]).collect();
        if places.len() <= PIECE {
            to.put(&["c:", &framed], 1.0);
        }
        for window in places.windows(PIECE + 1) {
            to.put(&["c:", &framed[window[0]..window[PIECE]]], 1.0);
        }
    }

    /// What is weighed of one tag, for the second model. `logits`: the first one's sums by tag.
    pub fn tag_features(&self, tag: &str, state: State, logits: &[(&str, f64)], to: &mut impl Features) {
        let bounded = |sum: f64| sum.clamp(-BOUND, BOUND);
        let of = |name: &str| logits.iter().find(|(known, _)| *known == name).map_or(-BOUND, |(_, sum)| *sum);
        let sum = of(tag);
        let best =
            logits.iter().filter(|(other, _)| base(other) != base(tag)).map(|(_, sum)| *sum).fold(f64::NEG_INFINITY, f64::max);
        let best = if best.is_finite() { best } else { -BOUND };
        let words = self.joined.words.len();
        let length = if words < 6 {
            "len0"
        } else if words < 12 {
            "len1"
        } else if words < 25 {
            "len2"
        } else {
            "len3"
        };
        to.put(&["z"], bounded(sum));
        to.put(&["z:", tag], bounded(sum) / 2.0);
        to.put(&["z", length], bounded(sum));
        to.put(&["zpos"], (bounded(sum) + 1.0).max(0.0));
        to.put(&["gap"], bounded(sum - best));
        to.put(&["best"], bounded(best));
        to.put(&[length], 1.0);
        to.put(&[length, tag], 0.5);
        to.put(&["t:", tag], 1.0);
        to.put(&["lang:", self.language], 1.0);
        to.put(&["tl:", tag, self.language], 0.5);
        if !self.order.finished {
            to.put(&["open"], 1.0);
            to.put(&["open:", tag], 1.0);
        }
        if self.read.review {
            to.put(&["review"], 1.0);
        }
        self.company(tag, to);
        if state != State::None {
            self.findings_of(tag, state, to);
        }
    }

    /// Which other tags the rules say or overrule.
    fn company(&self, tag: &str, to: &mut impl Features) {
        let tags = &self.rules().tags;
        let said: Vec<&str> = self.read.tags.iter().map(|(other, _)| tags[usize::from(*other)].as_str()).collect();
        let others = said.iter().filter(|other| **other != tag);
        for other in others.clone() {
            to.put(&["y:", other], 1.0);
            to.put(&["ty:", tag, ",", other], 1.0);
        }
        let mut overruled: Vec<&str> = self.read.overruled.iter().map(|one| tags[usize::from(one.tag)].as_str()).collect();
        overruled.sort_unstable();
        overruled.dedup();
        overruled.retain(|other| *other != tag && !said.contains(other));
        for other in &overruled {
            to.put(&["o:", other], 0.5);
        }
        let at_most = |count: usize| ["0", "1", "2", "3"][count.min(3)];
        to.put(&["nyes=", at_most(others.count())], 1.0);
        to.put(&["nover=", at_most(overruled.len())], 1.0);
    }

    /// The rules that found the tag, the cues against it, and what stands around the words.
    fn findings_of(&self, tag: &str, state: State, to: &mut impl Features) {
        let rules = self.rules();
        let mut to = Once { to, put: Vec::new() };
        let mine: Vec<&Finding> =
            self.everything.iter().filter(|one| rules.tags[usize::from(rules.rule(one.rule).tag)] == base(tag)).collect();
        for finding in &mine {
            let (rule, good) = (rules.rule(finding.rule).id.as_str(), if finding.counts() { "g" } else { "b" });
            to.put(&[good, "rule:", rule], 1.0);
            to.put(&[good, "rule:", self.language, rule], 0.5);
            for against in &finding.against {
                let cue = rules.cue(against.cue);
                to.put(&["cue:", &cue.name], 1.0);
                to.put(&["cue:", &cue.name, ":", tag], 0.7);
                to.put(&["cuel:", self.language, &cue.name], 0.5);
                to.put(&["why:", &cue.why], 1.0);
                to.put(&["why:", &cue.why, ":", tag], 0.5);
            }
        }
        for one in self.read.overruled.iter().filter(|one| rules.tags[usize::from(one.tag)] == tag) {
            to.put(&["fwhy:", &rules.cue(one.cue).why], 1.0);
            to.put(&["fcue:", &rules.cue(one.cue).name], 1.0);
        }
        if let Some((_, evidence)) = self.read.tags.iter().find(|(known, _)| rules.tags[usize::from(*known)] == tag) {
            let strength = evidence.iter().map(|words| words.strength).fold(0.0, f64::max);
            to.put(&["str"], strength);
            to.put(&["str=", &format!("{strength:.1}")], 1.0);
            to.put(&["nev"], evidence.len().min(4) as f64 / 4.0);
            if evidence
                .iter()
                .all(|words| words.source != Source::SeasonDate && self.order.passages[words.passage as usize].remarks)
            {
                to.put(&["onlyrem"], 1.0);
                to.put(&["onlyrem:", tag], 1.0);
            }
            if self.overrules(tag) {
                to.put(&["alsoover"], 1.0);
            }
        }
        let counting: Vec<&Finding> = mine.iter().copied().filter(|finding| finding.counts()).collect();
        let told = if state == State::Over || counting.is_empty() { mine } else { counting };
        let mut places: Vec<usize> = Vec::new();
        for finding in told.iter().take(4) {
            let place = holding(self.scene.found, self.hit(finding.hits[0]).first);
            if !places.contains(&place) {
                places.push(place);
                self.around(place, tag, &mut to);
            }
        }
        for cue in self.scene.found.iter().flat_map(|clause| &clause.cues) {
            to.put(&["anycue:", self.group(*cue)], 0.4);
        }
    }

    /// What stands in a clause and in its neighbours.
    fn around(&self, place: usize, tag: &str, to: &mut impl Features) {
        let clause = &self.scene.found[place];
        to.put(&["pl:", if self.is_remarks(clause) { "R" } else { "L" }], 1.0);
        if self.order.passages[clause.passage as usize].priced() {
            to.put(&["priced"], 1.0);
            to.put(&["priced:", tag], 1.0);
        }
        if clause.is_done() {
            to.put(&["done"], 1.0);
        }
        for cue in &clause.cues {
            to.put(&["cuein:", self.group(*cue)], 1.0);
        }
        for verb in &clause.done {
            to.put(&["verb:", self.group(*verb)], 0.7);
        }
        for thing in &clause.things {
            to.put(&["thing:", self.group(*thing)], 0.5);
        }
        if clause.heading {
            to.put(&["heading"], 1.0);
        }
        to.put(&["clen"], f64::from((clause.last - clause.first + 1).min(12)) / 12.0);
        let before = place.checked_sub(1).map(|at| ("p", &self.scene.found[at]));
        let behind = self.scene.found.get(place + 1).map(|other| ("n", other));
        for (side, other) in before.into_iter().chain(behind) {
            let near = if other.sentence == clause.sentence {
                "s"
            } else if other.passage == clause.passage {
                "S"
            } else {
                "P"
            };
            for cue in &other.cues {
                to.put(&[side, near, "cue:", self.group(*cue)], 0.7);
            }
            for verb in &other.done {
                to.put(&[side, near, "verb:", self.group(*verb)], 0.5);
            }
        }
    }
}

/// Hands each feature on once.
struct Once<'a, T: Features> {
    to: &'a mut T,
    put: Vec<u64>,
}

impl<T: Features> Features for Once<'_, T> {
    fn put(&mut self, name: &[&str], value: f64) {
        let told = hash(name);
        if !self.put.contains(&told) {
            self.put.push(told);
            self.to.put(name, value);
        }
    }
}

/// The tag that rules give; the season of a wheel change is told elsewhere.
fn base(tag: &str) -> &str {
    if is_wheel_change(tag) { "wheel_change" } else { tag }
}

fn is_wheel_change(tag: &str) -> bool {
    tag.starts_with("wheel_change")
}

/// The sums of the first model, by tag.
pub fn logits<'a>(case: &Case<'_>, weights: &'a Weights) -> Vec<(&'a str, f64)> {
    let seen = vec![0; weights.features.len() / 64 + 1];
    let mut sum = TextSum { weights, seen, sums: vec![0.0; weights.tags.len()], length: 0.0 };
    case.text_features(&mut sum);
    let length = if sum.length > 0.0 { sum.length.sqrt() } else { 1.0 };
    let told = weights.tags.iter().zip(&weights.bias).zip(&sum.sums);
    told.map(|((tag, bias), sum)| (tag.as_str(), bias + sum / length)).collect()
}

/// Every tag that is worth weighing, with what the rules say of it.
pub fn weighed<'a>(case: &Case<'_>, logits: &[(&'a str, f64)]) -> Vec<(&'a str, State)> {
    let stated = logits.iter().map(|(tag, sum)| (*tag, case.state(tag), *sum));
    stated.filter(|(_, state, sum)| *state != State::None || *sum >= WORTH_WEIGHING).map(|(tag, state, _)| (tag, state)).collect()
}

/// What the weights make of what the rules read, but for tags that are `settled`.
pub fn judged(case: &Case<'_>, weights: &Weights, settled: &[Tag]) -> Option<Read> {
    case.clauses().next()?; // where nothing is said, there is nothing to weigh
    let logits = logits(case, weights);
    let mut kept: Vec<(&str, State, f64)> = Vec::new();
    let mut dropped: Vec<(Tag, f64)> = Vec::new();
    let rules = case.rules();
    for (tag, state) in weighed(case, &logits) {
        let Some(number) = rules.tag(tag).filter(|number| !settled.contains(number)) else { continue };
        if state == State::None && case.was_cancelled(tag) {
            continue;
        }
        let told = &weights.states[state as usize];
        let mut sum = StateSum { weights: told, sum: told.bias };
        case.tag_features(tag, state, &logits, &mut sum);
        let likely = 1.0 / (1.0 + (-sum.sum).exp());
        let is_done = state == State::Yes && case.is_done(tag);
        if is_done || likely > case.least(tag, state) {
            kept.push((tag, state, if is_done { 1.0 } else { likely }));
        } else if state == State::Yes {
            dropped.push((number, likely));
        }
    }
    let changes = kept.iter().filter(|(tag, ..)| is_wheel_change(tag));
    if let Some(&(likeliest, ..)) = changes.max_by(|one, other| one.2.total_cmp(&other.2)) {
        let others = kept.iter().filter(|(tag, ..)| is_wheel_change(tag) && *tag != likeliest);
        dropped.extend(others.filter(|one| one.1 == State::Yes).filter_map(|one| Some((rules.tag(one.0)?, one.2))));
        kept.retain(|(tag, ..)| !is_wheel_change(tag) || *tag == likeliest);
    }
    kept.retain(|(_, state, _)| *state != State::Yes);
    if kept.is_empty() && dropped.is_empty() {
        return None;
    }
    let mut read = case.read.clone();
    for (tag, likely) in dropped {
        drop_tag(case, &mut read, tag, likely);
    }
    for (tag, state, likely) in kept {
        let Some(number) = rules.tag(tag) else { continue };
        let evidence = if state == State::Over { restore_tag(&mut read, number) } else { None };
        let words = evidence.unwrap_or_else(|| telling(case, weights, tag));
        read.tags.push((number, vec![Words { strength: hundredths(likely), ..words }]));
    }
    read.tags.sort_by(|one, other| rules.tags[usize::from(one.0)].cmp(&rules.tags[usize::from(other.0)]));
    read.review = true;
    Some(read)
}

fn hundredths(likely: f64) -> f64 {
    (likely * 100.0).round() / 100.0
}

/// Take a tag out, because of the clause that its words stand in.
fn drop_tag(case: &Case<'_>, read: &mut Read, tag: Tag, likely: f64) {
    let Some(at) = read.tags.iter().position(|(known, _)| *known == tag) else { return };
    let (_, evidence) = read.tags.remove(at);
    let words = evidence[0];
    let told = case.joined.words.iter().position(|word| word.passage == words.passage && word.begins == words.begins);
    let clause = &case.scene.found[holding(case.scene.found, told.unwrap_or_default() as u32)];
    let because = Words { source: Source::Weights, strength: hundredths(1.0 - likely), ..span(case, clause.first, clause.last) };
    read.overruled.insert(0, Overruled { tag, words, cue: case.rules().unlikely, because });
    read.overruled.truncate(crate::reading::MOST_OVERRULED);
}

/// What was overruled counts after all: its words.
fn restore_tag(read: &mut Read, tag: Tag) -> Option<Words> {
    let words = read.overruled.iter().find(|one| one.tag == tag).map(|one| one.words);
    read.overruled.retain(|one| one.tag != tag);
    words
}

/// The words that weigh most for a tag: a short clause, else a word of it or what was found there.
fn telling(case: &Case<'_>, weights: &Weights, tag: &str) -> Words {
    let number = weights.tags.iter().position(|known| known == tag).unwrap_or_default() as u16;
    let weigh = |put: &dyn Fn(&mut TagSum<'_>)| {
        let mut sum = TagSum { weights, tag: number, sum: 0.0 };
        put(&mut sum);
        sum.sum
    };
    let weighed = case.clauses().map(|clause| (weigh(&|sum| case.clause_features(clause, sum)), clause));
    let Some((_, clause)) = weighed.max_by(|one, other| one.0.total_cmp(&other.0)) else {
        return Words { passage: 0, begins: 0, ends: 0, source: Source::Weights, strength: 0.0 };
    };
    if clause.last - clause.first < 4 {
        return span(case, clause.first, clause.last);
    }
    let words = (clause.first..=clause.last).map(|word| (weigh(&|sum| case.word_features(word, sum)), word, word));
    let found = clause.things.iter().chain(&clause.done).map(|&hit| {
        let group = case.group(hit);
        (weigh(&|sum| sum.put(&["g:", group], 1.0)), case.hit(hit).first, case.hit(hit).last)
    });
    let (_, first, last) =
        words.chain(found).max_by(|one, other| one.0.total_cmp(&other.0)).unwrap_or((0.0, clause.first, clause.first));
    span(case, first, last)
}

fn span(case: &Case<'_>, first: u32, last: u32) -> Words {
    let (begins, ends) = (case.joined.words[first as usize], case.joined.words[last as usize]);
    Words { passage: begins.passage, begins: begins.begins, ends: ends.ends, source: Source::Weights, strength: 0.0 }
}
