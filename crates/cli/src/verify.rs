//! `leek verify`.

use std::{fs, io, path::Path, process::ExitCode};

use leek_report::{Difference, EFFECTIVE_FILE, Error, RunDir, TRACE_FILE, Verdict, escaped};
use serde_json::{Value, json};

use crate::{
    args::VerifyArgs,
    console,
    failure::Failure,
    identity::{scenario_hash, seed_of},
};

/// Recomputes a summary and compares.
pub(crate) fn verify(args: &VerifyArgs) -> Result<ExitCode, Failure> {
    let dir = args.run_dir.as_path();
    if !dir.is_dir() {
        return Err(Failure::NoRunDir {
            path: dir.to_owned(),
        });
    }
    let found = match differences(dir) {
        Ok(differences) => Found::Compared(differences),
        // The directory is there: what it lacks, or what is damaged in it, is its own fault.
        Err(failure) if is_its_own_fault(&failure) => Found::Damaged(failure),
        Err(failure) => return Err(failure),
    };
    let text = if args.json {
        found.json(dir)?
    } else {
        found.text(dir)
    };
    console::data(&text)?;
    let verdict = if found.is_honest() {
        Verdict::Pass
    } else {
        Verdict::Fail
    };
    Ok(ExitCode::from(verdict.exit_code()))
}

enum Found {
    Compared(Vec<Difference>),
    Damaged(Failure),
}

impl Found {
    fn is_honest(&self) -> bool {
        matches!(self, Self::Compared(differences) if differences.is_empty())
    }

    fn text(&self, dir: &Path) -> String {
        let run = escaped(&dir.display().to_string());
        match self {
            Self::Damaged(failure) => format!("{}FAIL run={run}\n", failure.render()),
            Self::Compared(differences) => {
                let mut out = String::new();
                for Difference {
                    field,
                    stated,
                    found,
                } in differences
                {
                    let line = format!("{field}: summary.json says {stated}, found {found}");
                    out.push_str(&(escaped(&line) + "\n"));
                }
                let word = if differences.is_empty() {
                    "PASS"
                } else {
                    "FAIL"
                };
                format!("{out}{word} differences={} run={run}\n", differences.len())
            }
        }
    }

    fn json(&self, dir: &Path) -> Result<String, Failure> {
        let (differences, damage) = match self {
            Self::Compared(differences) => (differences.as_slice(), Value::Null),
            Self::Damaged(failure) => (&[][..], Value::from(failure.render().trim_end())),
        };
        let differences: Vec<Value> = differences
            .iter()
            .map(|d| json!({ "field": d.field, "stated": d.stated, "found": d.found }))
            .collect();
        let document = json!({
            "run": dir.display().to_string(),
            "verdict": if self.is_honest() { Verdict::Pass } else { Verdict::Fail },
            "differences": differences,
            "damage": damage,
        });
        Ok(serde_json::to_string_pretty(&document)? + "\n")
    }
}

/// What `leek_report` finds in the tables, and what the manifest says of `effective.toml`.
fn differences(dir: &Path) -> Result<Vec<Difference>, Failure> {
    let mut out = leek_report::verify(dir)?;
    let manifest = RunDir::open(dir).read_manifest()?;
    let effective = read(&dir.join(EFFECTIVE_FILE))?;
    let trace = match read(&dir.join(TRACE_FILE)) {
        Ok(text) => Some(text),
        Err(Failure::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => None,
        Err(failure) => return Err(failure),
    };
    let seed = seed_of(&effective).unwrap_or("nothing").to_owned();
    let hash = scenario_hash(&effective, trace.as_deref());
    for (field, stated, found) in [
        ("/scenario_hash", manifest.scenario_hash, hash),
        ("/seed", manifest.seed.to_string(), seed),
    ] {
        if stated != found {
            let (stated, found) = (Value::from(stated), Value::from(found));
            out.push(Difference {
                field: field.to_owned(),
                stated,
                found,
            });
        }
    }
    Ok(out)
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|source| Failure::Read {
        path: path.to_owned(),
        source,
    })
}

fn is_its_own_fault(failure: &Failure) -> bool {
    let (Failure::RunDir(Error::Io { source, .. }) | Failure::Read { source, .. }) = failure else {
        return matches!(failure, Failure::RunDir(_));
    };
    matches!(
        source.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::InvalidData
    )
}
