//! `leek contacts`.

use std::fs;

use serde_json::Value;

use crate::{account::chmod, support::World};

const ALICE: &str = "05d2ad010eeb72d72e561d9de7bd7b6989af77dcabffa03a5111a6c859ae5c3a72";
const BOB: &str = "056c3d9682f167135d4c86b0af24e7aca98949380fa825e01455e788fe3df1d05c";

fn world() -> World {
    let world = World::new();
    let ended = world.leek(&["account", "new", "--home", "home", "--no-passphrase"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    world
}

fn done(world: &World, args: &[&str]) -> String {
    let ended = world.leek(&[&["contacts"], args, &["--home", "home"]].concat());
    assert_eq!(ended.code, Some(0), "{args:?}: {}", ended.stderr);
    ended.stdout
}

fn refused(world: &World, args: &[&str]) -> String {
    let before = fs::read(world.path("home/contacts.toml")).ok();
    let ended = world.leek(&[&["contacts"], args, &["--home", "home"]].concat());
    assert_eq!(
        (ended.code, ended.stdout.as_str()),
        (Some(2), ""),
        "{args:?}"
    );
    assert_eq!(fs::read(world.path("home/contacts.toml")).ok(), before);
    ended.stderr
}

#[test]
fn contacts_are_added_renamed_and_removed() {
    let world = world();
    assert_eq!(done(&world, &["list"]), "");
    done(&world, &["add", "bob", BOB]);
    done(&world, &["add", "Alice Z.", &ALICE.to_uppercase()]);
    assert_eq!(
        done(&world, &["list"]),
        format!("{ALICE}  Alice Z.\n{BOB}  bob\n")
    );
    done(&world, &["rename", "Alice Z.", "alice"]);
    done(&world, &["remove", "bob"]);
    let json: Value = serde_json::from_str(&done(&world, &["list", "--json"])).unwrap();
    assert_eq!(json, serde_json::json!([{ "name": "alice", "id": ALICE }]));
    let text = fs::read_to_string(world.path("home/contacts.toml")).unwrap();
    assert!(
        text.ends_with(&format!("[contacts]\n\"alice\" = \"{ALICE}\"\n")),
        "{text}"
    );
}

#[test]
fn what_makes_no_sense_is_refused() {
    let world = world();
    done(&world, &["add", "bob", BOB]);
    assert_eq!(
        refused(&world, &["add", "bob", ALICE]),
        "error: there is a contact `bob` already\n"
    );
    assert_eq!(
        refused(&world, &["add", "robert", BOB]),
        "error: this account is a contact already, `bob`\n"
    );
    assert_eq!(
        refused(&world, &["remove", "alice"]),
        "error: there is no contact `alice`\nhelp: `leek contacts list` names them all\n"
    );
    let id_help = "help: an account id has 66 hexadecimal digits; its owner sees it with `leek \
                   account show`\n";
    let short = "error: read account id: read hexadecimal text: 4 bytes of text instead of 66 \
                 digits\n";
    assert_eq!(
        refused(&world, &["add", "a", "05ab"]),
        format!("{short}{id_help}")
    );
    let group = format!("03{}", "11".repeat(32));
    let prefix = "error: account ids of users begin with 05, and this one with 03\n";
    assert_eq!(
        refused(&world, &["add", "a", &group]),
        format!("{prefix}{id_help}")
    );
    assert_eq!(
        refused(&world, &["add", "bob\u{202e}", ALICE]),
        "error: a contact's name must not hold characters that cannot be seen: bob\\u{202e}\n"
    );
    assert_eq!(
        refused(&world, &["add", "a\nb", ALICE]),
        "error: a contact's name must not hold control characters\n"
    );
}

#[test]
fn a_list_edited_by_hand_is_checked_by_line() {
    let world = world();
    let list = |text: &str| {
        let path = world.write("home/contacts.toml", text);
        chmod(&path, 0o600);
        world.leek(&["contacts", "list", "--home", "home"])
    };
    let fine = list(&format!("contacts.bob = \"{BOB}\"  # mine\n"));
    assert_eq!(fine.stdout, format!("{BOB}  bob\n"));

    let ended = list(&format!("[contacts]\nbob = \"{BOB}\"\nalice = \"05ab\"\n"));
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(4), ""));
    let expected = "error: read home/contacts.toml: line 3: read account id: read hexadecimal \
                    text: 4 bytes of text instead of 66 digits\n\
                    help: an account id has 66 hexadecimal digits; its owner sees it with `leek \
                    account show`\n";
    assert_eq!(ended.stderr, expected);

    let ended = list("[contacts]\nbob\n");
    assert_eq!(ended.code, Some(4));
    assert!(
        ended
            .stderr
            .starts_with("error: read home/contacts.toml: line 2: "),
        "{}",
        ended.stderr
    );
    assert!(
        ended
            .stderr
            .contains("help: under [contacts], write lines like: alice = ")
    );
    // A name that a stranger talked somebody into cannot write to the terminal.
    let ended = list(&format!("[contacts]\n\"a\u{9b}2Jb\u{202e}\" = \"{BOB}\"\n"));
    assert_eq!(ended.code, Some(4), "{}", ended.stderr);
    let ended = list(&format!("[contacts]\n\"ab\u{202e}\" = \"{BOB}\"\n"));
    assert_eq!(ended.stdout, format!("{BOB}  ab\\u{{202e}}\n"));
}
