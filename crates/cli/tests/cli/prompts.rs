//! Questions on a terminal: asked there, and the answers not shown.

use std::{
    fs::{self, File},
    io::{Read as _, Write as _},
    os::fd::OwnedFd,
    process::{Command, ExitStatus, Stdio},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::{Duration, Instant},
};

use rustix::termios::{LocalModes, tcgetattr};

use crate::{support::World, terminal::terminal};

const PASSPHRASE: &str = "four stalks of leek";

/// Longest time for a program to ask or to end: Argon2 takes a second on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Everything that was shown so far.
#[derive(Default)]
struct Screen {
    text: Mutex<String>,
    changed: Condvar,
}

/// A program on a terminal of its own, and the person in front of it.
struct Person {
    screen: Arc<Screen>,
    keyboard: File,
    line: OwnedFd,
    child: std::process::Child,
    /// How much of the screen was read.
    read: usize,
}

impl Person {
    fn sits_down_to(world: &World, args: &[&str]) -> Self {
        let (master, line) = terminal();
        let program = world.command(args);
        // The terminal has to be the controlling one: questions go to /dev/tty.
        let mut command = Command::new("setsid");
        command
            .args(["--ctty", "--wait"])
            .arg(program.get_program());
        command
            .args(program.get_args())
            .current_dir(world.path(""))
            .env("HOME", world.path(""));
        let end = || Stdio::from(line.try_clone().unwrap());
        let child = command
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .unwrap();
        let screen = Arc::new(Screen::default());
        let (shown, mut from) = (Arc::clone(&screen), master.try_clone().unwrap());
        // Ends with the test: this process keeps its end of the terminal open.
        thread::spawn(move || {
            let mut bytes = [0; 4_096];
            while let Ok(count @ 1..) = from.read(&mut bytes) {
                let text = String::from_utf8_lossy(&bytes[..count]).into_owned();
                shown.text.lock().unwrap().push_str(&text);
                shown.changed.notify_all();
            }
        });
        Self {
            screen,
            keyboard: master,
            line,
            child,
            read: 0,
        }
    }

    /// Waits for a question, and until the terminal does not show what is typed.
    fn is_asked(&mut self, question: &str) {
        let began = Instant::now();
        let text = self.screen.text.lock().unwrap();
        let missing = |text: &mut String| !text[self.read..].contains(question);
        let (text, waited) = self
            .screen
            .changed
            .wait_timeout_while(text, PATIENCE, missing)
            .unwrap();
        assert!(!waited.timed_out(), "{question:?} is not in {text:?}");
        self.read += text[self.read..].find(question).unwrap() + question.len();
        drop(text);
        while tcgetattr(&self.line)
            .unwrap()
            .local_modes
            .contains(LocalModes::ECHO)
        {
            assert!(
                began.elapsed() < PATIENCE,
                "the terminal shows what is typed"
            );
            thread::yield_now();
        }
    }

