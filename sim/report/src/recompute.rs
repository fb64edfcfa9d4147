//! The numbers of a run, once more, from its tables.

use std::path::Path;

use serde_json::Value;

use crate::error::Error;
use crate::run_dir::RunDir;
use crate::summary::Numbers;
use crate::table::Row;
use crate::tally::{Tally, TallyError};

/// A field of `summary.json` that the tables, or the manifest, do not bear out.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// JSON pointer to the field, such as `/delivery/lost`.
    pub field: String,
    /// What `summary.json` says; null if the field is not there.
    pub stated: Value,
    /// What the tables or the manifest say; null if they do not have it.
    pub found: Value,
}

/// Counts the tables of the run directory `dir`.
///
/// # Errors
/// [`Error::Tally`] for tables that contradict themselves, and as [`RunDir::table_reader`].
pub fn recompute(dir: &Path) -> Result<Numbers, Error> {
    let run = RunDir::open(dir);
    let mut tally = Tally::new();
    each(&run, |row| tally.message(row))?;
    each(&run, |row| tally.request(row))?;
    each(&run, |row| tally.metric(row))?;
    tally.finish().map_err(Error::tally(dir))
}

/// Every number of `summary.json` that differs from the tables, and every input in it that
/// differs from `manifest.json`. Empty for an honest run directory. `wall_s`, `cpu_s` and
/// `rss_bytes` are measurements of the machine and are not looked at.
///
/// # Errors
/// As [`recompute`], [`RunDir::read_summary`] and [`RunDir::read_manifest`].
pub fn verify(dir: &Path) -> Result<Vec<Difference>, Error> {
    let run = RunDir::open(dir);
    let (summary, manifest) = (run.read_summary()?, run.read_manifest()?);
    let as_json = |numbers: &Numbers| {
        serde_json::to_value(numbers).map_err(Error::json("compare the numbers of", dir))
    };
    let mut differences = Vec::new();
    compare(
        "",
        &as_json(&summary.numbers())?,
        &as_json(&recompute(dir)?)?,
        &mut differences,
    );
    for (field, stated, found) in [
        (
            "/scenario",
            Value::from(summary.scenario),
            Value::from(manifest.scenario),
        ),
        (
            "/seed",
            Value::from(summary.seed),
            Value::from(manifest.seed),
        ),
        (
            "/digest",
            Value::from(summary.digest),
            Value::from(manifest.digest),
        ),
        (
            "/shape",
            Value::from(summary.shape),
            Value::from(manifest.shape),
        ),
        (
            "/threads",
            Value::from(summary.threads),
            Value::from(manifest.threads),
        ),
    ] {
        compare(field, &stated, &found, &mut differences);
    }
    Ok(differences)
}

fn each<R: Row>(
    run: &RunDir,
    mut count: impl FnMut(&R) -> Result<(), TallyError>,
) -> Result<(), Error> {
    let mut table = run.table_reader::<R>()?;
    while let Some(rows) = table.next_rows()? {
        rows.iter()
            .try_for_each(&mut count)
            .map_err(Error::tally(run.path()))?;
    }
    Ok(())
}

fn compare(at: &str, stated: &Value, found: &Value, out: &mut Vec<Difference>) {
    match (stated, found) {
        (Value::Object(left), Value::Object(right)) => {
            let missing = right.keys().filter(|key| !left.contains_key(*key));
            for key in left.keys().chain(missing) {
                let side = |object: &serde_json::Map<String, Value>| {
                    object.get(key).cloned().unwrap_or(Value::Null)
                };
                let pointer = key.replace('~', "~0").replace('/', "~1");
                compare(&format!("{at}/{pointer}"), &side(left), &side(right), out);
            }
        }
        _ if stated == found => {}
        _ => out.push(Difference {
            field: at.to_owned(),
            stated: stated.clone(),
            found: found.clone(),
        }),
    }
}

#[cfg(test)]
mod tests;
