//! Running one case: typed access to its inputs, comparison of its outputs, and the account of
//! which keys were looked at.

use std::{collections::BTreeSet, error::Error, fmt};

use data_encoding::HEXLOWER;
use leek_crypto::{Suite, fast, pure};
use serde_json::{Map, Value};

use super::{Case, areas};

/// What running a case gave.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passed,
    /// At least one.
    Failed(Vec<Mismatch>),
    /// The area has no runner.
    NoRunner,
    /// The area has a runner, but not for this variant of its cases; why.
    Unsupported(String),
}

/// What is wrong with one key of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mismatch {
    pub(crate) key: String,
    pub(crate) message: String,
}

/// Why a runner cannot go on.
#[derive(Debug)]
pub(crate) enum Stop {
    Mismatch(Mismatch),
    Unsupported(String),
}

/// The runner of an area.
pub(crate) type Runner = fn(&mut Check<'_>) -> Result<(), Stop>;

/// Runs a case under both backends of the real suite.
pub(crate) fn run(case: &Case) -> Outcome {
    let Some(runner) = areas::runner(&case.area) else {
        return Outcome::NoRunner;
    };
    for approved in [pure(), fast()] {
        let suite = approved.suite();
        let mut check = Check::new(case, &*suite);
        if let Err(stop) = runner(&mut check) {
            match stop {
                Stop::Mismatch(mismatch) => check.mismatches.push(mismatch),
                Stop::Unsupported(why) => return Outcome::Unsupported(why),
            }
        } else {
            check.account_for_keys();
        }
        if !check.mismatches.is_empty() {
            for mismatch in &mut check.mismatches {
                mismatch
                    .message
                    .push_str(&format!(" (suite {})", suite.name()));
            }
            return Outcome::Failed(check.mismatches);
        }
    }
    Outcome::Passed
}

/// One case while it runs. `null` counts as absent.
pub(crate) struct Check<'a> {
    pub(crate) suite: &'a dyn Suite,
    pub(crate) name: &'a str,
    inputs: &'a Map<String, Value>,
    outputs: &'a Map<String, Value>,
    used: BTreeSet<&'static str>,
    compared: BTreeSet<&'static str>,
    mismatches: Vec<Mismatch>,
}

impl<'a> Check<'a> {
    fn new(case: &'a Case, suite: &'a dyn Suite) -> Self {
        Self {
            suite,
            name: &case.name,
            inputs: &case.inputs,
            outputs: &case.outputs,
            used: BTreeSet::new(),
            compared: BTreeSet::new(),
            mismatches: Vec::new(),
        }
    }

    /// Keys that no line of the runner has looked at fail the case.
    fn account_for_keys(&mut self) {
        let inputs = self
            .inputs
            .iter()
            .filter(|(key, value)| !value.is_null() && !self.used.contains(key.as_str()));
        let inputs = inputs.map(|(key, _)| {
            let message = "unknown input: the case may mean something else".to_owned();
            (format!("inputs.{key}"), message)
        });
        let outputs = self
            .outputs
            .keys()
            .filter(|key| !self.compared.contains(key.as_str()));
        let outputs =
            outputs.map(|key| (format!("outputs.{key}"), "output not checked".to_owned()));
        let left: Vec<_> = inputs
            .chain(outputs)
            .map(|(key, message)| Mismatch { key, message })
            .collect();
        self.mismatches.extend(left);
    }

    /// Whether an input is given.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.inputs.get(key).is_some_and(|value| !value.is_null())
    }

    /// Whether an output is given.
    pub(crate) fn gives(&self, key: &str) -> bool {
        self.outputs.get(key).is_some_and(|value| !value.is_null())
    }

    /// An input, which must be there.
    pub(crate) fn input(&mut self, key: &'static str) -> Result<Field<'a>, Stop> {
        self.used.insert(key);
        match self.inputs.get(key) {
            Some(value) if !value.is_null() => Ok(Field {
                path: format!("inputs.{key}"),
                value,
            }),
            _ => Err(stop(format!("inputs.{key}"), "missing input".to_owned())),
        }
    }

    /// An output, if given.
    pub(crate) fn output(&mut self, key: &'static str) -> Option<Field<'a>> {
        self.compared.insert(key);
        let value = self.outputs.get(key).filter(|value| !value.is_null())?;
        Some(Field {
            path: format!("outputs.{key}"),
            value,
        })
    }

    /// Says that an output without a value (`null`) is as it should be.
    pub(crate) fn expect_absent(&mut self, key: &'static str) {
        if let Some(field) = self.output(key) {
            self.wrong(&field, "expected null");
        }
    }

    /// Compares a byte string.
    pub(crate) fn expect_hex(&mut self, key: &'static str, got: &[u8]) {
        self.expect_text(key, &HEXLOWER.encode(got));
    }

    /// Compares a text.
    pub(crate) fn expect_text(&mut self, key: &'static str, got: &str) {
        if let Some(field) = self.output(key) {
            self.compare(&field, got);
        }
    }

    /// Compares a number.
    pub(crate) fn expect_number(&mut self, key: &'static str, got: usize) {
        if let Some(field) = self.output(key)
            && field.value != &Value::from(got)
        {
            self.wrong(&field, &format!("expected {}, got {got}", field.value));
        }
    }

    /// Compares a truth value.
    pub(crate) fn expect_bool(&mut self, key: &'static str, got: bool) {
        if let Some(field) = self.output(key)
            && field.value != &Value::from(got)
        {
            self.wrong(&field, &format!("expected {}, got {got}", field.value));
        }
    }

    /// Compares the text of a field.
    pub(crate) fn compare(&mut self, field: &Field<'_>, got: &str) {
        match field.value.as_str() {
            Some(expected) if expected == got => {}
            Some(expected) => self.wrong(field, &difference(expected, got)),
            None => self.wrong(field, "not a text"),
        }
    }

    /// Notes that a field is not as it should be, and goes on.
    pub(crate) fn wrong(&mut self, field: &Field<'_>, message: &str) {
        self.mismatches.push(Mismatch {
            key: field.path.clone(),
            message: message.to_owned(),
        });
    }
}

/// A value and its path within the case.
#[derive(Clone, Debug)]
pub(crate) struct Field<'a> {
    pub(crate) path: String,
    pub(crate) value: &'a Value,
}

