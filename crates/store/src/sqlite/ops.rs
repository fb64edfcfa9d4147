//! Write operations, inside a transaction.

use leek_identity::{AccountId, MessageHash};
use leek_machine::Wall;
use leek_wire::{StoredRow, WriteOp};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{
    Used,
    error::Trouble,
    newest::{Mailbox, Newest},
    rows::{Entry, columns},
    schema::{Head, MailboxId, MessageId, data_sum, from_wall},
};

pub(super) const FIND: &str = concat!(
    "SELECT ",
    columns!(head),
    ", ",
    columns!(mailbox),
    " FROM messages m JOIN mailboxes b ON b.id = m.id >> 28 WHERE m.hash = ?1"
);
pub(super) const MAILBOX_ID: &str =
    "SELECT id FROM mailboxes WHERE account = ?1 AND namespace = ?2";
pub(super) const LAST_MESSAGE: &str = "SELECT max(id) FROM messages WHERE id > ?1 AND id <= ?2";

/// Runs operations, and keeps what is counted beside the tables in step with them.
pub(super) struct Writer<'a> {
    pub(super) db: &'a Connection,
    pub(super) newest: &'a mut Newest,
    pub(super) used: &'a mut Used,
    pub(super) last_seq: &'a mut i64,
    /// Mailboxes that got or lost a message.
    pub(super) touched: &'a mut Vec<Mailbox>,
}

impl Writer<'_> {
    pub(super) fn run(&mut self, op: &WriteOp) -> Result<(), Trouble> {
        match op {
            WriteOp::Insert(row) => match find(self.db, &row.hash)? {
                None => self.insert(row),
                Some(entry) if entry.row.expiry < row.expiry => self.set_expiry(&entry, row.expiry),
                Some(_) => Ok(()),
            },
            WriteOp::SetExpiry { hash, expiry } => match find(self.db, hash)? {
                Some(entry) if entry.row.expiry != *expiry => self.set_expiry(&entry, *expiry),
                _ => Ok(()),
            },
            WriteOp::Delete { hash } => match find(self.db, hash)? {
                Some(entry) => self.delete(&entry),
                None => Ok(()),
            },
        }
    }

    fn insert(&mut self, row: &StoredRow) -> Result<(), Trouble> {
        let mailbox = (row.account, row.namespace);
        self.add_to_account(&row.account, row.data.len())?;
        let mailbox_id = match mailbox_id(self.db, &mailbox)? {
            Some(id) => id,
            None => self.insert_mailbox(&mailbox)?,
        };
        // A mailbox that has used up its places takes no more until it has been empty.
        let id = last_message(self.db, mailbox_id)?
            .unwrap_or(mailbox_id.start())
            .next()
            .ok_or(Trouble::Full)?;
        *self.last_seq += 1;
        let seq = *self.last_seq;
        self.db
            .prepare_cached(
                "INSERT INTO messages(id, hash, seq, timestamp, expiry, sum, data)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                id.get(),
                row.hash.as_bytes(),
                seq,
                from_wall(row.timestamp),
                from_wall(row.expiry),
                Head::of(row, id, seq).sum(data_sum(&row.data)),
                &row.data[..],
            ])?;
        self.used.messages += 1;
        self.used.bytes += row.data.len() as u64;
        self.newest.inserted(&mailbox, row.hash);
        self.touched.push(mailbox);
        Ok(())
    }

    fn set_expiry(&mut self, entry: &Entry, expiry: Wall) -> Result<(), Trouble> {
        let sum = entry.sum_expiring(expiry);
        self.db
            .prepare_cached("UPDATE messages SET expiry = ?2, sum = ?3 WHERE id = ?1")?
            .execute(params![entry.id.get(), from_wall(expiry), sum])?;
        Ok(())
    }

    fn delete(&mut self, entry: &Entry) -> Result<(), Trouble> {
        let row = &entry.row;
        self.db
            .prepare_cached("DELETE FROM messages WHERE id = ?1")?
            .execute([entry.id.get()])?;
        let mailbox_id = entry.id.mailbox();
        if last_message(self.db, mailbox_id)?.is_none() {
            self.db
                .prepare_cached("DELETE FROM mailboxes WHERE id = ?1")?
                .execute([mailbox_id.get()])?;
        }
        self.take_from_account(&row.account, row.len)?;
        let bytes = self.used.bytes.checked_sub(u64::from(row.len));
        let messages = self.used.messages.checked_sub(1);
        let (Some(bytes), Some(messages)) = (bytes, messages) else {
            return Err(Trouble::damaged("the total of messages"));
        };
        *self.used = Used { messages, bytes };
        let mailbox = (row.account, row.namespace);
        self.newest.deleted(&mailbox, &row.hash);
        self.touched.push(mailbox);
        Ok(())
    }

    fn insert_mailbox(&mut self, (account, namespace): &Mailbox) -> Result<MailboxId, Trouble> {
        self.db
            .prepare_cached("INSERT INTO mailboxes(account, namespace) VALUES (?1, ?2)")?
            .execute(params![account.to_bytes(), namespace.number()])?;
        MailboxId::new(self.db.last_insert_rowid()).ok_or(Trouble::Full)
    }

    fn add_to_account(&mut self, account: &AccountId, len: usize) -> Result<(), Trouble> {
        self.db
            .prepare_cached(
                "INSERT INTO accounts(account, bytes, messages) VALUES (?1, ?2, 1)
                 ON CONFLICT(account) DO UPDATE
                 SET bytes = bytes + excluded.bytes, messages = messages + 1",
            )?
            .execute(params![account.to_bytes(), (len as u64).cast_signed()])?;
        Ok(())
    }

    /// An account leaves with its last message.
    fn take_from_account(&mut self, account: &AccountId, len: u32) -> Result<(), Trouble> {
        let account = account.to_bytes();
        let gone = self
            .db
            .prepare_cached("DELETE FROM accounts WHERE account = ?1 AND messages = 1")?
            .execute([account])?;
        if gone == 0 {
            self.db
                .prepare_cached(
                    "UPDATE accounts SET bytes = bytes - ?2, messages = messages - 1
                     WHERE account = ?1",
                )?
                .execute(params![account, len])?;
        }
        Ok(())
    }
}

