//! Beginning a session, and saying why one comes to nothing.

use std::{fs::File, path::Path};

use leek_crypto::fast;
use leek_daemon::{
    client::{ClientSession, POOL_MIN, Progress, Receiving, SessionConfig},
    telemetry::LogLevel,
};
use leek_directory::{NetworkFile, limits::NETWORK_FILE_BYTES_MAX};
use leek_home::{Contacts, Home};
use leek_wire::AckLevel;

use crate::{
    args::PersonArgs,
    failure::{Failure, PersonError},
    secrets::{read_text, unlock},
};

/// The network file that was named.
pub(crate) fn network(path: &Path) -> Result<NetworkFile, Failure> {
    let file = File::open(path).map_err(|source| PersonError::Network {
        path: path.to_owned(),
        source,
    })?;
    let text = read_text(file, &path.display().to_string(), NETWORK_FILE_BYTES_MAX)?;
    NetworkFile::parse(&text).map_err(|error| Failure::NetworkFile {
        path: path.to_owned(),
        error,
    })
}

/// A session that begins, and who is who in it.
pub(super) struct Begun {
    pub(super) session: ClientSession,
    pub(super) contacts: Contacts,
    /// Directories of the network.
    pub(super) directories: usize,
}

/// Opens the home, the account and the network, in this order: what is missing is said before
/// anything is asked for.
pub(super) fn begin(
    args: &PersonArgs,
    ack: AckLevel,
    receiving: Receiving,
    check: impl FnOnce(&Contacts) -> Result<(), PersonError>,
) -> Result<Begun, Failure> {
    let telemetry = args.logs.telemetry(LogLevel::Warn);
    telemetry.start().map_err(Failure::Telemetry)?;
    let home = Home::open(&args.home.dir()?).map_err(PersonError::Home)?;
    home.account().map_err(PersonError::Home)?;
    let contacts = home.contacts().map_err(PersonError::Home)?;
    check(&contacts)?;
    let trust = network(&args.network.network)?.into_trust();
    let unlocked = unlock(&home, &args.passphrase)?;
    let home = home.lock().map_err(PersonError::Home)?;
    let config = SessionConfig {
        clock_offset_ms: args.clock_offset_ms,
        ..SessionConfig::new(trust, ack, receiving)
    };
    let directories = config.trust.signers().len();
    let session = ClientSession::open(home, unlocked, &fast(), config)?;
    Ok(Begun {
        session,
        contacts,
        directories,
    })
}

/// Why nothing happened, as far as it is known, and what to do: lines with their ends.
pub(super) fn why(progress: &Progress, directories: usize) -> String {
    let clock = progress.clock_off_ms.map_or_else(String::new, |ms| {
        let ahead = if ms < 0 { "ahead" } else { "behind" };
        let seconds = ms.unsigned_abs() / 1_000;
        format!("note: the directories say that this machine's clock is {seconds} s {ahead}\n")
    });
    let reason = match progress {
        Progress {
            membership: true,
            answered: 1..,
            ..
        } => {
            "help: some nodes answer, and those that matter here do not, or too few of them; with \
             --ack, ask for less\n"
        }
        Progress {
            membership: true,
            nodes,
            ..
        } if *nodes < POOL_MIN => {
            return format!(
                "help: the network lists {nodes} nodes; two paths of three hops and a destination \
                 take {POOL_MIN}\n{clock}"
            );
        }
        Progress {
            membership: true, ..
        } => {
            "help: the network is known, and its nodes do not answer; is it running? \
             `leek doctor` looks closer\n"
        }
        Progress {
            refused: Some(why), ..
        } => return format!("note: a directory was not believed: {why}\n{clock}"),
        Progress { silent, .. } if *silent >= directories => {
            "help: no directory answers; is the network running, and this machine's clock right to \
             the day? `leek doctor` looks closer\n"
        }
        _ => "help: the directories have not published who is in the network yet; try again\n",
    };
    format!("{reason}{clock}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_the_first_thing_that_is_missing() {
        let none = Progress::default();
        assert!(why(&none, 3).contains("have not published"));
        let silent = Progress {
            silent: 3,
            ..none.clone()
        };
        assert!(why(&silent, 3).contains("no directory answers"));
        assert!(
            why(
                &Progress {
                    silent: 2,
                    ..none.clone()
                },
                3
            )
            .contains("have not published")
        );
        let refused = Progress {
            refused: Some("expired snapshot"),
            clock_off_ms: Some(-7_200_000),
            ..none
        };
        assert_eq!(
            why(&refused, 3),
            "note: a directory was not believed: expired snapshot\n\
             note: the directories say that this machine's clock is 7200 s ahead\n"
        );
        let small = Progress {
            membership: true,
            nodes: 5,
            ..silent
        };
        assert!(why(&small, 3).contains("lists 5 nodes; two paths of three hops"));
        let known = Progress { nodes: 12, ..small };
        assert!(why(&known, 3).contains("its nodes do not answer"));
        let answered = Progress {
            answered: 1,
            ..known
        };
        assert!(why(&answered, 3).contains("some nodes answer"));
    }
}
