//! Which hits a cue overrules: how far its words reach, in which direction, and what protects from it.

use crate::clauses::Clause;
use crate::lexicon::{Cue, Direction, Near, Rules};
use crate::matching::Hit;
use crate::order::Passage;

/// A verb at most this many words behind a cue belongs to the cue: "ikke blevet udført".
const NEAR: u32 = 2;
/// A clause of at most this many words may speak of the line before, if none of them is unknown.
const SHORT: u32 = 7;

/// So many cues of a clause, and so many that reach a hit, tell all that there is to tell; nobody writes more.
const MOST_CUES: usize = 30;
const MOST_AGAINST: usize = 8;

/// A cue that reaches a hit, with the words that it stands in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Overruling {
    pub cue: u16,
    pub hit: u32,
}

/// For each hit the cues that reach it.
pub type Reached = Vec<Vec<Overruling>>;

/// All that cues are weighed by.
pub struct Ground<'a> {
    pub found: &'a [Clause],
    pub hits: &'a [Hit],
    pub rules: &'a Rules,
    pub passages: &'a [Passage],
}

/// For each hit the cues that reach it; what happened after all is taken out again.
pub fn overrulings(ground: &Ground<'_>) -> Reached {
    let mut reached: Reached = vec![Vec::new(); ground.hits.len()];
    for (number, clause) in ground.found.iter().enumerate() {
        for &at in clause.cues.iter().take(MOST_CUES) {
            let (cue, told) = ground.rules.cue_of(ground.hits[at as usize].group).expect("a cue is a cue");
            for thing in ground.reach(told, ground.hits[at as usize], number) {
                let against = &mut reached[thing as usize];
                if against.len() < MOST_AGAINST {
                    against.push(Overruling { cue, hit: at });
                }
            }
        }
    }
    for number in 0..ground.found.len() {
        ground.rescue(number, &mut reached);
    }
    reached
}

