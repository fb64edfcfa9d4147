//! What the stores cost: `cargo run --release -p leek-store --example store_cost [DIR]`.
//!
//! Prints wall time and, where the system tells (Linux), the time this thread ran. The store on
//! disk waits for the disk at each commit.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    reason = "it measures time, and prints it"
)]

use std::{
    error::Error,
    fs,
    ops::ControlFlow,
    path::Path,
    time::{Duration, Instant},
};

use leek_identity::{AccountId, MessageHash, Namespace, Prefix};
use leek_machine::Wall;
use leek_store::{DurableStore, MemoryStore, SqliteStore, StoreConfig};
use leek_wire::{StoredRow, WriteBatch, WriteId, WriteOp};

const MESSAGES: u64 = 100_000;
const ACCOUNTS: u64 = 1_000;
const MESSAGE_BYTES: usize = 1_024;
const READS: u64 = 20_000;
/// Messages of one retrieve at most.
const RETRIEVE_MAX: usize = 10;
const CAPACITY_BYTES: u64 = 1 << 30;
const NOW: Wall = Wall::from_ms(1_700_000_000_000);

fn main() -> Result<(), Box<dyn Error>> {
    let temporary = match std::env::args_os().nth(1) {
        Some(dir) => tempfile::tempdir_in(dir)?,
        None => tempfile::tempdir()?,
    };
    let dir = temporary.path().join("store");
    println!("{MESSAGES} messages of {MESSAGE_BYTES} bytes, {ACCOUNTS} accounts");
    for (group, messages) in [(1, 5_000), (8, 20_000), (64, MESSAGES)] {
        let mut store = open(&dir)?;
        store_messages(&mut store, "disk", messages, group);
        if messages == MESSAGES {
            let bytes = fs::metadata(dir.join("messages.db"))?.len();
            println!("  {} bytes of file for each message", bytes / messages);
            window(&mut store);
            read(&store, "disk");
            drop(store);
            let opening = Cost::start();
            let store = open(&dir)?;
            opening.print("open, checking all", 1);
            drop(store);
        }
        fs::remove_dir_all(&dir)?;
    }
    let mut store = MemoryStore::new(CAPACITY_BYTES);
    store_messages(&mut store, "memory", MESSAGES, 64);
    read(&store, "memory");
    Ok(())
}

fn open(dir: &Path) -> Result<SqliteStore, Box<dyn Error>> {
    let config = StoreConfig::with_capacity(CAPACITY_BYTES);
    Ok(SqliteStore::open(dir, config, NOW)?.store)
}

/// Stores messages one by one, each a batch, so many in one commit.
fn store_messages(store: &mut impl DurableStore, name: &str, messages: u64, group: u64) {
    let rows: Vec<StoredRow> = (0..messages).map(row).collect();
    let cost = Cost::start();
    for (write, row) in (1..).zip(rows) {
        store.hand_out(WriteId(write), batch(row));
        if write % group == 0 || write == messages {
            let ended = store.commit(usize::MAX);
            assert!(ended.iter().all(|(_, result)| result.is_ok()), "{ended:?}");
        }
    }
    cost.print(&format!("{name}: store, {group} in a commit"), messages);
}

/// Batches that wait together for one commit: each costs a savepoint, and savepoints nest.
fn window(store: &mut impl DurableStore) {
    const WINDOW: u64 = 1_000;
    let first = MESSAGES + 1;
    let rows: Vec<StoredRow> = (first..first + WINDOW).map(row).collect();
    let cost = Cost::start();
    for (write, row) in (first..).zip(rows) {
        store.hand_out(WriteId(write), batch(row));
    }
    assert_eq!(store.commit(usize::MAX).len() as u64, WINDOW);
    cost.print(&format!("disk: store, {WINDOW} in a commit"), WINDOW);
}

