//! The lexicon as it is told from outside, and the same made ready to read with: names become numbers.

use std::collections::{BTreeSet, HashMap, HashSet};

use pyo3::prelude::*;

use crate::features::Name;

pub type Group = u16;
pub type Tag = u16;

/// Words to find, folded and joined; open sides may be part of a longer word, else only an ending may follow.
#[derive(FromPyObject)]
pub struct TermTold {
    pub group: String,
    pub letters: String,
    pub open_left: bool,
    pub open_right: bool,
    pub exact: bool,
    pub one_word: bool,
    pub apart: bool,
}

#[derive(FromPyObject)]
pub struct CueTold {
    id: String,
    why: String,
    direction: String,
    reach: String,
    status: Option<String>,
    only: HashSet<String>,
    spares: HashSet<String>,
    stops_at_done: bool,
    rescued: bool,
    across: bool,
    alone: bool,
    needs: HashSet<String>,
    unless: HashSet<String>,
    refutes: bool,
    turned: bool,
    review: bool,
    protects: bool,
}

#[derive(FromPyObject)]
pub struct RuleTold {
    id: String,
    tag: String,
    strength: f64,
    groups: Vec<HashSet<String>>,
    within: String,
    unless: HashSet<String>,
    unless_in_order: HashSet<String>,
    in_order: HashSet<String>,
    bare: bool,
    in_season: bool,
}

/// What rules and cues of a lexicon say, and which of its groups are verbs, helpers ...
#[derive(FromPyObject)]
pub struct RulesTold {
    helpers: HashSet<String>,
    verbs: HashSet<String>,
    cues: HashMap<String, CueTold>,
    rules: Vec<RuleTold>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Before,
    After,
    Both,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Near {
    Clause,
    Sentence,
    Passage,
    Order,
}

/// Words that say that something did not happen, how far they reach and for which tags.
pub struct Cue {
    pub name: Name,
    pub why: Name,
    pub direction: Direction,
    pub reach: Near,
    pub finished: Option<bool>,
    pub only: Vec<Tag>,
    pub only_some: bool,
    pub spares: Vec<Tag>,
    pub stops_at_done: bool,
    pub rescued: bool,
    pub across: bool,
    pub alone: bool,
    pub needs: Vec<Group>,
    pub unless: Vec<Group>,
    pub refutes: bool,
    pub turned: bool,
    pub review: bool,
    pub protects: bool,
}

impl Cue {
    pub fn concerns(&self, tag: Tag, finished: bool) -> bool {
        self.finished.is_none_or(|when| when == finished)
            && !self.spares.contains(&tag)
            && (!self.only_some || self.only.contains(&tag))
    }
}

/// These groups, found together that near, mean that tag.
pub struct Rule {
    pub id: Name,
    pub tag: Tag,
    pub strength: f64,
    pub groups: Vec<Vec<Group>>,
    pub within: Near,
    pub unless: Vec<Group>,
    pub unless_in_order: Vec<Group>,
    pub in_order: Vec<Group>,
    pub bare: bool,
    pub in_season: bool,
}

/// What a group is, beside a name.
#[derive(Clone, Copy, Default)]
pub struct Kind {
    pub cue: Option<u16>,
    pub verb: bool,
    pub helper: bool,
    /// Words that an official inspection is read from.
    pub inspection: bool,
    /// What a dealer says words or a code to be.
    pub dealers: bool,
}

/// Groups that the reader itself asks for by name.
pub struct Known {
    pub wish: Group,
    pub accepted: Group,
    pub now: Group,
    pub new: Group,
    pub passed: Group,
    pub failed: Group,
    pub fine: Group,
    pub put_on: Group,
    pub mechanic_label: Group,
    pub next_service: Group,
    pub away: [Group; 3],
    pub given: [Group; 2],
    /// For winter and for summer: a change to, wheels of, a word for.
    pub to: [Group; 2],
    pub wheels: [Group; 2],
    pub word: [Group; 2],
}

/// Tags that the reader itself knows.
pub struct KnownTags {
    pub change: Tag,
    pub winter: Tag,
    pub summer: Tag,
    pub inspection: Tag,
    pub warranty: Tag,
    pub service: Tag,
    pub check: Tag,
}

/// Rules and cues, ready to read with.
pub struct Rules {
    pub groups: Vec<Name>,
    pub tags: Vec<Name>,
    pub kinds: Vec<Kind>,
    pub cues: Vec<Cue>,
    pub all: Vec<Rule>,
    /// For each group the rules whose first part holds it.
    pub anchored: Vec<Vec<u16>>,
    /// For each group that names something the tags whose rules ask for it.
    spoken_of: Vec<Vec<Tag>>,
    pub known: Known,
    pub known_tags: KnownTags,
    /// Cues that no words tell: of what is merely mentioned, and of what the judge holds to be unlikely.
    pub mentioned: u16,
    pub unlikely: u16,
    /// A group of which nothing is said.
    pub nameless: Group,
    by_name: HashMap<String, Group>,
}

const NAMELESS: &str = "~";
/// How groups of a dealer begin.
const DEALERS: [&str; 2] = ["own.", "code."];
const KNOWN: [&str; 21] = [
    "wish",
    "accepted",
    "now",
    "new",
    "passed",
    "failed",
    "fine",
    "put_on",
    "mechanic_label",
    "next_service",
    "taken_off",
    "stored",
    "hotel_name",
    "cue.discount",
    "warranty",
    "to_winter",
    "to_summer",
    "winter_wheels",
    "summer_wheels",
    "winter_word",
    "summer_word",
];
const TAGS: [&str; 7] = [
    "wheel_change",
    "wheel_change_winter",
    "wheel_change_summer",
    "official_inspection",
    "warranty_work",
    "service",
    "inspection_check",
];

/// Names and the numbers they have.
struct Numbering {
    groups: HashMap<String, Group>,
    tags: Vec<Name>,
}

impl Numbering {
    fn group(&self, name: &str) -> Group {
        self.groups[name]
    }

