//! Names for accounts: `contacts.toml`.

use core::{fmt, ops::Range, str::FromStr};
use std::collections::BTreeMap;

use leek_identity::{ACCOUNT_ID_LEN, AccountId, ParseAccountIdError};
use serde::Deserialize;
use toml::Spanned;

/// Bytes of the longest name: what fits on a line of a terminal beside a message.
pub const CONTACT_NAME_BYTES_MAX: usize = 64;

/// Contacts of one person: ten times what anybody was heard to have.
pub const CONTACTS_MAX: usize = 10_000;

/// Bytes of the longest list: each line a quoted name, every byte of it escaped, and an id.
pub(crate) const CONTACTS_FILE_BYTES_MAX: u64 =
    (CONTACTS_MAX * (6 * CONTACT_NAME_BYTES_MAX + 2 * ACCOUNT_ID_LEN + 16)) as u64;

const HEAD: &str = "\
# Who is who: a name for each account id. `leek contacts` writes this file; it may be edited by hand.

[contacts]
";

/// What a person calls an account.
///
/// 1 to 64 bytes without control characters, without blanks at its ends, not beginning with a dash
/// (that is an option) and not an account id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ContactName(String);

impl ContactName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ContactName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for ContactName {
    type Err = ContactNameError;

    fn from_str(text: &str) -> Result<Self, ContactNameError> {
        if text.is_empty() {
            return Err(ContactNameError::Empty);
        }
        if text.len() > CONTACT_NAME_BYTES_MAX {
            return Err(ContactNameError::TooLong { len: text.len() });
        }
        if text.chars().any(char::is_control) {
            return Err(ContactNameError::Control);
        }
        if text.trim() != text {
            return Err(ContactNameError::Blanks);
        }
        if text.starts_with('-') {
            return Err(ContactNameError::Dash);
        }
        Ok(Self(text.to_owned()))
    }
}

/// A text is no name of a contact. (An account id is none either: it is too long.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContactNameError {
    /// Nothing.
    #[error("a contact's name must not be empty")]
    Empty,
    /// More than [`CONTACT_NAME_BYTES_MAX`] bytes.
    #[error("a contact's name has at most {CONTACT_NAME_BYTES_MAX} bytes, not {len}")]
    TooLong {
        /// Bytes given.
        len: usize,
    },
    /// A line break, an escape or the like.
    #[error("a contact's name must not hold control characters")]
    Control,
    /// White space at an end.
    #[error("a contact's name must not begin or end with a blank")]
    Blanks,
    /// It looks like an option.
    #[error("a contact's name must not begin with a dash")]
    Dash,
}
const _: () = assert!(
    CONTACT_NAME_BYTES_MAX < 2 * ACCOUNT_ID_LEN,
    "or an id could be a name"
);

/// Names and accounts, one to one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contacts {
    ids: BTreeMap<ContactName, AccountId>,
    names: BTreeMap<AccountId, ContactName>,
}

impl Contacts {
    /// All of them, by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&ContactName, &AccountId)> {
        self.ids.iter()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The account of this name.
    pub fn id(&self, name: &str) -> Option<AccountId> {
        let name: ContactName = name.parse().ok()?;
        self.ids.get(&name).copied()
    }

    /// The name of this account.
    pub fn name(&self, id: &AccountId) -> Option<&ContactName> {
        self.names.get(id)
    }

    /// Names an account.
    ///
    /// # Errors
    /// [`ContactsError`] when the name or the account is taken, or there are too many.
    pub fn add(&mut self, name: ContactName, id: AccountId) -> Result<(), ContactsError> {
        if self.ids.contains_key(&name) {
            return Err(ContactsError::NameTaken { name });
        }
        if let Some(name) = self.names.get(&id) {
            return Err(ContactsError::IdTaken { name: name.clone() });
        }
        if self.ids.len() >= CONTACTS_MAX {
            return Err(ContactsError::Full);
        }
        self.names.insert(id, name.clone());
        self.ids.insert(name, id);
        Ok(())
    }

    /// Forgets a name, and says whose it was.
    ///
    /// # Errors
    /// [`ContactsError::Unknown`].
    pub fn remove(&mut self, name: &str) -> Result<AccountId, ContactsError> {
        let unknown = || ContactsError::Unknown {
            name: name.to_owned(),
        };
        let known: ContactName = name.parse().map_err(|_| unknown())?;
        let id = self.ids.remove(&known).ok_or_else(unknown)?;
        self.names.remove(&id);
        Ok(id)
    }

