use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

/// Folders that hold no source, where git cannot tell.
const SKIPPED: [&str; 5] = [".git", "target", "runs", "node_modules", "__pycache__"];

/// The text of every file of the repository that is tracked or would be: path (with `/`) to text.
/// Files that are not UTF-8 are left out.
#[derive(Default)]
pub(crate) struct Tree(BTreeMap<String, String>);

impl Tree {
    /// Reads the repository at `root`: what git tracks or would add; without git, all files but
    /// those of build folders.
    ///
    /// # Errors
    /// A message when a folder or file cannot be read.
    pub(crate) fn load(root: &Path) -> Result<Self, String> {
        let paths = match tracked(root) {
            Some(paths) => paths,
            None => walk(root)?,
        };
        let mut files = BTreeMap::new();
        for path in paths {
            match fs::read(root.join(&path)) {
                Ok(bytes) => {
                    if let Ok(text) = String::from_utf8(bytes) {
                        files.insert(path, text);
                    }
                }
                // Tracked, but removed since; or a link to a folder.
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::NotFound | io::ErrorKind::IsADirectory
                    ) => {}
                Err(error) => return Err(format!("read {path}: {error}")),
            }
        }
        Ok(Self(files))
    }

    /// A tree of these files.
    #[cfg(test)]
    pub(crate) fn of(files: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(files.into_iter().collect())
    }

    /// The text of a file.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }

    /// Path and text of every file, by path.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }
}

/// What git tracks or would add; `None` when `root` is no git checkout or there is no git.
fn tracked(root: &Path) -> Option<Vec<String>> {
    if !root.join(".git").exists() {
        return None;
    }
    let arguments = "ls-files -z --cached --others --exclude-standard --deduplicate";
    let listed = Command::new("git")
        .args(arguments.split(' '))
        .current_dir(root)
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let paths = String::from_utf8(listed.stdout).ok()?;
    Some(paths.split_terminator('\0').map(str::to_owned).collect())
}

/// Every file below `root`, but those in build folders.
fn walk(root: &Path) -> Result<Vec<String>, String> {
    let mut paths = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let at = root.join(&folder);
        let entries = fs::read_dir(&at).map_err(|e| format!("list {}: {e}", at.display()))?;
        for entry in entries {
            let entry = entry.map_err(|e| format!("list {}: {e}", at.display()))?;
            let kind = entry
                .file_type()
                .map_err(|e| format!("list {}: {e}", at.display()))?;
            let path = folder.join(entry.file_name());
            if kind.is_file() {
                paths.push(slashed(&path));
            } else if kind.is_dir() && !SKIPPED.iter().any(|name| path.ends_with(name)) {
                folders.push(path);
            }
        }
    }
    Ok(paths)
}

fn slashed(path: &Path) -> String {
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_repository_is_read_with_and_without_git() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let walked = walk(root).unwrap();
        assert!(walked.contains(&"xtask/src/tidy/tree.rs".to_owned()));
        assert!(!walked.iter().any(|path| path.starts_with("target/")));
        let tree = Tree::load(root).unwrap();
        assert!(tree.text("Cargo.toml").unwrap().contains("[workspace]"));
    }
}