    /// Those of the names that anything is called by, as sorted numbers.
    fn some(&self, names: &HashSet<String>) -> Vec<Group> {
        let mut found: Vec<Group> = names.iter().filter_map(|name| self.groups.get(name).copied()).collect();
        found.sort_unstable();
        found
    }

    fn tag(&mut self, name: &str) -> Tag {
        let at = self.tags.iter().position(|known| **known == *name).unwrap_or_else(|| {
            self.tags.push(name.to_owned().into());
            self.tags.len() - 1
        });
        at as Tag
    }

    fn cue(&mut self, told: CueTold) -> Result<Cue, String> {
        Ok(Cue {
            name: format!("cue.{}", told.id).into(),
            direction: direction(&told.direction)?,
            reach: near(&told.reach)?,
            finished: told.status.map(|status| status == "finished"),
            only: told.only.iter().map(|tag| self.tag(tag)).collect(),
            only_some: !told.only.is_empty(),
            spares: told.spares.iter().map(|tag| self.tag(tag)).collect(),
            needs: self.some(&told.needs),
            unless: self.some(&told.unless),
            why: told.why.into(),
            stops_at_done: told.stops_at_done,
            rescued: told.rescued,
            across: told.across,
            alone: told.alone,
            refutes: told.refutes,
            turned: told.turned,
            review: told.review,
            protects: told.protects,
        })
    }

    fn rule(&mut self, told: RuleTold) -> Result<Rule, String> {
        Ok(Rule {
            tag: self.tag(&told.tag),
            id: told.id.into(),
            strength: told.strength,
            groups: told.groups.iter().map(|part| self.some(part)).collect(),
            within: near(&told.within)?,
            unless: self.some(&told.unless),
            unless_in_order: self.some(&told.unless_in_order),
            in_order: self.some(&told.in_order),
            bare: told.bare,
            in_season: told.in_season,
        })
    }

