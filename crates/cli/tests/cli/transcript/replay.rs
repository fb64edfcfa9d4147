//! Two people in front of two terminals, who type what a page says.

use std::{
    env,
    fs::{self, File},
    io::{Read as _, Write as _},
    os::{fd::OwnedFd, unix::fs::symlink},
    process::{Child, Command, Stdio},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::{Duration, Instant},
};

use rustix::termios::{LocalModes, tcgetattr};

use super::{
    masks::ids,
    script::{Script, Step, TERMINALS},
};
use crate::{support::World, terminal::terminal};

/// What people type when they are asked for a passphrase, which nobody sees.
const PASSPHRASE: &str = "four stalks of leek";
/// How such questions end.
const QUESTIONS: [&str; 3] = ["New passphrase: ", "The same again: ", "Passphrase: "];
/// The key Ctrl-C as a page shows it.
const CTRL_C: &str = "^C";
/// Longest time for one thing to happen: a network of 15 processes starts within a few seconds.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often to look whether a program has ended, which wakes nobody.
const LOOK: Duration = Duration::from_millis(20);

/// Does what the script says; returns the lines of each block as they came out.
pub(super) fn play(script: &Script) -> Vec<Vec<String>> {
    let room = Room::new();
    let mut running: [Option<Program>; TERMINALS] = Default::default();
    let mut blocks: Vec<Vec<String>> = Vec::new();
    for block in &script.blocks {
        let program = &mut running[block.terminal];
        let mut lines = Vec::new();
        for step in &block.steps {
            if let Some(command) = &step.command {
                assert!(program.is_none(), "`{command}` in a terminal that is busy");
                let happened = [&blocks.concat()[..], &lines].concat();
                let command = as_it_is_here(command, &script.lines(), &happened);
                lines.push(Step::typed(&command));
                *program = Some(room.start(&command));
            }
            let started = program.as_mut().expect("something runs");
            lines.extend(started.shows(step));
            if !step.runs_on
                && let Some(ended) = program.take()
            {
                ended.leaves(step);
            }
        }
        blocks.push(lines);
    }
    blocks
}

/// A command with the accounts of this run in the place of the documented ones.
fn as_it_is_here(command: &str, documented: &[String], happened: &[String]) -> String {
    let first_seen = |lines: &[String]| {
        let mut seen: Vec<String> = Vec::new();
        for id in lines.iter().flat_map(|line| ids(line)) {
            if !seen.iter().any(|known| known == id) {
                seen.push(id.to_owned());
            }
        }
        seen
    };
    let mut here = command.to_owned();
    for (id, own) in first_seen(documented).iter().zip(first_seen(happened)) {
        here = here.replace(id, &own);
    }
    here
}

/// Where the terminals stand. The network in it goes down with it.
struct Room(World);

impl Room {
    fn new() -> Self {
        let world = World::new();
        fs::create_dir(world.path("bin")).unwrap();
        symlink(env!("CARGO_BIN_EXE_leek"), world.path("bin/leek")).unwrap();
        Self(world)
    }

    fn start(&self, command: &str) -> Program {
        let (screen, line) = terminal();
        let end = || Stdio::from(line.try_clone().unwrap());
        let path = format!(
            "{}:{}",
            self.0.path("bin").display(),
            env::var_os("PATH").unwrap().display()
        );
        // The terminal has to be the controlling one: questions go to /dev/tty, and Ctrl-C to its
        // processes.
        let child = Command::new("setsid")
            .args(["--ctty", "--wait", "sh", "-c", &format!("exec {command}")])
            .current_dir(self.0.path(""))
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.0.path(""))
            .env("LC_ALL", "C.UTF-8")
            .env("TERM", "xterm")
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .unwrap();
        Program {
            command: command.to_owned(),
            screen: Screen::watch(screen.try_clone().unwrap()),
            keyboard: screen,
            line,
            child,
            shown: 0,
            answered: 0,
        }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        // Down already when all went well; else there is an error to be told already.
        let _ = self.0.command(&["net", "down"]).output();
    }
}

/// Everything that a terminal shows.
#[derive(Default)]
struct Screen {
    text: Mutex<String>,
    changed: Condvar,
}

