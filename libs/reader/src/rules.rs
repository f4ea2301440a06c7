//! From hits to tags: each rule asks for groups near each other; cues decide whether what was found counts.

use crate::clauses::{Clause, holding};
use crate::cues::{Overruling, Reached};
use crate::lexicon::{Group, Near, Rule, Rules};
use crate::matching::Hit;
use crate::order::Order;
use crate::reading::Joined;
use crate::season::of_month;

/// A rule that fired on these hits, and what overrules it (nothing: it counts).
#[derive(Clone)]
pub struct Finding {
    pub rule: u16,
    pub hits: Vec<u32>,
    pub against: Vec<Overruling>,
}

impl Finding {
    pub fn counts(&self) -> bool {
        self.against.is_empty()
    }
}

/// The hits of one order, by their group and by how near they are to each other.
pub struct Scene<'a> {
    pub rules: &'a Rules,
    pub found: &'a [Clause],
    pub hits: &'a [Hit],
    pub reached: &'a Reached,
    joined: &'a Joined,
    pub finished: bool,
    /// Whose wheels are put on at that time of the year.
    pub season: Option<usize>,
    /// The hits sorted by group, and where each group's begin and end.
    sorted: Vec<u32>,
    ranges: Vec<(u32, u32)>,
    present: Vec<Group>,
}

