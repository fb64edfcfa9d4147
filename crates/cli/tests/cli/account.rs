//! `leek account`: what it makes, what it shows, what it refuses.

use std::{
    fs::{self, Permissions},
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::support::{Ended, World};

const PASSPHRASE: &str = "four stalks of leek";

/// The recovery phrase and the account id that Session's documentation gives as an example.
const PHRASE: &str = "virtual rounded dating itself sober fleet adrenalin puzzled wept rural axis \
                      fictional fleet";
const PHRASE_ID: &str = "056c3d9682f167135d4c86b0af24e7aca98949380fa825e01455e788fe3df1d05c";

pub(crate) fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// A file with a passphrase, for its owner only.
fn passphrase_file(world: &World, name: &str, passphrase: &str) -> String {
    let path = world.write(name, &format!("{passphrase}\n"));
    chmod(&path, 0o600);
    name.to_owned()
}

/// A world with an account in `home`, under [`PASSPHRASE`].
fn sealed() -> (World, String) {
    let world = World::new();
    let file = passphrase_file(&world, "secret", PASSPHRASE);
    let ended = world.leek(&[
        "account",
        "new",
        "--home",
        "home",
        "--passphrase-file",
        &file,
    ]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    (world, ended.stdout)
}

/// The value behind a label in the text that `account` prints.
fn labelled<'a>(text: &'a str, label: &str) -> &'a str {
    let line = text.lines().find_map(|line| line.strip_prefix(label));
    line.unwrap_or_else(|| panic!("no {label:?} in {text:?}"))
        .trim()
}

fn with_input(world: &World, args: &[&str], input: &str) -> Ended {
    let mut child = world
        .command(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that refuses early reads nothing.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    Ended::of(child.wait_with_output().unwrap())
}

/// The program without a terminal to ask on, wherever the tests run.
fn without_terminal(world: &World, args: &[&str]) -> Ended {
    let program = world.command(args);
    let mut command = Command::new("setsid");
    command
        .arg("--wait")
        .arg(program.get_program())
        .args(program.get_args());
    command
        .current_dir(world.path(""))
        .env("HOME", world.path(""));
    Ended::of(command.stdin(Stdio::null()).output().unwrap())
}

#[test]
fn a_new_account_is_encrypted_and_its_phrase_shown_once() {
    let (world, stdout) = sealed();
    let id = labelled(&stdout, "account id");
    let phrase = labelled(&stdout, "recovery phrase");
    assert_eq!((id.len(), phrase.split(' ').count()), (66, 13), "{stdout}");
    assert!(id.starts_with("05"));
    assert_eq!(mode(&world.path("home")), 0o700);
    assert_eq!(mode(&world.path("home/account.leek")), 0o600);

    // The id needs no passphrase, and no later command shows the phrase unasked.
    let shown = world.leek(&["account", "show", "--home", "home"]);
    assert_eq!(shown.stdout, format!("account id       {id}\n"));
    assert_eq!((shown.code, shown.stderr.as_str()), (Some(0), ""));

    let args = [
        "account",
        "show",
        "--home",
        "home",
        "--phrase",
        "--passphrase-file",
        "secret",
    ];
    let again = world.leek(&args);
    assert_eq!(again.stdout, stdout);

    // And the phrase brings the same account back, in another home.
    let file = world.write("phrase", &phrase.to_uppercase());
    let restored = world.leek(&[
        "account",
        "restore",
        "--home",
        "other",
        "--no-passphrase",
        "--phrase-file",
        file.to_str().unwrap(),
    ]);
    assert_eq!(restored.stdout, shown.stdout);
}

#[test]
fn the_phrase_of_another_program_gives_its_account() {
    let world = World::new();
    let args = [
        "account",
        "restore",
        "--home",
        "home",
        "--no-passphrase",
        "--json",
    ];
    let ended = with_input(&world, &args, PHRASE);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let json: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(json["id"], PHRASE_ID);
    let shown = world.leek(&["account", "show", "--home", "home", "--phrase", "--json"]);
    let shown: Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!(shown["id"], PHRASE_ID);
    assert_eq!(shown["phrase"], PHRASE);
    assert_eq!(shown["encrypted"], false);
    assert_eq!(shown["home"], "home");
}

#[test]
fn the_warning_is_talk_and_the_phrase_is_data() {
    let world = World::new();
    let ended = world.leek(&[
        "account",
        "new",
        "--home",
        "home",
        "--no-passphrase",
        "--json",
    ]);
    let json: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(json["phrase"].as_str().unwrap().split(' ').count(), 13);
    assert_eq!(
        ended.stderr,
        "warning: the account is not encrypted; whoever can read its file has it\n"
    );
    let file = passphrase_file(&world, "secret", PASSPHRASE);
    let text = world.leek(&[
        "account",
        "new",
        "--home",
        "other",
        "--passphrase-file",
        &file,
    ]);
    assert!(
        text.stderr.starts_with("Write these words down"),
        "{}",
        text.stderr
    );
    let phrase = labelled(&text.stdout, "recovery phrase");
    assert!(!text.stderr.contains(phrase));
}

#[test]
fn an_account_is_never_overwritten() {
    let (world, stdout) = sealed();
    let before = fs::read(world.path("home/account.leek")).unwrap();
    let expected = "error: create home/account.leek: there is an account already, and it is kept\n\
                    help: --home names another home for another account\n";
    for args in [
        &["account", "new", "--home", "home", "--no-passphrase"][..],
        &["account", "restore", "--home", "home", "--no-passphrase"],
    ] {
        let ended = with_input(&world, args, PHRASE);
        assert_eq!(
            (ended.code, ended.stdout.as_str()),
            (Some(2), ""),
            "{args:?}"
        );
        assert_eq!(ended.stderr, expected);
    }
    assert_eq!(fs::read(world.path("home/account.leek")).unwrap(), before);
    assert!(!stdout.is_empty());
}

#[test]
fn a_wrong_passphrase_exactly() {
    let (world, stdout) = sealed();
    let before = fs::read(world.path("home/account.leek")).unwrap();
    let wrong = passphrase_file(&world, "wrong", "four stalks of leak");
    let args = [
        "account",
        "show",
        "--home",
        "home",
        "--phrase",
        "--passphrase-file",
        &wrong,
    ];
    let ended = world.leek(&args);
    let expected = "error: unlock the account: wrong passphrase\n\
                    help: try again; `leek account restore` in another home brings the account \
                    back from its recovery phrase\n";
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    assert_eq!(ended.stderr, expected);
    assert_eq!(fs::read(world.path("home/account.leek")).unwrap(), before);
    assert_eq!(
        world.leek(&["account", "show", "--home", "home"]).code,
        Some(0)
    );
    assert!(stdout.contains("recovery phrase"));
}

#[test]
fn what_others_can_read_is_refused_exactly() {
    let (world, _) = sealed();
    chmod(&world.path("home/account.leek"), 0o640);
    let ended = world.leek(&["account", "show", "--home", "home"]);
    let expected = "error: open home/account.leek: others may use it (its mode is 0640)\n\
                    help: run `chmod 600 home/account.leek`\n";
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(4), ""));
    assert_eq!(ended.stderr, expected);

    chmod(&world.path("home/account.leek"), 0o600);
    chmod(&world.path("home"), 0o755);
    let ended = world.leek(&["account", "show", "--home", "home"]);
    let expected = "error: open home: others may use it (its mode is 0755)\n\
                    help: run `chmod 700 home`\n";
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(4), expected));

    chmod(&world.path("home"), 0o700);
    chmod(&world.path("secret"), 0o644);
    let args = [
        "account",
        "show",
        "--home",
        "home",
        "--phrase",
        "--passphrase-file",
        "secret",
    ];
    let ended = world.leek(&args);
    let expected = "error: open secret: others may use it (its mode is 0644)\n\
                    help: run `chmod 600 secret`\n";
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(4), expected));
}

