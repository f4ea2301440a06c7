//! What numbers of a text say: the odometer at this visit (never the name of an interval, a next service, a belt limit or a trip) and
//! hours worked; and which passages may hold more that only whoever asks can read, such as plates.

use pyo3::prelude::*;
use regex::{Regex, RegexBuilder, RegexSet};

use crate::order::Passage;
use crate::patterns::loosened;

/// Letters around a number that may say what it is.
const NEAR: usize = 60;
const KM_OF_MILE: f64 = 1.609_344;
/// An abbreviation has no more letters.
const SHORT: usize = 4;
/// Such a number names an interval, unless it is called a reading.
const ROUND: u64 = 5_000;
const MOST: u64 = 2_000_000;
/// Fewer are a trip: of what is called a reading, and of all else.
const LEAST_CALLED: u64 = 100;
const LEAST: u64 = 1_000;

/// The bit of passages that may hold hours; those of the sieves come behind it.
const HOURS: u64 = 1;

/// Expressions of one language around numbers; each looks where its name says, seen from the number.
#[derive(FromPyObject)]
pub struct WordingTold {
    reading_before: String,
    reading_behind: String,
    kilometres: String,
    miles: String,
    unit_before: String,
    ahead: String,
    distance: String,
    hours: String,
    worked: String,
}

pub struct Numbers {
    reading_before: Regex,
    reading_behind: Regex,
    kilometres: Regex,
    miles: Regex,
    unit_before: Regex,
    ahead: Regex,
    distance: Regex,
    hours: Regex,
    worked: Regex,
    times: Regex,
    /// Hours, then whatever others look for: all in one pass.
    sieves: RegexSet,
}

fn expression(text: &str) -> Result<Regex, String> {
    RegexBuilder::new(text).case_insensitive(true).build().map_err(|error| format!("{text:?} cannot be read: {error}"))
}

impl Numbers {
    /// `sieves` are expressions of what a passage may hold.
    pub fn new(told: &WordingTold, sieves: &[String]) -> Result<Numbers, String> {
        let anchored = |text: &str| expression(&format!("^(?:{text})"));
        Ok(Numbers {
            reading_before: expression(&told.reading_before)?,
            reading_behind: anchored(&told.reading_behind)?,
            kilometres: anchored(&told.kilometres)?,
            miles: anchored(&told.miles)?,
            unit_before: expression(&told.unit_before)?,
            ahead: expression(&told.ahead)?,
            distance: anchored(&told.distance)?,
            hours: expression(&told.hours)?,
            worked: expression(&told.worked)?,
            times: anchored(r"\s*[áà@x*]\s?\d|\s*/\s*(?:\d|[a-z]{1,4}\b)")?, // a distance that is paid for, a speed: `2.250 km á 3,80`, `80 km/t`
            sieves: loosened(&[std::slice::from_ref(&told.hours), sieves].concat(), true)?,
        })
    }

    /// What each passage may hold, as bits: hours, then what the sieves look for.
    pub fn sieved(&self, passages: &[Passage]) -> Vec<u64> {
        let sieve = |text: &str| self.sieves.matches(text).iter().fold(0, |bits, at| bits | 1 << at);
        let has_digit = |text: &str| text.bytes().any(|byte| byte.is_ascii_digit());
        passages.iter().map(|passage| if has_digit(&passage.text) { sieve(&passage.text) } else { 0 }).collect()
    }

    /// Kilometres (miles are converted): what is called a reading wins, then `km 61.240`, then `61.240 km`.
    pub fn odometer(&self, passages: &[Passage]) -> Option<u64> {
        let mut best: Option<(u8, u64)> = None;
        for passage in passages {
            let text = passage.text.as_str();
            let mut from = 0;
            while let Some((begin, end)) = number(text, from) {
                from = end;
                if let Some(told) = self.reading(text, begin, end)
                    && best.is_none_or(|best| told.0 > best.0)
                {
                    best = Some(told);
                }
            }
        }
        best.map(|(_, kilometres)| kilometres)
    }

