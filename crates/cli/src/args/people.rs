//! The commands of a person: an account, contacts, messages.

use core::{num::NonZeroU16, time::Duration};
use std::{env, path::PathBuf};

use clap::{Args, Subcommand};
use leek_home::default_dir;
use leek_wire::AckLevel;

use super::LogArgs;
use crate::failure::PersonError;

/// Longest time a command may be told to wait: a day.
const TIMEOUT_S_MAX: u64 = 86_400;

const ACCOUNT_EXAMPLES: &str = "\
Examples:
  leek account new                              a new account; shows its recovery phrase
  leek account new --home alice                 in a home of its own
  leek account show                             the account id, to give to others
  leek account show --phrase                    the recovery phrase again
  leek account restore                          from a recovery phrase

Whoever has the recovery phrase has the account. Exit codes: 0 done, 2 usage (an account that is
there already, a wrong passphrase or phrase), 4 environment (permissions, disk, a damaged file).";

const CONTACTS_EXAMPLES: &str = "\
Examples:
  leek contacts add bob 05d2ad010eeb72d72e561d9de7bd7b6989af77dcabffa03a5111a6c859ae5c3a72
  leek contacts list
  leek contacts rename bob robert
  leek contacts remove robert

The list is contacts.toml in the home directory and may be edited by hand.";

const SEND_EXAMPLES: &str = "\
Examples:
  leek send bob 'leeks at eight?'
  leek send bob --ack quorum=3 'this must not get lost'
  leek send bob -                               the text from standard input

Exit codes: 0 the message came as far as asked, 1 it was not sent, 2 usage, 3 nobody knows how far
it came (it may have arrived), 4 environment, 130 interrupted.";

const RECEIVE_EXAMPLES: &str = "\
Examples:
  leek receive                                  what has come, then end
  leek receive --follow                         and what comes from now on
  leek receive --json                           one JSON object per line

Each message is shown once, also across restarts. Exit codes: 0 done, 2 usage, 3 no node answered in
time, 4 environment, 130 interrupted.";

const DOCTOR_EXAMPLES: &str = "\
Examples:
  leek doctor                                   what is missing, and how to get it
  leek doctor --data-dir /var/lib/leek          also whether a node would have room there
  leek doctor --json

Exit codes: 0 all is well, or a warning at most; 1 something failed.";

/// Where a person's things are.
#[derive(Debug, Args)]
pub(crate) struct HomeArgs {
    /// Directory of the account and its contacts [default: $XDG_DATA_HOME/leek or
    /// ~/.local/share/leek].
    #[arg(long, env = "LEEK_HOME", value_name = "DIR")]
    home: Option<PathBuf>,
}

impl HomeArgs {
    /// The directory.
    ///
    /// # Errors
    /// [`PersonError::NoDir`] when nobody says where and the environment does not help.
    pub(crate) fn dir(&self) -> Result<PathBuf, PersonError> {
        let default = || {
            let [xdg, home] = ["XDG_DATA_HOME", "HOME"].map(env::var_os);
            default_dir(xdg.as_deref(), home.as_deref())
        };
        self.home.clone().or_else(default).ok_or(PersonError::NoDir)
    }
}

/// How to open an account that has a passphrase.
#[derive(Debug, Args)]
pub(crate) struct PassphraseArgs {
    /// Read the passphrase from a file, instead of asking for it on the terminal.
    #[arg(long, env = "LEEK_PASSPHRASE_FILE", value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

/// How an account is to be protected.
#[derive(Debug, Args)]
pub(crate) struct ProtectArgs {
    #[command(flatten)]
    pub(crate) passphrase: PassphraseArgs,
    /// Do not encrypt the account: whoever reads its file has it.
    #[arg(long, conflicts_with = "passphrase_file")]
    pub(crate) no_passphrase: bool,
}

/// Which network.
#[derive(Debug, Args)]
pub(crate) struct NetworkArgs {
    /// File that names a network's directories; `leek net up` writes one.
    #[arg(
        long,
        env = "LEEK_NETWORK",
        value_name = "FILE",
        default_value = "leek-net/network.toml"
    )]
    pub(crate) network: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = ACCOUNT_EXAMPLES)]
pub(crate) struct AccountArgs {
    #[command(subcommand)]
    pub(crate) command: AccountCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    /// Make an account and show its recovery phrase.
    New(NewArgs),
    /// Bring an account back from its recovery phrase.
    Restore(RestoreArgs),
    /// Show the account id, which is for others to know.
    Show(ShowArgs),
}