    /// Gives an account another name.
    ///
    /// # Errors
    /// [`ContactsError`] when there is no such name, or the new one is taken.
    pub fn rename(&mut self, from: &str, to: ContactName) -> Result<AccountId, ContactsError> {
        if self.ids.contains_key(&to) && to.as_str() != from {
            return Err(ContactsError::NameTaken { name: to });
        }
        let id = self.remove(from)?;
        self.add(to, id).map(|()| id)
    }

    /// The text of the file.
    pub(crate) fn to_toml(&self) -> String {
        let mut out = HEAD.to_owned();
        for (name, id) in &self.ids {
            // A basic string of TOML; a name holds none of the control characters that it escapes.
            let key = name.as_str().replace('\\', "\\\\").replace('"', "\\\"");
            out.push_str(&format!("\"{key}\" = \"{}\"\n", id.to_hex()));
        }
        out
    }

    /// Reads the text of the file.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, ContactsFileError> {
        let text = core::str::from_utf8(bytes).map_err(|error| ContactsFileError::NotText {
            line: line_of(bytes, error.valid_up_to()),
        })?;
        let at = |span: Range<usize>| line_of(bytes, span.start);
        let file: File = toml::from_str(text).map_err(|error| ContactsFileError::Toml {
            line: at(error.span().unwrap_or_default()),
            message: error.message().to_owned(),
        })?;
        let mut contacts = Self::default();
        for (key, value) in file.contacts {
            let line = at(key.span());
            let name: ContactName = key
                .get_ref()
                .parse()
                .map_err(|source| ContactsFileError::Name { line, source })?;
            let id = AccountId::parse_hex(value.get_ref())
                .map_err(|source| ContactsFileError::Id { line, source })?;
            contacts
                .add(name, id)
                .map_err(|source| ContactsFileError::Entry { line, source })?;
        }
        Ok(contacts)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    contacts: BTreeMap<Spanned<String>, Spanned<String>>,
}

/// The line, from 1, that the byte at `at` is in.
fn line_of(bytes: &[u8], at: usize) -> usize {
    let before = bytes.get(..at).unwrap_or(bytes);
    1 + before.iter().filter(|byte| **byte == b'\n').count()
}

/// A change of the contacts is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContactsError {
    /// Another account has this name.
    #[error("there is a contact `{name}` already")]
    NameTaken {
        /// The name.
        name: ContactName,
    },
    /// The account has a name.
    #[error("this account is a contact already, `{name}`")]
    IdTaken {
        /// Its name.
        name: ContactName,
    },
    /// Nobody has this name.
    #[error("there is no contact `{name}`")]
    Unknown {
        /// The name.
        name: String,
    },
    /// [`CONTACTS_MAX`] are there.
    #[error("there are {CONTACTS_MAX} contacts already, the most there can be")]
    Full,
}

/// `contacts.toml` cannot be understood. Lines count from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContactsFileError {
    /// Not UTF-8.
    #[error("line {line}: it is not UTF-8 text")]
    NotText {
        /// Where.
        line: usize,
    },
    /// Not TOML, or not of this shape.
    #[error("line {line}: {message}")]
    Toml {
        /// Where.
        line: usize,
        /// What the TOML reader says.
        message: String,
    },
    /// A key is no name.
    #[error("line {line}")]
    Name {
        /// Where.
        line: usize,
        /// Why.
        #[source]
        source: ContactNameError,
    },
    /// A value is no account id.
    #[error("line {line}")]
    Id {
        /// Where.
        line: usize,
        /// Why.
        #[source]
        source: ParseAccountIdError,
    },
    /// An entry does not go with those before it.
    #[error("line {line}")]
    Entry {
        /// Where.
        line: usize,
        /// Why.
        #[source]
        source: ContactsError,
    },
}

impl ContactsFileError {
    /// What to do about it.
    pub(crate) const fn remedy(&self) -> &'static str {
        match self {
            Self::NotText { .. } | Self::Toml { .. } => {
                "under [contacts], write lines like: alice = \"05…\" (66 hexadecimal digits)"
            }
            Self::Name { .. } => "change the name, and put it in quotes if it has blanks",
            Self::Id { .. } => {
                "an account id has 66 hexadecimal digits; its owner sees it with `leek account show`"
            }
            Self::Entry { .. } => {
                "every name and every account id may be there once; remove one line"
            }
        }
    }
}

#[cfg(test)]
mod tests;
