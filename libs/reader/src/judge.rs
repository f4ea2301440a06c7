//! The judge: what was learned from labelled orders says how likely each tag is, given what the rules found and what else the text says.
//! Where that is sure of the contrary, it overturns the rules; then somebody should look.
//!
//! The network reads the whole text; then, for one tag, what it says is weighed beside the rules, cues and words around the evidence.

use std::collections::HashMap;
use std::sync::Arc;

use pyo3::prelude::*;

use crate::clauses::{Clause, holding};
use crate::counsel::Counsel;
use crate::features::{Family, Features, Part, Seen, key, key_of};
use crate::lexicon::{Rules, Tag};
use crate::matching::Hit;
use crate::network::{Network, Said};
use crate::order::Order;
use crate::reading::{Joined, Overruled, Read, Source, Words};
use crate::rules::{Finding, Scene};
use crate::text::ByHash;

/// A tag that the rules read counts from this probability on,
const COUNTS_FROM: f64 = 0.42;
/// one that they did not read from this one on.
const ADDS_FROM: f64 = 0.5;
/// What decides whom to invite must be surer, and surest where a cue speaks against it: work that was not done would put the invitation off
/// to the next year.
const INVITING_COUNTS_FROM: f64 = 0.75;
const INVITING_ADDS_FROM: f64 = 0.8;
const INVITING_RESTORES_FROM: f64 = 0.9;
/// Of so many words at most, none of them a cue, nothing can be in doubt but the words themselves: what the rules read there counts
/// whether it invites or not.
const FEW_WORDS: usize = 5;
/// A tag of which the rules say nothing is weighed where its sum is above this.
const WORTH_WEIGHING: f64 = -3.0;
const BOUND: f64 = 6.0;
/// Counsel is asked where a tag is neither less likely than this nor likelier.
const DOUBT: std::ops::Range<f64> = 0.2..0.85;

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
    judge: HashMap<String, StateTold>,
}

struct StateWeights {
    bias: f64,
    features: ByHash<f64>,
}

/// The weights of one language, and the network and the counsel of all.
pub struct Weights {
    network: Arc<Network>,
    counsel: Option<Arc<Counsel>>,
    states: [StateWeights; 3],
}

