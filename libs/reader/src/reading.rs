//! Reads one order: the tags with their evidence, what was overruled and why, and how an official inspection ended.

use crate::clauses::{Clause, clauses, holding};
use crate::cues::{Ground, Overruling, overrulings};
use crate::features::Part;
use crate::judge::{self, Case, Weights};
use crate::lexicon::{Rules, Tag};
use crate::matching::{Hit, Matcher, span};
use crate::order::{Order, Passage};
use crate::rules::{Finding, Scene};
use crate::season::{Season, season};
use crate::text::{Folded, Spelling, Word};

const COUNTS_FROM: f64 = 0.5;
pub const SURE_FROM: f64 = 0.6;
const BY_WORDS: f64 = 0.9;
const BY_DATE: f64 = 0.7;
const MOST_EVIDENCE: usize = 5;
pub const MOST_OVERRULED: usize = 10;
const MOST_LABELS: usize = 30;

/// The words of all passages in reading order, and the number of each passage's first word.
#[derive(Default)]
pub struct Joined {
    /// The letters of all words, made comparable.
    letters: String,
    /// Where each passage's letters begin.
    begins: Vec<u32>,
    pub words: Vec<Word>,
    pub firsts: Vec<u32>,
    pub passage_of: Vec<u32>,
}

impl Joined {
    /// A word made comparable.
    pub fn letters(&self, word: u32) -> &str {
        let of = |at: usize| self.words.get(at).map(|word| (self.begins[word.passage as usize] + word.start) as usize);
        let begins = of(word as usize).unwrap_or_default();
        &self.letters[begins..of(word as usize + 1).unwrap_or(self.letters.len())]
    }
}

/// What evidence rests on.
#[derive(Clone, Copy, PartialEq)]
pub enum Source {
    Rule(u16),
    SeasonWords,
    SeasonDate,
    Weights,
}

/// Words of a passage (from byte to byte) and what read them; of the date there are none.
#[derive(Clone, Copy)]
pub struct Words {
    pub passage: u32,
    pub begins: u32,
    pub ends: u32,
    pub source: Source,
    pub strength: f64,
}

#[derive(Clone)]
pub struct Overruled {
    pub tag: Tag,
    pub words: Words,
    pub cue: u16,
    pub because: Words,
}

/// All that was read of one order. `labels` stand before mechanics' names, `next_services` before a date.
#[derive(Clone)]
pub struct Read {
    pub tags: Vec<(Tag, Vec<Words>)>,
    pub overruled: Vec<Overruled>,
    pub passed: Option<bool>,
    pub review: bool,
    pub labels: Vec<(u32, u32)>,
    pub next_services: Vec<(u32, u32)>,
}

/// Put all texts into one run of words, with what was found in them.
pub fn search<'a>(
    texts: impl IntoIterator<Item = &'a str>,
    spelling: &Spelling,
    matcher: Option<(&Matcher, Option<i32>)>,
) -> (Joined, Vec<Hit>) {
    let mut joined = Joined::default();
    let mut hits = Vec::new();
    let mut folded = Folded::default();
    for (number, text) in texts.into_iter().enumerate() {
        let first = joined.words.len();
        joined.firsts.push(first as u32);
        spelling.cut(text, number as u32, &mut joined.words, &mut folded);
        joined.begins.push(joined.letters.len() as u32);
        joined.letters.push_str(&folded.string);
        if let Some((matcher, year)) = matcher {
            matcher.search(text, &folded, &joined.words, first, year, &mut hits);
        }
    }
    joined.passage_of = joined.words.iter().map(|word| word.passage).collect();
    (joined, hits)
}

/// An order with all that rules are asked about.
pub struct Given<'a> {
    pub order: &'a Order,
    pub joined: &'a Joined,
    /// Sorted.
    pub hits: &'a [Hit],
    pub rules: &'a Rules,
}

