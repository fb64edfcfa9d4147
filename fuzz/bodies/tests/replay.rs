//! Replays the committed corpus, and holds corpus, targets and fuzz programs against each other.

#![allow(clippy::unwrap_used, reason = "test code outside test functions")]

use std::{
    collections::BTreeSet,
    fs,
    panic::{self, UnwindSafe},
    path::{Path, PathBuf},
};

use leek_fuzz_bodies::{TARGETS, Target, Verdict};

/// Bytes of one input that is committed; the fuzzer finds small ones for everything.
const INPUT_BYTES_MAX: u64 = 65_536;

fn fuzz_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

fn names_in(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

fn target_names() -> BTreeSet<String> {
    TARGETS
        .iter()
        .map(|target| target.name.to_owned())
        .collect()
}

#[test]
fn every_target_has_a_corpus_and_a_program() {
    let names = target_names();
    assert_eq!(names.len(), TARGETS.len(), "two targets of one name");
    assert_eq!(names_in(&fuzz_folder().join("corpus")), names);
    let programs: BTreeSet<_> = names.iter().map(|name| format!("{name}.rs")).collect();
    assert_eq!(names_in(&fuzz_folder().join("fuzz_targets")), programs);

    let manifest = fs::read_to_string(fuzz_folder().join("Cargo.toml")).unwrap();
    for name in &names {
        let entry = format!("[[bin]]\nname = \"{name}\"\npath = \"fuzz_targets/{name}.rs\"\n");
        assert!(manifest.contains(&entry), "fuzz/Cargo.toml lists {name}");
        let program = fuzz_folder()
            .join("fuzz_targets")
            .join(format!("{name}.rs"));
        let program = fs::read_to_string(program).unwrap();
        assert!(
            program.contains(&format!("\"{name}\"")),
            "{name}.rs runs {name}"
        );
    }
    assert_eq!(manifest.matches("[[bin]]").count(), names.len());
}

#[test]
fn the_corpus_replays() {
    for target in &TARGETS {
        let folder = fuzz_folder().join("corpus").join(target.name);
        let (mut valid, mut bad) = (0, 0);
        for name in names_in(&folder) {
            let path = folder.join(&name);
            assert!(
                fs::metadata(&path).unwrap().len() <= INPUT_BYTES_MAX,
                "{}",
                path.display()
            );
            let found = replay(target, &path);
            if name.starts_with("valid-") {
                valid += 1;
                assert_eq!(found, Verdict::Accepted, "{}", path.display());
            } else if name.starts_with("bad-") {
                bad += 1;
                assert_eq!(found, Verdict::Refused, "{}", path.display());
            }
        }
        assert!(
            valid > 0 && bad > 0,
            "{}: {valid} valid, {bad} bad inputs",
            target.name
        );
    }
}

/// Runs one input; a panic names it.
fn replay(target: &Target, path: &Path) -> Verdict {
    let bytes = fs::read(path).unwrap();
    let run = target.run;
    catch(move || run(&bytes)).unwrap_or_else(|| panic!("{} panics", path.display()))
}

fn catch(run: impl FnOnce() -> Verdict + UnwindSafe) -> Option<Verdict> {
    panic::catch_unwind(run).ok()
}

/// Inputs near the committed ones: every byte changed in turn, in three ways. Few next to what a
/// fuzzer tries, but always the same.
#[test]
fn neighbours_of_the_corpus_do_not_panic() {
    /// Changed bytes per input; long inputs are sampled.
    const CHANGES: usize = 24;
    for target in TARGETS.iter().filter(|target| !is_slow(target)) {
        let folder = fuzz_folder().join("corpus").join(target.name);
        for name in names_in(&folder) {
            let bytes = fs::read(folder.join(&name)).unwrap();
            for at in (0..bytes.len()).step_by(bytes.len().div_ceil(CHANGES).max(1)) {
                for change in [0x01, 0x80, 0xff] {
                    let mut changed = bytes.clone();
                    changed[at] ^= change;
                    let run = target.run;
                    let done = catch(move || run(&changed));
                    assert!(
                        done.is_some(),
                        "{}/{name}: byte {at} by {change}",
                        target.name
                    );
                }
            }
        }
    }
}

/// These build a network, or run many cases.
fn is_slow(target: &Target) -> bool {
    ["trace", "vectors"].contains(&target.name)
}
