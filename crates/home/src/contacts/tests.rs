use core::error::Error as _;

use leek_identity::Prefix;
use proptest::prelude::*;

use super::*;

fn name(text: &str) -> ContactName {
    text.parse().unwrap()
}

fn id(byte: u8) -> AccountId {
    AccountId::new(Prefix::User, [byte; 32])
}

fn two() -> Contacts {
    let mut contacts = Contacts::default();
    contacts.add(name("bob"), id(2)).unwrap();
    contacts.add(name("Alice Z."), id(1)).unwrap();
    contacts
}

#[test]
fn the_file_is_for_people() {
    let expected = format!(
        "{HEAD}\"Alice Z.\" = \"05{}\"\n\"bob\" = \"05{}\"\n",
        "01".repeat(32),
        "02".repeat(32)
    );
    assert_eq!(two().to_toml(), expected);
    assert_eq!(Contacts::parse(expected.as_bytes()), Ok(two()));
    assert_eq!(Contacts::parse(b""), Ok(Contacts::default()));
}

#[test]
fn names_and_accounts_go_one_to_one() {
    let mut contacts = two();
    assert_eq!(contacts.id("bob"), Some(id(2)));
    assert_eq!(contacts.id("Bob"), None);
    assert_eq!(contacts.name(&id(1)), Some(&name("Alice Z.")));
    let taken = ContactsError::NameTaken { name: name("bob") };
    assert_eq!(contacts.add(name("bob"), id(3)), Err(taken.clone()));
    let known = ContactsError::IdTaken { name: name("bob") };
    assert_eq!(contacts.add(name("robert"), id(2)), Err(known));
    assert_eq!(contacts.rename("Alice Z.", name("bob")), Err(taken));
    assert_eq!(contacts, two());

    assert_eq!(contacts.rename("bob", name("robert")), Ok(id(2)));
    assert_eq!(contacts.rename("robert", name("robert")), Ok(id(2)));
    assert_eq!(contacts.id("bob"), None);
    assert_eq!(contacts.remove("robert"), Ok(id(2)));
    assert_eq!(contacts.name(&id(2)), None);
    let unknown = ContactsError::Unknown {
        name: "robert".to_owned(),
    };
    assert_eq!(contacts.remove("robert"), Err(unknown.clone()));
    assert_eq!(contacts.rename("robert", name("bob")), Err(unknown));
}

#[test]
fn names_are_bounded() {
    use ContactNameError::{Blanks, Control, Dash, Empty, TooLong};
    let refused = |text: &str| text.parse::<ContactName>().unwrap_err();
    assert_eq!(refused(""), Empty);
    assert_eq!(refused(&"x".repeat(65)), TooLong { len: 65 });
    assert_eq!(refused("a\nb"), Control);
    assert_eq!(refused("a\x1b[2J"), Control);
    assert_eq!(refused(" a"), Blanks);
    assert_eq!(refused("a\u{a0}"), Blanks);
    assert_eq!(refused("--help"), Dash);
    assert_eq!(refused(&id(1).to_hex()), TooLong { len: 66 });
    for fine in ["a", "नमस्ते", "東京", "O'Neill \"Q\"", &"x".repeat(64)] {
        assert_eq!(name(fine).as_str(), fine);
    }
}

/// The message of the error with its causes, and the remedy.
fn told(text: &[u8]) -> (String, &'static str) {
    let error = Contacts::parse(text).unwrap_err();
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        message = format!("{message}: {cause}");
        source = cause.source();
    }
    (message, error.remedy())
}

#[test]
fn mistakes_are_named_with_their_line() {
    let good = format!("alice = \"{}\"\n", id(1).to_hex());
    let lines = |more: &str| told(format!("# mine\n[contacts]\n{good}{more}").as_bytes()).0;
    assert_eq!(
        lines("bob = \"05ab\"\n"),
        "line 4: read account id: read hexadecimal text: 4 bytes of text instead of 66 digits"
    );
    assert_eq!(lines(&good), "line 4: duplicate key");
    assert_eq!(
        lines(&good.replace("alice", "bob")),
        "line 4: this account is a contact already, `alice`"
    );
    assert_eq!(
        lines(&good.replace("alice", "\" bob\"")),
        "line 4: a contact's name must not begin or end with a blank"
    );
    assert_eq!(
        lines("bob = 7\n"),
        "line 4: invalid type: integer `7`, expected a string"
    );
    assert_eq!(
        lines("[contact]\n"),
        "line 4: unknown field `contact`, expected `contacts`"
    );
    assert!(lines("bob\n").starts_with("line 4: "));
    let (message, remedy) = told(b"[contacts]\n\xff");
    assert_eq!(message, "line 2: it is not UTF-8 text");
    assert!(remedy.contains("[contacts]"), "{remedy}");
}

#[test]
fn there_is_an_end_of_contacts() {
    let mut contacts = Contacts::default();
    let id = |i: usize| {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&i.to_le_bytes());
        AccountId::new(Prefix::User, key)
    };
    for i in 0..CONTACTS_MAX {
        // As long as a name can be, in the longest spelling that TOML has for it.
        contacts.add(name(&format!("{i:0>64}")), id(i)).unwrap();
    }
    let full = contacts.add(name("one more"), id(CONTACTS_MAX));
    assert_eq!(full, Err(ContactsError::Full));
    let text = contacts.to_toml();
    assert!((text.len() as u64) < CONTACTS_FILE_BYTES_MAX);
    assert_eq!(Contacts::parse(text.as_bytes()), Ok(contacts));
}

proptest! {
    #[test]
    fn any_name_survives_the_file(names in prop::collection::btree_set("\\PC{1,20}", 0..5)) {
        let mut contacts = Contacts::default();
        for (i, text) in (0u8..).zip(&names) {
            if let Ok(name) = text.parse() {
                contacts.add(name, id(i)).unwrap();
            }
        }
        prop_assert_eq!(Contacts::parse(contacts.to_toml().as_bytes()), Ok(contacts));
    }

    #[test]
    fn strangers_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Contacts::parse(&bytes);
    }
}
