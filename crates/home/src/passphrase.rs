use core::fmt;
use std::{fs::File, io::Read as _, path::Path};

use leek_crypto::password::PASSWORD_BYTES_MAX;
use zeroize::Zeroizing;

use crate::{
    HomeError,
    file::{FILE_MODE, check_private},
};

/// Bytes of the longest file with a passphrase: with a line end, and one to see that it is longer.
const FILE_BYTES_MAX: usize = PASSWORD_BYTES_MAX + 2 + 1;

/// What a person types to open the account. No `Clone`, no `Debug` of it; zeroized on drop.
///
/// Taken as its UTF-8 bytes are: no normalisation, so another keyboard must give the same ones.
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// A passphrase of 1 to 1,024 bytes.
    ///
    /// # Errors
    /// [`PassphraseError`] for an empty one (an account without a passphrase is made on purpose, and
    /// said so) and for one that is too long.
    pub fn new(text: Zeroizing<String>) -> Result<Self, PassphraseError> {
        match text.len() {
            0 => Err(PassphraseError::Empty),
            len if len > PASSWORD_BYTES_MAX => Err(PassphraseError::TooLong { len }),
            _ => Ok(Self(text)),
        }
    }

    /// The passphrase in a file: everything in it but one line end at its end. A pipe will do; a
    /// file that others may read will not.
    ///
    /// # Errors
    /// [`HomeError`] when it cannot be read, others may read it, or it holds no passphrase.
    pub fn read(path: &Path) -> Result<Self, HomeError> {
        let file = File::open(path).map_err(HomeError::io("open", path))?;
        let metadata = file.metadata().map_err(HomeError::io("open", path))?;
        if metadata.is_file() {
            check_private(path, &metadata, FILE_MODE)?;
        }
        let mut bytes = Zeroizing::new(Vec::with_capacity(FILE_BYTES_MAX + 1));
        file.take(FILE_BYTES_MAX as u64)
            .read_to_end(&mut bytes)
            .map_err(HomeError::io("read", path))?;
        let end = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        let end = end.strip_suffix(b"\r").unwrap_or(end).len();
        bytes.truncate(end);
        let refused = |source| HomeError::Passphrase {
            path: path.to_owned(),
            source,
        };
        let text = core::str::from_utf8(&bytes).map_err(|_| refused(PassphraseError::NotText))?;
        Self::new(Zeroizing::new(text.to_owned())).map_err(refused)
    }

    /// Whether both are the same, for typing it twice. Only unequal lengths show in the time taken.
    pub fn is_same(&self, other: &Self) -> bool {
        leek_crypto::ct_eq(self.bytes(), other.bytes())
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(..)")
    }
}

/// A text is no passphrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PassphraseError {
    /// Nothing.
    #[error("the passphrase is empty")]
    Empty,
    /// More than a passphrase may have.
    #[error("the passphrase has {len} bytes, more than {PASSWORD_BYTES_MAX}")]
    TooLong {
        /// Bytes given.
        len: usize,
    },
    /// Not UTF-8.
    #[error("the passphrase is not UTF-8 text")]
    NotText,
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{self, Permissions},
        os::unix::fs::PermissionsExt as _,
    };

    use super::*;

    fn passphrase(text: &str) -> Result<Passphrase, PassphraseError> {
        Passphrase::new(Zeroizing::new(text.to_owned()))
    }

    #[test]
    fn lengths_have_bounds() {
        assert_eq!(passphrase("").unwrap_err(), PassphraseError::Empty);
        let len = PASSWORD_BYTES_MAX + 1;
        let error = passphrase(&"x".repeat(len)).unwrap_err();
        assert_eq!(error, PassphraseError::TooLong { len });
        assert!(passphrase(&"x".repeat(PASSWORD_BYTES_MAX)).is_ok());
    }

    #[test]
    fn debug_shows_nothing() {
        let secret = passphrase("correct horse").unwrap();
        assert_eq!(
            format!("{secret:?} {secret:#?}"),
            "Passphrase(..) Passphrase(..)"
        );
    }

    #[test]
    fn sameness_is_byte_by_byte() {
        let secret = passphrase("é").unwrap();
        assert!(secret.is_same(&passphrase("é").unwrap()));
        // The same letter, spelled with a combining accent.
        assert!(!secret.is_same(&passphrase("e\u{301}").unwrap()));
    }

    #[test]
    fn a_file_holds_one_passphrase() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("p");
        let read = |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
            Passphrase::read(&path)
        };
        for bytes in [b"a b".as_slice(), b"a b\n", b"a b\r\n"] {
            assert_eq!(read(bytes).unwrap().bytes(), b"a b", "{bytes:?}");
        }
        assert_eq!(read(b" a\n\n").unwrap().bytes(), b" a\n");
        let refused = |bytes: &[u8]| match read(bytes).unwrap_err() {
            HomeError::Passphrase { source, .. } => source,
            error => panic!("{error}"),
        };
        assert_eq!(refused(b""), PassphraseError::Empty);
        assert_eq!(refused(b"\n"), PassphraseError::Empty);
        assert_eq!(refused(b"\xff"), PassphraseError::NotText);
        let too_long = refused(&[b'x'; 10_000]);
        assert!(matches!(too_long, PassphraseError::TooLong { .. }));

        read(b"a").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        let error = Passphrase::read(&path).unwrap_err();
        assert!(matches!(error, HomeError::NotPrivate { mode: 0o644, .. }));
    }
}