/// The message with this hash.
pub(super) fn find(db: &Connection, hash: &MessageHash) -> Result<Option<Entry>, Trouble> {
    let mut statement = db.prepare_cached(FIND)?;
    let mut rows = statement.query([hash.as_bytes()])?;
    rows.next()?.map(Entry::read_with_mailbox).transpose()
}

/// Where a mailbox lies; `None` when it is empty.
pub(super) fn mailbox_id(
    db: &Connection,
    (account, namespace): &Mailbox,
) -> Result<Option<MailboxId>, Trouble> {
    db.prepare_cached(MAILBOX_ID)?
        .query_row(params![account.to_bytes(), namespace.number()], |row| {
            row.get(0)
        })
        .optional()?
        .map(|id| MailboxId::new(id).ok_or_else(|| Trouble::damaged("a mailbox's id")))
        .transpose()
}

/// The newest message of a mailbox.
fn last_message(db: &Connection, mailbox: MailboxId) -> Result<Option<MessageId>, Trouble> {
    let id: Option<i64> = db
        .prepare_cached(LAST_MESSAGE)?
        .query_row([mailbox.start().get(), mailbox.end().get()], |row| {
            row.get(0)
        })?;
    Ok(id.map(MessageId::new))
}

#[cfg(test)]
mod tests {
    use leek_identity::{AccountId, Namespace, Prefix};

    use super::{
        super::schema::{MAILBOX_ID_MAX, create},
        *,
    };

    fn row(n: u8) -> StoredRow {
        StoredRow {
            hash: MessageHash::from_bytes([n; 32]),
            account: AccountId::new(Prefix::User, [n % 2; 32]),
            namespace: Namespace::DEFAULT,
            timestamp: Wall::from_ms(1),
            expiry: Wall::from_ms(2),
            data: [n].as_slice().into(),
        }
    }

    fn run(db: &Connection, op: WriteOp) -> Result<(), Trouble> {
        let mut writer = Writer {
            db,
            newest: &mut Newest::default(),
            used: &mut Used {
                messages: 10,
                bytes: 10,
            },
            last_seq: &mut 10,
            touched: &mut Vec::new(),
        };
        writer.run(&op)
    }

    /// A mailbox and the mailboxes have as many places as their ids have bits, and no more.
    #[test]
    fn places_end() {
        let db = Connection::open_in_memory().unwrap();
        create(&db).unwrap();
        run(&db, WriteOp::Insert(row(2))).unwrap();
        let mailbox = mailbox_id(&db, &(row(2).account, row(2).namespace))
            .unwrap()
            .unwrap();
        let put_at = |hash: MessageHash, id: i64| {
            let sql = "UPDATE messages SET id = ?2, sum = ?3 WHERE hash = ?1";
            let entry = find(&db, &hash).unwrap().unwrap();
            let mut moved = entry;
            moved.id = MessageId::new(id);
            let sum = moved.sum_expiring(entry.row.expiry);
            db.execute(sql, params![hash.as_bytes(), id, sum]).unwrap();
        };
        put_at(row(2).hash, mailbox.end().get() - 1);
        run(&db, WriteOp::Insert(row(4))).unwrap();
        let full = run(&db, WriteOp::Insert(row(6)));
        assert!(matches!(full, Err(Trouble::Full)), "{full:?}");
        run(&db, WriteOp::Delete { hash: row(4).hash }).unwrap();
        run(&db, WriteOp::Insert(row(6))).unwrap();
        let sql = "UPDATE mailboxes SET id = ?1";
        db.execute(sql, [MAILBOX_ID_MAX]).unwrap();
        let full = run(&db, WriteOp::Insert(row(1)));
        assert!(matches!(full, Err(Trouble::Full)), "{full:?}");
    }
}
