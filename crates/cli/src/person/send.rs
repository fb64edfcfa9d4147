//! `leek send`.

use core::time::Duration;
use std::{io, process::ExitCode};

use leek_daemon::client::{Receiving, SendEnd, Sent};
use leek_identity::AccountId;
use leek_message::BODY_CHARS_MAX;
use leek_report::{EXIT_USAGE, Verdict, escaped};
use leek_wire::{AckLevel, FailReason};
use serde_json::{Value, json};

use super::{
    contacts::recipient,
    session::{Begun, begin, why},
    shown::short,
};
use crate::{
    args::SendArgs,
    console,
    failure::{Failure, PersonError},
    secrets::read_text,
};

/// Bytes of the longest text on standard input: characters of at most 4 bytes, and a line end.
const TEXT_BYTES_MAX: usize = BODY_CHARS_MAX * 4 + 2;

/// Sends one message.
pub(crate) fn send(args: &SendArgs) -> Result<ExitCode, Failure> {
    let text = text(&args.text)?;
    let level = args.ack.unwrap_or_default();
    let mut to = None;
    let begun = begin(&args.person, level, Receiving::No, |contacts| {
        to = Some(recipient(&args.to, contacts)?);
        Ok(())
    })?;
    let Begun {
        mut session,
        contacts,
        directories,
    } = begun;
    let Some(to) = to else {
        leek_machine::bug!("a session begins with a recipient")
    };
    let name = contacts.name(&to).map(|name| escaped(name.as_str()));
    let outcome = session.send_and_wait(to, &text, args.timeout);
    let progress = session.progress();
    // Guards are kept whatever became of the message, and its fate is the more important error.
    let closed = session.close();
    let told = Told {
        to,
        name,
        asked: args.ack,
        sent: outcome?,
    };
    closed?;

    if told.exit_code() == Verdict::Inconclusive.exit_code() {
        console::talk(&why(&progress, directories));
    }
    if args.person.json {
        console::data(&format!("{:#}\n", told.json()))?;
    } else {
        console::data(&told.text(args.timeout))?;
    }
    Ok(ExitCode::from(told.exit_code()))
}

/// The text to send: the argument, or standard input without its last line end.
fn text(argument: &str) -> Result<String, PersonError> {
    let text = if argument == "-" {
        let text = read_text(io::stdin().lock(), "standard input", TEXT_BYTES_MAX)?;
        let text = text.strip_suffix('\n').unwrap_or(&text);
        text.strip_suffix('\r').unwrap_or(text).to_owned()
    } else {
        argument.to_owned()
    };
    match text.chars().count() {
        0 => Err(PersonError::EmptyText),
        chars if chars > BODY_CHARS_MAX => Err(PersonError::LongText { chars }),
        _ => Ok(text),
    }
}

/// What became of a message.
struct Told {
    to: AccountId,
    name: Option<String>,
    /// The level that was asked for; `None` for whatever is reached.
    asked: Option<AckLevel>,
    sent: Option<Sent>,
}

impl Told {
    fn exit_code(&self) -> u8 {
        let verdict = match self.sent.map(|sent| sent.end) {
            Some(SendEnd::Accepted {
                durable, members, ..
            }) if self.reached(durable, members) => Verdict::Pass,
            Some(SendEnd::Accepted { .. }) => Verdict::Fail,
            Some(SendEnd::Failed { reason, .. }) => match reason {
                FailReason::Unsealable => return EXIT_USAGE,
                // It may have arrived before its answer was lost.
                FailReason::AttemptsSpent | FailReason::Stopped => Verdict::Inconclusive,
                FailReason::NoPath
                | FailReason::NoSwarm
                | FailReason::Refused(_)
                | FailReason::QueueFull => Verdict::Fail,
            },
            None => Verdict::Inconclusive,
        };
        verdict.exit_code()
    }

    /// Whether it came as far as was asked; a node that has it is what an accepted message has.
    const fn reached(&self, durable: u16, members: u16) -> bool {
        match self.asked {
            None | Some(AckLevel::Received) => true,
            Some(AckLevel::Durable) => durable >= 1,
            Some(AckLevel::Quorum(quorum)) => durable >= quorum.get(),
            Some(AckLevel::All) => durable >= members,
        }
    }