impl<'a> Scene<'a> {
    pub fn new(
        rules: &'a Rules,
        found: &'a [Clause],
        hits: &'a [Hit],
        reached: &'a Reached,
        joined: &'a Joined,
        order: &Order,
    ) -> Scene<'a> {
        let mut sorted: Vec<u32> = (0..hits.len() as u32).collect();
        sorted.sort_unstable_by_key(|&number| (hits[number as usize].group, number));
        let mut ranges = vec![(0, 0); rules.groups.len()];
        let mut present = Vec::new();
        for (at, &number) in sorted.iter().enumerate() {
            let group = hits[number as usize].group;
            if present.last() != Some(&group) {
                present.push(group);
                ranges[usize::from(group)].0 = at as u32;
            }
            ranges[usize::from(group)].1 = at as u32 + 1;
        }
        Scene {
            rules,
            found,
            hits,
            reached,
            joined,
            finished: order.finished,
            season: order.month.and_then(of_month),
            sorted,
            ranges,
            present,
        }
    }

    pub fn of_group(&self, group: Group) -> &[u32] {
        let (begin, end) = self.ranges[usize::from(group)];
        &self.sorted[begin as usize..end as usize]
    }

    fn has(&self, group: Group) -> bool {
        let (begin, end) = self.ranges[usize::from(group)];
        begin < end
    }

    /// The hits of any of these groups, in reading order.
    fn of_groups(&self, groups: &[Group]) -> Vec<u32> {
        let mut found: Vec<u32> = groups.iter().flat_map(|&group| self.of_group(group)).copied().collect();
        found.sort_unstable();
        found
    }

    pub fn passage(&self, number: u32) -> u32 {
        self.joined.passage_of[self.hits[number as usize].first as usize]
    }

    /// The words from which to which something stands near an anchor.
    fn near(&self, within: Near, anchor: Hit) -> (u32, u32) {
        let all = self.joined.passage_of.len() as u32;
        if within == Near::Order {
            return (0, all);
        }
        if within == Near::Passage {
            let passage = self.joined.passage_of[anchor.first as usize] as usize;
            return (self.joined.firsts[passage], self.joined.firsts.get(passage + 1).copied().unwrap_or(all));
        }
        let place = holding(self.found, anchor.first);
        let (mut first, mut last) = (place, place);
        if within == Near::Sentence {
            let sentence = self.found[place].sentence;
            while first > 0 && self.found[first - 1].sentence == sentence {
                first -= 1;
            }
            while last + 1 < self.found.len() && self.found[last + 1].sentence == sentence {
                last += 1;
            }
        }
        (self.found[first].first, self.found[last].last + 1)
    }

    /// What overrules these words for the rule's tag.
    fn against<'b>(&'b self, rule: &'b Rule, hits: &'b [u32]) -> impl Iterator<Item = Overruling> + 'b {
        let concerns = |one: &&Overruling| self.rules.cue(one.cue).concerns(rule.tag, self.finished);
        hits.iter().flat_map(|&hit| &self.reached[hit as usize]).filter(concerns).copied()
    }

    fn is_good(&self, rule: &Rule, hit: u32) -> bool {
        self.against(rule, &[hit]).next().is_none()
    }

    /// Every rule that fires, on the words that count where there are such, else on those that are overruled.
    pub fn findings(&self) -> Vec<Finding> {
        let mut candidates: Vec<u16> =
            self.present.iter().flat_map(|&group| &self.rules.anchored[usize::from(group)]).copied().collect();
        candidates.sort_unstable();
        candidates.dedup();
        let mut fired = Vec::new();
        for number in candidates {
            let rule = self.rules.rule(number);
            let any = |groups: &[Group]| groups.iter().any(|&group| self.has(group));
            if rule.groups[1..].iter().any(|part| !any(part)) || !(rule.in_order.is_empty() || any(&rule.in_order)) {
                continue;
            }
            let forbidding = rule.unless_in_order.iter().flat_map(|&group| self.of_group(group));
            if forbidding.copied().any(|hit| self.is_good(rule, hit)) {
                continue;
            }
            let others: Vec<Vec<u32>> = rule.groups[1..].iter().map(|part| self.of_groups(part)).collect();
            for anchor in self.of_groups(&rule.groups[0]) {
                if self.is_forbidden(rule, anchor) || !self.stands_alone(rule, anchor) {
                    continue;
                }
                if let Some(hits) = self.chosen(rule, anchor, &others) {
                    let against = self.against(rule, &hits).collect();
                    fired.push(Finding { rule: number, hits, against });
                }
            }
        }
        fired
    }

    /// Whether the anchor's passage holds a group that forbids the rule.
    fn is_forbidden(&self, rule: &Rule, anchor: u32) -> bool {
        let passage = self.passage(anchor);
        rule.unless.iter().flat_map(|&group| self.of_group(group)).any(|&hit| self.passage(hit) == passage)
    }

    /// Whether the anchor stands by itself, and for wheels of the season, where the rule asks for that.
    fn stands_alone(&self, rule: &Rule, anchor: u32) -> bool {
        let hit = self.hits[anchor as usize];
        let in_season = || self.season.is_some_and(|side| self.rules.known.wheels[side] == hit.group);
        let bare = || {
            let clause = &self.found[holding(self.found, hit.first)];
            let within = |other: Hit| hit.first <= other.first && other.last <= hit.last;
            let others = clause.things.iter().map(|&other| self.hits[other as usize]);
            let names_more = others.into_iter().any(|other| !within(other) && !self.rules.kind(other.group).helper);
            !clause.heading && clause.unknown == 0 && !clause.has_verb() && !names_more
        };
        (!rule.in_season || in_season()) && (!rule.bare || bare())
    }

    /// The anchor with the nearest hit for each further part of the rule, rather one that counts; None: one is missing.
    fn chosen(&self, rule: &Rule, anchor: u32, candidates: &[Vec<u32>]) -> Option<Vec<u32>> {
        let mut chosen = vec![anchor];
        if candidates.is_empty() {
            return Some(chosen);
        }
        let place = self.hits[anchor as usize];
        let (begin, end) = self.near(rule.within, place);
        for others in candidates {
            let far = |number: u32| self.hits[number as usize].first.abs_diff(place.first);
            let mut nearest: Option<(bool, u32, u32)> = None; // overruled, how far, which
            for &number in others {
                let hit = self.hits[number as usize];
                if hit.first < begin || hit.first >= end || self.overlaps(hit, &chosen) {
                    continue;
                }
                let told = (!self.is_good(rule, number), far(number), number);
                nearest = Some(nearest.map_or(told, |best| best.min(told)));
            }
            chosen.push(nearest?.2);
        }
        Some(chosen)
    }

    /// The same words may not stand for two parts of a rule, unless they are of two groups.
    fn overlaps(&self, hit: Hit, chosen: &[u32]) -> bool {
        chosen
            .iter()
            .map(|&other| self.hits[other as usize])
            .any(|other| hit.first <= other.last && other.first <= hit.last && hit.group == other.group)
    }
}
