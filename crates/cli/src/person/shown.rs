//! Messages of strangers on a terminal: nothing in them may move the cursor, change colours, turn
//! the reading direction or look like another message.

use leek_home::Contacts;
use leek_identity::AccountId;
use leek_machine::Wall;
use leek_message::{ContentBody, DataMessage};
use leek_report::escaped;
use leek_wire::Delivered;
use serde_json::{Value, json};

/// Hexadecimal digits shown at both ends of an account that is no contact.
const SHORT_FRONT: usize = 12;
const SHORT_BACK: usize = 4;

/// What stands before the second and every further line of a text: no message begins like this.
const CONTINUED: &str = "    | ";

const DAY_S: u64 = 86_400;

/// A message as lines for people: when, who, what. `None` for what says nothing to them: somebody
/// began to type, a receipt.
pub(super) fn text(message: &Delivered, contacts: &Contacts) -> Option<String> {
    let said = said(&message.content.body)?;
    let when = utc(message.content.sent_at);
    let who = who(&message.sender, contacts);
    Some(format!("{when}  {who}: {said}\n"))
}

/// A message as one line of JSON.
pub(super) fn json(message: &Delivered, contacts: &Contacts) -> String {
    let (kind, body) = match &message.content.body {
        ContentBody::Data(data) => ("data", data.body.clone()),
        ContentBody::Typing(_) => ("typing", None),
        ContentBody::Receipt(_) => ("receipt", None),
        ContentBody::Unsend(_) => ("unsend", None),
        ContentBody::Unsupported(_) => ("unsupported", None),
    };
    let line = json!({
        "from": message.sender.to_hex(),
        "name": contacts.name(&message.sender).map(|name| name.as_str()),
        "kind": kind,
        "text": body,
        "sent_ms": message.content.sent_at.ms(),
        "stored_ms": message.timestamp.ms(),
        "hash": message.hash.to_string(),
    });
    ascii(&line) + "\n"
}

/// Delete: the one control character that JSON lets stand as it is.
const DEL: char = '\u{7f}';

/// JSON in ASCII: as a string it means the same, and no terminal does anything but show it.
fn ascii(value: &Value) -> String {
    let mut out = String::new();
    for c in value.to_string().chars() {
        if c.is_ascii() && c != DEL {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}

fn who(sender: &AccountId, contacts: &Contacts) -> String {
    contacts.name(sender).map_or_else(
        || format!("{} (not a contact)", short(sender)),
        |name| escaped(name.as_str()),
    )
}

/// An account id, recognisable: its ends.
pub(super) fn short(id: &AccountId) -> String {
    let hex = id.to_hex();
    let (front, rest) = hex.split_at(SHORT_FRONT);
    let (_, back) = rest.split_at(rest.len() - SHORT_BACK);
    format!("{front}…{back}")
}

fn said(body: &ContentBody) -> Option<String> {
    match body {
        ContentBody::Data(data) => Some(data_said(data)),
        ContentBody::Unsend(_) => Some("(deleted a message; leek keeps none)".to_owned()),
        ContentBody::Unsupported(_) => Some("(something that leek cannot show)".to_owned()),
        ContentBody::Typing(_) | ContentBody::Receipt(_) => None,
    }
}

fn data_said(data: &DataMessage) -> String {
    let mut parts: Vec<String> = data.body.iter().map(|body| lines(body)).collect();
    match data.attachments.len() {
        0 => {}
        1 => parts.push("(an attachment, not shown)".to_owned()),
        count => parts.push(format!("({count} attachments, not shown)")),
    }
    if let Some(reaction) = &data.reaction {
        parts.push(format!("(reacts with {})", escaped(&reaction.emoji)));
    }
    if parts.is_empty() {
        parts.push("(something that leek cannot show)".to_owned());
    }
    parts.join(" ")
}

/// A text of several lines, each made harmless.
fn lines(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(escaped).collect();
    lines.join(&format!("\n{CONTINUED}"))
}

/// A time as `2026-11-22 21:37:05Z`: the civil date of a day by its number since 1970 (Howard
/// Hinnant, "chrono-compatible low-level date algorithms", `civil_from_days`).
fn utc(wall: Wall) -> String {
    let seconds = wall.ms() / 1_000;
    let (days, second) = (seconds / DAY_S, seconds % DAY_S);
    // Years that begin in March, in eras of 400, from the year 0 on.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let (month, later) = match month_from_march {
        0..=9 => (month_from_march + 3, 0),
        _ => (month_from_march - 9, 1),
    };
    let year = year_of_era + era * 400 + later;
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests;
