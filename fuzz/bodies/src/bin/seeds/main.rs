//! Writes the valid and the bad inputs of every target into `fuzz/corpus`, the same bytes every
//! time. Files with other names, which fuzzers found (`found-`), stay.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use leek_fuzz_bodies::{TARGETS, Target, Verdict};

mod directory;
mod identity;
mod lab;
mod message;
mod onion;
mod tools;
mod wire;

/// Inputs of one target by file name.
#[derive(Default)]
struct Seeds(BTreeMap<String, Vec<u8>>);

impl Seeds {
    /// An input that the reader takes.
    fn valid(&mut self, name: &str, bytes: impl AsRef<[u8]>) {
        self.put(format!("valid-{name}"), bytes.as_ref());
    }

    /// An input that it refuses.
    fn bad(&mut self, name: &str, bytes: impl AsRef<[u8]>) {
        self.put(format!("bad-{name}"), bytes.as_ref());
    }

    /// An input whose verdict is no promise.
    fn any(&mut self, name: &str, bytes: impl AsRef<[u8]>) {
        self.put(format!("any-{name}"), bytes.as_ref());
    }

    /// Bad inputs made from a valid one: nothing, its first half, and all but its last byte.
    fn cuts(&mut self, name: &str, bytes: &[u8]) {
        self.bad("empty", []);
        let (half, _) = bytes.split_at(bytes.len() / 2);
        self.bad(&format!("{name}-half"), half);
        if let Some((_, rest)) = bytes.split_last() {
            self.bad(&format!("{name}-cut"), rest);
        }
    }

    fn put(&mut self, name: String, bytes: &[u8]) {
        self.0.insert(name, bytes.to_vec());
    }
}

/// The seeds of a target.
fn seeds(target: &str) -> Option<Seeds> {
    let mut seeds = Seeds::default();
    let write: fn(&mut Seeds) = match target {
        "account_id" => identity::account_id,
        "directory_announcement" => directory::announcement,
        "directory_cosign" => directory::cosign,
        "directory_cosign_answer" => directory::cosign_answer,
        "directory_descriptor" => directory::descriptor,
        "directory_listing" => directory::listing,
        "directory_snapshot" => directory::snapshot,
        "directory_state" => directory::state,
        "directory_url" => directory::url,
        "hop_error" => onion::hop_error,
        "message_config" => message::config,
        "message_content" => message::content,
        "message_decrypt" => message::decrypt,
        "message_envelope" => message::envelope,
        "message_hash" => identity::message_hash,
        "message_open" => message::open,
        "name_value" => identity::name_value,
        "network_file" => directory::network_file,
        "node_id" => identity::node_id,
        "onion_frame" => onion::frame,
        "onion_layer" => onion::layer,
        "onion_reply" => onion::reply,
        "recovery_phrase" => identity::recovery_phrase,
        "scenario" => lab::scenario,
        "trace" => lab::trace,
        "v4_body" => onion::v4_body,
        "vectors" => tools::vectors,
        "wire_reply" => wire::response,
        "wire_request" => wire::request,
        "wire_storage_reply" => wire::storage_reply,
        "wire_storage_request" => wire::storage_request,
        _ => return None,
    };
    write(&mut seeds);
    Some(seeds)
}

fn main() -> ExitCode {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus");
    for target in &TARGETS {
        if let Err(error) = write(target, &corpus.join(target.name)) {
            complain(&format!("seeds: {}: {error}", target.name));
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Writes the seeds of a target, once each is what its name says, and removes those of the past.
fn write(target: &Target, folder: &Path) -> Result<(), String> {
    let Seeds(seeds) = seeds(target.name).ok_or("no seeds for this target")?;
    for (name, bytes) in &seeds {
        let expected = if name.starts_with("valid-") {
            Verdict::Accepted
        } else {
            Verdict::Refused
        };
        let found = (target.run)(bytes);
        if !name.starts_with("any-") && found != expected {
            return Err(format!("{name}: {found:?}"));
        }
    }
    let at = |path: &Path, error: io::Error| format!("{}: {error}", path.display());
    fs::create_dir_all(folder).map_err(|e| at(folder, e))?;
    for path in written_before(folder).map_err(|e| at(folder, e))? {
        fs::remove_file(&path).map_err(|e| at(&path, e))?;
    }
    for (name, bytes) in &seeds {
        let path = folder.join(name);
        fs::write(&path, bytes).map_err(|e| at(&path, e))?;
    }
    Ok(())
}

fn written_before(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if ["valid-", "bad-", "any-"]
            .iter()
            .any(|kind| name.starts_with(kind))
        {
            paths.push(entry.path());
        }
    }
    Ok(paths)
}

fn complain(text: &str) {
    use std::io::Write as _;
    let _gone = writeln!(io::stderr().lock(), "{text}");
}
