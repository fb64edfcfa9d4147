//! `cargo xtask tidy`: what the design demands of the whole repository and the compiler cannot
//! check.
//!
//! Every check but two is a pure function of a [`Tree`], the text of all tracked files; the two ask
//! `cargo metadata` for licences and the generator for its output.

use std::path::Path;

mod bans;
mod finding;
mod functions;
mod layers;
mod licences;
mod manifest;
mod packages;
mod ratchet;
mod sizes;
mod tree;
mod words;
mod workspace;

#[cfg(test)]
mod tests;

use finding::{Finding, Level};
use tree::Tree;
use workspace::Workspace;

use crate::{codegen, terminal};

/// Checks the repository at `root` and prints what it found; `Ok(false)` when something must be
/// mended.
///
/// # Errors
/// The repository cannot be read.
pub(crate) fn run(root: &Path, json: bool) -> Result<bool, String> {
    let tree = Tree::load(root)?;
    let mut findings = check(&tree);
    match licences::check(root) {
        Ok(more) => findings.extend(more),
        // Told beside what the manifests show: the lock file is most often stale because of them.
        Err(error) => findings.push(Finding::error(
            "licences",
            "Cargo.lock",
            1,
            error,
            "mend the manifests, then run `cargo check` to renew the lock file",
        )),
    }
    if let Err(error) = codegen::run(true) {
        findings.push(Finding::error(
            "generated-code",
            "proto/src/generated",
            1,
            error,
            "run `cargo xtask codegen` and commit what it wrote",
        ));
    }
    findings.sort();
    findings.dedup();
    let failed = findings.iter().any(|f| f.level == Level::Error);
    if json {
        terminal::say(&finding::to_json(&findings));
    } else {
        for finding in &findings {
            terminal::say(&finding.to_string());
        }
        terminal::say(&finding::summary(&findings, &tree));
    }
    Ok(!failed)
}

/// Rewrites `xtask/ratchet.toml`, where entries may only fall or go.
///
/// # Errors
/// The repository cannot be read or the file not be written.
pub(crate) fn lower(root: &Path) -> Result<(), String> {
    let tree = Tree::load(root)?;
    let text = ratchet::lowered(&tree)?;
    let path = root.join(ratchet::FILE);
    std::fs::write(&path, text).map_err(|e| format!("write {}: {e}", path.display()))
}

/// The checks that need the tracked text alone.
fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    match Workspace::read(tree, &mut findings) {
        Some(workspace) => {
            layers::check(&workspace, &mut findings);
            bans::check(&workspace, &mut findings);
            packages::check(tree, &workspace, &mut findings);
        }
        None => findings.push(Finding::error(
            "manifest",
            "Cargo.toml",
            1,
            "there is no root manifest to read".to_owned(),
            "run the task inside the repository",
        )),
    }
    sizes::check(tree, &mut findings);
    words::check(tree, &mut findings);
    findings
}