    fn text(&self, timeout: Duration) -> String {
        let to = self.name.clone().unwrap_or_else(|| short(&self.to));
        let Some(Sent { end, took }) = self.sent else {
            let seconds = timeout.as_secs();
            return format!(
                "unknown  to {to}: no answer within {seconds} s; it may have arrived\n"
            );
        };
        let seconds = took.as_secs_f64();
        match end {
            SendEnd::Accepted {
                attempts,
                stored,
                durable,
                members,
                hops,
                ..
            } => {
                let word = if self.reached(durable, members) {
                    "sent"
                } else {
                    "short"
                };
                let level = match self.asked {
                    // Only who waits for all of them knows how many there are.
                    None | Some(AckLevel::All) => {
                        format!("durable at {durable} of {}", plural(members, "node"))
                    }
                    Some(_) if durable == 0 => {
                        format!(
                            "received by {}, durable at none yet",
                            plural(stored, "node")
                        )
                    }
                    Some(_) => format!("durable at {}", plural(durable, "node")),
                };
                let [hops, attempts] =
                    [(hops, "hop"), (attempts, "attempt")].map(|(count, what)| plural(count, what));
                format!("{word}  to {to}: {level}; {hops}, {attempts}, {seconds:.2} s\n")
            }
            SendEnd::Failed { attempts, reason } => {
                let attempts = plural(attempts, "attempt");
                let (word, why) = reason_text(reason);
                format!("{word}  to {to}: {why}; {attempts}, {seconds:.2} s\n")
            }
        }
    }

    fn json(&self) -> Value {
        let mut out = json!({
            "to": self.to.to_hex(),
            "name": self.name,
            "asked": self.asked.map(level_name),
            "outcome": "unknown",
        });
        let Some(Sent { end, took }) = self.sent else {
            return out;
        };
        out["ms"] = u64::try_from(took.as_millis()).unwrap_or(u64::MAX).into();
        match end {
            SendEnd::Accepted {
                hash,
                attempts,
                stored,
                durable,
                members,
                hops,
            } => {
                let reached = self.reached(durable, members);
                out["outcome"] = if reached { "sent" } else { "short" }.into();
                out["hash"] = hash.to_string().into();
                out["attempts"] = attempts.into();
                out["stored"] = stored.into();
                out["durable"] = durable.into();
                out["members"] = members.into();
                out["hops"] = hops.into();
            }
            SendEnd::Failed { attempts, reason } => {
                let (word, why) = reason_text(reason);
                out["outcome"] = word.into();
                out["reason"] = why.into();
                out["attempts"] = attempts.into();
            }
        }
        out
    }
}

fn plural(count: impl Into<u64>, what: &str) -> String {
    let count = count.into();
    let end = if count == 1 { "" } else { "s" };
    format!("{count} {what}{end}")
}

fn level_name(level: AckLevel) -> String {
    match level {
        AckLevel::Received => "received".to_owned(),
        AckLevel::Durable => "durable".to_owned(),
        AckLevel::Quorum(quorum) => format!("quorum={quorum}"),
        AckLevel::All => "all".to_owned(),
    }
}

/// What became of it, and why.
fn reason_text(reason: FailReason) -> (&'static str, String) {
    let text = match reason {
        FailReason::AttemptsSpent => {
            return (
                "unknown",
                "every attempt was lost or refused; it may have arrived".to_owned(),
            );
        }
        FailReason::Stopped => {
            return ("unknown", "stopped; it may have arrived".to_owned());
        }
        FailReason::NoPath => "no path through the network can be built",
        FailReason::NoSwarm => "no node is responsible for the recipient",
        FailReason::Unsealable => "the recipient's id is no key that anything can be encrypted to",
        FailReason::QueueFull => "too much is being sent already",
        FailReason::Refused(status) => {
            return (
                "failed",
                format!("the recipient's node refused it ({})", status.0),
            );
        }
    };
    ("failed", text.to_owned())
}

