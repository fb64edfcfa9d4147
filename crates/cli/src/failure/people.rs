//! What can go wrong for a person: files, secrets, names.

use std::{borrow::Cow, io, path::PathBuf};

use leek_home::{
    ContactNameError, ContactsError, HomeError, PassphraseError, SealAccountError, Trouble,
    UnlockError,
};
use leek_identity::{ParseAccountIdError, phrase::PhraseError};
use leek_message::BODY_CHARS_MAX;
use leek_report::{EXIT_ENVIRONMENT, EXIT_USAGE, Verdict};

/// Why a command about an account, contacts or messages ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PersonError {
    /// The home or a file in it.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// Nobody says where the home is.
    #[error("find the home directory: neither XDG_DATA_HOME nor HOME is set")]
    NoDir,
    /// The account did not open.
    #[error(transparent)]
    Unlock(#[from] UnlockError),
    /// The account could not be sealed.
    #[error(transparent)]
    Seal(#[from] SealAccountError),
    /// What was typed is no passphrase.
    #[error(transparent)]
    Passphrase(PassphraseError),
    /// The second passphrase is not the first.
    #[error("the two passphrases differ")]
    Differ,
    /// Nobody to ask.
    #[error("ask for the {what}: there is no terminal")]
    NoTerminal {
        /// What was to be asked for.
        what: &'static str,
        /// The option that gives it otherwise.
        option: &'static str,
    },
    /// The terminal does not answer.
    #[error("ask for the {what}")]
    Ask {
        /// What was asked for.
        what: &'static str,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// Ctrl-C at a question.
    #[error("interrupted")]
    Interrupted,
    /// A file, or standard input, could not be read.
    #[error("read {from}")]
    Read {
        /// Which.
        from: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// More than was asked for.
    #[error("read {from}: it is longer than {bytes_max} bytes")]
    TooLong {
        /// Which.
        from: String,
        /// The most it may have.
        bytes_max: usize,
    },
    /// Bytes that are no text.
    #[error("read {from}: it is not UTF-8 text")]
    NotText {
        /// Which.
        from: String,
    },
    /// A phrase that is none.
    #[error(transparent)]
    Phrase(#[from] PhraseError),
    /// No randomness.
    #[error("take randomness from the operating system")]
    Entropy(#[source] io::Error),
    /// No threads.
    #[error("start threads")]
    Runtime(#[source] io::Error),
    /// A change of the contacts.
    #[error(transparent)]
    Contacts(#[from] ContactsError),
    /// A name that is none.
    #[error(transparent)]
    Name(#[from] ContactNameError),
    /// A name that looks like another.
    #[error("a contact's name must not hold characters that cannot be seen: {name}")]
    Unseen {
        /// The name.
        name: String,
    },
    /// An id that is none.
    #[error(transparent)]
    Id(#[from] ParseAccountIdError),
    /// The id of something that is no user.
    #[error("account ids of users begin with 05, and this one with {prefix:02x}")]
    NotAUser {
        /// How it begins.
        prefix: u8,
    },
    /// Neither a name nor an id.
    #[error("`{text}` is neither a contact nor an account id")]
    Nobody {
        /// What was given.
        text: String,
    },
    /// Nothing to say.
    #[error("the text is empty")]
    EmptyText,
    /// More than fits into a message.
    #[error("the text has {chars} characters, more than {BODY_CHARS_MAX}")]
    LongText {
        /// Characters given.
        chars: usize,
    },
    /// No such network file.
    #[error("read network file {}", path.display())]
    Network {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl PersonError {
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Home(error) => match error.trouble() {
                Trouble::Usage => EXIT_USAGE,
                Trouble::Environment => EXIT_ENVIRONMENT,
            },
            Self::Unlock(UnlockError::WrongPassphrase)
            | Self::NoDir
            | Self::Passphrase(_)
            | Self::Differ
            | Self::NoTerminal { .. }
            | Self::TooLong { .. }
            | Self::NotText { .. }
            | Self::Phrase(_)
            | Self::Contacts(_)
            | Self::Name(_)
            | Self::Unseen { .. }
            | Self::Id(_)
            | Self::NotAUser { .. }
            | Self::Nobody { .. }
            | Self::EmptyText
            | Self::LongText { .. }
            | Self::Network { .. } => EXIT_USAGE,
            Self::Interrupted => Verdict::Interrupted.exit_code(),
            Self::Unlock(_)
            | Self::Seal(_)
            | Self::Ask { .. }
            | Self::Read { .. }
            | Self::Entropy(_)
            | Self::Runtime(_) => EXIT_ENVIRONMENT,
        }
    }

    /// What to do about it, in one line.
    pub(crate) fn help(&self) -> Option<Cow<'static, str>> {
        let text = match self {
            Self::Home(error) => return error.remedy().map(Cow::Owned),
            Self::NoDir => "name one with --home DIR",
            Self::Unlock(UnlockError::WrongPassphrase) => {
                "try again; `leek account restore` in another home brings the account back from its \
                 recovery phrase"
            }
            Self::NoTerminal { option, .. } => option,
            Self::Passphrase(PassphraseError::Empty) => {
                "--no-passphrase makes an account without one"
            }
            Self::Differ => "nothing was written; try again",
            Self::Phrase(_) => {
                "give all 13 words (25 of a long phrase) in their order; of each word the first \
                 three letters count"
            }
            Self::Id(_) | Self::NotAUser { .. } => {
                "an account id has 66 hexadecimal digits; its owner sees it with `leek account show`"
            }
            Self::Contacts(ContactsError::Unknown { .. }) => "`leek contacts list` names them all",
            Self::Nobody { .. } => {
                "`leek contacts add NAME ACCOUNT_ID` names somebody; `leek contacts list` shows who \
                 is named"
            }
            Self::LongText { .. } => "send it in parts",
            Self::Network { .. } => {
                "`leek net up` makes a network here; --network names the file of another one"
            }
            Self::Unlock(_)
            | Self::Passphrase(_)
            | Self::Seal(_)
            | Self::Ask { .. }
            | Self::Interrupted
            | Self::Read { .. }
            | Self::TooLong { .. }
            | Self::NotText { .. }
            | Self::Entropy(_)
            | Self::Runtime(_)
            | Self::Contacts(_)
            | Self::Name(_)
            | Self::Unseen { .. }
            | Self::EmptyText => return None,
        };
        Some(Cow::Borrowed(text))
    }
}
