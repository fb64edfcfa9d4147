//! A small workspace that is in order, and what tidy says when one thing in it is not.

use std::collections::BTreeMap;

use super::*;

mod sizes;

const ROOT: &str = r#"[workspace]
members = [
    "crates/low",
    "crates/crypto",
    "sim/crypto-sized",
    "crates/middle",
    "sim/lab",
    "xtask",
]
exclude = ["fuzz"]

[workspace.package]
license = "MIT OR Apache-2.0"

[workspace.dependencies]
leek-low = { path = "crates/low" }
renamed = { path = "crates/middle", package = "leek-middle" }

[workspace.lints.rust]
unsafe_code = "forbid"
"#;

/// Folder, package, layer, dependency lines.
const PACKAGES: [(&str, &str, u8, &str); 6] = [
    ("crates/low", "leek-low", 0, ""),
    (
        "crates/crypto",
        "leek-crypto",
        1,
        "leek-low.workspace = true\nsha2 = \"1\"\n",
    ),
    (
        "sim/crypto-sized",
        "leek-crypto-sized",
        2,
        "leek-crypto.workspace = true\n",
    ),
    (
        "crates/middle",
        "leek-middle",
        3,
        "leek-crypto.workspace = true\n\n[dev-dependencies]\nleek-crypto-sized.workspace = true\n",
    ),
    (
        "sim/lab",
        "leek-lab",
        7,
        "leek-crypto-sized.workspace = true\n",
    ),
    (
        "xtask",
        "xtask",
        9,
        "leek-lab.workspace = true\nleek-middle.workspace = true\n",
    ),
];

/// The line of the first dependency in [`manifest`].
const FIRST_DEPENDENCY: usize = 17;

fn manifest(name: &str, layer: u8, dependencies: &str) -> String {
    format!(
        "[package]\nname = \"{name}\"\ndescription = \"A package\"\nversion.workspace = true\n\
         edition.workspace = true\nrust-version.workspace = true\nlicense.workspace = true\n\
         publish.workspace = true\n\n[package.metadata]\nlayer = {layer}\n\n[lints]\n\
         workspace = true\n\n[dependencies]\n{dependencies}"
    )
}

/// Path to text.
struct Fixture(BTreeMap<String, String>);

impl Fixture {
    fn new() -> Self {
        let mut files = Self(BTreeMap::new());
        files.put("Cargo.toml", ROOT);
        files.put("LICENSE-MIT", "text");
        files.put("LICENSE-APACHE", "text");
        for (folder, name, layer, dependencies) in PACKAGES {
            files.put(
                &format!("{folder}/Cargo.toml"),
                &manifest(name, layer, dependencies),
            );
            let readme = format!("# {name}\n\nWhat it is.\n\n## Not in this crate\n\nAll else.\n");
            files.put(&format!("{folder}/README.md"), &readme);
            let library = "#![doc = include_str!(\"../README.md\")]\n";
            files.put(&format!("{folder}/src/lib.rs"), library);
        }
        files
    }

    fn put(&mut self, path: &str, text: &str) -> &mut Self {
        self.0.insert(path.to_owned(), text.to_owned());
        self
    }

    /// Replaces `old`, which must be there, in a file.
    fn edit(&mut self, path: &str, old: &str, new: &str) -> &mut Self {
        let text = &self.0[path];
        assert!(text.contains(old), "{path} has no {old:?}");
        let text = text.replacen(old, new, 1);
        self.put(path, &text)
    }

    /// Adds a line to the dependencies of a package.
    fn depend(&mut self, folder: &str, line: &str) -> &mut Self {
        let new = format!("[dependencies]\n{line}\n");
        self.edit(&format!("{folder}/Cargo.toml"), "[dependencies]\n", &new)
    }

    fn findings(&self) -> Vec<Finding> {
        check(&Tree::of(self.0.clone()))
    }

    /// Asserts that there is exactly one finding, and where.
    #[track_caller]
    fn finds(&self, rule: &str, file: &str, line: usize) -> Finding {
        let findings = self.findings();
        let [finding] = &findings[..] else {
            panic!("{findings:#?}");
        };
        let place = (finding.rule, finding.file.as_str(), finding.line);
        assert_eq!(place, (rule, file, line), "{finding}");
        assert_eq!(finding.level, Level::Error);
        finding.clone()
    }
}

#[test]
fn the_fixture_is_tidy() {
    assert_eq!(Fixture::new().findings(), []);
}

