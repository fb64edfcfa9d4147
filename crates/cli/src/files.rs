//! Reading scenarios and traces.

use std::{
    fs::File,
    io::{self, ErrorKind, Read as _},
    path::{Path, PathBuf},
};

use leek_lab::scenario::Loader;

/// Most bytes read from one file: ten million lines of a trace, with room.
const FILE_BYTES_MAX: u64 = 1 << 30;

/// The files of this machine.
pub(crate) struct Files;

impl Loader for Files {
    fn read(&self, path: &Path) -> Result<String, String> {
        read(path, FILE_BYTES_MAX)
    }

    fn absolute(&self, path: &Path) -> PathBuf {
        // Fails for an empty path or without a working directory; reading it says so then.
        std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
    }
}

fn read(path: &Path, bytes_max: u64) -> Result<String, String> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(bytes_max + 1).read_to_end(&mut bytes))
        .map_err(|error| in_words(&error))?;
    if u64::try_from(bytes.len()).is_ok_and(|len| len > bytes_max) {
        return Err(format!("it is longer than {bytes_max} bytes"));
    }
    String::from_utf8(bytes).map_err(|error| {
        format!(
            "it is not UTF-8 text (byte {})",
            error.utf8_error().valid_up_to()
        )
    })
}

fn in_words(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "there is no such file".to_owned(),
        ErrorKind::PermissionDenied => "you may not read it".to_owned(),
        ErrorKind::IsADirectory => "it is a directory".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_told_in_words() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a");
        let told = |bytes_max| read(&file, bytes_max).unwrap_err();
        assert_eq!(told(9), "there is no such file");
        std::fs::write(&file, b"abc\xff").unwrap();
        assert_eq!(told(9), "it is not UTF-8 text (byte 3)");
        assert_eq!(told(3), "it is longer than 3 bytes");
        assert_eq!(read(dir.path(), 9).unwrap_err(), "it is a directory");
        std::fs::write(&file, "abc").unwrap();
        assert_eq!(read(&file, 3).unwrap(), "abc");
    }

    #[test]
    fn paths_become_absolute() {
        let here = std::env::current_dir().unwrap();
        assert_eq!(Files.absolute(Path::new("a/b")), here.join("a/b"));
        assert_eq!(Files.absolute(Path::new("/a")), Path::new("/a"));
    }
}
