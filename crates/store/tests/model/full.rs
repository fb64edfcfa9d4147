//! No more room: in the file, or on the disk.

use std::{fs, io::ErrorKind, path::Path, process::Command};

use leek_identity::MessageHash;
use leek_machine::Wall;
use leek_store::{DurableStore, MemoryStore, SqliteStore, StoreConfig};
use leek_wire::{StoreError, StoredRow, WriteBatch, WriteId, WriteOp};

use crate::{
    on_disk::{NOW, config, scratch},
    process::{run_in, say},
    world::{ACCOUNTS, NAMESPACES, answers},
};

/// A message of a few pages.
const LEN: usize = 20_000;

/// A store and a model that is told only what the store said is durable.
struct Pair {
    store: SqliteStore,
    model: MemoryStore,
    next_write: u64,
    /// Batches of one commit.
    group: usize,
}

fn hash(n: u64) -> MessageHash {
    let mut bytes = [0x5a; 32];
    bytes[..8].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    MessageHash::from_bytes(bytes)
}

fn insert(n: u64) -> WriteOp {
    WriteOp::Insert(StoredRow {
        hash: hash(n),
        account: ACCOUNTS[usize::from(n.is_multiple_of(3))],
        namespace: NAMESPACES[usize::from(n.is_multiple_of(2))],
        timestamp: Wall::from_ms(n),
        expiry: Wall::from_ms(1_000 + n),
        data: vec![n.to_le_bytes()[0]; LEN].into(),
    })
}

fn delete(n: u64) -> WriteOp {
    WriteOp::Delete { hash: hash(n) }
}

impl Pair {
    fn new(store: SqliteStore) -> Self {
        Self {
            store,
            model: MemoryStore::new(u64::MAX),
            next_write: 1,
            group: usize::MAX,
        }
    }

    /// Hands out batches of these operations, commits all, and says how each ended.
    fn commit(&mut self, batches: Vec<Vec<WriteOp>>) -> Vec<Result<(), StoreError>> {
        let first = self.next_write;
        for ops in &batches {
            let batch = WriteBatch { ops: ops.clone() };
            self.store.hand_out(WriteId(self.next_write), batch);
            self.next_write += 1;
        }
        let mut ended = Vec::new();
        while self.store.pending() > 0 {
            ended.extend(self.store.commit(self.group));
        }
        assert_eq!(ended.len(), batches.len());
        for ((write, (name, result)), ops) in (first..).zip(&ended).zip(batches) {
            assert_eq!(*name, WriteId(write));
            if result.is_ok() {
                self.model.hand_out(*name, WriteBatch { ops });
                assert_eq!(self.model.commit_next(), Some((*name, Ok(()))));
            }
        }
        ended.into_iter().map(|(_, result)| result).collect()
    }

    fn commit_one(&mut self, ops: Vec<WriteOp>) -> Result<(), StoreError> {
        self.commit(vec![ops]).remove(0)
    }

    /// The view shows what is durable.
    fn agree(&self) {
        assert_eq!(answers(&self.store, 1, 1), answers(&self.model, 1, 1));
        assert_eq!(self.store.messages(), self.model.len() as u64);
    }

    /// Inserts messages from `n` on until one does not fit; returns that one.
    fn fill(&mut self, mut n: u64) -> u64 {
        loop {
            match self.commit_one(vec![insert(n)]) {
                Ok(()) => n += 1,
                Err(StoreError::Full) => {
                    self.agree();
                    return n;
                }
                Err(error) => panic!("message {n}: {error}"),
            }
        }
    }
}

