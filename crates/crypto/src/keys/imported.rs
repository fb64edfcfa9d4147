use std::sync::OnceLock;

/// A secret in the form a backend works with, made at first use and kept with the secret.
///
/// Importing costs aws-lc one multiplication of the base point: done each time, it would be a
/// quarter of an agreement and half of a signature (ADR 0002).
pub(crate) struct Imported<K>(OnceLock<K>);

impl<K> Imported<K> {
    pub(super) const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// The kept form, or what `import` makes.
    pub(crate) fn or_import(&self, import: impl FnOnce() -> K) -> &K {
        self.0.get_or_init(import)
    }
}