#[test]
fn a_damaged_account_exactly() {
    let (world, _) = sealed();
    let path = world.path("home/account.leek");
    let mut bytes = fs::read(&path).unwrap();
    bytes[100] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let ended = world.leek(&["account", "show", "--home", "home"]);
    let expected = "error: read home/account.leek: it is damaged: its hash does not match\n\
                    help: bring back a copy of the file, or move it away and run `leek account \
                    restore` with the recovery phrase\n";
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(4), expected));
    assert_eq!(fs::read(&path).unwrap(), bytes, "it is left as it is");
}

#[test]
fn a_wrong_phrase_changes_nothing_and_names_no_word() {
    let world = World::new();
    let args = ["account", "restore", "--home", "home", "--no-passphrase"];
    let other_last = PHRASE.replace("fictional fleet", "fictional axis");
    let unknown = PHRASE.replacen("rounded", "zzz", 1);
    for (phrase, message) in [
        (
            "virtual rounded",
            "read recovery phrase: 2 words, not 13 or 25",
        ),
        (&unknown, "read recovery phrase: word 2 is not in the list"),
        (
            &other_last,
            "read recovery phrase: the last word does not match the others",
        ),
    ] {
        let ended = with_input(&world, &args, phrase);
        let expected = format!(
            "error: {message}\nhelp: give all 13 words (25 of a long phrase) in their order; of \
             each word the first three letters count\n"
        );
        assert_eq!(
            (ended.code, ended.stdout.as_str()),
            (Some(2), ""),
            "{ended:?}"
        );
        assert_eq!(ended.stderr, expected);
        assert!(!world.path("home/account.leek").exists());
    }
    let ended = with_input(&world, &args, &"abbey ".repeat(1_000));
    assert_eq!(ended.code, Some(2));
    assert!(
        ended.stderr.contains("longer than 1024 bytes"),
        "{}",
        ended.stderr
    );
}