fn read(store: &impl DurableStore, name: &str) {
    let numbers: Vec<u64> = (0..READS).map(|n| mix(n) % MESSAGES).collect();
    let mut seen = 0;
    let cost = Cost::start();
    for &n in &numbers {
        let mut left = RETRIEVE_MAX;
        mailbox(store, n, Some(hash(n)), |_| {
            seen += 1;
            left -= 1;
            left > 0
        });
    }
    cost.print(&format!("{name}: retrieve at most {RETRIEVE_MAX}"), READS);
    assert!(seen > READS, "{seen}");
    let newest: Vec<Option<MessageHash>> = (0..ACCOUNTS)
        .map(|account| {
            let mut newest = None;
            mailbox(store, account, None, |row| {
                newest = Some(row.hash);
                true
            });
            newest
        })
        .collect();
    let cost = Cost::start();
    for n in 0..READS {
        let account = n % ACCOUNTS;
        let newest = newest[usize::try_from(account).unwrap_or(0)];
        mailbox(store, account, newest, |_| unreachable!());
    }
    cost.print(&format!("{name}: poll that finds nothing"), READS);
    let cost = Cost::start();
    for &n in &numbers {
        assert!(store.find(&hash(n)).is_ok_and(|row| row.is_some()));
    }
    cost.print(&format!("{name}: find"), READS);
    let cost = Cost::start();
    for &n in &numbers {
        assert!(
            store
                .account_bytes(&account(n))
                .is_ok_and(|bytes| bytes > 0)
        );
    }
    cost.print(&format!("{name}: bytes of an account"), READS);
    let cost = Cost::start();
    let mut rows = 0;
    let scanned = store.scan(None, &mut |_| {
        rows += 1;
        ControlFlow::Continue(())
    });
    assert!(scanned.is_ok());
    cost.print(&format!("{name}: scan, each message"), rows);
}

fn mailbox(
    store: &impl DurableStore,
    n: u64,
    after: Option<MessageHash>,
    mut more: impl FnMut(&StoredRow) -> bool,
) {
    let visited = store.mailbox(
        &account(n),
        Namespace::DEFAULT,
        after.as_ref(),
        &mut |row| {
            if more(row) {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        },
    );
    assert!(visited.is_ok());
}

fn batch(row: StoredRow) -> WriteBatch {
    WriteBatch {
        ops: vec![WriteOp::Insert(row)],
    }
}

/// Accounts take turns, so that a mailbox's messages come far apart.
fn row(n: u64) -> StoredRow {
    let mut data = vec![0; MESSAGE_BYTES];
    for (at, chunk) in (0..).zip(data.chunks_exact_mut(8)) {
        chunk.copy_from_slice(&mix(n << 20 | at).to_le_bytes());
    }
    StoredRow {
        hash: hash(n),
        account: account(n),
        namespace: Namespace::DEFAULT,
        timestamp: NOW.after_ms(n),
        expiry: NOW.after_ms(n + (1 + mix(n) % 14) * 86_400_000),
        data: data.into(),
    }
}

fn account(n: u64) -> AccountId {
    AccountId::new(Prefix::User, spread(n % ACCOUNTS))
}

fn hash(n: u64) -> MessageHash {
    MessageHash::from_bytes(spread(n + ACCOUNTS))
}

fn spread(n: u64) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (at, chunk) in (0..).zip(bytes.chunks_exact_mut(8)) {
        chunk.copy_from_slice(&mix(n << 2 | at).to_le_bytes());
    }
    bytes
}

/// splitmix64 (Steele, Lea and Flood 2014).
const fn mix(n: u64) -> u64 {
    let mut z = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Time since a moment.
struct Cost {
    wall: Instant,
    cpu: Option<Duration>,
}

impl Cost {
    fn start() -> Self {
        Self {
            wall: Instant::now(),
            cpu: cpu(),
        }
    }

    fn print(&self, what: &str, times: u64) {
        let each = |time: Duration| time.as_secs_f64() * 1e6 / times as f64;
        let wall = each(self.wall.elapsed());
        let cpu = match (self.cpu, cpu()) {
            (Some(before), Some(after)) => format!("{:12.2} us CPU", each(after - before)),
            _ => String::new(),
        };
        println!("{what:34} {wall:12.2} us {:12.0} /s {cpu}", 1e6 / wall);
    }
}

/// How long this thread has run.
fn cpu() -> Option<Duration> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(text.split(' ').next()?.parse().ok()?))
}