    fn known(&self) -> Known {
        let group = |name: &str| self.group(name);
        Known {
            wish: group("wish"),
            accepted: group("accepted"),
            now: group("now"),
            new: group("new"),
            passed: group("passed"),
            failed: group("failed"),
            fine: group("fine"),
            put_on: group("put_on"),
            mechanic_label: group("mechanic_label"),
            next_service: group("next_service"),
            away: ["taken_off", "stored", "hotel_name"].map(group),
            given: ["cue.discount", "warranty"].map(group),
            to: ["to_winter", "to_summer"].map(group),
            wheels: ["winter_wheels", "summer_wheels"].map(group),
            word: ["winter_word", "summer_word"].map(group),
        }
    }
}

impl Rules {
    /// Give every name its number, in the order of the names. `found`: the groups that words are found for.
    pub fn new(told: RulesTold, found: &[String]) -> Result<Rules, String> {
        let mut names: BTreeSet<&str> = KNOWN.into_iter().chain([NAMELESS]).collect();
        names.extend(found.iter().map(String::as_str));
        names.extend(told.cues.keys().map(String::as_str));
        names.extend(told.rules.iter().flat_map(|rule| rule.groups.iter().flatten()).map(String::as_str));
        if names.len() > usize::from(u16::MAX) {
            return Err("there are too many groups".into());
        }
        let groups: Vec<String> = names.into_iter().map(String::from).collect();
        let numbered = groups.iter().enumerate().map(|(at, name)| (name.clone(), at as Group)).collect();
        let mut numbering = Numbering { groups: numbered, tags: TAGS.iter().map(|&name| name.to_owned().into()).collect() };
        let mut kinds = vec![Kind::default(); groups.len()];
        for (kind, name) in kinds.iter_mut().zip(&groups) {
            kind.dealers = DEALERS.iter().any(|lead| name.starts_with(lead));
        }
        for at in numbering.some(&told.verbs) {
            kinds[usize::from(at)].verb = true;
        }
        for at in numbering.some(&told.helpers) {
            kinds[usize::from(at)].helper = true;
        }
        let mut cues = Vec::new();
        for (name, cue) in told.cues {
            kinds[usize::from(numbering.group(&name))].cue = Some(cues.len() as u16);
            cues.push(numbering.cue(cue)?);
        }
        let mentioned = cues.len() as u16;
        cues.push(wordless("mentioned", "mentioned"));
        let unlikely = cues.len() as u16;
        cues.push(wordless("weights", "unlikely"));
        let mut all = Vec::new();
        let mut anchored = vec![Vec::new(); groups.len()];
        for rule in told.rules {
            let rule = numbering.rule(rule)?;
            for &anchor in rule.groups.first().into_iter().flatten() {
                anchored[usize::from(anchor)].push(all.len() as u16);
            }
            all.push(rule);
        }
        let mut spoken_of = vec![Vec::new(); groups.len()];
        for rule in &all {
            for &group in rule.groups.iter().flatten() {
                let kind = kinds[usize::from(group)];
                if !(kind.helper || kind.verb) {
                    spoken_of[usize::from(group)].push(rule.tag);
                }
            }
        }
        let known_tags = KnownTags { change: 0, winter: 1, summer: 2, inspection: 3, warranty: 4, service: 5, check: 6 };
        let of_inspection = all.iter().filter(|rule| rule.tag == known_tags.inspection);
        for &at in of_inspection.flat_map(|rule| rule.groups.iter().flatten()) {
            kinds[usize::from(at)].inspection = !["passed", "failed", "fine"].contains(&groups[usize::from(at)].as_str());
        }
        let (known, nameless) = (numbering.known(), numbering.group(NAMELESS));
        let Numbering { groups: by_name, tags } = numbering;
        let groups = groups.into_iter().map(Name::from).collect();
        Ok(Rules {
            groups,
            tags,
            kinds,
            cues,
            all,
            anchored,
            spoken_of,
            known,
            known_tags,
            mentioned,
            unlikely,
            nameless,
            by_name,
        })
    }

    /// The number of a tag.
    pub fn tag(&self, name: &str) -> Option<Tag> {
        self.tags.iter().position(|known| **known == *name).map(|at| at as Tag)
    }

    /// The rule of that number.
    pub fn rule(&self, number: u16) -> &Rule {
        &self.all[usize::from(number)]
    }

    pub fn cue(&self, number: u16) -> &Cue {
        &self.cues[usize::from(number)]
    }

    /// The number of a group, also of one that no rule asks for.
    pub fn group(&self, name: &str) -> Group {
        self.by_name.get(name).copied().unwrap_or(self.nameless)
    }

    /// The tags that words of a group may speak of.
    pub fn spoken_of(&self, group: Group) -> &[Tag] {
        &self.spoken_of[usize::from(group)]
    }

    pub fn kind(&self, group: Group) -> Kind {
        self.kinds[usize::from(group)]
    }

    pub fn cue_of(&self, group: Group) -> Option<(u16, &Cue)> {
        self.kind(group).cue.map(|at| (at, self.cue(at)))
    }

    pub fn is_result(&self, group: Group) -> bool {
        group == self.known.passed || group == self.known.failed || group == self.known.fine
    }
}

/// A cue that no words tell; somebody should look at what it overrules.
fn wordless(name: &str, why: &str) -> Cue {
    Cue {
        name: format!("cue.{name}").into(),
        why: why.to_owned().into(),
        direction: Direction::Both,
        reach: Near::Clause,
        finished: None,
        only: vec![],
        only_some: false,
        spares: vec![],
        stops_at_done: true,
        rescued: false,
        across: true,
        alone: true,
        needs: vec![],
        unless: vec![],
        refutes: false,
        turned: false,
        review: true,
        protects: false,
    }
}

fn direction(name: &str) -> Result<Direction, String> {
    match name {
        "before" => Ok(Direction::Before),
        "after" => Ok(Direction::After),
        "both" => Ok(Direction::Both),
        _ => Err(format!("no direction is called {name:?}")),
    }
}

fn near(name: &str) -> Result<Near, String> {
    match name {
        "phrase" | "clause" => Ok(Near::Clause),
        "sentence" => Ok(Near::Sentence),
        "passage" => Ok(Near::Passage),
        "order" => Ok(Near::Order),
        _ => Err(format!("nothing reaches {name:?} far")),
    }
}
