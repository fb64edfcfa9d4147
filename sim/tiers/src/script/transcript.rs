//! What a script heard.

use core::fmt;

use leek_crypto::hash;

use super::case::{Area, Case};

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The case's area.
    pub area: Area,
    /// The case.
    pub case: &'static str,
    /// The number of the question within it.
    pub step: usize,
    /// What came back, in words that are the same in every tier.
    pub heard: String,
}

/// An answer that was not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The case's area.
    pub area: Area,
    /// The case.
    pub case: &'static str,
    /// The number of the question within it.
    pub step: usize,
    /// What should have held, and what was found.
    pub why: String,
}

/// Everything a script heard, and what was wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transcript {
    cases: usize,
    done: usize,
    finished: bool,
    rows: Vec<Row>,
    failures: Vec<Failure>,
    survivors: Vec<String>,
    probes: usize,
}

impl Transcript {
    pub(super) fn new(cases: usize) -> Self {
        Self {
            cases,
            ..Self::default()
        }
    }

    /// Whether every case ran to its end and every check held.
    pub fn passed(&self) -> bool {
        self.finished && self.done == self.cases && self.failures.is_empty()
    }

    /// Whether the script came to its end.
    pub const fn is_finished(&self) -> bool {
        self.finished
    }

    /// Every answer, in order.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// What was wrong.
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }

    /// Alterations of replies that no check found, and how many alterations were tried. Only for
    /// a script that was told to probe.
    pub fn survivors(&self) -> (&[String], usize) {
        (&self.survivors, self.probes)
    }

    /// Sixteen hexadecimal digits over all rows: equal for equal transcripts.
    pub fn digest(&self) -> String {
        let digest = hash::blake2b_256(&[self.to_string().as_bytes()]);
        digest.iter().take(8).map(|b| format!("{b:02x}")).collect()
    }

    pub(super) fn row(&mut self, case: &Case, step: usize, heard: String, faults: Vec<String>) {
        self.rows.push(Row {
            area: case.area,
            case: case.name,
            step,
            heard,
        });
        self.failures.extend(faults.into_iter().map(|why| Failure {
            area: case.area,
            case: case.name,
            step,
            why,
        }));
    }

    pub(super) fn survived(&mut self, case: &Case, step: usize, probed: (Vec<String>, usize)) {
        let (survivors, probes) = probed;
        self.probes += probes;
        self.survivors.extend(
            survivors
                .into_iter()
                .map(|what| format!("{}, step {step}: {what}", case.name)),
        );
    }

    pub(super) fn case_done(&mut self) {
        self.done += 1;
    }

    pub(super) fn finish(&mut self) {
        self.finished = true;
    }
}

/// The rows, one a line, each case under its name; then the failures.
impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut case = "";
        for row in &self.rows {
            if row.case != case {
                case = row.case;
                writeln!(f, "{:?}: {case}", row.area)?;
            }
            writeln!(f, "  {} {}", row.step, row.heard)?;
        }
        for failure in &self.failures {
            writeln!(
                f,
                "FAILED {:?}: {}, step {}: {}",
                failure.area, failure.case, failure.step, failure.why
            )?;
        }
        Ok(())
    }
}
