//! `leek send` and `leek receive` without a network: everything that is refused before one is
//! looked for.

use crate::support::{Ended, World};

const BOB: &str = "056c3d9682f167135d4c86b0af24e7aca98949380fa825e01455e788fe3df1d05c";

fn world() -> World {
    let world = World::new();
    let ended = world.leek(&["account", "new", "--home", "home", "--no-passphrase"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    world
}

fn refused(world: &World, args: &[&str]) -> Ended {
    let ended = world.leek(args);
    assert_eq!(
        (ended.code, ended.stdout.as_str()),
        (Some(2), ""),
        "{args:?}: {ended:?}"
    );
    ended
}

#[test]
fn a_text_has_a_length() {
    let world = world();
    let ended = refused(&world, &["send", BOB, "", "--home", "home"]);
    assert_eq!(ended.stderr, "error: the text is empty\n");
    let ended = refused(&world, &["send", BOB, &"é".repeat(2_001), "--home", "home"]);
    assert_eq!(
        ended.stderr,
        "error: the text has 2001 characters, more than 2000\nhelp: send it in parts\n"
    );
}

#[test]
fn somebody_must_be_meant() {
    let world = world();
    let ended = refused(&world, &["send", "bob", "hi", "--home", "home"]);
    assert_eq!(
        ended.stderr,
        "error: `bob` is neither a contact nor an account id\nhelp: `leek contacts add NAME \
         ACCOUNT_ID` names somebody; `leek contacts list` shows who is named\n"
    );
    let ended = refused(
        &world,
        &["send", &BOB.replace('6', "g"), "hi", "--home", "home"],
    );
    assert!(
        ended.stderr.starts_with("error: read account id: "),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_network_must_be_named() {
    let world = world();
    let help =
        "help: `leek net up` makes a network here; --network names the file of another one\n";
    for args in [
        &["send", BOB, "hi", "--home", "home"][..],
        &["receive", "--home", "home"],
    ] {
        let ended = refused(&world, args);
        assert!(
            ended
                .stderr
                .starts_with("error: read network file leek-net/network.toml: ")
                && ended.stderr.ends_with(help),
            "{}",
            ended.stderr
        );
    }
    world.write("net.toml", "network = \"local\"\ndirectories = []\n");
    let ended = refused(
        &world,
        &["receive", "--home", "home", "--network", "net.toml"],
    );
    assert_eq!(
        ended.stderr,
        "error: net.toml: read network file: line 2, column 15: `directories`: trust directories: \
         0 of them instead of 1 to 16; list 1 to 16 directories\n"
    );
}

#[test]
fn an_account_must_be_there() {
    let world = World::new();
    for command in [&["send", BOB, "hi"][..], &["receive"]] {
        let ended = refused(&world, &[command, &["--home", "home"]].concat());
        assert!(
            ended.stderr.ends_with(
                "help: `leek account new` makes an account; --home names another home\n"
            ),
            "{}",
            ended.stderr
        );
    }
}

#[test]
fn options_are_checked() {
    let world = World::new();
    for (args, told) in [
        (
            &["send", BOB, "hi", "--ack", "most"][..],
            "invalid value 'most' for '--ack <LEVEL>': give received, durable, quorum=N (N from 1) \
             or all",
        ),
        (
            &["receive", "--timeout", "0"],
            "invalid value '0' for '--timeout <SECONDS>': give between 1 and 86400 seconds",
        ),
        (
            &["receive", "--log", "loud"],
            "[possible values: off, error, warn, info, debug, trace]",
        ),
    ] {
        let ended = refused(&world, args);
        let text = ended
            .stderr
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        assert!(text.contains(told), "{text}");
    }
}
