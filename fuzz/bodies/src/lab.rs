//! What the laboratory reads of people's files.

use std::{
    num::NonZeroUsize,
    path::{Path, PathBuf},
};

use leek_lab::{
    Control,
    scenario::{Loader, load},
};

use crate::Verdict;

/// The name under which a file's bytes are found.
const FILE: &str = "given.toml";

/// Bytes of a trace that are read. Each line may bring two clients with keys, and a fuzzer needs
/// many runs more than it needs long ones.
const TRACE_BYTES_MAX: usize = 256;

/// Runs the trace and stops at the first window: reading it is what matters.
const TRACE_SCENARIO: &str = r#"
purpose = "reads a trace"
duration = "2s"
network.nodes = 7
onion.format = "direct"
crypto.mode = "sized"
workload.trace = { file = "given.txt", over = "1s" }
"#;

/// Every file has one of two texts, by its ending.
struct Given<'a> {
    scenario: &'a str,
    trace: &'a str,
}

impl Loader for Given<'_> {
    fn read(&self, path: &Path) -> Result<String, String> {
        let text = match path.extension().is_some_and(|ending| ending == "toml") {
            true => self.scenario,
            false => self.trace,
        };
        Ok(text.to_owned())
    }

    fn absolute(&self, path: &Path) -> PathBuf {
        Path::new("/given").join(path)
    }
}

/// A scenario file. Its effective form must load as the same scenario.
pub fn scenario(data: &[u8]) -> Verdict {
    let trace = "1 2 3\n2 1 4\n";
    let read = std::str::from_utf8(data).ok().and_then(|scenario| {
        let loaded = load(&Given { scenario, trace }, FILE, &[], None).ok()?;
        let effective = loaded.effective();
        let given = Given {
            scenario: &effective,
            trace,
        };
        match load(&given, FILE, &[], None) {
            Ok(again) => assert_eq!(again.effective(), effective),
            Err(error) => panic!("{error} in:\n{effective}"),
        }
        Some(loaded)
    });
    Verdict::of(&read)
}

/// The lines of a trace.
pub fn trace(data: &[u8]) -> Verdict {
    let read = std::str::from_utf8(data).ok().and_then(|trace| {
        if trace.len() > TRACE_BYTES_MAX {
            return None;
        }
        let given = Given {
            scenario: TRACE_SCENARIO,
            trace,
        };
        let loaded = match load(&given, FILE, &[], None) {
            Ok(loaded) => loaded,
            Err(error) => panic!("the scenario is good, its trace not yet read: {error}"),
        };
        leek_lab::run(&loaded, NonZeroUsize::MIN, &mut |_| Control::Stop).ok()
    });
    Verdict::of(&read)
}