#[derive(Debug, Args)]
pub(crate) struct NewArgs {
    #[command(flatten)]
    pub(crate) home: HomeArgs,
    #[command(flatten)]
    pub(crate) protect: ProtectArgs,
    /// Print a JSON document.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    #[command(flatten)]
    pub(crate) home: HomeArgs,
    #[command(flatten)]
    pub(crate) protect: ProtectArgs,
    /// Read the phrase from a file, or from standard input with `-` [default: ask on the terminal].
    #[arg(long, value_name = "FILE")]
    pub(crate) phrase_file: Option<PathBuf>,
    /// Print a JSON document.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    pub(crate) home: HomeArgs,
    #[command(flatten)]
    pub(crate) passphrase: PassphraseArgs,
    /// Show the recovery phrase too; asks for the passphrase.
    #[arg(long)]
    pub(crate) phrase: bool,
    /// Print a JSON document.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = CONTACTS_EXAMPLES)]
pub(crate) struct ContactsArgs {
    #[command(subcommand)]
    pub(crate) command: ContactsCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ContactsCommand {
    /// Print the contacts.
    List {
        #[command(flatten)]
        home: HomeArgs,
        /// Print a JSON array.
        #[arg(long)]
        json: bool,
    },
    /// Name an account.
    Add {
        #[command(flatten)]
        home: HomeArgs,
        /// What to call it.
        #[arg(value_name = "NAME")]
        name: String,
        /// Its account id: 66 hexadecimal digits.
        #[arg(value_name = "ACCOUNT_ID")]
        id: String,
    },
    /// Forget a name.
    Remove {
        #[command(flatten)]
        home: HomeArgs,
        /// Whom.
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Give an account another name.
    Rename {
        #[command(flatten)]
        home: HomeArgs,
        /// The name it has.
        #[arg(value_name = "OLD")]
        from: String,
        /// The name it gets.
        #[arg(value_name = "NEW")]
        to: String,
    },
}

#[derive(Debug, Args)]
#[command(after_help = SEND_EXAMPLES)]
pub(crate) struct SendArgs {
    /// A contact's name, or an account id.
    #[arg(value_name = "TO")]
    pub(crate) to: String,
    /// What to say; `-` reads it from standard input.
    #[arg(value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) text: String,
    /// How far the message must come: `received` by one node, `durable` at one node, `quorum=N`
    /// (durable at N nodes), or durable at `all` nodes of the recipient's swarm [default: wait for
    /// all of them, and be content with one].
    #[arg(long, value_name = "LEVEL", value_parser = parse_ack)]
    pub(crate) ack: Option<AckLevel>,
    /// Give up after so many seconds.
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = parse_seconds)]
    pub(crate) timeout: Duration,
    #[command(flatten)]
    pub(crate) person: PersonArgs,
}

#[derive(Debug, Args)]
#[command(after_help = RECEIVE_EXAMPLES)]
pub(crate) struct ReceiveArgs {
    /// Go on until Ctrl-C.
    #[arg(long)]
    pub(crate) follow: bool,
    /// Give up after so many seconds without an answer; with --follow, say so and go on.
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = parse_seconds)]
    pub(crate) timeout: Duration,
    #[command(flatten)]
    pub(crate) person: PersonArgs,
}

/// What sending and receiving have in common.
#[derive(Debug, Args)]
pub(crate) struct PersonArgs {
    #[command(flatten)]
    pub(crate) home: HomeArgs,
    #[command(flatten)]
    pub(crate) passphrase: PassphraseArgs,
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Milliseconds to add to the system's clock, for a machine whose clock cannot be set.
    #[arg(
        long,
        value_name = "MS",
        default_value_t = 0,
        allow_negative_numbers = true
    )]
    pub(crate) clock_offset_ms: i64,
    #[command(flatten)]
    pub(crate) logs: LogArgs,
}

#[derive(Debug, Args)]
#[command(after_help = DOCTOR_EXAMPLES)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) home: HomeArgs,
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
    /// Directory a node would keep its messages in; asks how much room there is.
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Print a JSON document.
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn parse_ack(text: &str) -> Result<AckLevel, String> {
    match text {
        "received" => Ok(AckLevel::Received),
        "durable" => Ok(AckLevel::Durable),
        "all" => Ok(AckLevel::All),
        _ => text
            .strip_prefix("quorum=")
            .and_then(|count| count.parse::<NonZeroU16>().ok())
            .map(AckLevel::Quorum)
            .ok_or_else(|| "give received, durable, quorum=N (N from 1) or all".to_owned()),
    }
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    text.parse()
        .ok()
        .filter(|seconds| (1..=TIMEOUT_S_MAX).contains(seconds))
        .map(Duration::from_secs)
        .ok_or_else(|| format!("give between 1 and {TIMEOUT_S_MAX} seconds"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_of_acknowledgement_are_read() {
        let quorum = |n| AckLevel::Quorum(NonZeroU16::new(n).unwrap());
        for (text, level) in [
            ("received", AckLevel::Received),
            ("durable", AckLevel::Durable),
            ("quorum=1", quorum(1)),
            ("quorum=65535", quorum(65_535)),
            ("all", AckLevel::All),
        ] {
            assert_eq!(parse_ack(text), Ok(level), "{text}");
        }
        for text in [
            "",
            "ALL",
            "quorum",
            "quorum=",
            "quorum=0",
            "quorum=65536",
            "quorum=-1",
        ] {
            let error = parse_ack(text).unwrap_err();
            assert_eq!(
                error, "give received, durable, quorum=N (N from 1) or all",
                "{text}"
            );
        }
    }

    #[test]
    fn waiting_has_a_bound() {
        assert_eq!(parse_seconds("86400"), Ok(Duration::from_secs(86_400)));
        for text in ["0", "86401", "1.5", "-1", "soon", ""] {
            let error = parse_seconds(text).unwrap_err();
            assert_eq!(error, "give between 1 and 86400 seconds", "{text}");
        }
    }
}
