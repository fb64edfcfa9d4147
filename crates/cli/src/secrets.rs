//! Asking for what must not be seen: passphrases and recovery phrases.

use std::{
    fs::File,
    io::{self, ErrorKind, IsTerminal as _, Read},
    path::Path,
    sync::Arc,
};

use leek_crypto::{fast, password::PasswordCost};
use leek_driver::SystemEntropy;
use leek_home::{AccountFile, Home, Passphrase, Unlocked};
use leek_identity::{AccountSeed, phrase};
use signal_hook::{SigId, consts::SIGINT, flag, low_level};
use zeroize::Zeroizing;

use crate::{
    args::{PassphraseArgs, ProtectArgs},
    failure::PersonError,
};

/// Bytes of the longest text with a recovery phrase: 25 words of at most 12 letters, and plenty of
/// blanks between.
const PHRASE_BYTES_MAX: usize = 1_024;

/// The option that gives a passphrase without a terminal.
const PASSPHRASE_OPTION: &str = "--passphrase-file FILE reads it from a file";

/// Randomness of the operating system.
pub(crate) fn entropy() -> Result<SystemEntropy, PersonError> {
    SystemEntropy::new().map_err(PersonError::Entropy)
}

/// As long as it lives, Ctrl-C does not end the process. Whoever asks with the terminal's echo off
/// must live to turn it on again.
struct Uninterrupted(SigId);

impl Uninterrupted {
    fn begin() -> io::Result<Self> {
        // The question hears of it too, as a key; nobody looks at this flag.
        flag::register(SIGINT, Arc::default()).map(Self)
    }
}

impl Drop for Uninterrupted {
    fn drop(&mut self) {
        low_level::unregister(self.0);
    }
}

/// Asks on the terminal, without showing what is typed.
fn ask(
    what: &'static str,
    prompt: &str,
    option: &'static str,
) -> Result<Zeroizing<String>, PersonError> {
    let _until_answered =
        Uninterrupted::begin().map_err(|source| PersonError::Ask { what, source })?;
    match rpassword::prompt_password(prompt) {
        Ok(text) => Ok(Zeroizing::new(text)),
        Err(error) if error.kind() == ErrorKind::Interrupted => Err(PersonError::Interrupted),
        // A process without a terminal cannot open /dev/tty (ENXIO), or there is none at all.
        Err(error) if is_no_terminal(&error) => Err(PersonError::NoTerminal { what, option }),
        Err(source) => Err(PersonError::Ask { what, source }),
    }
}

fn is_no_terminal(error: &io::Error) -> bool {
    let enxio = rustix::io::Errno::NXIO.raw_os_error();
    error.raw_os_error() == Some(enxio) || error.kind() == ErrorKind::NotFound
}

/// The passphrase of an account that has one.
fn passphrase(args: &PassphraseArgs) -> Result<Passphrase, PersonError> {
    if let Some(path) = &args.passphrase_file {
        return Ok(Passphrase::read(path)?);
    }
    let text = ask("passphrase", "Passphrase: ", PASSPHRASE_OPTION)?;
    Passphrase::new(text).map_err(PersonError::Passphrase)
}

/// A passphrase for a new account file, or none when that was asked for.
fn new_passphrase(args: &ProtectArgs) -> Result<Option<Passphrase>, PersonError> {
    if args.no_passphrase {
        return Ok(None);
    }
    if args.passphrase.passphrase_file.is_some() {
        return passphrase(&args.passphrase).map(Some);
    }
    let option = "--passphrase-file FILE reads it from a file, --no-passphrase does without";
    let [first, again] = ["New passphrase: ", "The same again: "];
    let first = ask("passphrase", first, option)?;
    let first = Passphrase::new(first).map_err(PersonError::Passphrase)?;
    let again = ask("passphrase", again, option)?;
    let again = Passphrase::new(again).map_err(|_| PersonError::Differ)?;
    if !first.is_same(&again) {
        return Err(PersonError::Differ);
    }
    Ok(Some(first))
}

/// The file for an account, protected as asked for.
pub(crate) fn protect(seed: AccountSeed, args: &ProtectArgs) -> Result<AccountFile, PersonError> {
    let Some(passphrase) = new_passphrase(args)? else {
        return Ok(AccountFile::plain(seed));
    };
    let cost = PasswordCost::RECOMMENDED;
    let sealed = AccountFile::seal(&seed, &passphrase, cost, &fast(), &mut entropy()?)?;
    Ok(sealed)
}

/// Opens the account of a home; asks for the passphrase if it has one.
pub(crate) fn unlock(home: &Home, args: &PassphraseArgs) -> Result<Unlocked, PersonError> {
    match home.account()? {
        AccountFile::Plain(plain) => Ok(plain.unlock()),
        AccountFile::Sealed(sealed) => Ok(sealed.unlock(&passphrase(args)?, &fast())?),
    }
}

/// A recovery phrase: from a file, from standard input (`-`, or when it is no terminal), or asked
/// for.
pub(crate) fn recovery_phrase(file: Option<&Path>) -> Result<AccountSeed, PersonError> {
    let stdin = || read_text(io::stdin().lock(), "standard input", PHRASE_BYTES_MAX);
    let text = match file {
        Some(path) if path == Path::new("-") => stdin()?,
        Some(path) => {
            let name = path.display().to_string();
            let file = File::open(path).map_err(|source| PersonError::Read {
                from: name.clone(),
                source,
            })?;
            read_text(file, &name, PHRASE_BYTES_MAX)?
        }
        None if io::stdin().is_terminal() => {
            let option = "--phrase-file FILE reads it from a file";
            ask("recovery phrase", "Recovery phrase (not shown): ", option)?
        }
        None => stdin()?,
    };
    Ok(phrase::decode(&text)?)
}

/// UTF-8 text of at most `bytes_max` bytes, in memory that is wiped.
pub(crate) fn read_text(
    reader: impl Read,
    name: &str,
    bytes_max: usize,
) -> Result<Zeroizing<String>, PersonError> {
    let from = || name.to_owned();
    // One byte to see that there is more, and one that keeps it from growing.
    let mut bytes = Zeroizing::new(Vec::with_capacity(bytes_max + 2));
    let most = u64::try_from(bytes_max).unwrap_or(u64::MAX);
    reader
        .take(most.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|source| PersonError::Read {
            from: from(),
            source,
        })?;
    if bytes.len() > bytes_max {
        return Err(PersonError::TooLong {
            from: from(),
            bytes_max,
        });
    }
    let text = core::str::from_utf8(&bytes).map_err(|_| PersonError::NotText { from: from() })?;
    Ok(Zeroizing::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_bounded() {
        let read = |bytes: &[u8]| read_text(bytes, "x", 4).map(|text| text.to_string());
        assert_eq!(read(b"abcd").unwrap(), "abcd");
        assert_eq!(read(b"").unwrap(), "");
        let error = read(b"abcde").unwrap_err();
        assert_eq!(error.to_string(), "read x: it is longer than 4 bytes");
        let error = read(b"\xff").unwrap_err();
        assert_eq!(error.to_string(), "read x: it is not UTF-8 text");
    }
}
