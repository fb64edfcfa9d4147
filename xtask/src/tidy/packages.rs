//! What each package carries: the workspace's lints and licence, a README that is the crate's
//! documentation.

use super::{Finding, Tree, Workspace, workspace::Package};

/// Keys of `[package]` that every member takes from the workspace.
const INHERITED: [&str; 5] = ["version", "edition", "rust-version", "license", "publish"];

/// The licence of all packages.
const LICENCE: &str = "MIT OR Apache-2.0";

/// The texts of the licence.
const LICENCE_FILES: [&str; 2] = ["LICENSE-MIT", "LICENSE-APACHE"];

/// The first line of every library.
const README_AS_DOC: &str = r#"#![doc = include_str!("../README.md")]"#;

/// A section that every README has: what a reader may look for in vain.
const NOT_HERE: &str = "## Not in this crate";

/// Packages without that section: generated messages only.
const WITHOUT_NOT_HERE: [&str; 1] = ["leek-proto"];

pub(crate) fn check(tree: &Tree, workspace: &Workspace<'_>, findings: &mut Vec<Finding>) {
    check_root(tree, workspace, findings);
    for package in &workspace.packages {
        check_manifest(package, findings);
        check_readme(tree, package, findings);
        check_library(tree, package, findings);
    }
}

fn check_root(tree: &Tree, workspace: &Workspace<'_>, findings: &mut Vec<Finding>) {
    let root = &workspace.root;
    let unsafe_code = ["workspace", "lints", "rust", "unsafe_code"];
    let level = root
        .text(&unsafe_code)
        .or_else(|| root.text(&["workspace", "lints", "rust", "unsafe_code", "level"]));
    if level != Some("forbid") {
        findings.push(Finding::error(
            "unsafe-code",
            root.file,
            root.line(&unsafe_code),
            "unsafe code is not forbidden".to_owned(),
            "set `unsafe_code = \"forbid\"` under [workspace.lints.rust]",
        ));
    }
    let licence = ["workspace", "package", "license"];
    if root.text(&licence) != Some(LICENCE) {
        findings.push(Finding::error(
            "licence",
            root.file,
            root.line(&licence),
            format!("the workspace's licence is not `{LICENCE}`"),
            format!("set `license = \"{LICENCE}\"` under [workspace.package]"),
        ));
    }
    for file in LICENCE_FILES {
        if tree.text(file).is_none_or(str::is_empty) {
            findings.push(Finding::error(
                "licence",
                file,
                1,
                "the licence's text is missing".to_owned(),
                "restore the file",
            ));
        }
    }
}

fn check_manifest(package: &Package<'_>, findings: &mut Vec<Finding>) {
    let manifest = &package.manifest;
    if !manifest.is_true(&["lints", "workspace"]) {
        findings.push(Finding::error(
            "lints",
            manifest.file,
            manifest.line(&["lints"]),
            format!("{} does not inherit the workspace's lints", package.name),
            "add `[lints]` with `workspace = true`, and nothing else there",
        ));
    }
    for key in INHERITED {
        if !manifest.is_true(&["package", key, "workspace"]) {
            findings.push(Finding::error(
                "inherited-key",
                manifest.file,
                manifest.line(&["package", key]),
                format!("{} states its own `{key}`, or none", package.name),
                format!("write `{key}.workspace = true`"),
            ));
        }
    }
    if manifest
        .text(&["package", "description"])
        .is_none_or(str::is_empty)
    {
        findings.push(Finding::error(
            "description",
            manifest.file,
            manifest.line(&["package"]),
            format!("{} has no description", package.name),
            "say in one phrase what the crate is",
        ));
    }
}

fn check_readme(tree: &Tree, package: &Package<'_>, findings: &mut Vec<Finding>) {
    let file = format!("{}/README.md", package.folder);
    let Some(text) = tree.text(&file) else {
        findings.push(Finding::error(
            "readme",
            package.manifest.file,
            1,
            format!("{} has no README.md", package.name),
            format!("write {file}: what it is, core ideas, `{NOT_HERE}`, an example"),
        ));
        return;
    };
    let heading = format!("# {}", package.name);
    let first = text
        .lines()
        .enumerate()
        .find(|(_, line)| line.starts_with('#'));
    if first.is_none_or(|(_, line)| line.trim_end() != heading) {
        findings.push(Finding::error(
            "readme-heading",
            file.clone(),
            first.map_or(1, |(at, _)| at + 1),
            "the first heading is not the package's name".to_owned(),
            format!("begin with `{heading}`"),
        ));
    }
    let exempt = WITHOUT_NOT_HERE.contains(&package.name.as_str());
    if !exempt && !text.lines().any(|line| line.trim_end() == NOT_HERE) {
        findings.push(Finding::error(
            "readme-section",
            file,
            1,
            format!("there is no section `{NOT_HERE}`"),
            "say what a reader may expect here and where it is instead",
        ));
    }
}

fn check_library(tree: &Tree, package: &Package<'_>, findings: &mut Vec<Finding>) {
    let file = format!("{}/src/lib.rs", package.folder);
    let Some(text) = tree.text(&file) else {
        return;
    };
    if text.lines().next() != Some(README_AS_DOC) {
        findings.push(Finding::error(
            "readme-as-doc",
            file,
            1,
            "the crate's documentation is not its README".to_owned(),
            format!("make `{README_AS_DOC}` the first line"),
        ));
    }
}
