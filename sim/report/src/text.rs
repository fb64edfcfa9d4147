//! The summary on a terminal. Everything here is made from [`Summary`], so it cannot say anything
//! that `summary.json` does not.

mod page;
mod render;
pub(crate) mod safe;
mod spark;
pub(crate) mod units;

use std::path::Path;

pub use render::render_text;
pub use safe::escaped;

use crate::run_dir::EFFECTIVE_FILE;
use crate::summary::{NO_DIGEST, Summary};
use crate::verdict::Verdict;

/// The last line of a run, without a line end: `PASS seed=7 digest=0123456789abcdef run=<dir>`.
#[must_use]
pub fn last_line(summary: &Summary, run_dir: &Path) -> String {
    let Summary {
        verdict,
        seed,
        digest,
        ..
    } = summary;
    let digest = escaped(digest);
    let run = escaped(&run_dir.display().to_string());
    format!("{verdict} seed={seed} digest={digest} run={run}")
}

/// The line before the last one, for every verdict but a pass:
/// `reproduce: leek run <dir>/effective.toml`, ready for a POSIX shell; `leek net run` for a run
/// in real time.
#[must_use]
pub fn reproduce_line(summary: &Summary, run_dir: &Path) -> Option<String> {
    let command = if summary.digest == NO_DIGEST {
        "leek net run"
    } else {
        "leek run"
    };
    (summary.verdict != Verdict::Pass).then(|| {
        format!(
            "reproduce: {command} {}",
            safe::shell_word(&run_dir.join(EFFECTIVE_FILE))
        )
    })
}

/// How a run ends on the terminal: the line of [`reproduce_line`], if any, then [`last_line`],
/// each with its line end.
#[must_use]
pub fn closing_lines(summary: &Summary, run_dir: &Path) -> String {
    let reproduce = reproduce_line(summary, run_dir)
        .map(|line| line + "\n")
        .unwrap_or_default();
    format!("{reproduce}{}\n", last_line(summary, run_dir))
}

#[cfg(test)]
mod tests;