impl Ground<'_> {
    fn hit(&self, number: u32) -> Hit {
        self.hits[number as usize]
    }

    fn reach(&self, cue: &Cue, hit: Hit, number: usize) -> Vec<u32> {
        let found = self.found;
        let clause = &found[number];
        if cue.reach != Near::Clause {
            let near = |other: &&Clause| match cue.reach {
                Near::Order => true,
                Near::Passage => other.passage == clause.passage,
                _ => other.sentence == clause.sentence,
            };
            let open_to_it = found.iter().filter(near).filter(|other| !(cue.stops_at_done && other.is_done()));
            return open_to_it.flat_map(|other| &other.things).copied().filter(|&thing| self.on_side(cue, hit, thing)).collect();
        }
        let mut mine: Vec<u32> = clause.things.iter().copied().filter(|&thing| self.in_reach(cue, hit, thing, clause)).collect();
        let before = cue.direction != Direction::After;
        let mut after = cue.direction != Direction::Before;
        let done_after = cue.stops_at_done && clause.done.iter().any(|&verb| self.hit(verb).first > hit.last);
        if clause.heading && clause.last <= hit.last + 1 && !done_after {
            mine.extend(self.under_heading(number));
            after = false;
        }
        if after && (!mine.is_empty() || (clause.bare && !cue.turned)) {
            mine.extend(self.list_after(number, clause.bare, cue));
        }
        if let Some(joint) = clause.joint.filter(|_| before) {
            let left = mine.iter().any(|&thing| self.hit(thing).last < joint);
            let right = mine.iter().any(|&thing| joint < self.hit(thing).first && self.hit(thing).first < hit.first);
            if left && right {
                mine.extend(self.list_before(number));
            }
        }
        if before && clause.bare {
            mine.extend(self.said_before(number, cue));
        }
        mine
    }

    fn on_side(&self, cue: &Cue, hit: Hit, thing: u32) -> bool {
        cue.direction == Direction::Both || (self.hit(thing).first > hit.last) == (cue.direction == Direction::After)
    }

    fn in_reach(&self, cue: &Cue, hit: Hit, number: u32, clause: &Clause) -> bool {
        let thing = self.hit(number);
        let mut verbs = clause.done.iter().map(|&verb| self.hit(verb));
        let mut others = clause.things.iter().map(|&other| self.hit(other));
        if thing.first > hit.last {
            if cue.direction == Direction::Before {
                return false;
            }
            let between = verbs.find(|verb| hit.last + NEAR < verb.first && verb.first < thing.first);
            return !(cue.stops_at_done
                && between.is_some_and(|verb| others.any(|other| hit.last < other.first && other.first < verb.first)));
        }
        if cue.direction == Direction::After {
            return false;
        }
        let behind = others.any(|other| thing.last < other.first && other.last < hit.first);
        let mut told_done = verbs.filter(|verb| thing.first < verb.first && verb.first < hit.first); // `HU gemacht` has its verb within
        !(cue.stops_at_done && told_done.any(|verb| verb.first > thing.last || behind))
    }

    /// The rest of a list, as in `ønsker ikke service, synstjek eller hjulskift`: clauses without a verb, up to the `eller`.
    fn list_after(&self, number: usize, alone: bool, cue: &Cue) -> Vec<u32> {
        let own = &self.found[number];
        let now = |clause: &Clause| clause.things.iter().any(|&thing| self.hit(thing).group == self.rules.known.now);
        let goes_on = |other: &&Clause| other.sentence == own.sentence && !other.has_verb() && !now(other);
        let run: Vec<&Clause> = self.found[number + 1..].iter().take_while(goes_on).collect();
        if run.is_empty() || (own.listed && !alone) || (alone && own.is_done() && cue.stops_at_done) {
            return Vec::new();
        }
        let end = run.iter().position(|clause| clause.listed).map(|at| at + 1);
        let taken = if alone && (cue.direction == Direction::After || self.said_before(number, cue).is_empty()) {
            end.unwrap_or(1)
        } else {
            end.unwrap_or(0)
        };
        run[..taken].iter().flat_map(|clause| &clause.things).copied().collect()
    }

    /// The list before, as in `service, synstjek og hjulskift ikke udført`, as long as its clauses have no verb.
    fn list_before(&self, number: usize) -> Vec<u32> {
        let own = &self.found[number];
        let goes_on = |other: &&Clause| other.sentence == own.sentence && !other.has_verb();
        self.found[..number].iter().rev().take_while(goes_on).flat_map(|clause| &clause.things).copied().collect()
    }

    /// A clause of nothing but the cue speaks of the clause before, as in `Hjulskift, ikke udført`; a short one across lines.
    fn said_before(&self, number: usize, cue: &Cue) -> Vec<u32> {
        let clause = &self.found[number];
        let Some(other) = self.before(number) else { return Vec::new() };
        if cue.direction == Direction::After || !(cue.alone || clause.is_done()) {
            return Vec::new();
        }
        if other.is_done() && cue.stops_at_done {
            return Vec::new();
        }
        let says_only_that = clause.unknown == 0 && clause.last - clause.first < SHORT;
        if other.sentence == clause.sentence || (says_only_that && cue.across) { other.things.clone() } else { Vec::new() }
    }

    /// The clause before, or the one before that where it says nothing: `Inspektion, hat angerufen, kommt nicht`.
    fn before(&self, number: usize) -> Option<&Clause> {
        let own = &self.found[number];
        let speaks = |other: &&Clause| other.sentence != own.sentence || !other.bare || other.has_verb() || other.unknown > 0;
        self.found[..number].iter().rev().find(speaks)
    }

    /// `Anbefalinger:` speaks of all that follows, up to the next heading or a line that was charged for.
    fn under_heading(&self, number: usize) -> Vec<u32> {
        let own = &self.found[number];
        let ends_line = self.found.get(number + 1).is_none_or(|next| next.sentence != own.sentence);
        let passage = |other: &Clause| &self.passages[other.passage as usize];
        let goes_on = |other: &&Clause| {
            let same_line = other.passage == own.passage;
            (other.sentence == own.sentence || !(other.heading || other.is_done() || !ends_line))
                && (same_line || !(passage(other).priced() || passage(other).remarks))
        };
        self.found[number + 1..].iter().take_while(goes_on).flat_map(|clause| &clause.things).copied().collect()
    }

    /// What was recommended, asked or checked and then done counts: `anbefalet tandrem er nu skiftet`, `anbefalet, nu udført`.
    fn rescue(&self, number: usize, reached: &mut Reached) {
        let clause = &self.found[number];
        let Some(&last) = clause.done.last() else {
            if number > 0 && self.says_only_new(clause) {
                self.lift_rescued(&self.found[number - 1].things, reached);
            }
            return;
        };
        let verb = self.hit(last);
        let made_up_for =
            |thing: &u32| reached[*thing as usize].iter().any(|one| self.made_up_for(*thing, one.hit, verb, clause));
        let mut things: Vec<u32> = clause.things.iter().copied().filter(made_up_for).collect();
        if clause.bare && clause.cues.is_empty() && number > 0 {
            let before = &self.found[number - 1];
            if before.passage == clause.passage {
                things.extend(&before.things);
                if clause.things.iter().any(|&thing| self.hit(thing).group == self.rules.known.now) {
                    // `Udført i dag` makes up for whatever a clause said of what it names.
                    for &thing in &before.things {
                        reached[thing as usize].retain(|one| self.rules.cue(one.cue).reach != Near::Clause);
                    }
                }
            }
            if clause.done.iter().any(|&verb| self.hit(verb).group == self.rules.known.accepted) {
                things.extend(self.offered(number));
            }
        }
        self.lift_rescued(&things, reached);
    }

    /// `Anbefalet tandrem er nu skiftet`, `vandpumpe utæt, skiftet`: nothing else stands between the cue and the verb.
    fn made_up_for(&self, thing: u32, cue: u32, verb: Hit, clause: &Clause) -> bool {
        let (thing, cue) = (self.hit(thing), self.hit(cue));
        if cue.last < thing.first {
            return thing.last < verb.first;
        }
        let within = |&other: &u32| cue.last < self.hit(other).first && self.hit(other).last < verb.first;
        thing.last < cue.first && cue.last < verb.first && !clause.things.iter().any(within)
    }

    /// `Hjulleje brummer, nyt`, `ring revnet, ny ring`: it was put in.
    fn says_only_new(&self, clause: &Clause) -> bool {
        let new = clause.things.iter().map(|&thing| self.hit(thing)).find(|hit| hit.group == self.rules.known.new);
        new.is_some_and(|hit| hit.first == clause.first) && clause.bare && clause.cues.is_empty() && clause.unknown <= 1
    }

    fn lift_rescued(&self, things: &[u32], reached: &mut Reached) {
        for &thing in things {
            reached[thing as usize].retain(|one| !self.rules.cue(one.cue).rescued);
        }
    }

    /// What stands before an acceptance that names no work: `Tilbud tandrem 7.000 kr. Kunden har sagt ja`.
    fn offered(&self, number: usize) -> Vec<u32> {
        let stays = |&cue: &u32| self.rules.cue_of(self.hit(cue).group).is_some_and(|(_, cue)| !cue.rescued);
        let goes_on = |other: &&Clause| !other.cues.iter().any(stays);
        self.found[..number].iter().rev().take_while(goes_on).flat_map(|clause| &clause.things).copied().collect()
    }
}
