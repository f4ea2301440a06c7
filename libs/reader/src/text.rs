//! Text as written, made comparable: words folded, joined without spaces, each with the way back to where it stood.
//!
//! The words of a passage stand in one string without anything between them, so that one pass finds `hjulskift`, `hjul skift` and
//! `HJUL-SKIFT` alike; a match counts only where it begins and ends at the edges of words.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use unicode_normalization::UnicodeNormalization;

/// A set of words that are looked up for every word of a text. They come from a lexicon, so nobody can choose them to collide.
pub type Words = HashSet<Box<str>, BuildHasherDefault<Fnv>>;

/// The hash of Fowler, Noll and Vo: quick for short keys, and made letter by letter.
pub struct Fnv(u64);

pub const FNV_START: u64 = 0xcbf2_9ce4_8422_2325;

pub fn fnv(hash: u64, letter: u8) -> u64 {
    (hash ^ u64::from(letter)).wrapping_mul(0x0100_0000_01b3)
}

/// A hash of which every part depends on all of it.
pub fn mixed(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash ^ (hash >> 29)
}

impl Default for Fnv {
    fn default() -> Fnv {
        Fnv(FNV_START)
    }
}

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, letter| fnv(hash, *letter));
    }
}

/// A hash that is taken as it is.
#[derive(Default)]
pub struct Taken(u64);

impl Hasher for Taken {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {}

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// Some hashes, kept as bits: quickly says of most others that they are not among them.
pub struct Filter {
    bits: Vec<u64>,
    mask: u64,
}

impl Filter {
    /// Of well mixed hashes; at most one of sixteen others is taken for one of them.
    pub fn new<'a>(hashes: impl ExactSizeIterator<Item = &'a u64>) -> Filter {
        let size = (hashes.len() * 16).next_power_of_two().max(64);
        let mut filter = Filter { bits: vec![0; size / 64], mask: size as u64 - 1 };
        for hash in hashes {
            let at = hash & filter.mask;
            filter.bits[(at / 64) as usize] |= 1 << (at % 64);
        }
        filter
    }

    pub fn may_hold(&self, hash: u64) -> bool {
        let at = hash & self.mask;
        self.bits[(at / 64) as usize] >> (at % 64) & 1 == 1
    }
}

/// How much two neighbouring words are apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Gap {
    /// They may be halves of one compound.
    None,
    Words,
    Clause,
    Sentence,
    Passage,
}

/// One word: where it starts in its passage's joined string, where it `begins` and `ends` in the text as written (in bytes).
#[derive(Clone, Copy, Debug)]
pub struct Word {
    pub passage: u32,
    pub start: u32,
    pub begins: u32,
    pub ends: u32,
    pub gap: Gap,
    /// A colon stands right behind it.
    pub colon: bool,
    /// A new clause begins with it: men, dog.
    pub turns: bool,
    /// A list goes on behind it: og, or `m.m.`, written as two words.
    pub lists: bool,
    /// It is no number, and no word that says nothing.
    pub tells: bool,
}

/// A passage's words in one string, and for each of its bytes the word that it belongs to.
#[derive(Default)]
pub struct Folded {
    pub string: String,
    pub word_of: Vec<u32>,
}

/// What a language says of words: a full stop behind one of `abbreviations` ends no sentence, `signs` are read as words, `turns` begin
/// a clause, `lists` go on with a list, `idle` ones tell nothing.
pub struct Spelling {
    pub abbreviations: Words,
    pub signs: HashMap<char, String>,
    pub turns: Words,
    pub lists: Words,
    pub idle: Words,
}

/// One spelling for all: lower case, `ae oe aa` for æ ø å, other marks dropped, nothing but letters and digits.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len() + 4);
    fold_into(text, &mut folded);
    folded
}

fn fold_into(text: &str, folded: &mut String) {
    if text.is_ascii() {
        folded.extend(text.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase() as char));
        return;
    }
    let mut told = String::with_capacity(text.len() + 4);
    for letter in text.nfc().flat_map(char::to_lowercase) {
        match letter {
            'æ' | 'ä' => told.push_str("ae"),
            'ø' | 'ö' | 'œ' => told.push_str("oe"),
            'å' => told.push_str("aa"),
            'ü' => told.push_str("ue"),
            'ß' => told.push_str("ss"),
            'ς' => told.push('σ'),
            'ſ' => told.push('s'),
            other => told.push(other),
        }
    }
    folded.extend(told.nfkd().flat_map(char::to_lowercase).filter(|letter| letter.is_alphanumeric()));
}

