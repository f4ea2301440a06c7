//! Expressions of a lexicon: each is looked for only in texts that hold words which it cannot do without.

use std::collections::HashMap;

use daachorse::DoubleArrayAhoCorasick;
use fancy_regex::{Regex, RegexInput};
use regex::{RegexSet, RegexSetBuilder};
use regex_syntax::hir::{Class, Hir, HirKind};

use crate::lexicon::Group;

/// Shorter pieces of words stand in too many texts to tell anything; but signs that are seldom written do.
const LEAST_LETTERS: usize = 2;
/// Before this sign no script has figures but 0 to 9.
const OTHER_FIGURES: char = '\u{640}';
const RARE_SIGNS: [char; 4] = ['>', '→', '§', '⇒'];

/// An expression as it is written, and the same without what only looks around, which says more quickly that there is nothing.
struct Pattern {
    group: Group,
    exact: Regex,
    loose: regex::Regex,
    /// It finds nothing without a figure.
    needs_figure: bool,
}

pub struct Patterns {
    all: Vec<Pattern>,
    /// Finds pieces of words; for each the expressions that ask for one of them.
    pieces: Option<DoubleArrayAhoCorasick<u32>>,
    asking: Vec<Vec<u32>>,
    /// Expressions that ask for a figure but for no word (`5W-30`), and those that ask for neither.
    of_figures: Several,
    of_anything: Several,
}

/// Expressions as one, and which they are.
struct Several {
    all: RegexSet,
    which: Vec<u32>,
}

impl Several {
    fn new(told: &[(Group, &str)], which: Vec<u32>) -> Result<Several, String> {
        let texts: Vec<&str> = which.iter().map(|&number| told[number as usize].1).collect();
        Ok(Several { all: loosened(&texts, false)?, which })
    }

    /// Add those that may find something.
    fn likely(&self, text: &str, likely: &mut Vec<u32>) {
        if !self.which.is_empty() {
            likely.extend(self.all.matches(text).iter().map(|at| self.which[at]));
        }
    }
}

impl Patterns {
    pub fn new(told: &[(Group, &str)]) -> Result<Patterns, String> {
        let mut all = Vec::new();
        let mut asked: HashMap<String, Vec<u32>> = HashMap::new();
        let (mut of_figures, mut of_anything) = (Vec::new(), Vec::new());
        for (number, (group, text)) in told.iter().enumerate() {
            let bare = without_edges(text, Ahead::Dropped);
            let exact = Regex::new(text).map_err(|error| format!("{text:?} cannot be read: {error}"))?;
            let loose = regex::Regex::new(&bare).map_err(|error| format!("{text:?} cannot be read: {error}"))?;
            let asks = without_edges(text, Ahead::Kept).replace("(?i)", "").replace("(?i:", "(?:");
            let hir = regex_syntax::parse(&asks).ok();
            let pieces = hir.as_ref().and_then(needed);
            let needs_figure = hir.as_ref().is_some_and(needs_figure);
            if pieces.is_none() {
                let rest = if needs_figure { &mut of_figures } else { &mut of_anything };
                rest.push(number as u32);
            }
            all.push(Pattern { group: *group, exact, loose, needs_figure });
            for piece in pieces.into_iter().flatten() {
                let asking = asked.entry(piece).or_default();
                if asking.last() != Some(&(number as u32)) {
                    asking.push(number as u32);
                }
            }
        }
        let (pieces, asking): (Vec<String>, Vec<Vec<u32>>) = asked.into_iter().unzip();
        let numbered = pieces.iter().zip(0..);
        let pieces = (!pieces.is_empty())
            .then(|| DoubleArrayAhoCorasick::with_values(numbered))
            .transpose()
            .map_err(|error| format!("the expressions cannot be searched for: {error}"))?;
        let (of_figures, of_anything) = (Several::new(told, of_figures)?, Several::new(told, of_anything)?);
        Ok(Patterns { all, pieces, asking, of_figures, of_anything })
    }

    /// What is found in a text, with the bytes from which to which it stands there.
    pub fn find(&self, text: &str, mut found: impl FnMut(Group, usize, usize)) {
        if self.all.is_empty() {
            return;
        }
        let mut likely: Vec<u32> = Vec::new();
        self.of_anything.likely(text, &mut likely);
        let has_figure = text.contains(|sign: char| sign.is_ascii_digit() || sign >= OTHER_FIGURES);
        if has_figure {
            self.of_figures.likely(text, &mut likely);
        }
        if let Some(pieces) = &self.pieces {
            let lowered = if text.is_ascii() { text.to_ascii_lowercase() } else { text.to_lowercase() };
            for piece in pieces.find_overlapping_iter(&lowered) {
                likely.extend(&self.asking[piece.value() as usize]);
            }
        }
        likely.sort_unstable();
        likely.dedup();
        for pattern in likely.into_iter().map(|number| &self.all[number as usize]) {
            if has_figure || !pattern.needs_figure {
                pattern.find(text, |begins, ends| found(pattern.group, begins, ends));
            }
        }
    }
}