#[test]
fn an_upward_edge_is_found() {
    let mut files = Fixture::new();
    let finding = files
        .depend("crates/low", "leek-middle = { path = \"../middle\" }")
        .finds("upward-edge", "crates/low/Cargo.toml", FIRST_DEPENDENCY);
    assert_eq!(
        finding.what,
        "leek-low (layer 0) depends on leek-middle (layer 3)"
    );
    assert!(
        finding
            .to_string()
            .contains("crates/low/Cargo.toml:17: error[upward-edge]")
    );
}

#[test]
fn an_upward_edge_cannot_hide() {
    for (line, at) in [
        ("renamed.workspace = true", 0),
        (
            "other = { path = \"../middle\", package = \"leek-middle\" }",
            0,
        ),
        ("\n[dev-dependencies]\nleek-middle.workspace = true", 2),
        ("\n[build-dependencies.leek-middle]\nworkspace = true", 1),
        (
            "\n[target.'cfg(unix)'.dependencies]\nleek-middle.workspace = true",
            2,
        ),
        (
            "\n[target.'cfg(unix)'.dev-dependencies]\nrenamed.workspace = true",
            2,
        ),
    ] {
        let mut files = Fixture::new();
        files.depend("crates/low", line);
        let line = FIRST_DEPENDENCY + at;
        files.finds("upward-edge", "crates/low/Cargo.toml", line);
    }
}

#[test]
fn a_sideways_edge_is_found() {
    let mut files = Fixture::new();
    files.edit("crates/middle/Cargo.toml", "layer = 3", "layer = 2");
    files.finds("sideways-edge", "crates/middle/Cargo.toml", 20);
}

#[test]
fn nobody_depends_on_the_top() {
    let mut files = Fixture::new();
    files.depend("sim/lab", "xtask = { path = \"../../xtask\" }");
    files.finds("edge-into-top", "sim/lab/Cargo.toml", FIRST_DEPENDENCY);
}

#[test]
fn the_fuzz_bodies_alone_may_use_xtask() {
    let mut files = Fixture::new();
    files.edit(
        "Cargo.toml",
        "    \"xtask\",",
        "    \"xtask\",\n    \"fuzz/bodies\",",
    );
    let dependencies = "xtask = { path = \"../../xtask\" }\n";
    let text = manifest("leek-fuzz-bodies", 9, dependencies);
    files.put("fuzz/bodies/Cargo.toml", &text);
    let readme = "# leek-fuzz-bodies\n\n## Not in this crate\n";
    files.put("fuzz/bodies/README.md", readme);
    assert_eq!(files.findings(), []);

    files.depend("xtask", "leek-fuzz-bodies = { path = \"../fuzz/bodies\" }");
    files.finds("edge-into-top", "xtask/Cargo.toml", FIRST_DEPENDENCY);
}

#[test]
fn layers_names_and_order_are_checked() {
    let mut files = Fixture::new();
    files.edit("crates/low/Cargo.toml", "layer = 0", "colour = 0");
    files.finds("layer-missing", "crates/low/Cargo.toml", 10);

    let mut files = Fixture::new();
    files.edit("sim/lab/Cargo.toml", "\"leek-lab\"", "\"leek-hall\"");
    files.edit("xtask/Cargo.toml", "leek-lab.workspace = true\n", "");
    files.edit(
        "sim/lab/Cargo.toml",
        "leek-crypto-sized.workspace = true\n",
        "",
    );
    files.edit("sim/lab/README.md", "# leek-lab", "# leek-hall");
    files.finds("package-name", "sim/lab/Cargo.toml", 2);

    let mut files = Fixture::new();
    files.edit("Cargo.toml", "    \"crates/low\",\n", "");
    files.edit(
        "Cargo.toml",
        "    \"xtask\",",
        "    \"xtask\",\n    \"crates/low\",",
    );
    files.finds("members-order", "Cargo.toml", 8);
}

#[test]
fn packages_outside_the_list_are_found() {
    let mut files = Fixture::new();
    files.put(
        "crates/stray/Cargo.toml",
        "[package]\nname = \"leek-stray\"\n",
    );
    files.put("fuzz/Cargo.toml", "[package]\nname = \"leek-fuzz\"\n");
    files.finds("members", "crates/stray/Cargo.toml", 1);

    let mut files = Fixture::new();
    files.edit(
        "Cargo.toml",
        "    \"xtask\",",
        "    \"xtask\",\n    \"gone/*\",",
    );
    files.finds("members", "Cargo.toml", 9);
}

#[test]
fn only_the_laboratory_has_the_insecure_suite() {
    for user in ["crates/middle", "xtask"] {
        let mut files = Fixture::new();
        files.depend(user, "leek-crypto-sized.workspace = true");
        let file = format!("{user}/Cargo.toml");
        files.finds("insecure-suite", &file, FIRST_DEPENDENCY);
    }
}

