//! The inner part of the reader of workshop text: from passages and a lexicon to tags with evidence. Pure: nothing is kept between calls.

mod clauses;
mod counsel;
mod cues;
mod features;
mod judge;
mod lexicon;
mod matching;
mod network;
mod numbers;
mod order;
mod patterns;
mod reading;
mod rules;
mod season;
mod terms;
mod text;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple, PyType};

use counsel::SharedCounsel;
use features::{Name, Named};
use judge::{Weights, WeightsTold};
use lexicon::{Group, Rules, RulesTold, Tag, TermTold};
use matching::{Hit, Manners, Matcher};
use network::Shared;
use numbers::{Numbers, WordingTold};
use order::{Order, Passage};
use reading::{Given, Joined, Read, Source, Words};
use text::{Gap, Spelling};

/// One spelling for all: lower case, `ae oe aa` for æ ø å, other marks dropped, nothing but letters and digits.
#[pyfunction]
fn fold(text: &str) -> String {
    text::fold(text)
}

#[derive(FromPyObject)]
struct SpellingTold {
    abbreviations: HashSet<String>,
    signs: HashMap<char, String>,
    turns: HashSet<String>,
    lists: HashSet<String>,
    fillers: HashSet<String>,
}

#[derive(FromPyObject)]
struct WordsTold {
    terms: Vec<TermTold>,
    patterns: HashMap<String, Vec<String>>,
    endings: HashSet<String>,
    transparent: HashSet<String>,
    opaque: HashSet<String>,
    past: HashSet<String>,
}

