//! The ratchet: what was too long when the limit came may stay, but not grow; what shrinks lowers
//! its entry for good.

use std::{collections::BTreeMap, fmt::Write as _};

use serde::Deserialize;

use super::{
    Finding, Tree,
    sizes::{self, FILE_LINES_MAX, FUNCTION_LINES_MAX, Measure},
};

/// Where the entries stand.
pub(crate) const FILE: &str = "xtask/ratchet.toml";

/// What to do about an entry above what it measures.
const LOWER: &str = "run `cargo xtask tidy --lower`";

/// What is over a limit and may be: name to lines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ratchet {
    #[serde(default)]
    pub(crate) files: BTreeMap<String, usize>,
    #[serde(default)]
    pub(crate) functions: BTreeMap<String, usize>,
}

impl Ratchet {
    /// Reads the entries; `None` when there is no such file.
    pub(crate) fn read(tree: &Tree) -> Result<Option<Self>, Finding> {
        let Some(text) = tree.text(FILE) else {
            return Ok(None);
        };
        toml::from_str(text).map(Some).map_err(|error| {
            Finding::error(
                "ratchet",
                FILE,
                1,
                format!("not as expected: {}", error.message()),
                "keep two tables, `files` and `functions`, of name to lines",
            )
        })
    }
}

/// Adds a finding for everything over `max` without an entry or above it, and for entries that are
/// higher than needed.
pub(crate) fn compare(
    rule: &'static str,
    max: usize,
    sizes: &BTreeMap<String, Measure>,
    allowed: &BTreeMap<String, usize>,
    findings: &mut Vec<Finding>,
) {
    for (name, measure) in sizes {
        let allowed = allowed.get(name).copied();
        if measure.lines <= allowed.unwrap_or(max).max(max) {
            continue;
        }
        let short = short(name);
        let what = match allowed {
            Some(before) => format!("{short} grew from {before} to {} lines", measure.lines),
            None => format!("{short} has {} lines, {max} at most", measure.lines),
        };
        findings.push(Finding::error(
            rule,
            &measure.file,
            measure.line,
            what,
            "split it: the parent decides, the parts do",
        ));
    }
    for (name, before) in allowed {
        let now = sizes.get(name).map_or(0, |measure| measure.lines);
        if now > max && now >= *before {
            continue;
        }
        let what = if now > max {
            format!("{name} shrank from {before} to {now} lines")
        } else {
            format!("{name} is within the limit, or gone")
        };
        findings.push(Finding::error("ratchet", FILE, 1, what, LOWER));
    }
}

/// A function's name without its file, which the finding tells anyway.
fn short(name: &str) -> &str {
    name.split_once(".rs:")
        .map_or(name, |(_, function)| function)
}

/// The text of the file with every entry as low as it can be. Nothing is added, except that
/// without a file all that is over a limit gets an entry.
pub(crate) fn lowered(tree: &Tree) -> Result<String, String> {
    let before = Ratchet::read(tree).map_err(|finding| finding.to_string())?;
    let sizes = sizes::measure(tree, &mut Vec::new());
    let lower = |measured: &BTreeMap<String, Measure>, old: Option<&BTreeMap<_, usize>>, max| {
        let over = measured.iter().filter(|(_, measure)| measure.lines > max);
        let kept = over.filter_map(|(name, measure)| {
            let lines = match old {
                Some(old) => measure.lines.min(*old.get(name)?),
                None => measure.lines,
            };
            Some((name.clone(), lines))
        });
        kept.collect::<BTreeMap<String, usize>>()
    };
    let (files, functions) = match &before {
        Some(before) => (Some(&before.files), Some(&before.functions)),
        None => (None, None),
    };
    Ok(render(&Ratchet {
        files: lower(&sizes.files, files, FILE_LINES_MAX),
        functions: lower(&sizes.functions, functions, FUNCTION_LINES_MAX),
    }))
}

fn render(ratchet: &Ratchet) -> String {
    let mut text = format!(
        "# Files over {FILE_LINES_MAX} lines and functions over {FUNCTION_LINES_MAX}: they may \
         shrink, never grow, and nothing joins\n# them. `cargo xtask tidy --lower` lowers and \
         removes entries.\n"
    );
    for (title, entries) in [("files", &ratchet.files), ("functions", &ratchet.functions)] {
        let _infallible = write!(text, "\n[{title}]\n");
        for (name, lines) in entries {
            let name = toml::Value::from(name.as_str());
            let _infallible = writeln!(text, "{name} = {lines}");
        }
    }
    text
}
