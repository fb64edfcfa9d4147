//! Licences of all packages that a build may use.

use std::{env, path::Path, process::Command};

use serde::Deserialize;

use super::Finding;

/// Licences that may be linked into a program under MIT OR Apache-2.0. No GPL, no AGPL.
const ALLOWED: [&str; 12] = [
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Exceptions to a licence that only add permissions.
const ALLOWED_EXCEPTIONS: [&str; 1] = ["LLVM-exception"];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    name: String,
    version: String,
    license: Option<String>,
}

/// A finding for every package of the lock file whose licence is not allowed.
///
/// # Errors
/// `cargo metadata` failed, for one because the lock file is out of date.
pub(crate) fn check(root: &Path) -> Result<Vec<Finding>, String> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(root)
        .output()
        .map_err(|e| format!("run cargo metadata: {e}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("cargo metadata failed: {}", said.trim()));
    }
    let metadata: Metadata = serde_json::from_slice(&output.stdout)
        .map_err(|e| format!("read what cargo metadata says: {e}"))?;
    Ok(findings(&metadata.packages))
}

fn findings(packages: &[Listed]) -> Vec<Finding> {
    packages
        .iter()
        .filter(|package| !package.license.as_deref().is_some_and(is_allowed))
        .map(|package| {
            let licence = package.license.as_deref().unwrap_or("none stated");
            Finding::error(
                "dependency-licence",
                "Cargo.lock",
                1,
                format!(
                    "{} {} has licence: {licence}",
                    package.name, package.version
                ),
                "use another crate; a licence joins the list only by a decision of the project",
            )
        })
        .collect()
}

/// Whether an SPDX expression can be met with allowed licences alone. `/` is an old `OR`.
fn is_allowed(expression: &str) -> bool {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let mut tokens = spaced.split_whitespace().peekable();
    any_of(&mut tokens) == Some(true) && tokens.next().is_none()
}

type Tokens<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any_of(tokens: &mut Tokens<'_>) -> Option<bool> {
    let mut met = all_of(tokens)?;
    while tokens.next_if_eq(&"OR").is_some() {
        met |= all_of(tokens)?;
    }
    Some(met)
}

fn all_of(tokens: &mut Tokens<'_>) -> Option<bool> {
    let mut met = one(tokens)?;
    while tokens.next_if_eq(&"AND").is_some() {
        met &= one(tokens)?;
    }
    Some(met)
}

fn one(tokens: &mut Tokens<'_>) -> Option<bool> {
    let name = tokens.next()?;
    if name == "(" {
        let met = any_of(tokens)?;
        return (tokens.next()? == ")").then_some(met);
    }
    let mut met = ALLOWED.contains(&name);
    if tokens.next_if_eq(&"WITH").is_some() {
        met &= ALLOWED_EXCEPTIONS.contains(&tokens.next()?);
    }
    Some(met)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions() {
        for allowed in [
            "MIT",
            "MIT/Apache-2.0",
            "Apache-2.0 / MIT",
            "GPL-3.0 OR MIT",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR GPL-2.0",
            "ISC AND (Apache-2.0 OR AGPL-3.0) AND BSD-3-Clause",
        ] {
            assert!(is_allowed(allowed), "{allowed}");
        }
        for refused in [
            "",
            "GPL-3.0",
            "AGPL-3.0-only",
            "MIT AND GPL-3.0-or-later",
            "MIT OR",
            "(MIT",
            "MIT Apache-2.0",
            "Apache-2.0 WITH Classpath-exception-2.0",
        ] {
            assert!(!is_allowed(refused), "{refused}");
        }
    }

    #[test]
    fn packages_with_other_licences_are_named() {
        let package = |name: &str, license: Option<&str>| Listed {
            name: name.to_owned(),
            version: "1.2.3".to_owned(),
            license: license.map(str::to_owned),
        };
        let packages = [
            package("good", Some("MIT")),
            package("copyleft", Some("GPL-3.0")),
            package("silent", None),
        ];
        let found = findings(&packages);
        let found: Vec<_> = found.iter().map(|finding| finding.what.as_str()).collect();
        assert_eq!(
            found,
            [
                "copyleft 1.2.3 has licence: GPL-3.0",
                "silent 1.2.3 has licence: none stated"
            ]
        );
    }
}
