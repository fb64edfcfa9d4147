use std::{collections::BTreeMap, fmt};

use serde::Serialize;

use super::{
    Case, VectorFile,
    check::{self, Mismatch, Outcome},
};

/// What running files gave.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Counts by area.
    pub areas: BTreeMap<String, Counts>,
    /// What failed, in the order of the files; left out of the JSON when there is nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<Failure>,
    /// Why cases of supported areas count as unsupported.
    #[serde(skip)]
    unsupported: Vec<String>,
}

/// Cases of one area.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// All outputs came out as given.
    pub passed: usize,
    /// Something differed, or could not be compared.
    pub failed: usize,
    /// There is no runner.
    pub unsupported: usize,
}

/// One thing wrong with one case; a case may have several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The case's area.
    pub area: String,
    /// The case's name.
    pub case: String,
    /// Such as `outputs.ciphertext`.
    pub key: String,
    /// Expected and got, shortened.
    pub message: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            area,
            case,
            key,
            message,
        } = self;
        write!(f, "{area}: case `{case}`: {key}: {message}")
    }
}

impl Report {
    /// Runs all cases of `file` and adds what came out.
    pub fn add(&mut self, file: &VectorFile) {
        for case in &file.cases {
            self.add_case(case);
        }
    }

    fn add_case(&mut self, case: &Case) {
        let counts = self.areas.entry(case.area.clone()).or_default();
        match check::run(case) {
            Outcome::Passed => counts.passed += 1,
            Outcome::NoRunner => counts.unsupported += 1,
            Outcome::Unsupported(why) => {
                counts.unsupported += 1;
                let line = format!("{}: case `{}`: not run: {why}", case.area, case.name);
                self.unsupported.push(line);
            }
            Outcome::Failed(mismatches) => {
                counts.failed += 1;
                let failures = mismatches
                    .into_iter()
                    .map(|Mismatch { key, message }| Failure {
                        area: case.area.clone(),
                        case: case.name.clone(),
                        key,
                        message,
                    });
                self.failures.extend(failures);
            }
        }
    }

    /// All areas together.
    pub fn total(&self) -> Counts {
        let mut total = Counts::default();
        for counts in self.areas.values() {
            total.passed += counts.passed;
            total.failed += counts.failed;
            total.unsupported += counts.unsupported;
        }
        total
    }

    /// `{"areas":{"account":{"passed":4,"failed":0,"unsupported":0},…}}`, and `failures` where
    /// there are any.
    pub fn to_json(&self) -> String {
        match serde_json::to_string(self) {
            Ok(json) => json,
            Err(error) => unreachable!("keys are texts and values numbers and texts: {error}"),
        }
    }

    /// A table, and below it what failed and what was not run in a supported area.
    pub fn to_text(&self) -> String {
        let name = "area";
        let width = self.areas.keys().map(String::len).max().unwrap_or(0);
        let width = width.max(name.len());
        let mut lines = vec![format!("{name:width$}  passed  failed  unsupported")];
        let row = |name: &str, counts: &Counts| {
            format!(
                "{name:width$}  {:>6}  {:>6}  {:>11}",
                counts.passed, counts.failed, counts.unsupported
            )
        };
        lines.extend(self.areas.iter().map(|(area, counts)| row(area, counts)));
        lines.push(row("all", &self.total()));
        lines.extend(self.unsupported.iter().cloned());
        lines.extend(self.failures.iter().map(Failure::to_string));
        lines.join("\n")
    }
}