impl Screen {
    /// The thread ends when nobody holds the other end any more.
    fn watch(mut from: File) -> Arc<Self> {
        let screen = Arc::new(Self::default());
        let shown = Arc::clone(&screen);
        thread::spawn(move || {
            let mut all = Vec::new();
            let mut bytes = [0; 4_096];
            while let Ok(count @ 1..) = from.read(&mut bytes) {
                all.extend_from_slice(&bytes[..count]);
                let text = String::from_utf8_lossy(&all).replace("\r\n", "\n");
                // The other half of a line's end is on its way.
                let text = text.trim_end_matches('\r').to_owned();
                *shown.text.lock().unwrap() = text;
                shown.changed.notify_all();
            }
        });
        screen
    }

    fn text(&self) -> String {
        self.text.lock().unwrap().clone()
    }

    /// Waits a little for something new.
    fn wait(&self, seen: &str) {
        let text = self.text.lock().unwrap();
        let same = |text: &mut String| text == seen;
        let _ = self.changed.wait_timeout_while(text, LOOK, same).unwrap();
    }
}

/// A program on a terminal of its own.
struct Program {
    command: String,
    screen: Arc<Screen>,
    keyboard: File,
    line: OwnedFd,
    child: Child,
    /// Bytes of the screen that belong to earlier steps.
    shown: usize,
    /// Bytes of the screen when a question was answered last.
    answered: usize,
}

impl Program {
    /// Sees a step through: to the program's end, or until it has shown as much as the page does.
    fn shows(&mut self, step: &Step) -> Vec<String> {
        if let Some(at) = step.shown.iter().position(|line| line == CTRL_C) {
            self.wait(|lines| lines >= at);
            self.keyboard.write_all(b"\x03").unwrap();
        }
        if step.runs_on {
            self.wait(|lines| lines >= step.shown.len());
        } else {
            self.wait_end();
        }
        let text = self.screen.text();
        let new = &text[self.shown..];
        let lines = new.lines().map(|line| line.trim_end().to_owned());
        let lines = lines.collect();
        self.shown = text.len();
        lines
    }

    /// Answers questions until there are enough whole lines, or the program has ended.
    fn wait(&mut self, enough: impl Fn(usize) -> bool) {
        let began = Instant::now();
        loop {
            let text = self.screen.text();
            self.answer(&text);
            if enough(text[self.shown..].matches('\n').count()) {
                return;
            }
            if self.child.try_wait().unwrap().is_some() || began.elapsed() > PATIENCE {
                return;
            }
            self.screen.wait(&text);
        }
    }

    fn wait_end(&mut self) {
        self.wait(|_| false);
        let text = self.screen.text();
        let ended = self.child.try_wait().unwrap();
        assert!(ended.is_some(), "`{}` does not end: {text}", self.command);
        // What the program wrote last may still be on its way to the screen.
        const END: &str = "\u{2502}end\u{2502}";
        let mut line = File::from(self.line.try_clone().unwrap());
        line.write_all(END.as_bytes()).unwrap();
        loop {
            let text = self.screen.text();
            if text.ends_with(END) {
                break;
            }
            self.screen.wait(&text);
        }
        let mut text = self.screen.text.lock().unwrap();
        *text = text.replace(END, "");
    }

    /// Types the passphrase when it is asked for and not shown.
    fn answer(&mut self, text: &str) {
        let asked = QUESTIONS.iter().any(|question| text.ends_with(question));
        let modes = tcgetattr(&self.line).unwrap().local_modes;
        if asked && text.len() > self.answered && !modes.contains(LocalModes::ECHO) {
            self.answered = text.len();
            let keys = format!("{PASSPHRASE}\r");
            self.keyboard.write_all(keys.as_bytes()).unwrap();
        }
    }

    /// What is shown works: it ends with 0, or with 130 when somebody stopped it.
    fn leaves(mut self, step: &Step) {
        let code = self.child.wait().unwrap().code();
        let stopped = step.shown.iter().any(|line| line == CTRL_C);
        let expected = if stopped { 130 } else { 0 };
        let text = self.screen.text();
        assert_eq!(code, Some(expected), "`{}`: {text}", self.command);
        assert!(!text.contains(PASSPHRASE), "a passphrase on the screen");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Ended already when all went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