impl Given<'_> {
    /// Read the order by the rules, and hand over what was read with all that it may be judged by.
    pub fn read<T>(&self, language: Part<'_>, judge: impl FnOnce(&Case<'_>) -> T) -> T {
        let &Given { order, joined, hits, rules } = self;
        let passages = order.passages.as_slice();
        let found = clauses(&joined.words, hits, rules);
        let reached = overrulings(&Ground { found: &found, hits, rules, passages });
        let scene = Scene::new(rules, &found, hits, &reached, joined, order);
        let reader = Reader { passages, joined, hits, rules, found: &found, scene: &scene };
        let everything = scene.findings();
        let mut fired = everything.clone();
        let cancelled = reader.drop_cancelled(&mut fired);
        reader.take_out_mere_wishes(&mut fired);
        if order.finished {
            reader.take_out_mentions(&mut fired);
        }
        let season = season(&scene, &fired);
        let mut read = reader.assemble(&fired, season);
        read.review |= order.too_long;
        judge(&Case { language, order, joined, scene: &scene, everything: &everything, cancelled: &cancelled, read: &read })
    }

    /// Read the order by the rules; where there are weights, they have the last word, but for tags that are `settled`.
    pub fn judged(&self, language: Part<'_>, weights: Option<&Weights>, settled: &[Tag]) -> Read {
        self.read(language, |case| {
            let mut read = weights.and_then(|weights| judge::judged(case, weights, settled)).unwrap_or_else(|| case.read.clone());
            let inspected = read.tags.iter().any(|(tag, _)| *tag == self.rules.known_tags.inspection);
            if self.order.finished && inspected {
                read.passed = inspection_passed(case.scene);
            }
            read
        })
    }
}

struct Reader<'a> {
    passages: &'a [Passage],
    joined: &'a Joined,
    hits: &'a [Hit],
    rules: &'a Rules,
    found: &'a [Clause],
    scene: &'a Scene<'a>,
}

