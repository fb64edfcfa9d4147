//! A file that gets its name only when it is complete and on disk.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::error::Error;

/// A file under a temporary name next to its target. Dropped without
/// [`PendingFile::commit`], it is removed again.
pub(crate) struct PendingFile {
    /// `None` once committed.
    file: Option<BufWriter<File>>,
    temporary: PathBuf,
    target: PathBuf,
}

impl PendingFile {
    /// Creates the temporary file: `.<name>.partial` in the target's directory.
    pub(crate) fn create(target: &Path) -> Result<Self, Error> {
        let mut name = OsString::from(".");
        name.push(target.file_name().unwrap_or_default());
        name.push(".partial");
        let temporary = target.with_file_name(name);
        let file = File::create(&temporary).map_err(Error::io("create", &temporary))?;
        Ok(Self {
            file: Some(BufWriter::new(file)),
            temporary,
            target: target.to_owned(),
        })
    }

    /// Flushes, syncs, renames, and syncs the directory, so that the name survives a crash too.
    pub(crate) fn commit(mut self) -> Result<(), Error> {
        self.finish().map_err(Error::io("write", &self.target))
    }

    fn finish(&mut self) -> io::Result<()> {
        let Some(writer) = &mut self.file else {
            return Ok(());
        };
        writer.flush()?;
        writer.get_ref().sync_all()?;
        fs::rename(&self.temporary, &self.target)?;
        self.file = None;
        let dir = self
            .target
            .parent()
            .filter(|dir| !dir.as_os_str().is_empty());
        File::open(dir.unwrap_or(Path::new(".")))?.sync_all()
    }
}

impl Write for PendingFile {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.file.as_mut().map_or(Ok(0), |file| file.write(buf))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Drop for PendingFile {
    fn drop(&mut self) {
        if self.file.is_some() {
            // Best effort: the error that led here is the one worth reporting.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}
