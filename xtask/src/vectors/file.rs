use std::fmt;

use serde_json::{Map, Value};

/// The layout's name, under `format`.
const FORMAT: &str = "vectors-1";

/// A parsed vector file.
#[derive(Clone, Debug, PartialEq)]
pub struct VectorFile {
    /// In the order of the file.
    pub cases: Vec<Case>,
}

/// One case: what goes in and what must come out.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// What the case is about; chooses the runner.
    pub area: String,
    /// Names the case within its area.
    pub name: String,
    /// By key.
    pub inputs: Map<String, Value>,
    /// By key; never empty.
    pub outputs: Map<String, Value>,
}

/// A file is not in the layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Line and column, or the path of a value such as `cases[3].inputs`.
    pub place: String,
    /// What is wrong there.
    pub what: String,
    /// What to do about it.
    pub remedy: &'static str,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            place,
            what,
            remedy,
        } = self;
        write!(f, "{place}: {what}\n    remedy: {remedy}")
    }
}

impl std::error::Error for Malformed {}

impl VectorFile {
    /// Reads `{"format":"vectors-1","cases":[{"area","name","inputs":{},"outputs":{}}]}`. Other
    /// keys of the file and of a case (`oracle`, `source`, `notes`) are for people.
    ///
    /// # Errors
    /// [`Malformed`] with the place.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let value: Value = serde_json::from_slice(bytes).map_err(|error| Malformed {
            place: format!("line {}, column {}", error.line(), error.column()),
            what: format!("not JSON: {error}"),
            remedy: "mend the file, or fetch it again",
        })?;
        let at = |place: &str, what: String| Malformed {
            place: place.to_owned(),
            what,
            remedy: "give a file of the layout vectors-1: \
                     {\"format\":\"vectors-1\",\"cases\":[{\"area\",\"name\",\"inputs\",\"outputs\"}]}",
        };
        let file = value
            .as_object()
            .ok_or_else(|| at("line 1", "the file is no object".to_owned()))?;
        let format = file.get("format");
        if format.and_then(Value::as_str) != Some(FORMAT) {
            return Err(at("format", format!("it is not \"{FORMAT}\"")));
        }
        let cases = file
            .get("cases")
            .and_then(Value::as_array)
            .ok_or_else(|| at("cases", "there is no list of cases".to_owned()))?;
        if cases.is_empty() {
            return Err(at("cases", "the list is empty".to_owned()));
        }
        let cases = cases.iter().enumerate().map(|(index, case)| {
            Case::read(case).map_err(|(key, what)| at(&format!("cases[{index}]{key}"), what))
        });
        Ok(Self {
            cases: cases.collect::<Result<_, _>>()?,
        })
    }
}

impl Case {
    /// Key and problem on failure.
    fn read(case: &Value) -> Result<Self, (String, String)> {
        let case = case
            .as_object()
            .ok_or_else(|| (String::new(), "it is no object".to_owned()))?;
        let text = |key: &str| match case.get(key).and_then(Value::as_str) {
            Some(text) if !text.is_empty() => Ok(text.to_owned()),
            _ => Err((format!(".{key}"), "there is no text".to_owned())),
        };
        let object = |key: &str| match case.get(key).and_then(Value::as_object) {
            Some(object) => Ok(object.clone()),
            None => Err((format!(".{key}"), "there is no object".to_owned())),
        };
        let case = Self {
            area: text("area")?,
            name: text("name")?,
            inputs: object("inputs")?,
            outputs: object("outputs")?,
        };
        if case.outputs.is_empty() {
            return Err((".outputs".to_owned(), "it is empty".to_owned()));
        }
        Ok(case)
    }
}