#[test]
fn primitives_and_networks_are_kept_in_their_place() {
    for (folder, line, rule) in [
        ("crates/middle", "sha2 = \"1\"", Some("primitive")),
        ("xtask", "aws-lc-rs = \"1\"", Some("primitive")),
        (
            "sim/lab",
            "x = { package = \"x25519-dalek\", version = \"1\" }",
            Some("primitive"),
        ),
        ("sim/crypto-sized", "chacha20 = \"1\"", None),
        (
            "crates/middle",
            "tokio = \"1\"",
            Some("network-below-driver"),
        ),
        (
            "crates/middle",
            "tonic-prost = \"1\"",
            Some("network-below-driver"),
        ),
        ("crates/middle", "h2o = \"1\"", None),
        ("sim/lab", "tokio = \"1\"", None),
    ] {
        let mut files = Fixture::new();
        files.depend(folder, line);
        match rule {
            Some(rule) => {
                files.finds(rule, &format!("{folder}/Cargo.toml"), FIRST_DEPENDENCY);
            }
            None => assert_eq!(files.findings(), [], "{folder}: {line}"),
        }
    }
}

#[test]
fn every_package_has_a_readme_of_the_house_shape() {
    let mut files = Fixture::new();
    files.0.remove("sim/lab/README.md");
    files.finds("readme", "sim/lab/Cargo.toml", 1);

    let mut files = Fixture::new();
    files.edit(
        "sim/lab/README.md",
        "# leek-lab",
        "<!-- a -->\n# The laboratory",
    );
    files.finds("readme-heading", "sim/lab/README.md", 2);

    let mut files = Fixture::new();
    files.edit("sim/lab/README.md", "## Not in this crate", "## Elsewhere");
    files.finds("readme-section", "sim/lab/README.md", 1);

    let mut files = Fixture::new();
    files.edit("sim/lab/src/lib.rs", "#![doc", "//! Docs.\n#![doc");
    files.finds("readme-as-doc", "sim/lab/src/lib.rs", 1);
}

#[test]
fn manifests_inherit() {
    let mut files = Fixture::new();
    files.edit("sim/lab/Cargo.toml", "[lints]\nworkspace = true\n", "");
    files.finds("lints", "sim/lab/Cargo.toml", 1);

    let mut files = Fixture::new();
    files.edit(
        "sim/lab/Cargo.toml",
        "license.workspace = true",
        "license = \"GPL-3.0\"",
    );
    files.finds("inherited-key", "sim/lab/Cargo.toml", 7);

    let mut files = Fixture::new();
    files.edit("sim/lab/Cargo.toml", "description = \"A package\"\n", "");
    files.finds("description", "sim/lab/Cargo.toml", 1);

    let mut files = Fixture::new();
    files.edit("Cargo.toml", "\"forbid\"", "\"deny\"");
    files.finds("unsafe-code", "Cargo.toml", 20);

    let mut files = Fixture::new();
    files.edit("Cargo.toml", "MIT OR Apache-2.0", "MIT");
    files.finds("licence", "Cargo.toml", 13);

    let mut files = Fixture::new();
    files.put("LICENSE-MIT", "");
    files.finds("licence", "LICENSE-MIT", 1);

    let mut files = Fixture::new();
    files.put("sim/lab/Cargo.toml", "[package\n");
    files.edit("xtask/Cargo.toml", "leek-lab.workspace = true\n", "");
    let rules: Vec<_> = files
        .findings()
        .iter()
        .map(|finding| finding.rule)
        .collect();
    // Unreadable, and therefore no member.
    assert_eq!(rules, ["manifest", "members"]);
}

#[test]
fn paths_of_one_machine_are_found() {
    let mut files = Fixture::new();
    let path = ["", "work", "main"].join("/");
    files.put("docs/page.md", &format!("First.\nSee {path}.\n"));
    files.finds("forbidden-text", "docs/page.md", 2);
}

#[test]
fn json_says_the_same() {
    let mut files = Fixture::new();
    files.put(sizes::LIBRARY, &sizes::function("long", 71));
    let json = finding::to_json(&files.findings());
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["ok"], false);
    assert_eq!(json["findings"][0]["file"], sizes::LIBRARY);
    assert_eq!(json["findings"][0]["line"], 1);
    assert_eq!(json["findings"][0]["level"], "error");
    assert_eq!(json["findings"][0]["rule"], "function-length");
}