#[test]
fn a_file_has_no_more_pages_than_it_may() {
    let dir = scratch();
    let file_bytes_max = 2 << 20;
    let config = StoreConfig {
        file_bytes_max,
        ..config(1 << 30)
    };
    let mut pair = Pair::new(
        SqliteStore::open(dir.path(), config.clone(), NOW)
            .unwrap()
            .store,
    );
    let full = pair.fill(0);
    assert!((60..=104).contains(&full), "{full} messages of {LEN} bytes");
    for round in 0..3 {
        // What fits before it is durable; what comes behind it is aborted, whatever it is.
        let aborted = Err(StoreError::Aborted);
        let ended = pair.commit(vec![
            vec![delete(round * 10)],
            vec![delete(round * 10 + 1), insert(1_000 + round)],
            (0..9).map(|n| insert(2_000 + n)).collect(),
            vec![delete(round * 10 + 2)],
            vec![],
        ]);
        assert_eq!(
            ended,
            [
                Ok(()),
                Ok(()),
                Err(StoreError::Full),
                aborted.clone(),
                aborted
            ]
        );
        // No message more: always room.
        let moved = (0..full).map(|n| WriteOp::SetExpiry {
            hash: hash(n),
            expiry: Wall::from_ms(7_919 * (n + round) % 5_000),
        });
        assert_eq!(pair.commit_one(moved.collect()), Ok(()));
        assert_eq!(pair.commit_one(vec![delete(round * 10 + 3)]), Ok(()));
        pair.agree();
    }
    pair.fill(3_000);
    let spare = 64 * 8_192;
    drop(pair.store);
    let bytes = fs::metadata(dir.path().join("messages.db")).unwrap().len();
    assert!(bytes <= file_bytes_max + spare, "{bytes}");
    pair.store = SqliteStore::open(dir.path(), config, NOW).unwrap().store;
    pair.agree();
    assert_eq!(pair.commit_one(vec![insert(9_000)]), Err(StoreError::Full));
    assert_eq!(pair.commit_one((0..full).map(delete).collect()), Ok(()));
    assert_eq!(pair.commit_one(vec![insert(9_000)]), Ok(()));
}

/// Moving expiries takes pages of their index before it frees others.
#[test]
fn expiries_move_in_a_full_file() {
    let dir = scratch();
    let config = StoreConfig {
        file_bytes_max: 1 << 20,
        ..config(1 << 30)
    };
    let mut pair = Pair::new(SqliteStore::open(dir.path(), config, NOW).unwrap().store);
    let mut rows = 0;
    let tiny = |n| match insert(n) {
        WriteOp::Insert(mut row) => {
            row.data = [].as_slice().into();
            WriteOp::Insert(row)
        }
        other => other,
    };
    while pair.commit_one((rows..rows + 50).map(tiny).collect()) == Ok(()) {
        rows += 50;
    }
    assert!(rows > 2_000, "{rows} messages without data");
    for (group, multiplier) in [(1, 7_919), (2, 104_729), (usize::MAX, 6_700_417)] {
        pair.group = group;
        let moved = (0..rows).map(|n| WriteOp::SetExpiry {
            hash: hash(n),
            expiry: Wall::from_ms(n.wrapping_mul(multiplier) % 1_000),
        });
        let moved: Vec<WriteOp> = moved.collect();
        let ended = pair.commit(moved.chunks(500).map(<[_]>::to_vec).collect());
        assert!(
            ended.iter().all(Result::is_ok),
            "groups of {group}: {ended:?}"
        );
    }
    pair.agree();
}

/// A store that is opened for less than it holds.
#[test]
fn a_smaller_capacity_takes_deletes_and_no_more() {
    let dir = scratch();
    let open = |messages: u64| {
        let config = config(messages * LEN as u64);
        SqliteStore::open(dir.path(), config, NOW).unwrap().store
    };
    let mut pair = Pair::new(open(5));
    assert_eq!(pair.commit_one((0..5).map(insert).collect()), Ok(()));
    drop(pair.store);
    pair.store = open(2);
    let ended = pair.commit(vec![
        vec![delete(0), insert(5)],
        vec![delete(1)],
        vec![insert(6)],
    ]);
    assert_eq!(ended, [Ok(()), Ok(()), Err(StoreError::Full)]);
    pair.agree();
    assert_eq!(
        pair.commit_one(vec![delete(2), delete(3), delete(4)]),
        Ok(())
    );
    assert_eq!(pair.commit_one(vec![insert(6)]), Ok(()));
}

/// MiB of the disk of [`full_disk`], and bytes of a file on it that is somebody else's.
const DISK_MIB: usize = 40;
const FILLER: usize = 12 << 20;

#[test]
fn a_full_disk_still_serves_and_deletes() {
    run_on_small_disk("full ours");
}

#[test]
fn a_disk_that_others_fill_still_serves_and_deletes() {
    run_on_small_disk("full theirs");
}

