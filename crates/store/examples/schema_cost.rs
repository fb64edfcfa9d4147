//! Why a mailbox lies together on the disk: `cargo run --release -p leek-store --example
//! schema_cost [DIR]`.
//!
//! Stores the same messages in three layouts, in commits of 8 and 64, with pages of three sizes,
//! and reads at most 10 messages behind a random one. Each layout has the indexes by hash and by
//! expiry that it needs, and nothing else.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    reason = "it measures time, and prints it"
)]

use std::{error::Error, fs, path::Path, time::Instant};

use rusqlite::{Connection, params};

const MESSAGES: i64 = 100_000;
const MAILBOXES: i64 = 1_000;
const MESSAGE_BYTES: usize = 1_024;
const READS: i64 = 20_000;
const CACHE_KIB: i64 = 16_384;

struct Layout {
    name: &'static str,
    tables: &'static str,
    /// Of: message, mailbox, place in the mailbox, hash, expiry, data.
    insert: &'static str,
    /// Of: hash.
    place: &'static str,
    /// Of: mailbox, place.
    retrieve: &'static str,
}

const LAYOUTS: [Layout; 3] = [
    Layout {
        name: "in order of arrival",
        tables: "CREATE TABLE m(id INTEGER PRIMARY KEY, mailbox INTEGER, hash BLOB UNIQUE,
                 expiry INTEGER, data BLOB);
                 CREATE INDEX by_mailbox ON m(mailbox); CREATE INDEX by_expiry ON m(expiry);",
        insert: "INSERT INTO m SELECT ?1, ?2, ?4, ?5, ?6 WHERE ?3",
        place: "SELECT mailbox, id FROM m WHERE hash = ?1",
        retrieve: "SELECT data FROM m WHERE mailbox = ?1 AND id > ?2 ORDER BY id LIMIT 10",
    },
    Layout {
        name: "by mailbox, without rowid",
        tables: "CREATE TABLE m(mailbox INTEGER, place INTEGER, hash BLOB, seq INTEGER,
                 expiry INTEGER, data BLOB, PRIMARY KEY (mailbox, place)) WITHOUT ROWID;
                 CREATE UNIQUE INDEX by_hash ON m(hash); CREATE INDEX by_expiry ON m(expiry, seq);",
        insert: "INSERT INTO m SELECT ?2, ?3, ?4, ?1, ?5, ?6",
        place: "SELECT mailbox, place FROM m WHERE hash = ?1",
        retrieve: "SELECT data FROM m WHERE mailbox = ?1 AND place > ?2 ORDER BY place LIMIT 10",
    },
    Layout {
        name: "by mailbox, in the rowid",
        tables: "CREATE TABLE m(id INTEGER PRIMARY KEY, hash BLOB UNIQUE, seq INTEGER,
                 expiry INTEGER, data BLOB);
                 CREATE INDEX by_expiry ON m(expiry, seq);",
        insert: "INSERT INTO m SELECT ?2 << 28 | ?3, ?4, ?1, ?5, ?6",
        place: "SELECT id >> 28, id & (1 << 28) - 1 FROM m WHERE hash = ?1",
        retrieve: "SELECT data FROM m WHERE id > (?1 << 28 | ?2) AND id < ?1 + 1 << 28
                   ORDER BY id LIMIT 10",
    },
];

fn main() -> Result<(), Box<dyn Error>> {
    let temporary = match std::env::args_os().nth(1) {
        Some(dir) => tempfile::tempdir_in(dir)?,
        None => tempfile::tempdir()?,
    };
    println!("CPU us: of storing a message, 8 and 64 in a commit; of retrieving");
    for layout in &LAYOUTS {
        for page_bytes in [4_096, 8_192, 16_384] {
            let path = temporary.path().join("m.db");
            let by_eight = store(layout, page_bytes, 8, &path)?.1;
            fs::remove_file(&path)?;
            let (db, by_many) = store(layout, page_bytes, 64, &path)?;
            let retrieve = retrieve(layout, &db)?;
            db.close().map_err(|(_, error)| error)?;
            let bytes = fs::metadata(&path)?.len() / MESSAGES.cast_unsigned();
            println!(
                "{:26} pages of {page_bytes:6}: {by_eight:6.1} {by_many:6.1} {retrieve:6.1}, \
                 {bytes} bytes a message",
                layout.name
            );
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

fn store(
    layout: &Layout,
    page_bytes: i64,
    group: i64,
    path: &Path,
) -> Result<(Connection, f64), Box<dyn Error>> {
    let db = Connection::open(path)?;
    db.pragma_update(None, "page_size", page_bytes)?;
    db.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    db.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "cache_size", -CACHE_KIB)?;
    db.execute_batch(layout.tables)?;
    let mut data = vec![0; MESSAGE_BYTES];
    let start = time();
    for n in 0..MESSAGES {
        if n % group == 0 {
            db.execute_batch("BEGIN")?;
        }
        data.chunks_exact_mut(8)
            .for_each(|chunk| chunk.copy_from_slice(&mix(n).to_le_bytes()));
        let (mailbox, place) = (1 + n % MAILBOXES, 1 + n / MAILBOXES);
        let expiry = n + mix(n).rem_euclid(14) * 10_000;
        db.prepare_cached(layout.insert)?.execute(params![
            n,
            mailbox,
            place,
            hash(n),
            expiry,
            data
        ])?;
        if (n + 1) % group == 0 || n + 1 == MESSAGES {
            db.execute_batch("COMMIT")?;
        }
    }
    Ok((db, (time() - start) / MESSAGES as f64))
}

fn retrieve(layout: &Layout, db: &Connection) -> Result<f64, Box<dyn Error>> {
    let (start, mut bytes) = (time(), 0);
    for n in 0..READS {
        let hash = hash(mix(n).rem_euclid(MESSAGES));
        let (mailbox, place): (i64, i64) = db
            .prepare_cached(layout.place)?
            .query_row([hash], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut statement = db.prepare_cached(layout.retrieve)?;
        let mut rows = statement.query([mailbox, place])?;
        while let Some(row) = rows.next()? {
            bytes += row.get_ref(0)?.as_blob()?.to_vec().len();
        }
    }
    assert!(bytes > MESSAGE_BYTES, "nothing was read");
    Ok((time() - start) / READS as f64)
}

/// us that this thread has run, where the system tells (Linux); else of wall time.
fn time() -> f64 {
    thread_local!(static START: Instant = Instant::now());
    let ran = fs::read_to_string("/proc/thread-self/schedstat").ok();
    let ran = ran.and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    ran.map_or_else(
        || START.with(|start| start.elapsed().as_secs_f64() * 1e6),
        |ns| ns / 1e3,
    )
}

fn hash(n: i64) -> [u8; 32] {
    let mut hash = [0; 32];
    for (at, chunk) in (0..).zip(hash.chunks_exact_mut(8)) {
        chunk.copy_from_slice(&mix(n << 2 | at).to_le_bytes());
    }
    hash
}

/// splitmix64 (Steele, Lea and Flood 2014).
const fn mix(n: i64) -> i64 {
    let mut z = n
        .cast_unsigned()
        .wrapping_add(1)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z ^ (z >> 31)).cast_signed()
}