    /// A number as a reading, with how surely it is one.
    fn reading(&self, text: &str, begin: usize, end: usize) -> Option<(u8, u64)> {
        let digits = text[begin..end].bytes().filter(u8::is_ascii_digit);
        let number = digits.fold(0_u64, |sum, digit| sum.saturating_mul(10).saturating_add(u64::from(digit - b'0')));
        if (number as f64 * KM_OF_MILE) < LEAST_CALLED as f64 || number > MOST {
            return None;
        }
        let before = apart(last_letters(&text[..begin], NEAR));
        let behind = first_letters(&text[end..], NEAR);
        let is_miles = self.miles.is_match(behind);
        let kilometres = if is_miles { (number as f64 * KM_OF_MILE).round() as u64 } else { number };
        let unit = self.kilometres.find(behind).or_else(|| self.miles.find(behind)).map(|found| found.end());
        let sure = self.sureness(before, behind, unit);
        let least = if sure == 3 { LEAST_CALLED } else { LEAST };
        let fits = sure > 0 && (least..=MOST).contains(&kilometres);
        (fits && !self.is_other(before, &behind[unit.unwrap_or(0)..], number, sure)).then_some((sure, kilometres))
    }

    /// 3: called a reading, or `km:`. 2: the unit stands before it. 1: the unit stands behind it. 0: just a number.
    fn sureness(&self, before: &str, behind: &str, unit: Option<usize>) -> u8 {
        if self.reading_before.is_match(before) || self.called_behind(&behind[unit.unwrap_or(0)..]) {
            return 3;
        }
        match self.unit_before.find(before) {
            Some(found) if found.as_str().contains([':', '=']) => 3,
            Some(_) => 2,
            None => u8::from(unit.is_some()),
        }
    }

    /// Called a reading behind the number, where the words do not lead on to another one.
    fn called_behind(&self, behind: &str) -> bool {
        self.reading_behind.find(behind).is_some_and(|found| {
            let next = behind[found.end()..].chars();
            let mut next = next.enumerate().skip_while(|(at, sign)| *at < 3 && !(sign.is_alphanumeric() || *sign == '_'));
            !next.next().is_some_and(|(_, sign)| sign.is_numeric())
        })
    }

    fn is_other(&self, before: &str, rest: &str, number: u64, sure: u8) -> bool {
        let is_round = number.is_multiple_of(ROUND);
        if sure == 3 {
            return is_round && self.ahead.is_match(before);
        }
        self.ahead.is_match(before) || (sure == 1 && is_round) || self.times.is_match(rest) || self.distance.is_match(rest)
    }

    /// Hours that the lines name, else those that the remarks call worked. `sieved`: what the passages may hold.
    pub fn hours(&self, passages: &[Passage], sieved: &[u64]) -> f64 {
        let timed = || passages.iter().zip(sieved).filter(|(_, bits)| *bits & HOURS != 0).map(|(passage, _)| passage);
        let on_lines: f64 = timed().filter(|passage| !passage.remarks).map(|passage| self.named_hours(&passage.text)).sum();
        if on_lines > 0.0 {
            return on_lines;
        }
        let worked = |sentence: &&str| self.worked.is_match(sentence) || self.says_only_hours(sentence);
        let remarks = timed().filter(|passage| passage.remarks);
        remarks.flat_map(|passage| sentences(&passage.text)).filter(worked).map(|sentence| self.named_hours(sentence)).sum()
    }

    /// `3,2 Std.` and nothing else.
    fn says_only_hours(&self, sentence: &str) -> bool {
        let rest = |found: regex::Match<'_>| [&sentence[..found.start()], &sentence[found.end()..]];
        self.hours.find(sentence).is_some_and(|found| !rest(found).iter().any(|rest| rest.contains(char::is_alphanumeric)))
    }

    fn named_hours(&self, text: &str) -> f64 {
        let named = self.hours.captures_iter(text).filter_map(|found| {
            let (whole, told) = (found.get(0)?, found.get(1)?);
            let goes_before = text[..whole.start()].ends_with(|sign: char| sign.is_numeric() || ".,".contains(sign));
            let mut behind = text[whole.end()..].chars();
            let goes_on = behind.next() == Some('.') && behind.next().is_some_and(|sign| sign.is_alphanumeric() || sign == '_');
            if goes_before || goes_on { None } else { figure(told.as_str()) }
        });
        named.sum()
    }
}

/// What hours are written as: `1,25`, `1.5`, `3½`.
fn figure(written: &str) -> Option<f64> {
    let whole = written.trim_end_matches(['½', '¼', '¾']);
    let part = match written[whole.len()..].chars().next() {
        Some('½') => 0.5,
        Some('¼') => 0.25,
        Some('¾') => 0.75,
        _ => 0.0,
    };
    Some(whole.trim_end().replace(',', ".").parse::<f64>().ok()? + part)
}