#[test]
fn without_an_account_the_remedy_is_named() {
    let world = World::new();
    let ended = world.leek(&["account", "show", "--home", "nowhere"]);
    let expected = "error: open home nowhere: there is no such directory\n\
                    help: `leek account new` makes an account; --home names another home\n";
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(2), expected));
    world.write("file", "");
    let ended = world.leek(&["account", "new", "--home", "file/home", "--no-passphrase"]);
    assert_eq!(ended.code, Some(4));
    assert!(
        ended.stderr.starts_with("error: create home file/home: "),
        "{}",
        ended.stderr
    );
}

#[test]
fn the_home_is_where_the_environment_says() {
    let world = World::new();
    let new = |set: &dyn Fn(&mut Command)| {
        let mut command = world.command(&["account", "new", "--no-passphrase"]);
        set(&mut command);
        Ended::of(command.output().unwrap())
    };
    assert_eq!(new(&|_| {}).code, Some(0));
    assert!(world.path(".local/share/leek/account.leek").exists());
    let xdg = world.path("xdg");
    assert_eq!(
        new(&|command| {
            command.env("XDG_DATA_HOME", &xdg);
        })
        .code,
        Some(0)
    );
    assert!(world.path("xdg/leek/account.leek").exists());
    let home = world.path("mine");
    assert_eq!(
        new(&|command| {
            command.env("LEEK_HOME", &home);
        })
        .code,
        Some(0)
    );
    assert!(world.path("mine/account.leek").exists());
    let ended = new(&|command| {
        command.env_remove("HOME");
    });
    let expected = "error: find the home directory: neither XDG_DATA_HOME nor HOME is set\n\
                    help: name one with --home DIR\n";
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(2), expected));
}

#[test]
fn two_processes_do_not_share_a_home() {
    let (world, _) = sealed();
    let lock = fs::File::options()
        .write(true)
        .open(world.path("home/lock"))
        .unwrap();
    lock.try_lock().unwrap();
    let ended = world.leek(&["contacts", "remove", "bob", "--home", "home"]);
    assert_eq!(ended.code, Some(4));
    let expected = "error: lock home home: another leek process uses it (process ";
    assert!(ended.stderr.starts_with(expected), "{}", ended.stderr);
    assert!(
        ended
            .stderr
            .ends_with("help: wait until it ends, or stop it\n")
    );
    // What only reads goes on.
    assert_eq!(
        world.leek(&["contacts", "list", "--home", "home"]).code,
        Some(0)
    );
    drop(lock);
    assert_eq!(
        world
            .leek(&["contacts", "remove", "bob", "--home", "home"])
            .code,
        Some(2)
    );
}

#[cfg(target_os = "linux")]
#[test]
fn without_a_terminal_nobody_is_asked() {
    let world = World::new();
    let ended = without_terminal(&world, &["account", "new", "--home", "home"]);
    let expected = "error: ask for the passphrase: there is no terminal\n\
                    help: --passphrase-file FILE reads it from a file, --no-passphrase does \
                    without\n";
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(2), expected));
    assert!(!world.path("home/account.leek").exists());

    let (world, _) = sealed();
    let ended = without_terminal(&world, &["account", "show", "--home", "home", "--phrase"]);
    let expected = "error: ask for the passphrase: there is no terminal\n\
                    help: --passphrase-file FILE reads it from a file\n";
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(2), expected));
}

#[test]
fn every_example_in_the_help_is_understood() {
    let world = World::new();
    for command in ["account", "contacts", "send", "receive", "doctor"] {
        let help = world.leek(&[command, "--help"]).stdout;
        assert!(
            help.lines().all(|line| line.chars().count() <= 100),
            "{help}"
        );
        let examples = help.lines().filter_map(|line| line.strip_prefix("  leek "));
        let mut count = 0;
        for example in examples {
            let words = example.split("  ").next().unwrap().replace('\'', "");
            let args: Vec<&str> = words.split(' ').collect();
            // Behind a text every further word would be another argument.
            let args = match args[..] {
                ["send", to, .., last] => {
                    let options = args.iter().filter(|word| word.starts_with("--ack"));
                    let level = args.iter().filter(|word| word.starts_with("quorum"));
                    let mut out = vec!["send", to, last];
                    out.extend(options.chain(level).copied());
                    out
                }
                _ => args,
            };
            let ended = world.leek(&[&args[..], &["--help"]].concat());
            assert_eq!(ended.code, Some(0), "{example}: {}", ended.stderr);
            count += 1;
        }
        assert!(count >= 3, "{help}");
    }
}