/// A tag, what the rules say of it, and its features.
type Weighed = (String, &'static str, BTreeMap<String, f64>);

/// The classes that answers are made of: named tuples.
struct Shapes {
    make: Py<PyAny>,
    hit: Py<PyType>,
    words: Py<PyType>,
    found: Py<PyType>,
    overruled: Py<PyType>,
}

impl Shapes {
    fn of<'py>(&self, py: Python<'py>, shape: &Py<PyType>, fields: Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyAny>> {
        self.make.bind(py).call1((shape.bind(py), fields))
    }
}

/// Names as Python keeps them, by their numbers.
struct Names {
    tags: Vec<Py<PyString>>,
    rules: Vec<Py<PyString>>,
    cues: Vec<Py<PyString>>,
    whys: Vec<Py<PyString>>,
}

/// What all readers of a language share, whatever their rules.
struct Language {
    name: Name,
    spelling: Spelling,
    matcher: Matcher,
    numbers: Numbers,
    shapes: Shapes,
}

/// Rules of a language, what the matcher's groups are among theirs, and the names of all that they know.
struct Ruled {
    rules: Rules,
    groups: Vec<Group>,
    names: Names,
}

/// A lexicon made ready to read with. Build it once and keep it; it may be used by several threads.
#[pyclass(frozen)]
struct Engine {
    language: Arc<Language>,
    ruled: Arc<Ruled>,
    weights: Option<Arc<Weights>>,
}

fn refused(said: String) -> PyErr {
    PyValueError::new_err(said)
}

impl Ruled {
    fn new(py: Python<'_>, matcher: &Matcher, told: RulesTold) -> PyResult<Arc<Ruled>> {
        let rules = Rules::new(told, &matcher.groups).map_err(refused)?;
        let groups = matcher.groups.iter().map(|name| rules.group(name)).collect();
        let all = |names: Vec<&str>| names.into_iter().map(|name| PyString::intern(py, name).unbind()).collect();
        let names = Names {
            tags: all(rules.tags.iter().map(|tag| &**tag).collect()),
            rules: all(rules.all.iter().map(|rule| &*rule.id).collect()),
            cues: all(rules.cues.iter().map(|cue| &*cue.name).collect()),
            whys: all(rules.cues.iter().map(|cue| &*cue.why).collect()),
        };
        Ok(Arc::new(Ruled { rules, groups, names }))
    }
}

impl Engine {
    /// The words of an order and what is found in them.
    fn searched(&self, order: &Order) -> (Joined, Vec<Hit>) {
        let texts = order.passages.iter().map(|passage| passage.text.as_str());
        let (joined, mut hits) = reading::search(texts, &self.language.spelling, Some((&self.language.matcher, order.year)));
        self.renamed(&mut hits);
        hits.sort_unstable();
        (joined, hits)
    }

    fn judged(&self, order: &Order, joined: &Joined, hits: &[Hit], settled: &[Tag]) -> Read {
        let given = Given { order, joined, hits, rules: &self.ruled.rules };
        given.judged(self.language.name.part(), self.weights.as_deref(), settled)
    }

    fn words<'py>(&self, told: &Told<'_, 'py>, words: &Words, rule: Option<&Py<PyString>>) -> PyResult<Bound<'py, PyAny>> {
        let py = told.py;
        let (written, place) = if words.source == Source::SeasonDate {
            let day = told.on.as_ref().map(|on| on.call_method0("isoformat")).transpose()?;
            (day.unwrap_or_else(|| PyString::new(py, "").into_any()), PyString::intern(py, "date"))
        } else {
            let text = &told.passages[words.passage as usize].text[words.begins as usize..words.ends as usize];
            (PyString::new(py, text).into_any(), told.place(words.passage))
        };
        let rule = match (rule, words.source) {
            (Some(rule), _) => rule.bind(py).clone(),
            (None, Source::Rule(rule)) => self.ruled.names.rules[usize::from(rule)].bind(py).clone(),
            (None, Source::SeasonWords) => PyString::intern(py, "season.words"),
            (None, Source::SeasonDate) => PyString::intern(py, "season.date"),
            (None, Source::Weights) => PyString::intern(py, "weights"),
        };
        self.language.shapes.of(py, &self.language.shapes.words, (written, place, rule, words.strength).into_pyobject(py)?)
    }

    fn answer<'py>(&self, read: Read, told: &Told<'_, 'py>) -> PyResult<Bound<'py, PyTuple>> {
        let py = told.py;
        let mut tags = Vec::with_capacity(read.tags.len());
        for (tag, evidence) in &read.tags {
            let words: PyResult<Vec<_>> = evidence.iter().map(|words| self.words(told, words, None)).collect();
            let fields = (&self.ruled.names.tags[usize::from(*tag)], PyTuple::new(py, words?)?).into_pyobject(py)?;
            tags.push(self.language.shapes.of(py, &self.language.shapes.found, fields)?);
        }
        let mut overruled = Vec::with_capacity(read.overruled.len());
        for one in &read.overruled {
            let cue = usize::from(one.cue);
            let because = self.words(told, &one.because, Some(&self.ruled.names.cues[cue]))?;
            let words = self.words(told, &one.words, None)?;
            let fields =
                (&self.ruled.names.tags[usize::from(one.tag)], words, &self.ruled.names.whys[cue], because).into_pyobject(py)?;
            overruled.push(self.language.shapes.of(py, &self.language.shapes.overruled, fields)?);
        }
        let result = read.passed.map(|passed| if passed { "passed" } else { "failed" });
        let sieved = self.language.numbers.sieved(told.passages);
        let numbers = (self.language.numbers.odometer(told.passages), self.language.numbers.hours(told.passages, &sieved));
        let noted = (told.led(&read.labels), told.led(&read.next_services), told.sieved(&sieved));
        (PyTuple::new(py, tags)?, PyTuple::new(py, overruled)?, result, read.review, numbers, noted).into_pyobject(py)
    }

    /// What the matcher found, by the numbers of the rules.
    fn renamed(&self, hits: &mut [Hit]) {
        for hit in hits {
            hit.group = self.ruled.groups[usize::from(hit.group)];
        }
    }
}

/// How many letters (not bytes) lead up to a byte.
fn letters_to(text: &str, byte: u32) -> usize {
    text[..byte as usize].chars().count()
}

/// What an answer quotes from.
struct Told<'a, 'py> {
    py: Python<'py>,
    passages: &'a [Passage],
    on: Option<Bound<'py, PyAny>>,
}

impl<'a, 'py> Told<'a, 'py> {
    fn place(&self, passage: u32) -> Bound<'py, PyString> {
        place(self.py, self.passages, passage)
    }

    /// The passages that may hold what the lexicon's sieves look for, as bits; whether each was charged for, whether it is the remarks.
    fn sieved(&self, bits: &[u64]) -> Vec<(&'a str, u64, bool, bool)> {
        let of_sieves = self.passages.iter().zip(bits).map(|(passage, bits)| (passage, bits >> 1)).filter(|(_, bits)| *bits != 0);
        of_sieves.map(|(passage, bits)| (passage.text.as_str(), bits, passage.priced(), passage.remarks)).collect()
    }

    /// Passages with how many of their letters lead up to the end of a word.
    fn led(&self, ends: &[(u32, u32)]) -> Vec<(&'a str, usize)> {
        let text = |number: u32| self.passages[number as usize].text.as_str();
        ends.iter().map(|&(passage, end)| (text(passage), letters_to(text(passage), end))).collect()
    }
}

