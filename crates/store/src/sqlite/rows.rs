//! Rows out of the tables, checked against their sums.

use leek_identity::{AccountId, MessageHash, Namespace};
use leek_wire::{Row, StoredRow};

use super::{
    error::Trouble,
    newest::Mailbox,
    schema::{Head, MessageId, data_part, data_sum, to_wall},
};

/// The columns of [`Entry::read`] from `messages m` and, for [`mailbox`], `mailboxes b`.
macro_rules! columns {
    (head) => {
        "m.id, m.hash, m.seq, m.timestamp, m.expiry, m.sum, length(m.data)"
    };
    (data) => {
        "m.id, m.hash, m.seq, m.timestamp, m.expiry, m.sum, m.data"
    };
    (mailbox) => {
        "b.account, b.namespace"
    };
}
pub(super) use columns;

/// The column of the mailbox's account, when it is read with the row.
const MAILBOX_COLUMN: usize = 7;

/// A row of `messages` and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) id: MessageId,
    pub(super) seq: i64,
    pub(super) sum: i64,
    pub(super) row: Row,
}

impl Entry {
    /// From the columns of a head, in this mailbox.
    pub(super) fn read(columns: &rusqlite::Row<'_>, mailbox: Mailbox) -> Result<Self, Trouble> {
        let len: i64 = columns.get(6)?;
        Self::with_len(columns, mailbox, len.cast_unsigned())
    }

    /// From the columns of a head, then the mailbox's.
    pub(super) fn read_with_mailbox(columns: &rusqlite::Row<'_>) -> Result<Self, Trouble> {
        Self::read(columns, mailbox(columns, MAILBOX_COLUMN)?)
    }

    /// The sum of this row with another expiry.
    pub(super) fn sum_expiring(&self, expiry: leek_machine::Wall) -> i64 {
        let mut head = self.head();
        head.expiry = expiry;
        head.sum(data_part(self.sum))
    }

    fn with_len(
        columns: &rusqlite::Row<'_>,
        (account, namespace): Mailbox,
        len: u64,
    ) -> Result<Self, Trouble> {
        let entry = Self {
            id: MessageId::new(columns.get(0)?),
            seq: columns.get(2)?,
            sum: columns.get(5)?,
            row: Row {
                hash: MessageHash::from_bytes(columns.get(1)?),
                account,
                namespace,
                timestamp: to_wall(columns.get(3)?),
                expiry: to_wall(columns.get(4)?),
                len: u32::try_from(len).map_err(|_| Trouble::damaged("a message's length"))?,
            },
        };
        if entry.head().sum(data_part(entry.sum)) == entry.sum {
            Ok(entry)
        } else {
            Err(Trouble::damaged("a message's head"))
        }
    }

    fn head(&self) -> Head<'_> {
        Head {
            hash: self.row.hash.as_bytes(),
            account: &self.row.account,
            namespace: self.row.namespace,
            id: self.id,
            seq: self.seq,
            timestamp: self.row.timestamp,
            expiry: self.row.expiry,
            len: u64::from(self.row.len),
        }
    }
}

/// A message with its data, from the columns of data, in this mailbox.
pub(super) fn stored(
    columns: &rusqlite::Row<'_>,
    mailbox: Mailbox,
) -> Result<(Entry, StoredRow), Trouble> {
    let data = columns
        .get_ref(6)?
        .as_blob()
        .map_err(rusqlite::Error::from)?;
    let entry = Entry::with_len(columns, mailbox, data.len() as u64)?;
    if data_sum(data) != data_part(entry.sum) {
        return Err(Trouble::damaged("a message's data"));
    }
    let Row {
        hash,
        account,
        namespace,
        timestamp,
        expiry,
        ..
    } = entry.row;
    let data = data.into();
    Ok((
        entry,
        StoredRow {
            hash,
            account,
            namespace,
            timestamp,
            expiry,
            data,
        },
    ))
}

/// The same, from the columns of data, then the mailbox's.
pub(super) fn stored_with_mailbox(
    columns: &rusqlite::Row<'_>,
) -> Result<(Entry, StoredRow), Trouble> {
    stored(columns, mailbox(columns, MAILBOX_COLUMN)?)
}

/// A mailbox's name, from the columns from `first` on.
fn mailbox(columns: &rusqlite::Row<'_>, first: usize) -> Result<Mailbox, Trouble> {
    let account = AccountId::from_bytes(columns.get(first)?)
        .map_err(|_| Trouble::damaged("an account id"))?;
    Ok((account, Namespace::new(columns.get(first + 1)?)))
}