impl<'a> Field<'a> {
    /// The text.
    pub(crate) fn text(&self) -> Result<&'a str, Stop> {
        self.value.as_str().ok_or_else(|| self.stop("not a text"))
    }

    /// The bytes that lower-case hexadecimal digits stand for.
    pub(crate) fn bytes(&self) -> Result<Vec<u8>, Stop> {
        HEXLOWER
            .decode(self.text()?.as_bytes())
            .map_err(|e| self.stop(format!("not lower-case hexadecimal: {e}")))
    }

    /// The same, of a fixed length.
    pub(crate) fn array<const N: usize>(&self) -> Result<[u8; N], Stop> {
        let bytes = self.bytes()?;
        let len = bytes.len();
        <[u8; N]>::try_from(bytes).map_err(|_| self.stop(format!("{len} bytes instead of {N}")))
    }

    /// A number that fits.
    pub(crate) fn number<T: TryFrom<u64>>(&self) -> Result<T, Stop> {
        self.value
            .as_u64()
            .and_then(|number| T::try_from(number).ok())
            .ok_or_else(|| self.stop("not a number that fits"))
    }

    /// The elements of a list.
    pub(crate) fn list(&self) -> Result<Vec<Self>, Stop> {
        let list = self
            .value
            .as_array()
            .ok_or_else(|| self.stop("not a list"))?;
        let fields = list.iter().enumerate().map(|(index, value)| Self {
            path: format!("{}[{index}]", self.path),
            value,
        });
        Ok(fields.collect())
    }

    /// The values under exactly these keys of an object.
    pub(crate) fn object<const N: usize>(&self, keys: [&str; N]) -> Result<[Self; N], Stop> {
        let object = self
            .value
            .as_object()
            .ok_or_else(|| self.stop("not an object"))?;
        if let Some(other) = object.keys().find(|key| !keys.contains(&key.as_str())) {
            return Err(self.stop(format!("unknown key `{other}`")));
        }
        for key in keys {
            if !object.contains_key(key) {
                return Err(self.stop(format!("missing key `{key}`")));
            }
        }
        Ok(keys.map(|key| Self {
            path: format!("{}.{key}", self.path),
            value: object.get(key).unwrap_or(&Value::Null),
        }))
    }

    /// Whether the object has a key.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.value.get(key).is_some()
    }

    /// The end of the case, for a reason that lies here.
    pub(crate) fn stop(&self, message: impl fmt::Display) -> Stop {
        stop(self.path.clone(), message.to_string())
    }

    /// What `result` holds, or the end of the case with the error and its causes.
    pub(crate) fn accept<T, E: Error>(&self, result: Result<T, E>) -> Result<T, Stop> {
        result.map_err(|error| self.stop(chain(&error)))
    }
}

fn stop(key: String, message: String) -> Stop {
    Stop::Mismatch(Mismatch { key, message })
}

/// An error with its causes.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

/// Characters shown of a text in a message.
const SHOWN: usize = 48;

/// Characters shown in front of the first difference.
const SHOWN_BEFORE: usize = 8;

/// Expected and got around their first difference.
fn difference(expected: &str, got: &str) -> String {
    let pairs = expected.chars().zip(got.chars());
    let same = pairs.take_while(|(a, b)| a == b).count();
    let from = same.saturating_sub(SHOWN_BEFORE);
    let show = |text: &str| {
        let shown: String = text.chars().skip(from).take(SHOWN).collect();
        let before = if from > 0 { "…" } else { "" };
        let after = if text.chars().count() > from + SHOWN {
            "…"
        } else {
            ""
        };
        format!("`{before}{shown}{after}`")
    };
    let lengths = match (expected.chars().count(), got.chars().count()) {
        (a, b) if a == b => String::new(),
        (a, b) => format!(", {a} and {b} long"),
    };
    format!(
        "expected {}, got {} (they differ at character {}{lengths})",
        show(expected),
        show(got),
        same + 1
    )
}
