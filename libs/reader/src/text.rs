//! Text as written, made comparable: words folded, joined without spaces, each with the way back to where it stood.
//!
//! The words of a passage stand in one string without anything between them, so that one pass finds `hjulskift`, `hjul skift` and
//! `HJUL-SKIFT` alike; a match counts only where it begins and ends at the edges of words.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use unicode_normalization::UnicodeNormalization;

/// A set of words. They come from a lexicon, so nobody can choose them to collide.
pub type Words = HashSet<Box<str>, BuildHasherDefault<Fnv>>;

/// The hash of Fowler, Noll and Vo: quick for short keys, and made letter by letter.
pub struct Fnv(u64);

impl Fnv {
    pub const fn new() -> Fnv {
        Fnv(0xcbf2_9ce4_8422_2325)
    }

    pub const fn add(&mut self, byte: u8) {
        self.0 = (self.0 ^ byte as u64).wrapping_mul(0x0100_0000_01b3);
    }

    /// The hash of all that was added.
    pub const fn hash(&self) -> u64 {
        mixed(self.0)
    }
}

/// The hash of a text.
pub const fn hash(text: &str) -> u64 {
    let (bytes, mut told, mut at) = (text.as_bytes(), Fnv::new(), 0);
    while at < bytes.len() {
        told.add(bytes[at]);
        at += 1;
    }
    told.hash()
}

/// A hash of which every part depends on all of it.
pub const fn mixed(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash ^ (hash >> 29)
}

impl Default for Fnv {
    fn default() -> Fnv {
        Fnv::new()
    }
}

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.add(*byte);
        }
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
    /// Of its letters: see `hash`.
    pub hash: u64,
}

/// A passage's words in one string, and for each of its bytes the word that it belongs to.
#[derive(Default)]
pub struct Folded {
    pub string: String,
    pub word_of: Vec<u32>,
}

/// What a language says of words.
pub struct Spelling {
    signs: HashMap<char, String>,
    manners: ByHash<Manner>,
    /// How many bytes the longest of those has that go on with a list.
    longest_list: usize,
}

/// By hashes that are made of letters.
pub type ByHash<T> = HashMap<u64, T, BuildHasherDefault<Taken>>;

/// What is said of a word.
#[derive(Clone, Copy, Default)]
struct Manner {
    abbreviates: bool,
    turns: bool,
    lists: bool,
    idle: bool,
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
    folded.extend(spelled(text).nfkd().flat_map(char::to_lowercase).filter(|letter| letter.is_alphanumeric()));
}

/// Small letters, with `ae oe aa` for æ ø å; other marks stay.
pub fn spelled(text: &str) -> String {
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
    told
}

impl Spelling {
    /// A full stop behind one of `abbreviations` ends no sentence, `signs` are read as words, `turns` begin a clause, `lists` go on with
    /// a list, and both tell nothing, as `fillers` do.
    pub fn new(
        abbreviations: &HashSet<String>,
        signs: HashMap<char, String>,
        turns: &HashSet<String>,
        lists: &HashSet<String>,
        fillers: &HashSet<String>,
    ) -> Spelling {
        let mut manners: ByHash<Manner> = ByHash::default();
        let mut say = |words: &HashSet<String>, what: fn(&mut Manner)| {
            for word in words {
                what(manners.entry(hash(word)).or_default());
            }
        };
        say(abbreviations, |manner| manner.abbreviates = true);
        say(turns, |manner| (manner.turns, manner.idle) = (true, true));
        say(lists, |manner| (manner.lists, manner.idle) = (true, true));
        say(fillers, |manner| manner.idle = true);
        Spelling { signs, manners, longest_list: lists.iter().map(String::len).max().unwrap_or(0) }
    }

    fn manner(&self, hash: u64) -> Manner {
        self.manners.get(&hash).copied().unwrap_or_default()
    }

    /// Cut a passage into words, which are added to `words`; `folded` is left with their letters in one string.
    pub fn cut(&self, text: &str, passage: u32, words: &mut Vec<Word>, folded: &mut Folded) {
        folded.string.clear();
        folded.word_of.clear();
        let first = words.len();
        let mut at = 0;
        while let Some(letter) = text[at..].chars().next() {
            let begins = at;
            let start = folded.string.len();
            if letter.is_alphanumeric() {
                at = word_end(text, begins);
                fold_into(&text[begins..at], &mut folded.string);
            } else {
                at += letter.len_utf8();
                if let Some(told) = self.signs.get(&letter) {
                    folded.string.push_str(told);
                }
            }
            if folded.string.len() == start {
                continue;
            }
            let told = &folded.string[start..];
            let hash = hash(told);
            let manner = self.manner(hash);
            let before = words[first..].last();
            let gap = before.map_or(Gap::Passage, |before| {
                let between = &text[before.ends as usize..begins];
                self.gap(between, before, &folded.string[before.start as usize..start], told)
            });
            let is_asked = before.is_some_and(|before| text[..before.ends as usize].ends_with('?'));
            let goes_on = before.is_some_and(|before| self.is_list(&folded.string[before.start as usize..]));
            words.push(Word {
                passage,
                start: start as u32,
                begins: begins as u32,
                ends: at as u32,
                gap: if is_asked { Gap::Sentence } else { gap },
                colon: colon_behind(&text[at..]),
                turns: manner.turns,
                lists: manner.lists || goes_on,
                tells: !manner.idle && !told.chars().all(char::is_numeric),
                hash,
            });
            folded.word_of.resize(folded.string.len(), words.len() as u32 - 1);
        }
    }

    fn is_list(&self, letters: &str) -> bool {
        letters.len() <= self.longest_list && self.manner(hash(letters)).lists
    }

    fn gap(&self, between: &str, word: &Word, before: &str, after: &str) -> Gap {
        if between == " " {
            return Gap::None;
        }
        let ends_in_digit = before.ends_with(char::is_numeric);
        if between == "," && ends_in_digit && after.starts_with(char::is_numeric) {
            return Gap::Words;
        }
        let between = match between.strip_prefix('.') {
            Some(rest) if self.manner(word.hash).abbreviates => rest,
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

/// Where the word ends that begins there.
fn word_end(text: &str, begins: usize) -> usize {
    let bytes = text.as_bytes();
    let mut at = begins;
    while at < bytes.len() {
        if bytes[at].is_ascii() {
            if !bytes[at].is_ascii_alphanumeric() {
                break;
            }
            at += 1;
        } else {
            let letter = text[at..].chars().next().unwrap_or_default();
            if !(letter.is_alphanumeric() || ('\u{300}'..='\u{36f}').contains(&letter)) {
                break;
            }
            at += letter.len_utf8();
        }
    }
    at
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
