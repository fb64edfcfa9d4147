//! On a terminal: a bar, colours, and neither where they were not asked for.

use std::{
    fs::File,
    io::Read as _,
    os::fd::OwnedFd,
    process::{Command, Stdio},
    thread,
};

use rustix::{
    fs::{Mode, OFlags, open},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
};

use crate::support::{SMALL, World};

/// A new pseudo-terminal: what a person sees, and what the program writes to.
pub(crate) fn terminal() -> (File, OwnedFd) {
    let screen = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&screen).unwrap();
    unlockpt(&screen).unwrap();
    let name = ptsname(&screen, Vec::new()).unwrap();
    let end = open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
    (File::from(screen), end)
}

/// What the program leaves on its terminal: stdout and stderr.
fn seen(mut command: Command) -> (String, String) {
    let (out_screen, out) = terminal();
    let (err_screen, err) = terminal();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(err)
        .spawn()
        .unwrap();
    // Holds the program's ends; they must be gone for reading to end.
    drop(command);
    let [out, err] = [out_screen, err_screen].map(|mut screen| {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            // Linux ends a terminal without a program with an error instead of an end of file.
            let _ = screen.read_to_end(&mut bytes);
            String::from_utf8(bytes).unwrap()
        })
    });
    assert!(child.wait().unwrap().success());
    (out.join().unwrap(), err.join().unwrap())
}

fn small_run(world: &World, out: &str) -> Command {
    let mut command = world.command(&[&["run", "hundred", "--out", out], &SMALL[..]].concat());
    command.env("TERM", "xterm");
    command
}

#[test]
fn a_terminal_gets_a_bar_and_colours() {
    let world = World::new();
    let (stdout, stderr) = seen(small_run(&world, "a"));
    assert!(
        stderr.contains("\r█") || stderr.contains("\r░"),
        "{stderr:?}"
    );
    assert!(stderr.ends_with('\r'), "the bar is wiped: {stderr:?}");
    assert!(
        stdout.contains("\x1b[") && stdout.contains("PASS"),
        "{stdout:?}"
    );
}

#[test]
fn no_color_is_honoured() {
    let world = World::new();
    let mut command = small_run(&world, "a");
    command.env("NO_COLOR", "1");
    let (stdout, stderr) = seen(command);
    assert!(!stdout.contains('\x1b'), "{stdout:?}");
    assert!(!stderr.contains('\x1b'), "{stderr:?}");
}

#[test]
fn a_dumb_terminal_gets_plain_lines() {
    let world = World::new();
    let mut command = small_run(&world, "a");
    command.env("TERM", "dumb");
    let (stdout, stderr) = seen(command);
    assert!(
        !stdout.contains('\x1b') && !stderr.contains('█'),
        "{stdout:?} {stderr:?}"
    );
}