/// Runs a process on a file system of its own, mounted for it alone.
fn run_on_small_disk(role: &str) {
    let shell = ["unshare", "--map-root-user", "--mount", "sh"];
    let allowed = Command::new(shell[0])
        .args(&shell[1..])
        .args(["-c", "exit 0"])
        .status();
    assert!(
        allowed.is_ok_and(|status| status.success()),
        "this test needs `unshare -rm`: run it as root, or where users may have namespaces"
    );
    let dir = scratch();
    let mount = format!(
        "mount -t tmpfs -o size={DISK_MIB}m tmpfs {} &&",
        dir.path().display()
    );
    let said = run_in(&shell, role, dir.path(), &mount);
    let ended = said.status.success() && said.last() == "end";
    assert!(ended, "{:?} {}", said.lines, said.errors);
}

/// Runs on a small disk, which others fill: suddenly, and to the last byte, while the log is short.
pub(crate) fn disk_of_others(dir: &Path) {
    let home = dir.join("store");
    let reserve = home.join("messages.reserve");
    let config = StoreConfig::with_capacity(1 << 30);
    let mut pair = Pair::new(SqliteStore::open(&home, config, NOW).unwrap().store);
    assert_eq!(pair.commit_one((0..20).map(insert).collect()), Ok(()));
    let filler = dir.join("filler");
    let filled = fs::write(&filler, vec![1; DISK_MIB << 20]).unwrap_err();
    assert_eq!(filled.kind(), ErrorKind::StorageFull);
    assert!(reserve.exists());
    assert_eq!(pair.commit_one(vec![insert(20)]), Err(StoreError::Full));
    assert!(!reserve.exists(), "it was given up");
    pair.agree();
    let ended = pair.commit(vec![
        vec![delete(0)],
        vec![insert(20), insert(21)],
        vec![delete(1)],
    ]);
    assert_eq!(
        ended,
        [Ok(()), Err(StoreError::Full), Err(StoreError::Aborted)]
    );
    assert_eq!(pair.commit_one((1..20).map(delete).collect()), Ok(()));
    pair.agree();
    say("end");
}

/// Runs on a small disk, which it fills.
pub(crate) fn full_disk(dir: &Path) {
    let home = dir.join("store");
    let reserve = home.join("messages.reserve");
    let config = StoreConfig::with_capacity(1 << 30);
    let filler = dir.join("filler");
    fs::write(&filler, vec![1; FILLER]).unwrap();
    let mut pair = Pair::new(SqliteStore::open(&home, config.clone(), NOW).unwrap().store);
    assert_eq!(fs::metadata(&reserve).unwrap().len(), config.reserve_bytes);
    let mut peak = pair.fill(0);
    assert!(peak > 400, "{peak} messages of {LEN} bytes");
    for round in 0..5 {
        let ended = pair.commit(vec![vec![insert(peak)], vec![delete(round)]]);
        assert_eq!(ended, [Err(StoreError::Full), Err(StoreError::Aborted)]);
        // All that fits into what is deleted, several times over.
        let gone = (round * 50..round * 50 + 40).map(delete).collect();
        assert_eq!(pair.commit_one(gone), Ok(()), "round {round}");
        let next = pair.fill(peak);
        assert!(
            next - peak > 20,
            "only {} messages in the room of 40",
            next - peak
        );
        peak = next;
    }
    assert!(!reserve.exists(), "it was given up");
    // The same after a start on the full disk.
    drop(pair.store);
    let opened = SqliteStore::open(&home, config.clone(), NOW).unwrap();
    assert_eq!(opened.set_aside, None);
    pair.store = opened.store;
    pair.agree();
    assert_eq!(pair.commit_one((300..340).map(delete).collect()), Ok(()));
    peak = pair.fill(peak);
    // Somebody makes room. The reserve is held again before the store grows.
    fs::remove_file(filler).unwrap();
    let mut refused = 0;
    while pair.commit_one(vec![insert(peak)]).is_err() {
        refused += 1;
        assert!(refused <= 64);
    }
    assert_eq!(fs::metadata(&reserve).unwrap().len(), config.reserve_bytes);
    assert!(pair.fill(peak + 1) - peak > 20);
    assert_eq!(pair.commit_one(vec![delete(peak)]), Ok(()));
    pair.agree();
    say("end");
}
