use std::{
    panic,
    sync::{Arc, Mutex},
};

use tracing::subscriber::with_default;

use super::*;

/// Something a log must not hold.
const CANARY: &str = "05d2ad010eeb72d72e561d9de7bd7b6989af77dcabffa03a5111a6c859ae5c3a72";

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What reaches the log of `telemetry` while `work` runs.
fn logged(telemetry: Telemetry, work: impl FnOnce()) -> String {
    let lines = Lines::default();
    let writer = lines.clone();
    let layer = telemetry.lines(move || writer.clone(), false);
    with_default(Registry::default().with(layer), work);
    let bytes = lines.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

/// What we log, and what the libraries below us would.
fn events() {
    tracing::trace!(target: "leek_driver::tls", count = 1, "ours at trace");
    tracing::info!(target: "leek_daemon::node", count = 2, "ours at info");
    tracing::error!(target: "h2::codec", frame = CANARY, "library");
    tracing::error!(target: "hyper::proto", frame = CANARY, "library");
    tracing::warn!(target: "rustls::client", peer = CANARY, "library");
    tracing::info!(target: "tonic::transport", uri = CANARY, "library");
    tracing::trace!(target: "tower", key = CANARY, "library");
}

#[test]
fn libraries_are_silent_at_every_level() {
    for level in LogLevel::ALL {
        for format in [LogFormat::Text, LogFormat::Json] {
            let telemetry = Telemetry {
                level,
                format,
                identifiers: Identifiers::Hidden,
            };
            let text = logged(telemetry, events);
            assert!(!text.contains(CANARY), "{level}: {text}");
            assert!(!text.contains("library"), "{level}: {text}");
            let ours = text.matches("ours at").count();
            let expected = match level {
                LogLevel::Off | LogLevel::Error | LogLevel::Warn => 0,
                LogLevel::Info | LogLevel::Debug => 1,
                LogLevel::Trace => 2,
            };
            assert_eq!(ours, expected, "{level}: {text}");
        }
    }
}

#[test]
fn the_flag_lets_them_speak() {
    let telemetry = Telemetry {
        level: LogLevel::Error,
        format: LogFormat::Json,
        identifiers: Identifiers::Shown,
    };
    let text = logged(telemetry, events);
    let lines: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert_eq!(lines[0]["target"], "h2::codec");
    assert_eq!(lines[0]["frame"], CANARY);
    assert_eq!(lines[0]["level"], "ERROR");
}

#[test]
fn levels_are_read_by_name() {
    for level in LogLevel::ALL {
        assert_eq!(level.name().parse(), Ok(level));
    }
    assert_eq!("verbose".parse::<LogLevel>(), Err(ParseLogLevelError));
    assert_eq!("INFO".parse::<LogLevel>(), Err(ParseLogLevelError));
}

#[test]
fn a_panic_tells_its_place_and_not_its_words() {
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let into = Arc::clone(&seen);
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let mut seen = into.lock().unwrap();
        // Panics of other tests pass by here too; their place is another one.
        if info.location().is_some_and(|at| at.file() == file!()) {
            for identifiers in [Identifiers::Hidden, Identifiers::Shown] {
                seen.push(panic_report(info, "worker", identifiers));
            }
        }
    }));
    let ended = panic::catch_unwind(|| panic!("cannot reach {CANARY}"));
    let bugs = panic::catch_unwind(|| leek_machine::bug!("no such account {CANARY}"));
    panic::set_hook(before);
    assert!(ended.is_err() && bugs.is_err());

    let seen = seen.lock().unwrap();
    let [hidden, shown, hidden_bug, shown_bug] = &seen[..] else {
        panic!("{seen:?}")
    };
    for text in [hidden, hidden_bug] {
        assert!(!text.contains(CANARY), "{text}");
        let head = format!(
            "error: defect in Leek: thread 'worker' stopped at {}:",
            file!()
        );
        assert!(text.starts_with(&head), "{text}");
        assert!(text.contains("--unsafe-log-identifiers"), "{text}");
    }
    assert!(shown.contains(&format!("message: cannot reach {CANARY}\n")));
    assert!(shown_bug.contains(CANARY));
}
