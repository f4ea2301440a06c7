//! The judge: weights learned from labelled orders, which say how likely each tag is, given what the rules found and what else the text
//! says. Where they are sure of the contrary, they overturn the rules; then somebody should look.
//!
//! Two linear models. The first weighs what the text holds (words, pieces of words, groups by clause, what the rules say) for each tag; the
//! second weighs, for one tag, the first one's sum beside the rules, cues and words around the evidence.

use std::collections::HashMap;

use pyo3::prelude::*;

use crate::clauses::{Clause, holding};
use crate::features::{Family, Features, Holds, Name, Part, Seen, WORD, key, key_of, of_word};
use crate::lexicon::{Rules, Tag};
use crate::matching::Hit;
use crate::order::Order;
use crate::reading::{Joined, Overruled, Read, Source, Words};
use crate::rules::{Finding, Scene};
use crate::text::{ByHash, Filter};

/// A tag that the rules read counts from this probability on; where a clause says that it was done, it counts anyway;
const COUNTS_FROM: f64 = 0.42;
/// one that they did not read from this one on.
const ADDS_FROM: f64 = 0.5;
/// What invites people must be surer, and is never added where a rule was overruled: to invite the wrong person costs more than to miss a
/// visit.
const INVITING_COUNTS_FROM: f64 = 0.7;
const INVITING_ADDS_FROM: f64 = 0.8;
/// A tag of which the rules say nothing is weighed where its sum is above this.
const WORTH_WEIGHING: f64 = -3.0;
const BOUND: f64 = 6.0;

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

/// A feature of texts: how rare it is, and its weights by the number of the tag. It may come as a list.
#[derive(FromPyObject)]
struct FeatureTold {
    #[pyo3(item(0))]
    rarity: f32,
    #[pyo3(item(1))]
    weights: HashMap<String, f32>,
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
    features: ByHash<f64>,
}

/// What a feature weighs: its number, its part of the length of a text, and where its weights begin and end.
#[derive(Clone, Copy)]
struct Weight {
    number: u32,
    length: f32,
    begins: u32,
    ends: u32,
}

/// The weights of one language.
pub struct Weights {
    pub tags: Vec<Name>,
    language: Name,
    bias: Vec<f64>,
    features: ByHash<Weight>,
    known: Filter,
    by_tag: Vec<(u16, f32)>,
    /// What words weigh that were seen often, with all their pieces: for each tag, then their part of the length of a text.
    words: ByHash<u32>,
    of_words: Vec<f32>,
    states: [StateWeights; 3],
}

impl Weights {
    /// Says what is wrong where they do not hold together.
    pub fn new(mut told: WeightsTold, language: &str) -> Result<Weights, String> {
        let mut features = ByHash::default();
        let mut by_tag = Vec::new();
        for (number, (name, FeatureTold { rarity, weights })) in told.text.features.iter().enumerate() {
            let begins = by_tag.len() as u32;
            for (tag, weight) in weights {
                let tag: u16 = tag.parse().map_err(|_| format!("{tag:?} is no number of a tag"))?;
                by_tag.push((tag, *weight));
            }
            let weight = Weight { number: number as u32, length: rarity * rarity, begins, ends: by_tag.len() as u32 };
            features.insert(key_of(name), weight);
        }
        if told.text.bias.len() != told.tags.len() || by_tag.iter().any(|(tag, _)| usize::from(*tag) >= told.tags.len()) {
            return Err("the weights name more tags than there are".into());
        }
        let mut state = |state: State| {
            let told = told.judge.remove(state.name()).ok_or_else(|| format!("the weights lack {:?}", state.name()))?;
            let features = told.features.into_iter().map(|(name, weight)| (key_of(&name), weight)).collect();
            Ok::<_, String>(StateWeights { bias: told.bias, features })
        };
        let states = [state(State::Yes)?, state(State::Over)?, state(State::None)?];
        let mut weights = Weights {
            tags: told.tags.into_iter().map(Name::from).collect(),
            language: language.to_owned().into(),
            bias: told.text.bias,
            known: Filter::new(features.keys()),
            features,
            by_tag,
            words: ByHash::default(),
            of_words: Vec::new(),
            states,
        };
        let prefix = format!("w:{language}|");
        for letters in told.text.features.keys().filter_map(|name| name.strip_prefix(&prefix)) {
            weights.learn_word(Part::of(letters));
        }
        Ok(weights)
    }