    fn types(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    fn answers(&mut self, question: &str, answer: &str) {
        self.is_asked(question);
        self.types(&format!("{answer}\r"));
    }

    /// Waits for the end; returns the exit code and everything shown.
    fn leaves(mut self) -> (Option<i32>, String) {
        let status: ExitStatus = self.child.wait().unwrap();
        // What the program wrote last may still be on its way to the screen.
        let marker = "\u{2502}end\u{2502}";
        File::from(self.line).write_all(marker.as_bytes()).unwrap();
        let text = self.screen.text.lock().unwrap();
        let missing = |text: &mut String| !text.contains(marker);
        let (text, _) = self
            .screen
            .changed
            .wait_timeout_while(text, PATIENCE, missing)
            .unwrap();
        (
            status.code(),
            text.replace(marker, "").replace("\r\n", "\n"),
        )
    }
}

#[test]
fn a_passphrase_is_asked_for_twice_and_never_shown() {
    let world = World::new();
    let mut person = Person::sits_down_to(&world, &["account", "new", "--home", "home"]);
    person.answers("New passphrase: ", PASSPHRASE);
    person.answers("The same again: ", PASSPHRASE);
    let (code, screen) = person.leaves();
    assert_eq!(code, Some(0), "{screen}");
    assert!(
        !screen.contains("four") && !screen.contains("stalks"),
        "{screen}"
    );
    let phrase = screen
        .lines()
        .find_map(|line| line.strip_prefix("recovery phrase  "));
    let phrase = phrase.unwrap_or_else(|| panic!("{screen}"));
    assert_eq!(phrase.split(' ').count(), 13);

    let args = ["account", "show", "--home", "home", "--phrase"];
    let mut person = Person::sits_down_to(&world, &args);
    person.answers("Passphrase: ", PASSPHRASE);
    let (code, screen) = person.leaves();
    assert_eq!(code, Some(0), "{screen}");
    assert!(screen.contains(phrase), "{screen}");

    let before = fs::read(world.path("home/account.leek")).unwrap();
    let mut person = Person::sits_down_to(&world, &args);
    person.answers("Passphrase: ", "five stalks of leek");
    let (code, screen) = person.leaves();
    assert_eq!(code, Some(2), "{screen}");
    assert!(
        screen.contains("error: unlock the account: wrong passphrase\n"),
        "{screen}"
    );
    assert!(!screen.contains(phrase));
    assert_eq!(fs::read(world.path("home/account.leek")).unwrap(), before);
}

#[test]
fn two_different_passphrases_make_nothing() {
    let world = World::new();
    let mut person = Person::sits_down_to(&world, &["account", "new", "--home", "home"]);
    person.answers("New passphrase: ", PASSPHRASE);
    person.answers("The same again: ", "four stalks of leak");
    let (code, screen) = person.leaves();
    assert_eq!(code, Some(2), "{screen}");
    let expected = "error: the two passphrases differ\nhelp: nothing was written; try again\n";
    assert!(screen.ends_with(expected), "{screen}");
    assert!(!world.path("home/account.leek").exists());

    let mut person = Person::sits_down_to(&world, &["account", "new", "--home", "home"]);
    person.answers("New passphrase: ", "");
    let (code, screen) = person.leaves();
    assert_eq!(code, Some(2), "{screen}");
    let expected = "error: the passphrase is empty\n\
                    help: --no-passphrase makes an account without one\n";
    assert!(screen.ends_with(expected), "{screen}");
}

#[test]
fn ctrl_c_at_a_question_ends_it() {
    let world = World::new();
    let mut person = Person::sits_down_to(&world, &["account", "new", "--home", "home"]);
    person.is_asked("New passphrase: ");
    person.types("four\x03");
    let terminal = person.keyboard.try_clone().unwrap();
    let (code, screen) = person.leaves();
    let modes = tcgetattr(&terminal).unwrap().local_modes;
    assert!(modes.contains(LocalModes::ECHO), "the terminal stays blind");
    assert_eq!(code, Some(130), "{screen}");
    assert!(!screen.contains("four"), "{screen}");
    assert!(!world.path("home/account.leek").exists());
}

#[test]
fn a_recovery_phrase_is_not_shown_while_typed() {
    let world = World::new();
    let args = ["account", "restore", "--home", "home", "--no-passphrase"];
    let mut person = Person::sits_down_to(&world, &args);
    // Of each word the first three letters count.
    person.answers(
        "Recovery phrase (not shown): ",
        "vir rou dat its sob fle adr puz wep rur axi fic fle",
    );
    let (code, screen) = person.leaves();
    assert_eq!(code, Some(0), "{screen}");
    assert!(!screen.contains("vir rou"), "{screen}");
    let id = "056c3d9682f167135d4c86b0af24e7aca98949380fa825e01455e788fe3df1d05c";
    assert!(
        screen.contains(&format!("account id       {id}\n")),
        "{screen}"
    );
}