impl Reader<'_> {
    fn hit(&self, number: u32) -> Hit {
        self.hits[number as usize]
    }

    fn tag(&self, finding: &Finding) -> Tag {
        self.rules.rule(finding.rule).tag
    }

    fn clause(&self, number: u32) -> &Clause {
        &self.found[holding(self.found, self.hit(number).first)]
    }

    fn passage(&self, number: u32) -> &Passage {
        &self.passages[self.scene.passage(number) as usize]
    }

    /// Words on a line that was cancelled on the same invoice do not count, and are not worth a word; nor does work of which a line
    /// takes back the amount in words of its own: `MOT class 7`, `credit MOT cl7`. What was given away was done all the same.
    /// Says of which tags that was.
    fn drop_cancelled(&self, fired: &mut Vec<Finding>) -> Vec<Tag> {
        let mut taken_back: Vec<(Tag, i64)> = Vec::new();
        if self.passages.iter().any(|passage| passage.takes_back.is_some()) {
            let given: Vec<u32> = self.rules.known.given.iter().flat_map(|&group| self.scene.of_group(group)).copied().collect();
            let is_given = |passage: u32| given.iter().any(|&hit| self.scene.passage(hit) == passage);
            for finding in fired.iter() {
                let at = self.scene.passage(finding.hits[0]);
                if let Some(amount) = self.passages[at as usize].takes_back.filter(|_| !is_given(at)) {
                    taken_back.push((self.tag(finding), amount));
                }
            }
        }
        let is_cancelled = |finding: &Finding| {
            finding.hits.iter().map(|&hit| self.passage(hit)).any(|passage| {
                passage.dropped || passage.amount.is_some_and(|amount| taken_back.contains(&(self.tag(finding), amount)))
            })
        };
        let cancelled = fired.iter().filter(|finding| is_cancelled(finding)).map(|finding| self.tag(finding)).collect();
        fired.retain(|finding| !is_cancelled(finding));
        cancelled
    }

    /// What was wished for or merely named counts, unless the same order says that it was not done, or is not wanted any more.
    fn take_out_mere_wishes(&self, fired: &mut [Finding]) {
        let refuting: Vec<Finding> = fired.iter().filter(|finding| !finding.counts()).cloned().collect();
        if refuting.is_empty() {
            return;
        }
        for finding in fired.iter_mut().filter(|finding| finding.counts()) {
            if let Some(other) = self.refuting(finding, &refuting) {
                finding.against.clone_from(&other.against);
            }
        }
    }

    /// In a finished order a wish yields to any other word; a mere name yields to a later one near it, in an open one, too:
    /// `service, hjulskift - hjulskift blev ikke lavet`.
    fn refuting<'f>(&self, finding: &Finding, refuting: &'f [Finding]) -> Option<&'f Finding> {
        let clause = self.clause(finding.hits[0]);
        if clause.is_done() {
            return None;
        }
        let leads = |one: &&Clause| one.sentence == clause.sentence && one.first <= clause.first; // `Auftrag: Inspektion, Reifen, TÜV`
        let wishes = |one: &Clause| one.things.iter().any(|&hit| self.hit(hit).group == self.rules.known.wish);
        let is_wish = self.scene.finished && self.found.iter().filter(leads).any(wishes);
        let same_tag = |other: &&Finding| self.tag(other) == self.tag(finding);
        refuting.iter().filter(same_tag).find(|other| is_wish || self.refutes(other, finding, clause))
    }

    /// Where the line was not charged for, a word on a later line may take it back, too.
    fn refutes(&self, other: &Finding, finding: &Finding, clause: &Clause) -> bool {
        let is_later = self.hit(other.hits[0]).first > self.hit(finding.hits[0]).first;
        let same_passage = self.clause(other.hits[0]).passage == clause.passage;
        let free = !self.passages[clause.passage as usize].priced();
        is_later && (same_passage || free) && other.against.iter().any(|one| self.rules.cue(one.cue).refutes)
    }

    /// Remarks tell of all sorts of work: where lines name what was done, a name in the remarks counts only beside a word that it
    /// was done, or for work that a line names, too. Who pays for it all may stand anywhere.
    fn take_out_mentions(&self, fired: &mut [Finding]) {
        let on_lines = |finding: &&Finding| finding.counts() && !self.passage(finding.hits[0]).remarks;
        let tags: Vec<Tag> = fired.iter().filter(on_lines).map(|finding| self.tag(finding)).collect();
        if tags.is_empty() {
            return;
        }
        for finding in fired.iter_mut().filter(|finding| finding.counts()) {
            let tag = self.tag(finding);
            let first = finding.hits[0];
            if tag != self.rules.known_tags.warranty
                && !tags.contains(&tag)
                && self.passage(first).remarks
                && !self.clause(first).is_done()
            {
                finding.against = vec![Overruling { cue: self.rules.mentioned, hit: first }];
            }
        }
    }

    fn assemble(&self, fired: &[Finding], season: Option<Season>) -> Read {
        let change = self.rules.known_tags.change;
        let mut good: Vec<(Tag, Vec<Words>)> = Vec::new();
        let mut bad: Vec<Overruled> = Vec::new();
        let mut unsure = false;
        for finding in fired {
            let is_open = |one: &Overruling| self.rules.cue(one.cue).review;
            unsure |= !finding.counts() && finding.against.iter().all(is_open);
            let tag = match self.tag(finding) {
                tag if tag == change => season.map_or(change, |season| season.tag(self.rules)),
                tag => tag,
            };
            let words = self.words(finding);
            if let Some(against) = finding.against.first() {
                let because = Words { source: words.source, strength: words.strength, ..self.of_hit(self.hit(against.hit)) };
                bad.push(Overruled { tag, words, cue: against.cue, because });
            } else if let Some((_, evidence)) = good.iter_mut().find(|(known, _)| *known == tag) {
                evidence.push(words);
            } else {
                good.push((tag, vec![words]));
            }
        }
        good.sort_unstable_by(|one, other| self.rules.tags[usize::from(one.0)].cmp(&self.rules.tags[usize::from(other.0)]));
        let strongest = |evidence: &[Words]| evidence.iter().map(|words| words.strength).fold(0.0, f64::max);
        let weak = good.iter().any(|(_, evidence)| strongest(evidence) < SURE_FROM);
        good.retain(|(_, evidence)| strongest(evidence) >= COUNTS_FROM);
        let disputed = bad.iter().any(|one| {
            let of_tag = good.iter().filter(|(tag, _)| *tag == one.tag).flat_map(|(_, evidence)| evidence);
            of_tag.into_iter().any(|words| words.passage == one.words.passage)
        });
        for (tag, evidence) in &mut good {
            self.keep_strongest(evidence);
            let told = &self.rules.known_tags;
            if let Some(season) = season.filter(|_| [told.change, told.winter, told.summer].contains(tag)) {
                evidence.push(self.of_season(season));
            }
        }
        self.keep_different(&mut bad);
        Read {
            tags: good,
            overruled: bad,
            passed: None,
            review: weak || disputed || unsure,
            labels: self.ends_of(self.rules.known.mechanic_label),
            next_services: self.ends_of(self.rules.known.next_service),
        }
    }

    /// Where words of a group end, by passage and byte; no order names more mechanics.
    fn ends_of(&self, group: u16) -> Vec<(u32, u32)> {
        self.scene
            .of_group(group)
            .iter()
            .take(MOST_LABELS)
            .map(|&hit| self.joined.words[self.hit(hit).last as usize])
            .map(|word| (word.passage, word.ends))
            .collect()
    }

    /// The span from the first to the last of its words where they stand in one passage, else those of the first group.
    fn words(&self, finding: &Finding) -> Words {
        let passage = self.scene.passage(finding.hits[0]);
        let here = || finding.hits.iter().copied().filter(|&hit| self.scene.passage(hit) == passage).map(|hit| self.hit(hit));
        let first = here().map(|hit| hit.first).min().unwrap_or_default();
        let last = here().map(|hit| hit.last).max().unwrap_or_default();
        let strength = self.rules.rule(finding.rule).strength;
        Words { source: Source::Rule(finding.rule), strength, ..self.of_hit(Hit { first, last, group: 0, part: 0 }) }
    }

    fn of_hit(&self, hit: Hit) -> Words {
        let span = span(&self.joined.words, &hit);
        let passage = self.joined.passage_of[hit.first as usize];
        Words { passage, begins: span.start as u32, ends: span.end as u32, source: Source::SeasonWords, strength: BY_WORDS }
    }

    fn of_season(&self, season: Season) -> Words {
        match season.hit {
            Some(hit) => self.of_hit(self.hit(hit)),
            None => Words { passage: 0, begins: 0, ends: 0, source: Source::SeasonDate, strength: BY_DATE },
        }
    }

    fn written(&self, words: &Words) -> &str {
        &self.passages[words.passage as usize].text[words.begins as usize..words.ends as usize]
    }

    fn same(&self, one: &Words, other: &Words) -> bool {
        one.source == other.source && one.passage == other.passage && self.written(one) == self.written(other)
    }

    fn keep_strongest(&self, evidence: &mut Vec<Words>) {
        let mut kept: Vec<Words> = Vec::with_capacity(evidence.len());
        for words in evidence.iter() {
            if !kept.iter().any(|other| self.same(words, other)) {
                kept.push(*words);
            }
        }
        kept.sort_by(|one, other| other.strength.total_cmp(&one.strength));
        kept.truncate(MOST_EVIDENCE);
        *evidence = kept;
    }

    fn keep_different(&self, overruled: &mut Vec<Overruled>) {
        let mut kept: Vec<Overruled> = Vec::new();
        for one in overruled.drain(..) {
            let is_told = |other: &Overruled| {
                one.tag == other.tag
                    && one.cue == other.cue
                    && self.same(&one.words, &other.words)
                    && self.same(&one.because, &other.because)
            };
            if kept.len() < MOST_OVERRULED && !kept.iter().any(is_told) {
                kept.push(one);
            }
        }
        *overruled = kept;
    }
}