    fn learn_word(&mut self, letters: Part<'_>) {
        let mut sum = TextSum::new(self);
        sum.word(letters);
        let TextSum { sums, length, .. } = sum;
        self.words.insert(key(&WORD, &[self.language.part(), letters]), self.of_words.len() as u32);
        self.of_words.extend(sums);
        self.of_words.push(length);
    }

    fn weight(&self, key: u64) -> Option<Weight> {
        if self.known.may_hold(key) { self.features.get(&key).copied() } else { None }
    }

    fn by_tag(&self, weight: Weight) -> &[(u16, f32)] {
        &self.by_tag[weight.begins as usize..weight.ends as usize]
    }

    /// What a word weighs that was seen often: for each tag, then its part of the length of a text.
    fn of_word(&self, letters: Part<'_>) -> Option<&[f32]> {
        let at = *self.words.get(&key(&WORD, &[self.language.part(), letters]))? as usize;
        Some(&self.of_words[at..=at + self.tags.len()])
    }
}

/// Sums up what a text weighs for each tag.
struct TextSum<'a> {
    weights: &'a Weights,
    seen: Vec<u64>,
    sums: Vec<f32>,
    length: f32,
}

impl<'a> TextSum<'a> {
    fn new(weights: &'a Weights) -> TextSum<'a> {
        let seen = vec![0; weights.features.len() / 64 + 1];
        TextSum { weights, seen, sums: vec![0.0; weights.tags.len()], length: 0.0 }
    }

    fn add(&mut self, weight: Weight) {
        self.length += weight.length;
        for &(tag, weight) in self.weights.by_tag(weight) {
            self.sums[usize::from(tag)] += weight;
        }
    }
}

impl Holds for TextSum<'_> {
    fn once(&mut self, family: &Family, parts: &[Part<'_>]) {
        let Some(weight) = self.weights.weight(key(family, parts)) else { return };
        let (place, bit) = (weight.number as usize / 64, 1_u64 << (weight.number % 64));
        if self.seen[place] & bit == 0 {
            self.seen[place] |= bit;
            self.add(weight);
        }
    }

    fn word(&mut self, letters: Part<'_>) {
        let weights = self.weights;
        if let Some([of_tags @ .., length]) = weights.of_word(letters) {
            self.length += length;
            for (sum, weight) in self.sums.iter_mut().zip(of_tags) {
                *sum += weight;
            }
        } else {
            of_word(weights.language.part(), letters, |family, parts| {
                if let Some(weight) = weights.weight(key(family, parts)) {
                    self.add(weight);
                }
            });
        }
    }
}

/// Sums up what the features of one tag weigh.
struct StateSum<'a> {
    weights: &'a StateWeights,
    seen: Seen,
    sum: f64,
}

impl Features for StateSum<'_> {
    fn put(&mut self, family: &Family, parts: &[Part<'_>], value: f64) {
        let told = key(family, parts);
        if let Some(weight) = self.weights.features.get(&told).filter(|_| self.seen.is_new(told)) {
            self.sum += weight * value;
        }
    }
}

/// All that is weighed: an order, and what the rules read of it. `everything` that rules found, whatever took it away later; `cancelled`
/// what it was that lines of the same invoice took back.
pub struct Case<'a> {
    pub language: Part<'a>,
    pub order: &'a Order,
    pub joined: &'a Joined,
    pub scene: &'a Scene<'a>,
    pub everything: &'a [Finding],
    pub cancelled: &'a [Tag],
    pub read: &'a Read,
}

