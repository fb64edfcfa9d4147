use std::fmt;

use serde::Serialize;

use super::Tree;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    /// The check fails.
    Error,
    /// Told, and no more.
    Warning,
}

/// Something that is not as the design demands: where, what, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Finding {
    pub(crate) level: Level,
    /// Path from the root of the repository.
    pub(crate) file: String,
    /// Counted from 1.
    pub(crate) line: usize,
    /// A short name of the rule, stable.
    pub(crate) rule: &'static str,
    pub(crate) what: String,
    pub(crate) remedy: String,
}

impl Finding {
    /// A finding that fails the check.
    pub(crate) fn error(
        rule: &'static str,
        file: impl Into<String>,
        line: usize,
        what: String,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            level: Level::Error,
            file: file.into(),
            line,
            rule,
            what,
            remedy: remedy.into(),
        }
    }

    /// The same, as a warning.
    #[must_use]
    pub(crate) fn into_warning(self) -> Self {
        Self {
            level: Level::Warning,
            ..self
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            level,
            file,
            line,
            rule,
            what,
            remedy,
        } = self;
        let level = match level {
            Level::Error => "error",
            Level::Warning => "warning",
        };
        write!(
            f,
            "{file}:{line}: {level}[{rule}]: {what}\n    remedy: {remedy}"
        )
    }
}

/// `{"ok":…,"findings":[…]}`.
pub(crate) fn to_json(findings: &[Finding]) -> String {
    let ok = findings.iter().all(|f| f.level == Level::Warning);
    serde_json::json!({ "ok": ok, "findings": findings }).to_string()
}

/// The last line of the text form.
pub(crate) fn summary(findings: &[Finding], tree: &Tree) -> String {
    let errors = findings.iter().filter(|f| f.level == Level::Error).count();
    let warnings = findings.len() - errors;
    let files = tree.files().count();
    format!("tidy: {errors} errors, {warnings} warnings in {files} files")
}