impl Pattern {
    /// Where it begins without what only looks around, and from there as it is written.
    fn find(&self, text: &str, mut found: impl FnMut(usize, usize)) {
        let mut at = 0;
        while let Some(likely) = self.loose.find_at(text, at) {
            let begins = likely.start();
            let Ok(hit) = self.exact.find_input(RegexInput::new(text).from_pos(begins).anchored(true)) else { return };
            if let Some(hit) = &hit {
                found(hit.start(), hit.end());
            }
            let next = text[begins..].chars().next().map_or(1, char::len_utf8);
            at = hit.map_or(begins, |hit| hit.end()).max(begins + next);
            if at > text.len() {
                return;
            }
        }
    }
}

/// Pieces of words of which one stands in whatever the expression finds; None where there are none.
fn needed(hir: &Hir) -> Option<Vec<String>> {
    match hir.kind() {
        HirKind::Literal(literal) => {
            let piece = std::str::from_utf8(&literal.0).ok()?.trim().to_lowercase();
            (piece.chars().count() >= LEAST_LETTERS || piece.contains(RARE_SIGNS)).then(|| vec![piece])
        }
        HirKind::Capture(capture) => needed(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => needed(&repetition.sub),
        HirKind::Alternation(choices) => choices.iter().map(needed).collect::<Option<Vec<_>>>().map(|all| all.concat()),
        HirKind::Concat(parts) => {
            let shortest = |pieces: &Vec<String>| pieces.iter().map(String::len).min();
            parts.iter().filter_map(needed).max_by_key(shortest)
        }
        _ => None,
    }
}

/// Whether a figure stands in whatever the expression finds.
fn needs_figure(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Class(Class::Unicode(class)) => {
            let is_figure = |sign: char| sign.is_ascii_digit() || (sign >= OTHER_FIGURES && sign.is_numeric());
            class.iter().all(|range| is_figure(range.start()) && is_figure(range.end()))
        }
        HirKind::Literal(literal) => {
            std::str::from_utf8(&literal.0).is_ok_and(|text| text.contains(|sign: char| sign.is_ascii_digit()))
        }
        HirKind::Capture(capture) => needs_figure(&capture.sub),
        HirKind::Repetition(repetition) => repetition.min > 0 && needs_figure(&repetition.sub),
        HirKind::Alternation(choices) => choices.iter().all(needs_figure),
        HirKind::Concat(parts) => parts.iter().any(needs_figure),
        _ => false,
    }
}

/// All expressions in one, each without what only looks around: quickly says which of them may find something in a text.
pub fn loosened<S: AsRef<str>>(patterns: &[S], whatever_case: bool) -> Result<RegexSet, String> {
    RegexSetBuilder::new(patterns.iter().map(|pattern| without_edges(pattern.as_ref(), Ahead::Dropped)))
        .case_insensitive(whatever_case)
        .size_limit(1 << 26)
        .dfa_size_limit(1 << 26)
        .build()
        .map_err(|error| format!("the expressions cannot be searched for: {error}"))
}

/// What becomes of `(?=…)`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ahead {
    Dropped,
    /// Read as if it were part of what is found: what it asks for stands in the text, too.
    Kept,
}

/// An expression without what only looks around, edges of words included: it finds something wherever the expression does.
fn without_edges(pattern: &str, ahead: Ahead) -> String {
    let mut kept = String::with_capacity(pattern.len());
    let mut rest = pattern;
    'next: while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix("(?=")
            && ahead == Ahead::Kept
        {
            kept.push_str("(?:");
            rest = inside;
            continue;
        }
        for lead in ["(?=", "(?!", "(?<=", "(?<!"] {
            if let Some(inside) = rest.strip_prefix(lead) {
                rest = &inside[closing(inside)..];
                kept.push_str("(?:)");
                continue 'next;
            }
        }
        if let Some(behind) = rest.strip_prefix(r"\b") {
            rest = behind; // edges of words are slow to look for beyond ASCII
            kept.push_str("(?:)");
            continue;
        }
        let taken = if let Some(inside) = rest.strip_prefix('[') {
            1 + bracket(inside)
        } else {
            let escaped = usize::from(rest.starts_with('\\'));
            rest.char_indices().nth(escaped + 1).map_or(rest.len(), |(at, _)| at)
        };
        kept.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    kept
}

/// How far it is to behind the bracket that closes a group.
fn closing(inside: &str) -> usize {
    let mut depth = 1;
    let mut at = 0;
    while at < inside.len() {
        let rest = &inside[at..];
        let step = match rest.as_bytes()[0] {
            b'\\' => rest.char_indices().nth(2).map_or(rest.len(), |(at, _)| at),
            b'[' => 1 + bracket(&rest[1..]),
            sign => {
                depth += i32::from(sign == b'(') - i32::from(sign == b')');
                rest.chars().next().map_or(1, char::len_utf8)
            }
        };
        at += step;
        if depth == 0 {
            break;
        }
    }
    at
}

/// How far it is to behind the bracket that closes a class.
fn bracket(inside: &str) -> usize {
    let mut letters = inside.char_indices().enumerate();
    while let Some((place, (at, letter))) = letters.next() {
        match letter {
            '\\' => {
                letters.next();
            }
            ']' if place > 0 && inside[..at] != *"^" => return at + 1,
            _ => {}
        }
    }
    inside.len()
}
