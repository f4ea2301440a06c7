//! The season of a wheel change: from the words first, else from the date.

use crate::clauses::Clause;
use crate::lexicon::{Rules, Tag};
use crate::matching::Hit;
use crate::rules::{Finding, Scene};

const WINTER: usize = 0;
const SUMMER: usize = 1;
/// Words that speak as loudly as that are believed whatever the date says; others merely name wheels, or say that they went away.
const SURE: u32 = 3;

/// The season that was read, and the words it rests on (None: the date decided).
#[derive(Clone, Copy)]
pub struct Season {
    side: usize,
    pub hit: Option<u32>,
}

impl Season {
    pub fn tag(self, rules: &Rules) -> Tag {
        if self.side == WINTER { rules.known_tags.winter } else { rules.known_tags.summer }
    }
}

/// Words that speak for a season, and how loudly.
struct Vote {
    side: usize,
    weight: u32,
    hit: u32,
}

/// Which wheels the car stands on afterwards; None: neither text nor date tells, or there was no change.
pub fn season(scene: &Scene<'_>, fired: &[Finding]) -> Option<Season> {
    let (rules, hits) = (scene.rules, scene.hits);
    let change = rules.known_tags.change;
    let of_change = fired.iter().filter(|finding| rules.rule(finding.rule).tag == change);
    let changed: Vec<u32> = of_change.flat_map(|finding| &finding.hits).copied().collect();
    if changed.is_empty() {
        return None;
    }
    let is_silent = |hit: u32| scene.reached[hit as usize].iter().any(|one| rules.cue(one.cue).concerns(change, scene.finished));
    let mut votes = Vec::new();
    for clause in scene.found {
        vote(clause, hits, &changed, rules, &mut votes);
    }
    votes.retain(|vote| !is_silent(vote.hit));
    let by_date = scene.season;
    let loudest = votes.iter().map(|vote| vote.weight).max();
    let mut loud = votes.iter().filter(|vote| Some(vote.weight) == loudest);
    if let Some(first) = loud.next() {
        let is_sure = first.weight >= SURE || by_date.is_none_or(|side| side == first.side);
        if is_sure && loud.all(|vote| vote.side == first.side) {
            return Some(Season { side: first.side, hit: Some(first.hit) });
        }
    }
    by_date.map(|side| Season { side, hit: None })
}

/// The season whose wheels are put on in a month.
pub fn of_month(month: u32) -> Option<usize> {
    match month {
        10..=12 => Some(WINTER),
        3..=5 => Some(SUMMER),
        _ => None,
    }
}

fn vote(clause: &Clause, hits: &[Hit], changed: &[u32], rules: &Rules, votes: &mut Vec<Vote>) {
    let known = &rules.known;
    let mine: Vec<u32> = clause.things.iter().chain(&clause.done).copied().collect();
    let group = |number: u32| hits[number as usize].group;
    let away = mine.iter().any(|&number| known.away.contains(&group(number)));
    let put_on = mine.iter().any(|&number| group(number) == known.put_on);
    let names_change = mine.iter().any(|number| changed.contains(number));
    for &hit in &mine {
        for side in [WINTER, SUMMER] {
            let other = 1 - side;
            if group(hit) == known.to[side] {
                votes.push(Vote { side, weight: 4, hit });
            } else if group(hit) == known.wheels[side] {
                let turned = away && !put_on;
                let weight = match (put_on, away) {
                    (true, false) => SURE,
                    (false, false) => 1,
                    _ => 2,
                };
                votes.push(Vote { side: if turned { other } else { side }, weight, hit });
            } else if group(hit) == known.word[side] {
                let turned = away && !put_on && !names_change;
                votes.push(Vote { side: if turned { other } else { side }, weight: 1, hit });
            }
        }
    }
}
