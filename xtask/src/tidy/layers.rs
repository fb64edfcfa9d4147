//! Layers: a package depends only on lower ones, dev- and build-dependencies included, and the
//! root manifest lists members from the lowest layer up.

use super::{Finding, Workspace, workspace::Package};

/// Packages at the top, free of the rule as sources; nobody depends on them.
const TOP: i64 = 9;

/// The one edge into the top: the fuzz target of vector files calls their reader.
const EDGES_INTO_TOP: [(&str, &str); 1] = [("leek-fuzz-bodies", "xtask")];

/// Packages whose name is not `leek-` and the folder, by folder.
const NAMES: [(&str, &str); 2] = [("xtask", "xtask"), ("fuzz/bodies", "leek-fuzz-bodies")];

pub(crate) fn check(workspace: &Workspace<'_>, findings: &mut Vec<Finding>) {
    for package in &workspace.packages {
        check_name(package, findings);
        if package.layer.is_none() {
            let file = package.manifest.file;
            findings.push(Finding::error(
                "layer-missing",
                file,
                package.manifest.line(&["package", "metadata"]),
                format!("{} states no layer", package.name),
                "add `[package.metadata]` with `layer = N`, one above its highest dependency",
            ));
        }
        check_edges(workspace, package, findings);
    }
    check_order(workspace, findings);
}

fn check_name(package: &Package<'_>, findings: &mut Vec<Finding>) {
    let exception = NAMES.iter().find(|(folder, _)| *folder == package.folder);
    let last = package.folder.rsplit('/').next().unwrap_or_default();
    let expected = exception.map_or_else(|| format!("leek-{last}"), |(_, name)| (*name).to_owned());
    if package.name != expected {
        findings.push(Finding::error(
            "package-name",
            package.manifest.file,
            package.manifest.line(&["package", "name"]),
            format!(
                "package `{}` stands in folder `{}`",
                package.name, package.folder
            ),
            format!("call it `{expected}`, or rename the folder"),
        ));
    }
}

fn check_edges(workspace: &Workspace<'_>, package: &Package<'_>, findings: &mut Vec<Finding>) {
    for dependency in &package.dependencies {
        let Some(target) = workspace.package(&dependency.name) else {
            continue;
        };
        let (Some(from), Some(to)) = (package.layer, target.layer) else {
            continue;
        };
        let (rule, remedy) = if to == TOP {
            let edge = (package.name.as_str(), target.name.as_str());
            if EDGES_INTO_TOP.contains(&edge) {
                continue;
            }
            ("edge-into-top", "move what both need into a crate below")
        } else if from == TOP || to < from {
            continue;
        } else if to == from {
            (
                "sideways-edge",
                "move what both need a layer down, or raise one of the two layers",
            )
        } else {
            (
                "upward-edge",
                "turn the dependency around: define the trait or value here and let the higher \
                 layer supply it",
            )
        };
        findings.push(Finding::error(
            rule,
            package.manifest.file,
            dependency.line,
            format!(
                "{} (layer {from}) {}depends on {} (layer {to})",
                package.name,
                dependency.kind.prefix(),
                target.name
            ),
            remedy,
        ));
    }
}

fn check_order(workspace: &Workspace<'_>, findings: &mut Vec<Finding>) {
    let mut below: Option<(i64, &str)> = None;
    for package in &workspace.packages {
        let Some(layer) = package.layer else { continue };
        match below {
            Some((lower, name)) if layer < lower => findings.push(Finding::error(
                "members-order",
                workspace.root.file,
                package.listed_at,
                format!(
                    "{} (layer {layer}) is listed after {name} (layer {lower})",
                    package.name
                ),
                "order `members` by layer, lowest first",
            )),
            _ => below = Some((layer, &package.name)),
        }
    }
}
