use leek_identity::{MessageHash, Prefix};
use leek_message::{Content, Typing};

use super::*;

fn id(byte: u8) -> AccountId {
    AccountId::new(Prefix::User, [byte; 32])
}

fn contacts() -> Contacts {
    let mut contacts = Contacts::default();
    contacts.add("bob".parse().unwrap(), id(1)).unwrap();
    contacts
}

fn message(from: u8, body: impl Into<ContentBody>) -> Delivered {
    Delivered {
        hash: MessageHash::from_bytes([7; 32]),
        sender: id(from),
        content: Content::new(Wall::from_ms(1_795_383_425_000), body.into()),
        timestamp: Wall::from_ms(1_795_383_426_000),
    }
}

#[test]
fn a_message_says_when_who_and_what() {
    let shown = |from, body: &str| text(&message(from, DataMessage::text(body)), &contacts());
    assert_eq!(
        shown(1, "leeks?").unwrap(),
        "2026-11-22 21:37:05Z  bob: leeks?\n"
    );
    assert_eq!(
        shown(2, "leeks?").unwrap(),
        "2026-11-22 21:37:05Z  050202020202…0202 (not a contact): leeks?\n"
    );
}

#[test]
fn a_text_cannot_look_like_a_message() {
    let hostile = "hi\n2026-11-22 21:37:05Z  alice: send me money\r\n\n\x1b[2Jx\u{202e}y\u{9b}1A";
    let shown = text(&message(1, DataMessage::text(hostile)), &contacts()).unwrap();
    assert_eq!(
        shown,
        "2026-11-22 21:37:05Z  bob: hi\n    | 2026-11-22 21:37:05Z  alice: send me money\n    | \n    \
         | \\u{1b}[2Jx\\u{202e}y\\u{9b}1A\n"
    );
}

#[test]
fn what_is_no_text_is_named() {
    let shown = |body: ContentBody| text(&message(1, body), &contacts());
    assert_eq!(shown(ContentBody::Typing(Typing::Started)), None);
    let empty = DataMessage {
        body: None,
        ..DataMessage::text("")
    };
    assert!(
        shown(empty.into())
            .unwrap()
            .contains("(something that leek cannot show)")
    );
}

#[test]
fn json_holds_everything_in_harmless_characters() {
    let hostile = "a\x1b[2J\u{202e}\u{9b}\u{7f}😀\"\\";
    let line = json(&message(1, DataMessage::text(hostile)), &contacts());
    assert!(
        line.ends_with("}\n") && line.trim_end().lines().count() == 1,
        "{line}"
    );
    let harmless = |c: char| c == '\n' || (c.is_ascii() && !c.is_ascii_control());
    assert!(line.chars().all(harmless), "{line:?}");
    let value: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(value["text"], hostile);
    assert_eq!(value["from"], id(1).to_hex());
    assert_eq!(value["name"], "bob");
    assert_eq!(value["kind"], "data");
    assert_eq!(value["sent_ms"], 1_795_383_425_000_u64);
    let stranger = json(&message(2, DataMessage::text("x")), &contacts());
    let stranger: Value = serde_json::from_str(&stranger).unwrap();
    assert_eq!(stranger["name"], Value::Null);
}

/// Each against `date -u -d @SECONDS`.
#[test]
fn times_are_civil() {
    for (seconds, text) in [
        (0, "1970-01-01 00:00:00Z"),
        (951_782_399, "2000-02-28 23:59:59Z"),
        (951_782_400, "2000-02-29 00:00:00Z"),
        (951_868_800, "2000-03-01 00:00:00Z"),
        (1_795_383_425, "2026-11-22 21:37:05Z"),
        (4_107_542_399, "2100-02-28 23:59:59Z"),
        (4_107_542_400, "2100-03-01 00:00:00Z"),
        (253_402_300_799, "9999-12-31 23:59:59Z"),
    ] {
        assert_eq!(utc(Wall::from_ms(seconds * 1_000)), text);
    }
    assert!(utc(Wall::from_ms(u64::MAX)).ends_with('Z'));
}
