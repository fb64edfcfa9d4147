use std::ops::ControlFlow;

use leek_identity::{AccountId, MessageHash, Namespace};
use leek_machine::Wall;
use leek_wire::{ReadView, Row, Scope, StoreError, StoredRow};
use rusqlite::{OptionalExtension as _, params};

use super::{
    SqliteStore,
    error::Trouble,
    newest::{Known, Mailbox},
    ops::{find, mailbox_id},
    rows::{Entry, columns, stored, stored_with_mailbox},
    schema::{from_wall, to_wall},
};

const OWNED: &str = concat!(
    "SELECT ",
    columns!(head),
    ", ",
    columns!(mailbox),
    " FROM mailboxes b CROSS JOIN messages m
      ON m.id > b.id << 28 AND m.id <= (b.id << 28 | (1 << 28) - 1)
      WHERE b.account = ?1 ORDER BY m.seq"
);
const OWNED_IN_MAILBOX: &str = concat!(
    "SELECT ",
    columns!(head),
    " FROM messages m WHERE m.id > ?1 AND m.id <= ?2 ORDER BY m.id"
);
const MAILBOX: &str = concat!(
    "SELECT ",
    columns!(data),
    " FROM messages m WHERE m.id > ?1 AND m.id <= ?2 ORDER BY m.id"
);
const EXPIRED: &str = "SELECT hash FROM messages WHERE expiry <= ?1 ORDER BY expiry, seq LIMIT ?2";
const NEXT_EXPIRY: &str = "SELECT min(expiry) FROM messages";
const ACCOUNT_BYTES: &str = "SELECT bytes FROM accounts WHERE account = ?1";
/// Every hash is larger than the empty one.
const SCAN: &str = concat!(
    "SELECT ",
    columns!(data),
    ", ",
    columns!(mailbox),
    " FROM messages m JOIN mailboxes b ON b.id = m.id >> 28 WHERE m.hash > ?1 ORDER BY m.hash"
);

impl ReadView for SqliteStore {
    fn find(&self, hash: &MessageHash) -> Result<Option<Row>, StoreError> {
        self.read(|| Ok(find(&self.db, hash)?.map(|entry| entry.row)))
    }

    fn mailbox(
        &self,
        account: &AccountId,
        namespace: Namespace,
        after: Option<&MessageHash>,
        visit: &mut dyn FnMut(&StoredRow) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let mailbox = (*account, namespace);
        self.read(|| {
            if self.newest.borrow_mut().nothing_after(&mailbox, after) {
                return Ok(());
            }
            if let Some(known) = self.visit_mailbox(mailbox, after, visit)? {
                self.newest.borrow_mut().set(mailbox, known);
            }
            Ok(())
        })
    }

    fn owned(
        &self,
        account: &AccountId,
        scope: Scope,
        visit: &mut dyn FnMut(&Row) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.read(|| match scope {
            Scope::All => {
                let mut statement = self.db.prepare_cached(OWNED)?;
                let mut rows = statement.query([account.to_bytes()])?;
                while let Some(columns) = rows.next()? {
                    if visit(&Entry::read_with_mailbox(columns)?.row).is_break() {
                        break;
                    }
                }
                Ok(())
            }
            Scope::One(namespace) => self.visit_heads((*account, namespace), visit),
        })
    }

    fn expired(&self, now: Wall, max: usize) -> Result<Vec<MessageHash>, StoreError> {
        let max = i64::try_from(max).unwrap_or(i64::MAX);
        self.read(|| {
            let mut statement = self.db.prepare_cached(EXPIRED)?;
            let hashes = statement.query_map(params![from_wall(now), max], |columns| {
                Ok(MessageHash::from_bytes(columns.get(0)?))
            })?;
            Ok(hashes.collect::<Result<_, _>>()?)
        })
    }

    fn next_expiry(&self) -> Result<Option<Wall>, StoreError> {
        self.read(|| {
            let mut statement = self.db.prepare_cached(NEXT_EXPIRY)?;
            let earliest: Option<i64> = statement.query_row([], |columns| columns.get(0))?;
            Ok(earliest.map(to_wall))
        })
    }

    fn used_bytes(&self) -> u64 {
        self.used.bytes
    }