/// What a passage is called in evidence.
fn place<'py>(py: Python<'py>, passages: &[Passage], number: u32) -> Bound<'py, PyString> {
    if passages[number as usize].remarks {
        return PyString::intern(py, "remarks");
    }
    PyString::new(py, &format!("line {}", number + 1))
}

#[pymethods]
impl Engine {
    /// `lexicon` has the attributes that the stub names. Raises `ValueError` where it cannot be used.
    #[new]
    fn new(
        py: Python<'_>,
        lexicon: &Bound<'_, PyAny>,
        hit: Py<PyType>,
        words: Py<PyType>,
        found: Py<PyType>,
        overruled: Py<PyType>,
    ) -> PyResult<Engine> {
        let spelling: SpellingTold = lexicon.extract()?;
        let told: WordsTold = lexicon.extract()?;
        let SpellingTold { abbreviations, signs, turns, lists, fillers } = spelling;
        let spelling = Spelling::new(&abbreviations, signs, &turns, &lists, &fillers);
        let manners = Manners { transparent: &told.transparent, opaque: &told.opaque, past: &told.past };
        let wording: WordingTold = lexicon.getattr("wording")?.extract()?;
        let sieves: Vec<String> = lexicon.getattr("sieves")?.extract()?;
        let name: String = lexicon.getattr("language")?.extract()?;
        let language = Language {
            spelling,
            matcher: Matcher::new(&told.terms, &told.patterns, &manners, &told.endings).map_err(refused)?,
            numbers: Numbers::new(&wording, &sieves).map_err(refused)?,
            name: name.into(),
            shapes: Shapes { make: py.get_type::<PyTuple>().getattr("__new__")?.unbind(), hit, words, found, overruled },
        };
        let ruled = Ruled::new(py, &language.matcher, lexicon.extract()?)?;
        Ok(Engine { language: Arc::new(language), ruled, weights: None })
    }

    /// The same words and weights, read with other rules.
    fn with_rules(&self, py: Python<'_>, lexicon: RulesTold) -> PyResult<Engine> {
        let ruled = Ruled::new(py, &self.language.matcher, lexicon)?;
        Ok(Engine { language: self.language.clone(), ruled, weights: self.weights.clone() })
    }