const GROUP: Family = Family::new("g");
const LENGTHS: [Part<'static>; 4] = [Part::of("len0"), Part::of("len1"), Part::of("len2"), Part::of("len3")];
const COUNTS: [Part<'static>; 4] = [Part::of("0"), Part::of("1"), Part::of("2"), Part::of("3")];
const GOOD: Part<'static> = Part::of("g");
const BAD: Part<'static> = Part::of("b");
/// Where a neighbour stands: before or behind, in the same sentence or another one of the passage.
const BESIDE: [[Part<'static>; 2]; 2] = [[Part::of("ps"), Part::of("pS")], [Part::of("ns"), Part::of("nS")]];

impl<'a> Case<'a> {
    fn rules(&self) -> &'a Rules {
        self.scene.rules
    }

    fn hit(&self, number: u32) -> Hit {
        self.scene.hits[number as usize]
    }

    fn letters(&self, word: u32) -> Part<'a> {
        Part::hashed(self.joined.letters(word), self.joined.words[word as usize].hash)
    }

    fn group(&self, number: u32) -> Part<'a> {
        self.rules().groups[usize::from(self.hit(number).group)].part()
    }

    fn tag(&self, tag: Tag) -> Part<'a> {
        self.rules().tags[usize::from(tag)].part()
    }

    /// Clauses but those of lines that were cancelled.
    fn clauses(&self) -> impl Iterator<Item = &Clause> {
        self.scene.found.iter().filter(|clause| !self.order.passages[clause.passage as usize].dropped)
    }

    fn says(&self, tag: Tag) -> bool {
        self.read.tags.iter().any(|(known, _)| *known == tag)
    }

    fn overrules(&self, tag: Tag) -> bool {
        self.read.overruled.iter().any(|one| one.tag == tag)
    }

    pub fn state(&self, tag: Tag) -> State {
        if self.says(tag) {
            State::Yes
        } else if self.overrules(tag) {
            State::Over
        } else {
            State::None
        }
    }

    /// The tag that rules give; the season of a wheel change is told elsewhere.
    fn base(&self, tag: Tag) -> Tag {
        if self.is_wheel_change(tag) { self.rules().known_tags.change } else { tag }
    }

    fn is_wheel_change(&self, tag: Tag) -> bool {
        let known = &self.rules().known_tags;
        [known.change, known.winter, known.summer].contains(&tag)
    }

    fn invites(&self, tag: Tag) -> bool {
        let known = &self.rules().known_tags;
        self.is_wheel_change(tag) || [known.service, known.check].contains(&tag)
    }

    /// What rules found of a tag.
    fn findings(&self, tag: Tag) -> impl Iterator<Item = &'a Finding> {
        let (rules, base) = (self.rules(), self.base(tag));
        self.everything.iter().filter(move |one| rules.rule(one.rule).tag == base)
    }

    /// Whether a clause says that it was done.
    fn is_done(&self, tag: Tag) -> bool {
        let clause = |one: &Finding| &self.scene.found[holding(self.scene.found, self.hit(one.hits[0]).first)];
        self.findings(tag).any(|one| one.counts() && clause(one).is_done())
    }

    /// How likely a tag must be to count.
    fn least(&self, tag: Tag, state: State) -> f64 {
        match (state, self.invites(tag)) {
            (State::Yes, false) => COUNTS_FROM,
            (State::Yes, true) => INVITING_COUNTS_FROM,
            (_, false) => ADDS_FROM,
            (_, true) if self.read.overruled.iter().any(|one| self.base(one.tag) == self.base(tag)) => 1.0,
            (_, true) => INVITING_ADDS_FROM,
        }
    }

    /// What the text holds, for the first model.
    pub fn hold(&self, to: &mut impl Holds) {
        const SAID: Family = Family::new("T");
        const OVERRULED: Family = Family::new("O");
        const OPEN: Family = Family::new("OPEN");
        let mut words: Vec<(u64, u32)> = Vec::with_capacity(self.joined.words.len());
        for clause in self.clauses() {
            self.hold_groups(clause, to);
            words.extend((clause.first..=clause.last).map(|word| (self.joined.words[word as usize].hash, word)));
        }
        words.sort_unstable();
        words.dedup_by_key(|(hash, _)| *hash);
        for (_, word) in words {
            to.word(self.letters(word));
        }
        for (tag, _) in &self.read.tags {
            to.once(&SAID, &[self.tag(*tag)]);
        }
        for one in &self.read.overruled {
            to.once(&OVERRULED, &[self.tag(one.tag)]);
        }
        if !self.order.finished {
            to.once(&OPEN, &[]);
        }
    }

    fn hold_groups(&self, clause: &Clause, to: &mut impl Holds) {
        const NO_CUE: Family = Family::new("gn");
        const BESIDE_CUE: Family = Family::new("gc");
        let cues = if clause.cues.is_empty() { &NO_CUE } else { &BESIDE_CUE };
        for &hit in clause.things.iter().chain(&clause.done) {
            let group = self.group(hit);
            to.once(&GROUP, &[group]);
            to.once(cues, &[group]);
        }
    }

    /// What is weighed of one tag, for the second model. `logits`: the first one's sums by tag.
    pub fn weigh(&self, tag: Tag, state: State, logits: &[(Tag, f64)], to: &mut impl Features) {
        let bounded = |sum: f64| sum.clamp(-BOUND, BOUND);
        let told = self.tag(tag);
        let sum = logits.iter().find(|(known, _)| *known == tag).map_or(-BOUND, |(_, sum)| *sum);
        let others = logits.iter().filter(|(other, _)| self.base(*other) != self.base(tag)).map(|(_, sum)| *sum);
        let best = others.fold(f64::NEG_INFINITY, f64::max).max(-BOUND);
        let length = LENGTHS[match self.joined.words.len() {
            ..6 => 0,
            6..12 => 1,
            12..25 => 2,
            _ => 3,
        }];
        to.put(&Family::new("z"), &[], bounded(sum));
        to.put(&Family::new("z"), &[told], bounded(sum) / 2.0);
        to.put(&Family::new("z"), &[length], bounded(sum));
        to.put(&Family::new("zpos"), &[], (bounded(sum) + 1.0).max(0.0));
        to.put(&Family::new("gap"), &[], bounded(sum - best));
        to.put(&Family::new("best"), &[], bounded(best));
        to.put(&Family::new("len"), &[length], 1.0);
        to.put(&Family::new("len"), &[length, told], 0.5);
        to.put(&Family::new("t"), &[told], 1.0);
        to.put(&Family::new("lang"), &[self.language], 1.0);
        to.put(&Family::new("tl"), &[told, self.language], 0.5);
        if !self.order.finished {
            to.put(&Family::new("open"), &[], 1.0);
            to.put(&Family::new("open"), &[told], 1.0);
        }
        if self.read.review {
            to.put(&Family::new("review"), &[], 1.0);
        }
        self.weigh_company(tag, to);
        if state != State::None {
            self.weigh_findings(tag, state, to);
        }
    }

    /// Which other tags the rules say or overrule.
    fn weigh_company(&self, tag: Tag, to: &mut impl Features) {
        let others = || self.read.tags.iter().map(|(other, _)| *other).filter(|other| *other != tag);
        for other in others() {
            to.put(&Family::new("y"), &[self.tag(other)], 1.0);
            to.put(&Family::new("ty"), &[self.tag(tag), self.tag(other)], 1.0);
        }
        let mut overruled: Vec<Tag> = self.read.overruled.iter().map(|one| one.tag).collect();
        overruled.sort_unstable();
        overruled.dedup();
        overruled.retain(|other| *other != tag && !self.says(*other));
        for other in &overruled {
            to.put(&Family::new("o"), &[self.tag(*other)], 0.5);
        }
        to.put(&Family::new("nyes"), &[COUNTS[others().count().min(3)]], 1.0);
        to.put(&Family::new("nover"), &[COUNTS[overruled.len().min(3)]], 1.0);
    }

    /// The rules that found the tag, the cues against it, and what stands around the words.
    fn weigh_findings(&self, tag: Tag, state: State, to: &mut impl Features) {
        let (rules, told) = (self.rules(), self.tag(tag));
        let mine: Vec<&Finding> = self.findings(tag).collect();
        for finding in &mine {
            let (rule, good) = (rules.rule(finding.rule).id.part(), if finding.counts() { GOOD } else { BAD });
            to.put(&Family::new("rule"), &[good, rule], 1.0);
            to.put(&Family::new("rule"), &[good, self.language, rule], 0.5);
            for against in &finding.against {
                let cue = rules.cue(against.cue);
                to.put(&Family::new("cue"), &[cue.name.part()], 1.0);
                to.put(&Family::new("cue"), &[cue.name.part(), told], 0.7);
                to.put(&Family::new("cuel"), &[self.language, cue.name.part()], 0.5);
                to.put(&Family::new("why"), &[cue.why.part()], 1.0);
                to.put(&Family::new("why"), &[cue.why.part(), told], 0.5);
            }
        }
        if let Some((_, evidence)) = self.read.tags.iter().find(|(known, _)| *known == tag) {
            self.weigh_evidence(tag, evidence, to);
        }
        let counting = |finding: &&&Finding| finding.counts();
        let any = state == State::Over || !mine.iter().any(|finding| finding.counts());
        let told = mine.iter().filter(|finding| any || counting(finding));
        let mut places: Vec<usize> = Vec::new();
        for finding in told.take(4) {
            let place = holding(self.scene.found, self.hit(finding.hits[0]).first);
            if !places.contains(&place) {
                places.push(place);
                self.weigh_around(place, to);
            }
        }
        for cue in self.scene.found.iter().flat_map(|clause| &clause.cues) {
            to.put(&Family::new("anycue"), &[self.group(*cue)], 0.4);
        }
    }

    fn weigh_evidence(&self, tag: Tag, evidence: &[Words], to: &mut impl Features) {
        let strength = evidence.iter().map(|words| words.strength).fold(0.0, f64::max);
        to.put(&Family::new("str"), &[], strength);
        to.put(&Family::new("str"), &[Part::of(&format!("{strength:.1}"))], 1.0);
        to.put(&Family::new("nev"), &[], evidence.len().min(4) as f64 / 4.0);
        let in_remarks = |words: &Words| self.order.passages[words.passage as usize].remarks;
        if evidence.iter().all(|words| words.source != Source::SeasonDate && in_remarks(words)) {
            to.put(&Family::new("onlyrem"), &[], 1.0);
            to.put(&Family::new("onlyrem"), &[self.tag(tag)], 1.0);
        }
        if self.overrules(tag) {
            to.put(&Family::new("alsoover"), &[], 1.0);
        }
    }

    /// What stands in a clause and in its neighbours.
    fn weigh_around(&self, place: usize, to: &mut impl Features) {
        let found = self.scene.found;
        let clause = &found[place];
        if clause.is_done() {
            to.put(&Family::new("done"), &[], 1.0);
        }
        for cue in &clause.cues {
            to.put(&Family::new("cuein"), &[self.group(*cue)], 1.0);
        }
        for verb in &clause.done {
            to.put(&Family::new("verb"), &[self.group(*verb)], 0.7);
        }
        for thing in &clause.things {
            to.put(&Family::new("thing"), &[self.group(*thing)], 0.5);
        }
        if clause.heading {
            to.put(&Family::new("heading"), &[], 1.0);
        }
        to.put(&Family::new("clen"), &[], f64::from((clause.last - clause.first + 1).min(12)) / 12.0);
        let before = place.checked_sub(1).map(|at| &found[at]);
        for (side, other) in BESIDE.iter().zip([before, found.get(place + 1)]) {
            let Some(other) = other.filter(|other| other.passage == clause.passage) else { continue };
            let side = side[usize::from(other.sentence != clause.sentence)];
            for cue in &other.cues {
                to.put(&Family::new("cuenear"), &[side, self.group(*cue)], 0.7);
            }
            for verb in &other.done {
                to.put(&Family::new("verbnear"), &[side, self.group(*verb)], 0.5);
            }
        }
    }
}