    fn account_bytes(&self, account: &AccountId) -> Result<u64, StoreError> {
        self.read(|| {
            let mut statement = self.db.prepare_cached(ACCOUNT_BYTES)?;
            let bytes: Option<i64> = statement
                .query_row([account.to_bytes()], |columns| columns.get(0))
                .optional()?;
            Ok(bytes.unwrap_or(0).cast_unsigned())
        })
    }

    fn scan(
        &self,
        after: Option<&MessageHash>,
        visit: &mut dyn FnMut(&StoredRow) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.read(|| {
            let mut statement = self.db.prepare_cached(SCAN)?;
            let after = after.map_or(&[][..], |hash| hash.as_bytes());
            let mut rows = statement.query([after])?;
            while let Some(columns) = rows.next()? {
                if visit(&stored_with_mailbox(columns)?.1).is_break() {
                    break;
                }
            }
            Ok(())
        })
    }
}

impl SqliteStore {
    /// Reads. A failure is the medium's, and what a medium that failed shows is not to be trusted:
    /// the store ends.
    fn read<T>(&self, read: impl FnOnce() -> Result<T, Trouble>) -> Result<T, StoreError> {
        self.usable()?;
        read().map_err(|trouble| self.end("read", trouble))
    }

    /// Visits what comes after `after`; when it came to the end, says what the mailbox ends with.
    fn visit_mailbox(
        &self,
        mailbox: Mailbox,
        after: Option<&MessageHash>,
        visit: &mut dyn FnMut(&StoredRow) -> ControlFlow<()>,
    ) -> Result<Option<Known>, Trouble> {
        let Some(id) = mailbox_id(&self.db, &mailbox)? else {
            return Ok(Some(Known::Empty));
        };
        let after = match after {
            Some(hash) => find(&self.db, hash)?.filter(|entry| entry.id.mailbox() == id),
            None => None,
        };
        let start = after.map_or(id.start(), |entry| entry.id);
        let mut newest = after.map(|entry| entry.row.hash);
        let mut statement = self.db.prepare_cached(MAILBOX)?;
        let mut rows = statement.query([start.get(), id.end().get()])?;
        while let Some(columns) = rows.next()? {
            let (_, row) = stored(columns, mailbox)?;
            if visit(&row).is_break() {
                return Ok(None);
            }
            newest = Some(row.hash);
        }
        Ok(Some(newest.map_or(Known::Empty, Known::Newest)))
    }

    fn visit_heads(
        &self,
        mailbox: Mailbox,
        visit: &mut dyn FnMut(&Row) -> ControlFlow<()>,
    ) -> Result<(), Trouble> {
        let Some(id) = mailbox_id(&self.db, &mailbox)? else {
            return Ok(());
        };
        let mut statement = self.db.prepare_cached(OWNED_IN_MAILBOX)?;
        let mut rows = statement.query([id.start().get(), id.end().get()])?;
        while let Some(columns) = rows.next()? {
            if visit(&Entry::read(columns, mailbox)?.row).is_break() {
                break;
            }
        }
        Ok(())
    }
}

// The statements spell it out.
const _: () = assert!(super::schema::PLACE_BITS == 28);

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::{
        super::{
            ops::{FIND, LAST_MESSAGE, MAILBOX_ID},
            schema,
        },
        *,
    };

    /// No read goes over a whole table, and only an account's whole listing sorts.
    #[test]
    fn reads_use_their_indexes() {
        let db = Connection::open_in_memory().unwrap();
        schema::create(&db).unwrap();
        let reads = [
            FIND,
            MAILBOX_ID,
            LAST_MESSAGE,
            OWNED_IN_MAILBOX,
            MAILBOX,
            EXPIRED,
            NEXT_EXPIRY,
            ACCOUNT_BYTES,
            SCAN,
            OWNED,
        ];
        for sql in reads {
            let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let parameters = vec![0; statement.parameter_count()];
            let plan: Vec<String> = statement
                .query_map(rusqlite::params_from_iter(parameters), |row| row.get(3))
                .unwrap()
                .collect::<Result<_, _>>()
                .unwrap();
            let sorts = plan.iter().any(|step| step.contains("TEMP B-TREE"));
            assert_eq!(sorts, sql == OWNED, "{sql}: {plan:?}");
            let steps = plan.iter().filter(|step| !step.contains("TEMP B-TREE"));
            for step in steps {
                assert!(step.starts_with("SEARCH"), "{sql}: {plan:?}");
            }
        }
    }
}