#[cfg(test)]
mod tests {
    use core::num::NonZeroU16;

    use leek_identity::{MessageHash, Prefix};
    use leek_wire::Status;

    use super::*;

    fn told(asked: Option<AckLevel>, end: Option<SendEnd>) -> Told {
        Told {
            to: AccountId::new(Prefix::User, [1; 32]),
            name: Some("bob".to_owned()),
            asked,
            sent: end.map(|end| Sent {
                end,
                took: Duration::from_millis(1_234),
            }),
        }
    }

    const fn accepted(stored: u16, durable: u16, members: u16) -> Option<SendEnd> {
        Some(SendEnd::Accepted {
            hash: MessageHash::from_bytes([7; 32]),
            attempts: 1,
            stored,
            durable,
            members,
            hops: 3,
        })
    }

    fn failed(reason: FailReason) -> Option<SendEnd> {
        Some(SendEnd::Failed {
            attempts: 3,
            reason,
        })
    }

    #[test]
    fn the_level_decides_whether_it_came_far_enough() {
        let quorum = |n| AckLevel::Quorum(NonZeroU16::new(n).unwrap());
        for (asked, end, code) in [
            (None, accepted(1, 0, 5), 0),
            (Some(AckLevel::Received), accepted(1, 0, 5), 0),
            (Some(AckLevel::Durable), accepted(1, 0, 5), 1),
            (Some(AckLevel::Durable), accepted(1, 1, 5), 0),
            (Some(quorum(3)), accepted(3, 2, 5), 1),
            (Some(quorum(3)), accepted(3, 3, 5), 0),
            (Some(AckLevel::All), accepted(5, 4, 5), 1),
            (Some(AckLevel::All), accepted(5, 5, 5), 0),
            (None, failed(FailReason::AttemptsSpent), 3),
            (None, failed(FailReason::NoPath), 1),
            (None, failed(FailReason::Refused(Status::FORBIDDEN)), 1),
            (None, failed(FailReason::Unsealable), 2),
            (None, None, 3),
        ] {
            let told = told(asked, end);
            assert_eq!(told.exit_code(), code, "{asked:?} {end:?}");
            let word = match (code, end) {
                (0, _) => "sent",
                (1, Some(SendEnd::Accepted { .. })) => "short",
                (3, _) => "unknown",
                _ => "failed",
            };
            let text = told.text(Duration::from_secs(60));
            assert!(text.starts_with(&format!("{word}  to bob: ")), "{text}");
            assert_eq!(told.json()["outcome"], word);
        }
    }

    #[test]
    fn the_text_exactly() {
        let text = |asked, end| told(asked, end).text(Duration::from_secs(60));
        assert_eq!(
            text(None, accepted(5, 5, 5)),
            "sent  to bob: durable at 5 of 5 nodes; 3 hops, 1 attempt, 1.23 s\n"
        );
        assert_eq!(
            text(Some(AckLevel::Received), accepted(1, 0, 5)),
            "sent  to bob: received by 1 node, durable at none yet; 3 hops, 1 attempt, 1.23 s\n"
        );
        let durable = text(Some(AckLevel::Durable), accepted(2, 2, 3));
        assert!(
            durable.starts_with("sent  to bob: durable at 2 nodes; "),
            "{durable}"
        );
        assert_eq!(
            text(None, failed(FailReason::AttemptsSpent)),
            "unknown  to bob: every attempt was lost or refused; it may have arrived; 3 attempts, \
             1.23 s\n"
        );
        assert_eq!(
            text(None, None),
            "unknown  to bob: no answer within 60 s; it may have arrived\n"
        );
    }

    #[test]
    fn texts_have_a_length() {
        assert!(matches!(text(""), Err(PersonError::EmptyText)));
        assert_eq!(text(&"é".repeat(BODY_CHARS_MAX)).unwrap().len(), 4_000);
        let long = text(&"é".repeat(BODY_CHARS_MAX + 1));
        assert!(matches!(long, Err(PersonError::LongText { chars: 2_001 })));
    }
}
