//! Files that only their owner may read, and that are there whole or not at all.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Read as _, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use crate::HomeError;

/// Permission bits of a file: its owner may read and write it.
pub(crate) const FILE_MODE: u32 = 0o600;

/// Permission bits of a directory: its owner may use it.
pub(crate) const DIR_MODE: u32 = 0o700;

/// What anybody but the owner may do.
const OTHERS: u32 = 0o077;

/// What permission bits are, of a mode that also tells the kind of file.
const PERMISSIONS: u32 = 0o7777;

/// Whether a file that should not be there may be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Existing {
    /// It is replaced.
    Replace,
    /// It is kept, and writing is refused.
    Keep,
}

/// Refuses what others may read or write, or what is somebody else's. `of` is what was opened, not
/// its name, so that nothing can be put in its place in between.
pub(crate) fn check_private(path: &Path, of: &fs::Metadata, wanted: u32) -> Result<(), HomeError> {
    let owner = of.uid();
    // The superuser could read it anyway.
    if owner != rustix::process::geteuid().as_raw() && owner != 0 {
        return Err(HomeError::NotOurs {
            path: path.to_owned(),
            owner,
        });
    }
    if of.mode() & OTHERS != 0 {
        return Err(HomeError::NotPrivate {
            path: path.to_owned(),
            mode: of.mode() & PERMISSIONS,
            wanted,
        });
    }
    Ok(())
}

/// The bytes of a private file, or `None` when there is none.
pub(crate) fn read(path: &Path, bytes_max: u64) -> Result<Option<Zeroizing<Vec<u8>>>, HomeError> {
    let mut options = OpenOptions::new();
    // A pipe put in the file's place would otherwise wait for somebody to write.
    options
        .read(true)
        .custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    let file = match options.open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(HomeError::io("open", path)(error)),
    };
    let metadata = file.metadata().map_err(HomeError::io("open", path))?;
    if !metadata.is_file() {
        return Err(HomeError::WrongKind {
            path: path.to_owned(),
            wanted: "file",
        });
    }
    check_private(path, &metadata, FILE_MODE)?;
    let too_long = || HomeError::TooLong {
        path: path.to_owned(),
        bytes_max,
    };
    let expected = usize::try_from(metadata.len().min(bytes_max)).map_err(|_| too_long())?;
    // One more than expected, so that reading to the end does not grow it: of what may be a seed,
    // no copy stays behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(expected + 1));
    file.take(bytes_max + 1)
        .read_to_end(&mut bytes)
        .map_err(HomeError::io("read", path))?;
    if u64::try_from(bytes.len()).is_ok_and(|len| len > bytes_max) {
        return Err(too_long());
    }
    Ok(Some(bytes))
}

/// Writes a private file so that it is there whole, or as it was before, whatever happens.
pub(crate) fn write(path: &Path, bytes: &[u8], existing: Existing) -> Result<(), HomeError> {
    let pending = Pending::create(path)?;
    pending
        .fill(bytes)
        .and_then(|()| pending.publish(path, existing))
        .map_err(HomeError::io("write", path))
}

/// A file under a temporary name, which it loses when dropped.
struct Pending {
    file: File,
    temporary: PathBuf,
}

impl Pending {
    /// `.<name>.partial` beside `path`. One that a crash left there is replaced: whoever writes
    /// holds the home's lock.
    fn create(path: &Path) -> Result<Self, HomeError> {
        let mut name = OsString::from(".");
        name.push(path.file_name().unwrap_or_default());
        name.push(".partial");
        let temporary = path.with_file_name(name);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(FILE_MODE);
        let file = match options.open(&temporary) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                fs::remove_file(&temporary).and_then(|()| options.open(&temporary))
            }
            opened => opened,
        };
        let file = file.map_err(HomeError::io("create", &temporary))?;
        Ok(Self { file, temporary })
    }

    fn fill(&self, bytes: &[u8]) -> io::Result<()> {
        (&self.file).write_all(bytes)?;
        self.file.sync_all()
    }

    fn publish(&self, path: &Path, existing: Existing) -> io::Result<()> {
        match existing {
            Existing::Replace => fs::rename(&self.temporary, path)?,
            // Unlike a renaming, a link fails when the name is taken.
            Existing::Keep => fs::hard_link(&self.temporary, path)?,
        }
        // So that the name survives a crash too.
        let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty());
        File::open(dir.unwrap_or(Path::new(".")))?.sync_all()
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        // Gone already after a renaming; otherwise best effort.
        let _ = fs::remove_file(&self.temporary);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & PERMISSIONS
    }

    fn names(dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(dir).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_private_and_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        assert_eq!(read(&path, 9).unwrap(), None);
        for bytes in [b"one".as_slice(), b"", b"three"] {
            write(&path, bytes, Existing::Replace).unwrap();
            assert_eq!(read(&path, 9).unwrap().unwrap().as_slice(), bytes);
        }
        assert_eq!(mode(&path), 0o600);
        assert_eq!(names(dir.path()), ["a"]);
    }

    #[test]
    fn what_is_kept_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        write(&path, b"mine", Existing::Keep).unwrap();
        let error = write(&path, b"yours", Existing::Keep).unwrap_err();
        let HomeError::Io { source, .. } = error else {
            panic!("{error}")
        };
        assert_eq!(source.kind(), ErrorKind::AlreadyExists);
        assert_eq!(read(&path, 9).unwrap().unwrap().as_slice(), b"mine");
        assert_eq!(names(dir.path()), ["a"]);

        // A dangling link is something too: a file must not be made behind it.
        let link = dir.path().join("link");
        symlink(dir.path().join("elsewhere"), &link).unwrap();
        assert!(write(&link, b"x", Existing::Keep).is_err());
        assert_eq!(names(dir.path()), ["a", "link"]);
    }

    #[test]
    fn what_a_crash_left_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let left = dir.path().join(".a.partial");
        fs::write(&left, "half a fi").unwrap();
        fs::set_permissions(&left, fs::Permissions::from_mode(0o666)).unwrap();
        let path = dir.path().join("a");
        write(&path, b"whole", Existing::Replace).unwrap();
        assert_eq!(read(&path, 9).unwrap().unwrap().as_slice(), b"whole");
        assert_eq!(mode(&path), 0o600);
        assert_eq!(names(dir.path()), ["a"]);
    }

    #[test]
    fn what_others_may_use_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        write(&path, b"mine", Existing::Replace).unwrap();
        for bad in [0o640, 0o620, 0o604, 0o602, 0o610, 0o601, 0o777] {
            fs::set_permissions(&path, fs::Permissions::from_mode(bad)).unwrap();
            let error = read(&path, 9).unwrap_err();
            assert!(
                matches!(error, HomeError::NotPrivate { mode, wanted: 0o600, .. } if mode == bad),
                "{bad:o}: {error}"
            );
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        assert!(read(&path, 9).unwrap().is_some());
    }

    #[test]
    fn what_is_no_file_or_too_long_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let error = read(dir.path(), 9).unwrap_err();
        assert!(matches!(error, HomeError::WrongKind { wanted: "file", .. }));
        let path = dir.path().join("a");
        write(&path, b"0123456789", Existing::Replace).unwrap();
        let error = read(&path, 9).unwrap_err();
        assert!(matches!(error, HomeError::TooLong { bytes_max: 9, .. }));
        assert!(read(&path, 10).unwrap().is_some());
        let path = path.join("b");
        assert!(matches!(read(&path, 9).unwrap_err(), HomeError::Io { .. }));
    }
}
