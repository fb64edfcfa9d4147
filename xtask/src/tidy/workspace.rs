//! The workspace as its manifests state it: packages, layers, dependencies.

use std::collections::BTreeMap;

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{Finding, Tree, manifest::Manifest};

/// The root manifest and the manifests of all members.
pub(crate) struct Workspace<'t> {
    pub(crate) root: Manifest<'t>,
    /// In the order of `members`.
    pub(crate) packages: Vec<Package<'t>>,
}

/// One member.
pub(crate) struct Package<'t> {
    pub(crate) manifest: Manifest<'t>,
    /// Path from the root, such as `crates/onion`.
    pub(crate) folder: String,
    /// Where the root manifest lists it.
    pub(crate) listed_at: usize,
    pub(crate) name: String,
    /// `[package.metadata] layer`, where there is one.
    pub(crate) layer: Option<i64>,
    pub(crate) dependencies: Vec<Dependency>,
}

/// One dependency of a package, under the name that the depended package has itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) line: usize,
}

/// Which table a dependency stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Normal,
    Dev,
    Build,
}

impl Kind {
    /// The table's names; the second spelling is deprecated and works.
    const TABLES: [(&'static str, Self); 5] = [
        ("dependencies", Self::Normal),
        ("dev-dependencies", Self::Dev),
        ("dev_dependencies", Self::Dev),
        ("build-dependencies", Self::Build),
        ("build_dependencies", Self::Build),
    ];

    /// The word that goes before "depends".
    pub(crate) const fn prefix(self) -> &'static str {
        match self {
            Self::Normal => "",
            Self::Dev => "dev-",
            Self::Build => "build-",
        }
    }
}

impl<'t> Workspace<'t> {
    /// Reads the root manifest and those of its members; adds a finding for each that cannot be
    /// read, for members that are no plain path, and for manifests that no list names. `None`
    /// without a root manifest.
    pub(crate) fn read(tree: &'t Tree, findings: &mut Vec<Finding>) -> Option<Self> {
        let root = parse(tree, "Cargo.toml", findings)?;
        let renames = renames(&root);
        let mut packages = Vec::new();
        for member in strings(root.get(&["workspace", "members"])) {
            let folder = member.get_ref().as_str().unwrap_or_default();
            let listed_at = root.line_of(member);
            let file = format!("{folder}/Cargo.toml");
            // The tree's own key outlives the formatted one.
            let Some((file, _)) = tree.files().find(|(path, _)| *path == file) else {
                findings.push(Finding::error(
                    "members",
                    "Cargo.toml",
                    listed_at,
                    format!("member `{folder}` has no Cargo.toml"),
                    "list each member by its folder, without patterns",
                ));
                continue;
            };
            let Some(manifest) = parse(tree, file, findings) else {
                continue;
            };
            packages.push(Package::new(manifest, folder, listed_at, &renames));
        }
        let workspace = Self { root, packages };
        workspace.find_strays(tree, findings);
        Some(workspace)
    }

    /// The member of a name.
    pub(crate) fn package(&self, name: &str) -> Option<&Package<'t>> {
        self.packages.iter().find(|package| package.name == name)
    }

    /// Manifests that are neither members nor excluded: checks would not see them.
    fn find_strays(&self, tree: &Tree, findings: &mut Vec<Finding>) {
        let excluded: Vec<_> = strings(self.root.get(&["workspace", "exclude"]))
            .filter_map(|folder| folder.get_ref().as_str())
            .map(|folder| format!("{folder}/"))
            .collect();
        for (path, _) in tree.files() {
            let Some(folder) = path.strip_suffix("/Cargo.toml") else {
                continue;
            };
            let member = self.packages.iter().any(|p| p.folder == folder);
            if !member && !excluded.iter().any(|outside| path.starts_with(outside)) {
                findings.push(Finding::error(
                    "members",
                    path,
                    1,
                    format!("`{folder}` is a package that the root manifest does not list"),
                    "add it to `members` of the root Cargo.toml, in the place of its layer",
                ));
            }
        }
    }
}

impl<'t> Package<'t> {
    fn new(
        manifest: Manifest<'t>,
        folder: &str,
        listed_at: usize,
        renames: &BTreeMap<String, String>,
    ) -> Self {
        let name = manifest.text(&["package", "name"]).unwrap_or_default();
        let layer = manifest.get(&["package", "metadata", "layer"]);
        let layer = layer
            .and_then(|layer| layer.get_ref().as_integer())
            .and_then(|layer| i64::from_str_radix(layer.as_str(), layer.radix()).ok());
        Self {
            name: name.to_owned(),
            folder: folder.to_owned(),
            listed_at,
            layer,
            dependencies: dependencies(&manifest, renames),
            manifest,
        }
    }
}

fn parse<'t>(tree: &'t Tree, file: &'t str, findings: &mut Vec<Finding>) -> Option<Manifest<'t>> {
    match Manifest::parse(file, tree.text(file)?) {
        Ok(manifest) => Some(manifest),
        Err(finding) => {
            findings.push(finding);
            None
        }
    }
}

fn strings<'a, 't>(
    list: Option<&'a Spanned<DeValue<'t>>>,
) -> impl Iterator<Item = &'a Spanned<DeValue<'t>>> {
    list.and_then(|list| list.get_ref().as_array())
        .into_iter()
        .flat_map(|list| list.iter())
}

/// Keys of `[workspace.dependencies]` that stand for a package of another name.
fn renames(root: &Manifest<'_>) -> BTreeMap<String, String> {
    let mut renames = BTreeMap::new();
    for (key, value) in root
        .table(&["workspace", "dependencies"])
        .into_iter()
        .flatten()
    {
        if let Some(package) = renamed(value) {
            renames.insert(key.get_ref().to_string(), package.to_owned());
        }
    }
    renames
}

/// The `package` key of a dependency.
fn renamed<'a>(value: &'a Spanned<DeValue<'_>>) -> Option<&'a str> {
    let table = value.get_ref().as_table()?;
    table.get("package")?.get_ref().as_str()
}

fn dependencies(manifest: &Manifest<'_>, renames: &BTreeMap<String, String>) -> Vec<Dependency> {
    let targets = manifest.table(&["target"]).into_iter().flatten();
    let targets = targets.filter_map(|(_, value)| value.get_ref().as_table());
    let mut found = Vec::new();
    for table in manifest.table(&[]).into_iter().chain(targets) {
        for (name, kind) in Kind::TABLES {
            let listed = table.get(name).and_then(|value| value.get_ref().as_table());
            add_table(manifest, listed, kind, renames, &mut found);
        }
    }
    found
}

fn add_table(
    manifest: &Manifest<'_>,
    listed: Option<&DeTable<'_>>,
    kind: Kind,
    renames: &BTreeMap<String, String>,
    found: &mut Vec<Dependency>,
) {
    for (key, value) in listed.into_iter().flatten() {
        let name: &str = key.get_ref();
        let own = renamed(value).or_else(|| renames.get(name).map(String::as_str));
        found.push(Dependency {
            name: own.unwrap_or(name).to_owned(),
            kind,
            line: manifest.line_of(key),
        });
    }
}
