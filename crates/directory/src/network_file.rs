use core::fmt;
use std::ops::Range;

use leek_identity::NodeId;
use serde::Deserialize;
use toml::Spanned;

use crate::{
    DirectoryUrl, NetworkName, ParseNameError, ParseUrlError, Trust, TrustError,
    limits::NETWORK_FILE_BYTES_MAX,
};

/// What a person points a program at to join a network: its name, and whom to trust about it.
///
/// The text is TOML:
///
/// ```toml
/// network = "local"
/// threshold = 2
/// directories = [
///     "leek://ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c@127.0.0.1:7001",
///     "leek://8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c@127.0.0.1:7002",
///     "leek://8139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b394@127.0.0.1:7003",
/// ]
/// ```
///
/// Without `threshold`, any majority is enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkFile {
    trust: Trust,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    network: Spanned<String>,
    threshold: Option<Spanned<usize>>,
    directories: Spanned<Vec<Spanned<String>>>,
}

impl NetworkFile {
    /// The file that says this.
    pub const fn new(trust: Trust) -> Self {
        Self { trust }
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// [`NetworkFileError`] with the line and column, the key, and what to write instead.
    pub fn parse(text: &str) -> Result<Self, NetworkFileError> {
        if text.len() > NETWORK_FILE_BYTES_MAX {
            let max = NETWORK_FILE_BYTES_MAX;
            return Err(NetworkFileError::at(text, 0..0, Wrong::TooLong { max }));
        }
        let file: Text = toml::from_str(text).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            let message = error.message().to_owned();
            NetworkFileError::at(text, span, Wrong::Toml { message })
        })?;
        let network = NetworkName::parse(file.network.get_ref()).map_err(|error| {
            NetworkFileError::at(text, file.network.span(), Wrong::Network(error))
        })?;
        let mut signers = Vec::new();
        for url in file.directories.get_ref() {
            let parsed = DirectoryUrl::parse(url.get_ref())
                .map_err(|error| NetworkFileError::at(text, url.span(), Wrong::Url(error)))?;
            signers.push(parsed.0);
        }
        let (trust, span) = match &file.threshold {
            Some(threshold) => (
                Trust::new(network, signers, *threshold.get_ref()),
                threshold.span(),
            ),
            None => (Trust::majority(network, signers), 0..0),
        };
        let trust = trust.map_err(|error| {
            let span = match error {
                TrustError::Threshold { .. } => span,
                TrustError::Count { .. }
                | TrustError::TwiceKey { .. }
                | TrustError::TwiceAddress { .. } => file.directories.span(),
            };
            NetworkFileError::at(text, span, Wrong::Trust(error))
        })?;
        Ok(Self { trust })
    }

    /// The text of the file; reading it gives the same.
    pub fn to_toml(&self) -> String {
        let mut text = format!(
            "network = \"{}\"\nthreshold = {}\ndirectories = [\n",
            self.trust.network(),
            self.trust.threshold(),
        );
        for signer in self.trust.signers() {
            text.push_str(&format!("    \"{}\",\n", DirectoryUrl(*signer)));
        }
        text.push_str("]\n");
        text
    }

    /// Whom to trust, and about which network.
    pub const fn trust(&self) -> &Trust {
        &self.trust
    }

    /// The same, without the file around.
    pub fn into_trust(self) -> Trust {
        self.trust
    }
}

/// A text is no network file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkFileError {
    line: usize,
    column: usize,
    wrong: Wrong,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Wrong {
    TooLong { max: usize },
    Toml { message: String },
    Network(ParseNameError),
    Url(ParseUrlError),
    Trust(TrustError),
}

impl NetworkFileError {
    fn at(text: &str, span: Range<usize>, wrong: Wrong) -> Self {
        let before = text.get(..span.start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = before.get(start..).unwrap_or_default().chars().count() + 1;
        Self {
            line,
            column,
            wrong,
        }
    }

    /// Where it is: line and column, counted from 1.
    pub const fn place(&self) -> (usize, usize) {
        (self.line, self.column)
    }

    /// The key of the file that is wrong; `None` when the text as a whole is.
    pub const fn key(&self) -> Option<&'static str> {
        match self.wrong {
            Wrong::TooLong { .. } | Wrong::Toml { .. } => None,
            Wrong::Network(_) => Some("network"),
            Wrong::Trust(TrustError::Threshold { .. }) => Some("threshold"),
            Wrong::Url(_) | Wrong::Trust(_) => Some("directories"),
        }
    }

    /// What to write instead.
    pub fn remedy(&self) -> String {
        match &self.wrong {
            Wrong::TooLong { max } => format!("a network file has at most {max} bytes"),
            Wrong::Toml { .. } => {
                "write `network = \"NAME\"`, `directories = [\"leek://KEY@IPV4:PORT\", ..]`, and if \
                 you like `threshold = NUMBER`"
                    .to_owned()
            }
            Wrong::Network(_) => {
                "use lower-case letters, digits and `-`, at most 32 of them".to_owned()
            }
            Wrong::Url(ParseUrlError::Key(_)) => {
                "copy the directory's key as 64 hexadecimal digits".to_owned()
            }
            Wrong::Url(_) => "write `leek://KEY@IPV4:PORT`, as in \
                 `leek://ea4a..d22c@127.0.0.1:7001` with all 64 digits of the key"
                .to_owned(),
            Wrong::Trust(TrustError::Threshold { count, .. }) => {
                format!("write a number from {} to {count}, or leave it out", count / 2 + 1)
            }
            Wrong::Trust(TrustError::Count { .. }) => "list 1 to 16 directories".to_owned(),
            Wrong::Trust(TrustError::TwiceKey { id }) => {
                format!("list {} once", id.to_hex())
            }
            Wrong::Trust(TrustError::TwiceAddress { .. }) => {
                "give each directory an address of its own".to_owned()
            }
        }
    }

    /// The directory that the error is about, if it is about one.
    pub const fn directory(&self) -> Option<NodeId> {
        match self.wrong {
            Wrong::Trust(TrustError::TwiceKey { id }) => Some(id),
            _ => None,
        }
    }
}

impl fmt::Display for NetworkFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "read network file: line {}, column {}: ",
            self.line, self.column
        )?;
        if let Some(key) = self.key() {
            write!(f, "`{key}`: ")?;
        }
        match &self.wrong {
            Wrong::TooLong { max } => write!(f, "more than {max} bytes")?,
            Wrong::Toml { message } => f.write_str(message)?,
            Wrong::Network(error) => error.fmt(f)?,
            Wrong::Url(error) => error.fmt(f)?,
            Wrong::Trust(error) => error.fmt(f)?,
        }
        write!(f, "; {}", self.remedy())
    }
}

impl core::error::Error for NetworkFileError {}