    /// The same words and rules, with what was learned from labelled orders; with nothing, the rules alone read. `counsel` is asked where
    /// that is in doubt.
    #[pyo3(signature = (weights, counsel=None))]
    fn with_weights(
        &self,
        weights: Option<(WeightsTold, PyRef<'_, Shared>)>,
        counsel: Option<PyRef<'_, SharedCounsel>>,
    ) -> PyResult<Engine> {
        let counsel = counsel.map(|counsel| counsel.0.clone());
        let made = weights.map(|(told, network)| Weights::new(told, network.0.clone(), counsel).map(Arc::new));
        let weights = made.transpose().map_err(refused)?;
        Ok(Engine { language: self.language.clone(), ruled: self.ruled.clone(), weights })
    }

    /// The signs of each word of an order, as the network knows them: to learn from.
    fn signs(&self, order: Order) -> Vec<Vec<String>> {
        let (joined, hits) = self.searched(&order);
        let given = Given { order: &order, joined: &joined, hits: &hits, rules: &self.ruled.rules };
        given.read(self.language.name.part(), network::signs)
    }

    /// An order as counsel reads it: to learn from.
    fn plain(&self, order: Order) -> String {
        counsel::plain(&order, self.language.name.part().text())
    }

    /// What counsel says of an order, by tag; nothing of one that is too long.
    fn counselled(&self, order: Order, counsel: PyRef<'_, SharedCounsel>) -> Option<HashMap<String, f32>> {
        let (joined, hits) = self.searched(&order);
        let given = Given { order: &order, joined: &joined, hits: &hits, rules: &self.ruled.rules };
        let sums = given.read(self.language.name.part(), |case| counsel.0.read(case))?;
        Some(counsel.0.tags.iter().cloned().zip(sums).collect())
    }

    /// What is weighed of each tag that is worth it, with what the rules say of it: to learn from. `logits`: what the
    /// network says, by tag.
    fn tag_features(&self, order: Order, logits: HashMap<String, f64>) -> Vec<Weighed> {
        let (joined, hits) = self.searched(&order);
        let given = Given { order: &order, joined: &joined, hits: &hits, rules: &self.ruled.rules };
        let mut logits: Vec<(Tag, f64)> =
            logits.iter().filter_map(|(tag, sum)| self.ruled.rules.tag(tag).map(|tag| (tag, *sum))).collect();
        logits.sort_unstable_by_key(|(tag, _)| *tag);
        given.read(self.language.name.part(), |case| {
            let told = judge::weighed(case, &logits).into_iter().map(|(tag, state)| {
                let mut features = Named::default();
                case.weigh(tag, state, &logits, &mut features);
                (self.ruled.rules.tags[usize::from(tag)].to_string(), state.name(), features.0)
            });
            told.collect()
        })
    }

    /// Read an order: its tags, what was overruled, how an inspection ended, whether somebody should look; what numbers say, the odometer
    /// in kilometres and hours worked; and where more may be read: behind labels of mechanics, behind words for the next service (the
    /// passage, and how many letters lead up to there), and in the passages that may hold what the lexicon's sieves look for.
    fn read<'py>(&self, order: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyTuple>> {
        let told: Order = order.extract()?;
        let (joined, hits) = self.searched(&told);
        let read = self.judged(&told, &joined, &hits, &[]);
        self.answer(read, &Told { py: order.py(), passages: &told.passages, on: day(order)? })
    }

    /// An order's text made comparable, to look into it.
    fn text(&self, order: &Bound<'_, PyAny>) -> PyResult<Text> {
        let told: Order = order.extract()?;
        let (joined, _) =
            reading::search(told.passages.iter().map(|passage| passage.text.as_str()), &self.language.spelling, None);
        Ok(Text { on: day(order)?.map(Bound::unbind), order: told, joined })
    }

    /// Every group found, in reading order, without what a longer reading covers.
    fn hits<'py>(&self, py: Python<'py>, text: &Text) -> PyResult<Vec<Bound<'py, PyAny>>> {
        found(py, text, &self.language, &self.language.matcher)
    }

    /// As `read`, with these hits instead of those that were found. The weights leave tags that are `settled` as the rules say.
    fn read_hits<'py>(
        &self,
        py: Python<'py>,
        text: &Text,
        hits: Vec<(u32, u32, String, u32)>,
        settled: HashSet<String>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let passage = |word: u32| text.joined.words.get(word as usize).map(|word| word.passage);
        if hits.iter().any(|&(first, last, ..)| first > last || passage(last).is_none() || passage(first) != passage(last)) {
            return Err(refused("a hit stands on words that no passage of the text has".into()));
        }
        let numbered =
            |(first, last, name, part): (u32, u32, String, u32)| Hit { first, last, group: self.ruled.rules.group(&name), part };
        let mut hits: Vec<Hit> = hits.into_iter().map(numbered).collect();
        hits.sort_unstable();
        let settled: Vec<Tag> = settled.iter().filter_map(|name| self.ruled.rules.tag(name)).collect();
        let read = self.judged(&text.order, &text.joined, &hits, &settled);
        let on = text.on.as_ref().map(|on| on.bind(py).clone());
        self.answer(read, &Told { py, passages: &text.order.passages, on })
    }

    /// A finder of a few more terms in texts that are cut as this lexicon's are.
    fn finder(&self, terms: Vec<TermTold>, endings: HashSet<String>) -> PyResult<Finder> {
        let none = HashSet::new();
        let manners = Manners { transparent: &none, opaque: &none, past: &none };
        let matcher = Matcher::new(&terms, &HashMap::new(), &manners, &endings).map_err(refused)?;
        Ok(Finder { language: self.language.clone(), matcher })
    }

    /// A phrase as it stands in a text made comparable; None where a text would be cut within it.
    fn letters(&self, phrase: &str) -> Option<String> {
        let (joined, _) = reading::search([phrase], &self.language.spelling, None);
        let whole = !joined.words.is_empty() && joined.words[1..].iter().all(|word| word.gap == Gap::None);
        whole.then(|| {
            let (mut words, mut folded) = (Vec::new(), text::Folded::default());
            self.language.spelling.cut(phrase, 0, &mut words, &mut folded);
            folded.string
        })
    }
}

