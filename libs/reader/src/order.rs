//! An order as it is given, and its passages in reading order.

use std::collections::HashSet;

use pyo3::prelude::*;
use pyo3::types::PyString;

/// No order that a person wrote is longer.
pub const MOST_LETTERS: usize = 20_000;

/// A piece of text: a line with its code, or the remarks. `amount` (minor units) was charged for it, `dropped` is cancelled on the same
/// invoice or itself the cancellation, `takes_back` an amount that it takes back where no line says the same as it does.
pub struct Passage {
    pub text: String,
    pub remarks: bool,
    pub amount: Option<i64>,
    pub dropped: bool,
    pub takes_back: Option<i64>,
}

impl Passage {
    /// Whether it was charged for.
    pub fn priced(&self) -> bool {
        self.amount.is_some_and(|amount| amount != 0)
    }
}

/// The text of an order; not `finished`, it says what is wanted. `too_long`: part of it is left unread.
pub struct Order {
    pub passages: Vec<Passage>,
    pub year: Option<i32>,
    pub month: Option<u32>,
    pub finished: bool,
    pub too_long: bool,
}

#[derive(FromPyObject)]
struct Line {
    #[pyo3(from_py_with = text)]
    text: String,
    #[pyo3(from_py_with = code)]
    code: Option<String>,
    #[pyo3(from_py_with = sensible)]
    quantity: Option<f64>,
    #[pyo3(from_py_with = sensible)]
    amount: Option<i64>,
}

/// A text; halves of signs that stand alone in it are read as a sign that nobody knows.
fn text(told: &Bound<'_, PyAny>) -> PyResult<String> {
    Ok(told.cast::<PyString>()?.to_string_lossy().into_owned())
}

fn code(told: &Bound<'_, PyAny>) -> PyResult<Option<String>> {
    if told.is_none() { Ok(None) } else { text(told).map(Some) }
}

/// A number, if it is one that anybody charged or counted: none has more than 64 bits.
#[expect(clippy::unnecessary_wraps, reason = "what is extracted with may fail")]
fn sensible<'py, T: for<'a> FromPyObject<'a, 'py>>(told: &Bound<'py, PyAny>) -> PyResult<Option<T>> {
    Ok(if told.is_none() { None } else { told.extract().ok() })
}

impl Line {
    /// It takes back: less than nothing of it, or for less than nothing.
    fn is_credit(&self) -> bool {
        self.amount.is_some_and(|amount| amount < 0) || self.quantity.is_some_and(|quantity| quantity < 0.0)
    }

    /// Whether this credit takes back that line: the same work, for the same amount.
    fn takes_back(&self, line: &Line) -> bool {
        let told = |text: &str| text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>();
        let code = |line: &Line| told(line.code.as_deref().unwrap_or_default());
        let same_amount = match (self.amount, line.amount) {
            (Some(credit), Some(amount)) => credit.unsigned_abs() == amount.unsigned_abs(),
            _ => true,
        };
        same_amount && !line.is_credit() && code(self) == code(line) && told(&self.text) == told(&line.text)
    }

    fn told(self) -> (String, Option<i64>) {
        let text = match self.code {
            Some(code) if !code.is_empty() && !self.text.contains(&code) => format!("{}\n{code}", self.text),
            _ => self.text,
        };
        (text, self.amount)
    }
}

impl<'py> FromPyObject<'_, 'py> for Order {
    type Error = PyErr;

    fn extract(told: Borrowed<'_, 'py, PyAny>) -> PyResult<Order> {
        let lines: Vec<Line> = told.getattr("lines")?.extract()?;
        let remarks = text(&told.getattr("remarks")?)?;
        let on = told.getattr("on")?;
        let (year, month) = if on.is_none() {
            (None, None)
        } else {
            (Some(on.getattr("year")?.extract()?), Some(on.getattr("month")?.extract()?))
        };
        let (passages, too_long) = passages(lines, remarks);
        Ok(Order { passages, year, month, finished: told.getattr("finished")?.extract()?, too_long })
    }
}

/// The texts in reading order, up to a length, of which the remarks first have their share; and whether they are longer.
fn passages(lines: Vec<Line>, remarks: String) -> (Vec<Passage>, bool) {
    let letters = |text: &str| if text.is_ascii() { text.len() } else { text.chars().count() };
    let of_line = |line: &Line| letters(&line.text) + line.code.as_deref().map_or(0, letters);
    let of_remarks = letters(&remarks);
    let too_long = lines.iter().map(of_line).sum::<usize>() + of_remarks > MOST_LETTERS;
    let (gone, alone) = cancelled(&lines);
    let mut found: Vec<Passage> = Vec::with_capacity(lines.len() + 1);
    for (number, line) in lines.into_iter().enumerate() {
        let (text, amount) = line.told();
        let takes_back = amount.filter(|&amount| amount != 0 && alone.contains(&number)).map(i64::saturating_abs);
        found.push(Passage { text, remarks: false, amount, dropped: gone.contains(&number), takes_back });
    }
    if !remarks.is_empty() {
        found.push(Passage { text: remarks, remarks: true, amount: None, dropped: false, takes_back: None });
    }
    if too_long {
        let mut room = MOST_LETTERS - of_remarks.min(MOST_LETTERS / 2);
        for passage in &mut found {
            if passage.remarks {
                room = MOST_LETTERS / 2;
            }
            let whole = letters(&passage.text);
            if let Some((end, _)) = passage.text.char_indices().nth(room) {
                passage.text.truncate(end);
            }
            room = room.saturating_sub(whole);
        }
    }
    (found, too_long)
}

/// Lines that take back with the line that each takes back, the nearest one before (else after) that says the same; and those that take
/// back for which no line says the same.
fn cancelled(lines: &[Line]) -> (HashSet<usize>, HashSet<usize>) {
    let (mut gone, mut alone) = (HashSet::new(), HashSet::new());
    for (number, line) in lines.iter().enumerate().filter(|(_, line)| line.is_credit()) {
        gone.insert(number);
        let mut twins = (0..number).rev().chain(number + 1..lines.len());
        match twins.find(|twin| !gone.contains(twin) && line.takes_back(&lines[*twin])) {
            Some(twin) => gone.insert(twin),
            None => alone.insert(number),
        };
    }
    (gone, alone)
}