/// The sums of the first model, by tag.
pub fn logits(case: &Case<'_>, weights: &Weights) -> Vec<(Tag, f64)> {
    let mut sum = TextSum::new(weights);
    case.hold(&mut sum);
    let length = if sum.length > 0.0 { f64::from(sum.length).sqrt() } else { 1.0 };
    let tags = weights.tags.iter().map(|tag| case.rules().tag(tag));
    let told = tags.zip(&weights.bias).zip(&sum.sums);
    told.filter_map(|((tag, bias), sum)| Some((tag?, bias + f64::from(*sum) / length))).collect()
}

/// Every tag that is worth weighing, with what the rules say of it.
pub fn weighed(case: &Case<'_>, logits: &[(Tag, f64)]) -> Vec<(Tag, State)> {
    let stated = logits.iter().map(|(tag, sum)| (*tag, case.state(*tag), *sum));
    stated.filter(|(_, state, sum)| *state != State::None || *sum >= WORTH_WEIGHING).map(|(tag, state, _)| (tag, state)).collect()
}

/// What the weights make of what the rules read, but for tags that are `settled`.
pub fn judged(case: &Case<'_>, weights: &Weights, settled: &[Tag]) -> Option<Read> {
    case.clauses().next()?; // where nothing is said, there is nothing to weigh
    let logits = logits(case, weights);
    let mut kept: Vec<(Tag, State, f64)> = Vec::new();
    let mut dropped: Vec<(Tag, f64)> = Vec::new();
    for (tag, state) in weighed(case, &logits) {
        let was_cancelled = state == State::None && case.cancelled.contains(&case.base(tag));
        if settled.contains(&tag) || was_cancelled {
            continue;
        }
        let told = &weights.states[state as usize];
        let mut sum = StateSum { weights: told, seen: Seen::default(), sum: told.bias };
        case.weigh(tag, state, &logits, &mut sum);
        let likely = 1.0 / (1.0 + (-sum.sum).exp());
        let is_done = state == State::Yes && case.is_done(tag);
        if is_done || likely > case.least(tag, state) {
            kept.push((tag, state, if is_done { 1.0 } else { likely }));
        } else if state == State::Yes {
            dropped.push((tag, likely));
        }
    }
    let changes = kept.iter().filter(|(tag, ..)| case.is_wheel_change(*tag));
    if let Some(&(likeliest, ..)) = changes.max_by(|one, other| one.2.total_cmp(&other.2)) {
        let others = kept.iter().filter(|(tag, ..)| case.is_wheel_change(*tag) && *tag != likeliest);
        dropped.extend(others.filter(|one| one.1 == State::Yes).map(|one| (one.0, one.2)));
        kept.retain(|(tag, ..)| !case.is_wheel_change(*tag) || *tag == likeliest);
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
        let evidence = if state == State::Over { restore_tag(&mut read, tag) } else { None };
        let words = evidence.unwrap_or_else(|| telling(case, weights, tag));
        read.tags.push((tag, vec![Words { strength: hundredths(likely), ..words }]));
    }
    let tags = &case.rules().tags;
    read.tags.sort_by(|one, other| tags[usize::from(one.0)].cmp(&tags[usize::from(other.0)]));
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
fn telling(case: &Case<'_>, weights: &Weights, tag: Tag) -> Words {
    let number = weights.tags.iter().position(|known| case.rules().tag(known) == Some(tag)).unwrap_or_default();
    let weigh = |put: &dyn Fn(&mut TextSum<'_>)| {
        let mut sum = TextSum::new(weights);
        put(&mut sum);
        sum.sums[number]
    };
    let weighed = case.clauses().map(|clause| {
        let put = |sum: &mut TextSum<'_>| {
            case.hold_groups(clause, sum);
            (clause.first..=clause.last).for_each(|word| sum.word(case.letters(word)));
        };
        (weigh(&put), clause)
    });
    let Some((_, clause)) = weighed.max_by(|one, other| one.0.total_cmp(&other.0)) else {
        return Words { passage: 0, begins: 0, ends: 0, source: Source::Weights, strength: 0.0 };
    };
    if clause.last - clause.first < 4 {
        return span(case, clause.first, clause.last);
    }
    let words = (clause.first..=clause.last).map(|word| (weigh(&|sum| sum.word(case.letters(word))), word, word));
    let found = clause.things.iter().chain(&clause.done).map(|&hit| {
        let group = case.group(hit);
        (weigh(&|sum| sum.once(&GROUP, &[group])), case.hit(hit).first, case.hit(hit).last)
    });
    let (_, first, last) =
        words.chain(found).max_by(|one, other| one.0.total_cmp(&other.0)).unwrap_or((0.0, clause.first, clause.first));
    span(case, first, last)
}

fn span(case: &Case<'_>, first: u32, last: u32) -> Words {
    let (begins, ends) = (case.joined.words[first as usize], case.joined.words[last as usize]);
    Words { passage: begins.passage, begins: begins.begins, ends: ends.ends, source: Source::Weights, strength: 0.0 }
}
