//! What is weighed, by name: a family and its parts, `cue:not_done|service`. Weights know a feature by a hash that is made from those of the
//! family and the parts, so that names which are used all the time are hashed once.

use std::collections::BTreeMap;
use std::ops::Deref;

use crate::text::{hash, mixed};

/// A sort of features.
pub struct Family {
    name: &'static str,
    hash: u64,
}

impl Family {
    pub const fn new(name: &'static str) -> Family {
        Family { name, hash: hash(name) }
    }
}

/// A part of a feature's name.
#[derive(Clone, Copy)]
pub struct Part<'a> {
    text: &'a str,
    hash: u64,
}

impl<'a> Part<'a> {
    pub const fn of(text: &'a str) -> Part<'a> {
        Part { text, hash: hash(text) }
    }

    pub fn text(self) -> &'a str {
        self.text
    }
}

/// A name that is often part of a feature's.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    text: String,
    hash: u64,
}

impl Name {
    pub fn part(&self) -> Part<'_> {
        Part { text: &self.text, hash: self.hash }
    }
}

impl From<String> for Name {
    fn from(text: String) -> Name {
        Name { hash: hash(&text), text }
    }
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

/// The hash by which weights know a feature.
pub fn key(family: &Family, parts: &[Part<'_>]) -> u64 {
    joined(family.hash, parts.iter().map(|part| part.hash))
}

/// The same, of a name as it stands in a file of weights.
pub fn key_of(name: &str) -> u64 {
    let (family, parts) = name.split_once(':').unwrap_or((name, ""));
    joined(hash(family), parts.split('|').filter(|part| !part.is_empty()).map(hash))
}

fn joined(family: u64, parts: impl Iterator<Item = u64>) -> u64 {
    parts.fold(family, |told, part| mixed(told ^ part))
}

/// The name of a feature, as it stands in a file of weights.
pub fn name(family: &Family, parts: &[Part<'_>]) -> String {
    let mut told = family.name.to_owned();
    for (place, part) in parts.iter().enumerate() {
        told.push(if place == 0 { ':' } else { '|' });
        told.push_str(part.text);
    }
    told
}

/// Whoever takes features of one tag, with their values; of those that come again the first counts.
pub trait Features {
    fn put(&mut self, family: &Family, parts: &[Part<'_>], value: f64);
}

/// Features by name, to learn from.
#[derive(Default)]
pub struct Named(pub BTreeMap<String, f64>);

impl Features for Named {
    fn put(&mut self, family: &Family, parts: &[Part<'_>], value: f64) {
        self.0.entry(name(family, parts)).or_insert(value);
    }
}

/// Says of each feature whether it is new.
#[derive(Default)]
pub struct Seen {
    keys: Vec<u64>,
    /// Bits of those: most that are new are known to be.
    bits: [u64; 16],
}

impl Seen {
    pub fn is_new(&mut self, key: u64) -> bool {
        let (place, bit) = ((key >> 6) as usize % self.bits.len(), 1 << (key & 63));
        if self.bits[place] & bit != 0 && self.keys.contains(&key) {
            return false;
        }
        self.bits[place] |= bit;
        self.keys.push(key);
        true
    }
}