/// Finds terms in a text.
#[pyclass(frozen)]
struct Finder {
    language: Arc<Language>,
    matcher: Matcher,
}

#[pymethods]
impl Finder {
    fn hits<'py>(&self, py: Python<'py>, text: &Text) -> PyResult<Vec<Bound<'py, PyAny>>> {
        found(py, text, &self.language, &self.matcher)
    }
}

fn found<'py>(py: Python<'py>, text: &Text, language: &Language, matcher: &Matcher) -> PyResult<Vec<Bound<'py, PyAny>>> {
    let texts = text.order.passages.iter().map(|passage| passage.text.as_str());
    let (_, hits) = reading::search(texts, &language.spelling, Some((matcher, text.order.year)));
    let told = hits.into_iter().map(|hit| {
        let group = matcher.groups[usize::from(hit.group)].as_str();
        language.shapes.of(py, &language.shapes.hit, (hit.first, hit.last, group, hit.part).into_pyobject(py)?)
    });
    told.collect()
}

/// The day of an order, if it has one.
fn day<'py>(order: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let on = order.getattr("on")?;
    Ok(if on.is_none() { None } else { Some(on) })
}

/// The whole text of an order: its words in reading order.
#[pyclass(frozen)]
struct Text {
    order: Order,
    on: Option<Py<PyAny>>,
    joined: Joined,
}

impl Text {
    fn word(&self, number: usize) -> PyResult<&text::Word> {
        self.joined.words.get(number).ok_or_else(|| refused(format!("the text has no word {number}")))
    }
}

#[pymethods]
impl Text {
    /// The words from `first` to `last` exactly as they were written.
    fn written(&self, first: usize, last: usize) -> PyResult<&str> {
        let (begins, ends) = (self.word(first)?, self.word(last)?);
        if begins.passage != ends.passage {
            return Err(refused("these words do not stand in one passage".into()));
        }
        let text = self.order.passages[begins.passage as usize].text.get(begins.begins as usize..ends.ends as usize);
        text.ok_or_else(|| refused("these words do not stand in one passage".into()))
    }

    fn place<'py>(&self, py: Python<'py>, word: usize) -> PyResult<Bound<'py, PyString>> {
        Ok(place(py, &self.order.passages, self.word(word)?.passage))
    }

    /// The numbers of a passage's first word and of the word behind its last.
    fn words_of(&self, passage: usize) -> (usize, usize) {
        let first = |number: usize| self.joined.firsts.get(number).map_or(self.joined.words.len(), |&word| word as usize);
        (first(passage), first(passage + 1))
    }

    /// How many letters of its passage lead up to the end of a word.
    fn ends(&self, word: usize) -> PyResult<usize> {
        let word = self.word(word)?;
        Ok(letters_to(&self.order.passages[word.passage as usize].text, word.ends))
    }
}

#[pymodule]
mod reading_engine {
    #[pymodule_export]
    const MOST_LETTERS: usize = crate::order::MOST_LETTERS;
    #[pymodule_export]
    const SURE_FROM: f64 = crate::reading::SURE_FROM;
    #[pymodule_export]
    use super::counsel::{Pieces, SharedCounsel};
    #[pymodule_export]
    use super::network::Shared;
    #[pymodule_export]
    use super::{Engine, Finder, Text, fold};
}