/// Pieces up to line breaks, semicolons and full stops, but for those of abbreviations.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    let bytes = text.as_bytes();
    let ends = |at: usize| match bytes[at] {
        b'\n' | b';' => true,
        b'.' => text[at + 1..].chars().next().is_none_or(char::is_whitespace) && !is_short(&text[..at]),
        _ => false,
    };
    let mut from = 0;
    let mut cuts: Vec<&str> = Vec::new();
    for at in (0..bytes.len()).filter(|&at| ends(at)) {
        cuts.push(&text[from..at]);
        from = at + 1;
    }
    cuts.push(&text[from..]);
    cuts.into_iter()
}

/// Whether it ends with a word of few letters, as abbreviations and first names do: `Mech. Jovanovic 1,2 Std`.
fn is_short(text: &str) -> bool {
    let letters = text.chars().rev().take_while(|sign| sign.is_alphabetic()).take(SHORT + 1).count();
    (1..=SHORT).contains(&letters)
}

/// The next number from a byte on, as `61.240`, `61 240` or `61240`, that is no part of a date, a code, a sum or a decimal.
fn number(text: &str, from: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let mut at = from;
    while let Some(step) = bytes[at..].iter().position(u8::is_ascii_digit) {
        let begin = at + step;
        let run = digits(bytes, begin);
        let bound = |sign: char| sign.is_alphanumeric() || "_.,/'’+-".contains(sign);
        if !text[..begin].ends_with(bound)
            && let Some(end) = number_end(text, begin, run)
        {
            return Some((begin, end));
        }
        at = begin + run;
    }
    None
}

fn digits(bytes: &[u8], from: usize) -> usize {
    bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count()
}

fn number_end(text: &str, begin: usize, run: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut ends = vec![begin + run];
    if run <= 3 {
        let mut at = begin + run;
        while let Some(sign) = text[at..].chars().next().filter(|sign| ".,'’ ".contains(*sign)) {
            let group = at + sign.len_utf8();
            if digits(bytes, group) < 3 {
                break;
            }
            at = group + 3;
            ends.push(at);
        }
    } else if run > 7 {
        return None;
    }
    let stands = |&end: &usize| {
        let mut next = text[end..].chars();
        let first = next.next();
        let goes_on = first.is_some_and(|sign| sign.is_ascii_digit() || sign == '\'' || sign == '’');
        let leads_on = first.is_some_and(|sign| ".,/-".contains(sign)) && next.next().is_some_and(|sign| sign.is_ascii_digit());
        !goes_on && !leads_on
    };
    ends.into_iter().rev().find(stands)
}

/// What stands behind the last sign that sets apart.
fn apart(before: &str) -> &str {
    let letters: Vec<(usize, char)> = before.char_indices().collect();
    let sign = |at: usize| letters.get(at).map(|&(_, sign)| sign);
    let is_space = |at: usize| sign(at).is_some_and(char::is_whitespace);
    let is_word = |at: usize| sign(at).is_some_and(|sign| sign.is_alphanumeric() || sign == '_');
    let is_figure = |at: usize| sign(at).is_some_and(char::is_numeric);
    let mut from = 0;
    let mut at = 0;
    while at < letters.len() {
        let taken = match letters[at].1 {
            ';' | ',' | '!' | '?' | '(' | ')' => 1,
            '\n' if at == 0 || sign(at - 1) != Some(':') => 1,
            '.' if at >= 4 && (at - 3..at).all(is_word) && (is_word(at - 4) || is_figure(at - 1)) && is_space(at + 1) => 1,
            space if space.is_whitespace() && matches!(sign(at + 1), Some('-' | '–')) && is_space(at + 2) => 3,
            _ => 0,
        };
        if taken > 0 {
            from = letters.get(at + taken).map_or(before.len(), |&(byte, _)| byte);
        }
        at += taken.max(1);
    }
    &before[from..]
}

fn last_letters(text: &str, most: usize) -> &str {
    text.char_indices().rev().nth(most - 1).map_or(text, |(at, _)| &text[at..])
}

fn first_letters(text: &str, most: usize) -> &str {
    text.char_indices().nth(most).map_or(text, |(at, _)| &text[..at])
}
