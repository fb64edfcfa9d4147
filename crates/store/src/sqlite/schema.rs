//! The tables, and how values stand in them.

use leek_identity::{AccountId, Namespace};
use leek_machine::Wall;
use leek_wire::StoredRow;
use rusqlite::Connection;

/// Says that a database is ours: "LEEK".
pub(super) const APPLICATION: i64 = 0x4c45_454b;
/// The format that this program reads and writes.
pub(super) const FORMAT: i64 = 1;

/// `messages.id` is a mailbox's id and, in the low bits, a place in it: a mailbox lies together on
/// the disk, in its order. `seq` is the order of insertion over all mailboxes. `sum` is
/// [`head_sum`] and [`data_sum`].
const TABLES: [&str; 4] = [
    "CREATE TABLE mailboxes(
  id INTEGER PRIMARY KEY,
  account BLOB NOT NULL CHECK (length(account) = 33),
  namespace INTEGER NOT NULL,
  UNIQUE (account, namespace)
) STRICT",
    "CREATE TABLE messages(
  id INTEGER PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
  seq INTEGER NOT NULL,
  timestamp INTEGER NOT NULL,
  expiry INTEGER NOT NULL,
  sum INTEGER NOT NULL,
  data BLOB NOT NULL
) STRICT",
    "CREATE INDEX messages_by_expiry ON messages(expiry, seq)",
    "CREATE TABLE accounts(
  account BLOB PRIMARY KEY CHECK (length(account) = 33),
  bytes INTEGER NOT NULL CHECK (bytes >= 0),
  messages INTEGER NOT NULL CHECK (messages > 0)
) STRICT, WITHOUT ROWID",
];

/// Makes the tables in an empty database.
pub(super) fn create(db: &Connection) -> rusqlite::Result<()> {
    for table in TABLES {
        db.execute_batch(table)?;
    }
    db.pragma_update(None, "application_id", APPLICATION)?;
    db.pragma_update(None, "user_version", FORMAT)
}

/// Whether the tables are those of [`create`], to the letter.
pub(super) fn is_ours(db: &Connection) -> rusqlite::Result<bool> {
    let mut found = Vec::new();
    let mut statement = db.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        found.push(row.get::<_, String>(0)?);
    }
    found.sort_unstable();
    let mut expected = TABLES;
    expected.sort_unstable();
    Ok(found == expected)
}

/// A mailbox's id: the high 35 bits of its messages' ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MailboxId(i64);

/// A message's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct MessageId(i64);

/// Bits of a place in a mailbox. A mailbox takes 268 million messages before it must have been
/// empty once: ten days of 300 stores a second, the deployed limit of one address (network spec
/// 5.2).
pub(super) const PLACE_BITS: u32 = 28;
/// The largest id of a mailbox, which leaves ids of messages positive: 34 billion mailboxes.
pub(super) const MAILBOX_ID_MAX: i64 = i64::MAX >> PLACE_BITS;

impl MailboxId {
    /// `None` for what [`create`]'s tables cannot hold.
    pub(super) const fn new(id: i64) -> Option<Self> {
        if 0 < id && id <= MAILBOX_ID_MAX {
            Some(Self(id))
        } else {
            None
        }
    }

    pub(super) const fn get(self) -> i64 {
        self.0
    }

    /// Before its first message.
    pub(super) const fn start(self) -> MessageId {
        MessageId(self.0 << PLACE_BITS)
    }

    /// The last message it can have.
    pub(super) const fn end(self) -> MessageId {
        MessageId(self.0 << PLACE_BITS | ((1 << PLACE_BITS) - 1))
    }
}

impl MessageId {
    pub(super) const fn new(id: i64) -> Self {
        Self(id)
    }

    pub(super) const fn get(self) -> i64 {
        self.0
    }

    pub(super) const fn mailbox(self) -> MailboxId {
        MailboxId(self.0 >> PLACE_BITS)
    }

    /// The place behind this one; `None` when the mailbox ends here.
    pub(super) fn next(self) -> Option<Self> {
        (self < self.mailbox().end()).then(|| Self(self.0 + 1))
    }
}

/// A time as an integer of the same order.
pub(super) const fn from_wall(wall: Wall) -> i64 {
    (wall.ms() ^ SIGN).cast_signed()
}

pub(super) const fn to_wall(column: i64) -> Wall {
    Wall::from_ms(column.cast_unsigned() ^ SIGN)
}

const SIGN: u64 = 1 << 63;

/// What a row's sum covers beside the data.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head<'a> {
    pub(super) hash: &'a [u8; 32],
    pub(super) account: &'a AccountId,
    pub(super) namespace: Namespace,
    pub(super) id: MessageId,
    pub(super) seq: i64,
    pub(super) timestamp: Wall,
    pub(super) expiry: Wall,
    pub(super) len: u64,
}

impl<'a> Head<'a> {
    pub(super) fn of(row: &'a StoredRow, id: MessageId, seq: i64) -> Self {
        Self {
            hash: row.hash.as_bytes(),
            account: &row.account,
            namespace: row.namespace,
            id,
            seq,
            timestamp: row.timestamp,
            expiry: row.expiry,
            len: row.data.len() as u64,
        }
    }

    /// The sum of a row with this head: CRC-32 of head and data's sum, then the data's. It finds
    /// what a disk garbles, not what an enemy with access to the disk changes.
    pub(super) fn sum(&self, data_sum: u32) -> i64 {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(self.hash);
        hasher.update(&self.account.to_bytes());
        hasher.update(&self.namespace.number().to_le_bytes());
        hasher.update(&self.id.0.to_le_bytes());
        hasher.update(&self.seq.to_le_bytes());
        hasher.update(&self.timestamp.ms().to_le_bytes());
        hasher.update(&self.expiry.ms().to_le_bytes());
        hasher.update(&self.len.to_le_bytes());
        hasher.update(&data_sum.to_le_bytes());
        (u64::from(hasher.finalize()) << 32 | u64::from(data_sum)).cast_signed()
    }
}

/// The sum of a message's bytes: CRC-32.
pub(super) fn data_sum(data: &[u8]) -> u32 {
    crc32fast::hash(data)
}

/// The part of a row's sum that is its data's.
pub(super) const fn data_part(sum: i64) -> u32 {
    let bytes = sum.to_le_bytes();
    u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_keep_their_order() {
        let times = [0, 1, (1 << 63) - 1, 1 << 63, u64::MAX].map(Wall::from_ms);
        let columns = times.map(from_wall);
        assert!(columns.is_sorted());
        assert_eq!(columns.map(to_wall), times);
    }

    #[test]
    fn ids_nest() {
        for id in [1, 2, MAILBOX_ID_MAX] {
            let mailbox = MailboxId::new(id).unwrap();
            let first = mailbox.start().next().unwrap();
            assert_eq!(
                (first.mailbox(), mailbox.end().mailbox()),
                (mailbox, mailbox)
            );
            assert!(first.get() > 0 && mailbox.end() > first);
            assert_eq!(mailbox.end().next(), None);
        }
        assert_eq!(MailboxId::new(0), None);
        assert_eq!(MailboxId::new(MAILBOX_ID_MAX + 1), None);
    }
}
