//! Reading manifests with the line of everything read.

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::Finding;

/// A parsed `Cargo.toml`, borrowed from the tree.
pub(crate) struct Manifest<'t> {
    pub(crate) file: &'t str,
    text: &'t str,
    table: Spanned<DeTable<'t>>,
}

impl<'t> Manifest<'t> {
    /// Parses `text`.
    ///
    /// # Errors
    /// A finding that says where the file is no TOML.
    pub(crate) fn parse(file: &'t str, text: &'t str) -> Result<Self, Finding> {
        match DeTable::parse(text) {
            Ok(table) => Ok(Self { file, text, table }),
            Err(error) => Err(Finding::error(
                "manifest",
                file,
                line_at(text, error.span().map_or(0, |span| span.start)),
                format!("not TOML: {}", error.message()),
                "mend the file",
            )),
        }
    }

    /// The value at a path of keys.
    pub(crate) fn get(&self, path: &[&str]) -> Option<&Spanned<DeValue<'t>>> {
        let (last, tables) = path.split_last()?;
        let mut table = self.table.get_ref();
        for key in tables {
            table = table.get(*key)?.get_ref().as_table()?;
        }
        table.get(*last)
    }

    /// The table at a path of keys; an empty path is the whole file.
    pub(crate) fn table(&self, path: &[&str]) -> Option<&DeTable<'t>> {
        match path {
            [] => Some(self.table.get_ref()),
            path => self.get(path)?.get_ref().as_table(),
        }
    }

    /// The text at a path of keys.
    pub(crate) fn text(&self, path: &[&str]) -> Option<&str> {
        self.get(path)?.get_ref().as_str()
    }

    /// Whether the value at a path of keys is `true`.
    pub(crate) fn is_true(&self, path: &[&str]) -> bool {
        self.get(path)
            .is_some_and(|value| value.get_ref().as_bool() == Some(true))
    }

    /// The line of the value at a path of keys, or of the nearest table around it.
    pub(crate) fn line(&self, path: &[&str]) -> usize {
        let mut path = path;
        while !path.is_empty() {
            if let Some(value) = self.get(path) {
                return self.line_of(value);
            }
            path = path.split_last().map_or(&[][..], |(_, tables)| tables);
        }
        1
    }

    /// The line that something parsed begins in.
    pub(crate) fn line_of<T>(&self, spanned: &Spanned<T>) -> usize {
        line_at(self.text, spanned.span().start)
    }
}

/// The line of a byte position, counted from 1.
fn line_at(text: &str, position: usize) -> usize {
    let before = text.as_bytes().get(..position).unwrap_or(text.as_bytes());
    before.iter().filter(|&&byte| byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "[package]\nname = \"a\"\n\n[package.metadata]\nlayer = 3\n";

    #[test]
    fn values_come_with_their_lines() {
        let manifest = Manifest::parse("Cargo.toml", TEXT).ok().unwrap();
        assert_eq!(manifest.text(&["package", "name"]), Some("a"));
        assert_eq!(manifest.line(&["package", "name"]), 2);
        assert_eq!(manifest.line(&["package", "metadata", "layer"]), 5);
        assert!(manifest.get(&["package", "name", "deeper"]).is_none());
        assert_eq!(manifest.line(&["nothing"]), 1);
    }

    #[test]
    fn a_file_that_is_no_toml_is_a_finding_with_its_line() {
        let finding = Manifest::parse("x/Cargo.toml", "a = 1\nb = \n")
            .err()
            .unwrap();
        assert_eq!((finding.file.as_str(), finding.line), ("x/Cargo.toml", 2));
    }
}