/// Passed or failed, as the last word on it says; None where nothing tells. A mere `ok` counts in a sentence that speaks of an
/// inspection, or by itself.
fn inspection_passed(scene: &Scene<'_>) -> Option<bool> {
    let &Scene { rules, found, hits, reached, .. } = scene;
    let of = |number: u32| hits[number as usize];
    let speaks = |clause: &Clause| clause.things.iter().any(|&hit| rules.kind(of(hit).group).inspection);
    let sentences: Vec<u32> = found.iter().filter(|clause| speaks(clause)).map(|clause| clause.sentence).collect();
    let earlier = |hit: u32| reached[hit as usize].iter().any(|one| rules.cue(one.cue).why[..] == *"earlier");
    let mut told: Vec<Hit> = Vec::new();
    for clause in found {
        for &hit in clause.things.iter().filter(|&&hit| rules.is_result(of(hit).group)) {
            let is_plain = of(hit).group != rules.known.fine
                || sentences.binary_search(&clause.sentence).is_ok()
                || says_only_results(clause, scene);
            if !earlier(hit) && !is_refused(of(hit), clause, scene) && is_plain {
                told.push(of(hit));
            }
        }
    }
    told.into_iter().max().map(|hit| hit.group != rules.known.failed)
}

fn says_only_results(clause: &Clause, scene: &Scene<'_>) -> bool {
    let span = |hit: Hit| (hit.first, hit.last);
    let of = |number: &u32| scene.hits[*number as usize];
    let results = || clause.things.iter().map(of).filter(|hit| scene.rules.is_result(hit.group));
    let mut others = clause.things.iter().chain(&clause.cues).map(of).filter(|hit| hit.group != scene.rules.known.now);
    clause.unknown == 0 && results().next().is_some() && others.all(|hit| results().any(|result| span(result) == span(hit)))
}

/// `Tandrem afvist` is no result: its word says what the customer did not want.
fn is_refused(hit: Hit, clause: &Clause, scene: &Scene<'_>) -> bool {
    let refuses = |group: u16| scene.rules.cue_of(group).is_some_and(|(_, cue)| cue.why[..] == *"refused");
    let cues = clause.cues.iter().map(|&cue| scene.hits[cue as usize]);
    cues.into_iter().any(|cue| refuses(cue.group) && (cue.first, cue.last) == (hit.first, hit.last))
}