impl Spelling {
    /// Cut a passage into words, which are added to `words`; `folded` is left with their letters in one string.
    pub fn cut(&self, text: &str, passage: u32, words: &mut Vec<Word>, folded: &mut Folded) {
        folded.string.clear();
        folded.word_of.clear();
        let first = words.len();
        let mut ended = 0; // where the word before ended
        let mut before: (usize, usize) = (0, 0); // its letters in the string
        let mut rest = text.char_indices().peekable();
        while let Some((begins, letter)) = rest.next() {
            let mut ends = begins + letter.len_utf8();
            let start = folded.string.len();
            if letter.is_alphanumeric() {
                while let Some(&(at, next)) = rest.peek() {
                    if !(next.is_alphanumeric() || ('\u{300}'..='\u{36f}').contains(&next)) {
                        break;
                    }
                    ends = at + next.len_utf8();
                    rest.next();
                }
                fold_into(&text[begins..ends], &mut folded.string);
            } else if let Some(told) = self.signs.get(&letter) {
                folded.string.push_str(told);
            }
            if folded.string.len() == start {
                continue;
            }
            let told = &folded.string[start..];
            let known = words.len() > first;
            let last = &folded.string[before.0..before.1];
            let mut gap = if known { self.gap(&text[ended..begins], last, told) } else { Gap::Passage };
            if ended > 0 && text.as_bytes()[ended - 1] == b'?' {
                gap = Gap::Sentence;
            }
            let turns = self.turns.contains(told);
            let lists = self.lists.contains(told) || (known && self.lists.contains(&folded.string[before.0..]));
            words.push(Word {
                passage,
                start: start as u32,
                begins: begins as u32,
                ends: ends as u32,
                gap,
                colon: colon_behind(&text[ends..]),
                turns,
                lists,
                tells: !self.idle.contains(told) && !told.chars().all(char::is_numeric),
            });
            before = (start, folded.string.len());
            ended = ends;
            folded.word_of.resize(folded.string.len(), words.len() as u32 - 1);
        }
    }

    fn gap(&self, between: &str, before: &str, after: &str) -> Gap {
        if between == " " {
            return Gap::None;
        }
        let ends_in_digit = before.ends_with(char::is_numeric);
        if between == "," && ends_in_digit && after.starts_with(char::is_numeric) {
            return Gap::Words;
        }
        let between = match between.strip_prefix('.') {
            Some(rest) if self.abbreviations.contains(before) => rest,
            _ => between,
        };
        if between.trim() == "/" && before.chars().nth(1).is_some() && after.chars().nth(1).is_some() {
            return Gap::Words;
        }
        if matches!(between, "" | "-" | "." | "/" | "-." | "./" | "-./") {
            return Gap::None;
        }
        if ends_sentence(between) {
            return Gap::Sentence;
        }
        if ends_clause(between) {
            return Gap::Clause;
        }
        let joins = |sign: char| sign.is_whitespace() || "-–./'´’".contains(sign);
        if between.chars().all(joins) && between.chars().count() <= 3 { Gap::None } else { Gap::Words }
    }
}

fn colon_behind(behind: &str) -> bool {
    let mut next = behind.chars();
    match next.next() {
        Some(':') => true,
        Some(sign) if sign.is_whitespace() => next.next() == Some(':'),
        _ => false,
    }
}

fn ends_sentence(between: &str) -> bool {
    let mut signs = between.chars().peekable();
    while let Some(sign) = signs.next() {
        if matches!(sign, '!' | '?' | ';' | '\n' | '\r' | '\u{2022}' | '|' | '*') {
            return true;
        }
        if sign == '.' && signs.peek().is_none_or(|next| next.is_whitespace()) {
            return true;
        }
    }
    between.trim_start().starts_with("..")
}

fn ends_clause(between: &str) -> bool {
    if between.contains([',', '(', ')', '[', ']', ':']) {
        return true;
    }
    let is_dash = |sign: char| matches!(sign, '-' | '–' | '—');
    between.split_inclusive(char::is_whitespace).skip(1).any(|part| {
        let dashes = part.trim_end_matches(char::is_whitespace);
        dashes.len() < part.len() && !dashes.is_empty() && dashes.chars().all(is_dash)
    })
}