impl Weights {
    /// Says what is wrong where they do not hold together.
    pub fn new(mut told: WeightsTold, network: Arc<Network>, counsel: Option<Arc<Counsel>>) -> Result<Weights, String> {
        let mut state = |state: State| {
            let told = told.judge.remove(state.name()).ok_or_else(|| format!("the weights lack {:?}", state.name()))?;
            let features = told.features.into_iter().map(|(name, weight)| (key_of(&name), weight)).collect();
            Ok::<_, String>(StateWeights { bias: told.bias, features })
        };
        Ok(Weights { states: [state(State::Yes)?, state(State::Over)?, state(State::None)?], network, counsel })
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

    /// Whether a tag may be added that no rule read: where words name something (of texts that say next to nothing, `Diverse`, nobody has
    /// learned), and that very tag if it invites; other words than those that mean what a dealer says. What the same invoice took
    /// back is not added.
    fn may_add(&self, tag: Tag) -> bool {
        let (rules, base, hits) = (self.rules(), self.base(tag), self.scene.hits);
        let is_dealers =
            |here: &Hit| hits.iter().any(|hit| rules.kind(hit.group).dealers && (hit.first, hit.last) == (here.first, here.last));
        let names = |hit: &Hit| {
            let told = rules.spoken_of(hit.group);
            if self.invites(tag) { told.contains(&base) } else { !told.is_empty() }
        };
        !self.cancelled.contains(&base) && hits.iter().any(|hit| names(hit) && !is_dealers(hit))
    }

    /// Whether it is a few words that nothing speaks against.
    fn is_plain(&self) -> bool {
        self.joined.words.len() <= FEW_WORDS && self.scene.found.iter().all(|clause| clause.cues.is_empty())
    }

    /// How likely a tag must be to count.
    fn least(&self, tag: Tag, state: State) -> f64 {
        let base = self.base(tag);
        match (state, self.invites(tag)) {
            (State::Yes, true) if !self.is_plain() => INVITING_COUNTS_FROM,
            (State::Yes, _) => COUNTS_FROM,
            (_, false) => ADDS_FROM,
            (State::Over, true) => INVITING_RESTORES_FROM,
            // What a cue speaks against is not added under the name of another season.
            (State::None, true) if self.read.overruled.iter().any(|one| self.base(one.tag) == base) => 1.0,
            (State::None, true) => INVITING_ADDS_FROM,
        }
    }

    /// What is weighed of one tag. `logits`: what the network says, by tag.
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

/// What is said, by tag.
fn by_tag(case: &Case<'_>, tags: &[String], sums: &[f32]) -> Vec<(Tag, f64)> {
    let tags = tags.iter().map(|tag| case.rules().tag(tag));
    tags.zip(sums).filter_map(|(tag, sum)| Some((tag?, f64::from(*sum)))).collect()
}

/// What network and counsel say together: the mean of both.
fn together(network: &[(Tag, f64)], counsel: &[(Tag, f64)]) -> Vec<(Tag, f64)> {
    let other = |tag: Tag| counsel.iter().find(|(known, _)| *known == tag).map(|(_, sum)| *sum);
    network.iter().map(|(tag, sum)| (*tag, other(*tag).map_or(*sum, |other| f64::midpoint(*sum, other)))).collect()
}

/// Every tag that is worth weighing, with what the rules say of it.
pub fn weighed(case: &Case<'_>, logits: &[(Tag, f64)]) -> Vec<(Tag, State)> {
    let stated = logits.iter().map(|(tag, sum)| (*tag, case.state(*tag), *sum));
    stated.filter(|(_, state, sum)| *state != State::None || *sum >= WORTH_WEIGHING).map(|(tag, state, _)| (tag, state)).collect()
}

/// How likely each tag is that is weighed, but for those that are `settled`.
fn likely(case: &Case<'_>, weights: &Weights, logits: &[(Tag, f64)], settled: &[Tag]) -> Vec<(Tag, State, f64)> {
    let may_count = |(tag, state): &(Tag, State)| !settled.contains(tag) && (*state != State::None || case.may_add(*tag));
    let told = weighed(case, logits).into_iter().filter(may_count).map(|(tag, state)| {
        let weights = &weights.states[state as usize];
        let mut sum = StateSum { weights, seen: Seen::default(), sum: weights.bias };
        case.weigh(tag, state, logits, &mut sum);
        (tag, state, 1.0 / (1.0 + (-sum.sum).exp()))
    });
    told.collect()
}

/// What the weights make of what the rules read, but for tags that are `settled`.
pub fn judged(case: &Case<'_>, weights: &Weights, settled: &[Tag]) -> Option<Read> {
    case.clauses().next()?; // where nothing is said, there is nothing to weigh
    let said = weights.network.read(case);
    let mut logits = by_tag(case, &weights.network.tags, &said.sums);
    let mut found = likely(case, weights, &logits, settled);
    if let Some(counsel) = &weights.counsel
        && found.iter().any(|(.., likely)| DOUBT.contains(likely))
        && let Some(sums) = counsel.read(case)
    {
        logits = together(&logits, &by_tag(case, &counsel.tags, &sums));
        found = likely(case, weights, &logits, settled);
    }
    let mut dropped: Vec<(Tag, f64)> = Vec::new();
    let mut kept: Vec<(Tag, State, f64)> = Vec::new();
    for (tag, state, likely) in found {
        if likely > case.least(tag, state) {
            kept.push((tag, state, likely));
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
        let words = evidence.unwrap_or_else(|| telling(case, &weights.network, &said, tag));
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

/// The words that tell a tag: around the loudest one its clause, if that is short, else what was found there.
fn telling(case: &Case<'_>, network: &Network, said: &Said, tag: Tag) -> Words {
    let number = network.tags.iter().position(|known| case.rules().tag(known) == Some(tag)).unwrap_or_default();
    let word = said.loudest[number];
    let clause = &case.scene.found[holding(case.scene.found, word)];
    if clause.last - clause.first < 4 {
        return span(case, clause.first, clause.last);
    }
    let found = clause.things.iter().chain(&clause.done).map(|&hit| case.hit(hit));
    let around = found.filter(|hit| (hit.first..=hit.last).contains(&word)).max_by_key(|hit| hit.last - hit.first);
    around.map_or_else(|| span(case, word, word), |hit| span(case, hit.first, hit.last))
}

fn span(case: &Case<'_>, first: u32, last: u32) -> Words {
    let (begins, ends) = (case.joined.words[first as usize], case.joined.words[last as usize]);
    Words { passage: begins.passage, begins: begins.begins, ends: ends.ends, source: Source::Weights, strength: 0.0 }
}
