//! Whether a database is whole.

use leek_identity::AccountId;
use rusqlite::Connection;

use super::{
    error::Trouble,
    rows::{columns, stored_with_mailbox},
    schema,
};

/// What is counted beside the tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Totals {
    pub(super) messages: u64,
    pub(super) bytes: u64,
    pub(super) last_seq: i64,
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Whole(Totals),
    Damaged(String),
    /// A later program's, of this format.
    Newer(i64),
}

/// Says what a database is that is not ours.
pub(super) fn identify(db: &Connection) -> rusqlite::Result<Option<Verdict>> {
    let number = |pragma| db.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let format = number("user_version")?;
    let verdict = if number("application_id")? != schema::APPLICATION {
        Verdict::Damaged("it is not a store of messages".to_owned())
    } else if format > schema::FORMAT {
        Verdict::Newer(format)
    } else if format != schema::FORMAT || !schema::is_ours(db)? {
        Verdict::Damaged("its tables are not ours".to_owned())
    } else {
        return Ok(None);
    };
    Ok(Some(verdict))
}

/// Checks a database of ours: SQLite's own structures, every row's sum, and that accounts,
/// mailboxes and messages agree.
pub(super) fn check(db: &Connection) -> rusqlite::Result<Verdict> {
    let structure: String = db.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if structure != "ok" {
        return Ok(Verdict::Damaged(structure));
    }
    match totals(db) {
        Ok(totals) => Ok(Verdict::Whole(totals)),
        Err(Wrong::Sql(error)) => Err(error),
        Err(Wrong::Content(what)) => Ok(Verdict::Damaged(what)),
    }
}

enum Wrong {
    Sql(rusqlite::Error),
    Content(String),
}

impl From<rusqlite::Error> for Wrong {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

/// Every message with its mailbox and what its account says of itself, one account after the other.
const EVERYTHING: &str = concat!(
    "SELECT ",
    columns!(data),
    ", ",
    columns!(mailbox),
    ", a.bytes, a.messages
      FROM accounts a
      CROSS JOIN mailboxes b ON b.account = a.account
      CROSS JOIN messages m ON m.id > b.id << 28 AND m.id <= (b.id << 28 | (1 << 28) - 1)
      ORDER BY a.account"
);

/// An account's total: what it says, and what was counted.
struct Account {
    id: AccountId,
    said: (u64, u64),
    counted: (u64, u64),
}

fn totals(db: &Connection) -> Result<Totals, Wrong> {
    let mut totals = Totals::default();
    let (mut accounts, mut mailboxes) = (0, 0);
    let mut account: Option<Account> = None;
    let mut mailbox = None;
    let mut statement = db.prepare(EVERYTHING)?;
    let mut rows = statement.query([])?;
    while let Some(columns) = rows.next()? {
        let (entry, row) = stored_with_mailbox(columns).map_err(content)?;
        let len = row.data.len() as u64;
        totals.messages += 1;
        totals.bytes += len;
        totals.last_seq = totals.last_seq.max(entry.seq);
        if mailbox.replace(entry.id.mailbox()) != Some(entry.id.mailbox()) {
            mailboxes += 1;
        }
        match &mut account {
            Some(account) if account.id == row.account => account.count(len),
            before => {
                agree(before.as_ref())?;
                let said: (i64, i64) = (columns.get(9)?, columns.get(10)?);
                let said = (said.0.cast_unsigned(), said.1.cast_unsigned());
                *before = Some(Account {
                    id: row.account,
                    said,
                    counted: (len, 1),
                });
                accounts += 1;
            }
        }
    }
    agree(account.as_ref())?;
    // What the joins left out belongs to nothing, or is empty and should be gone.
    let counted = [
        ("messages", totals.messages),
        ("mailboxes", mailboxes),
        ("accounts", accounts),
    ];
    for (table, seen) in counted {
        let sql = format!("SELECT count(*) FROM {table}");
        let there: i64 = db.query_row(&sql, [], |row| row.get(0))?;
        if there.cast_unsigned() != seen {
            return Err(Wrong::Content(format!(
                "{seen} of {there} {table} belong to the rest"
            )));
        }
    }
    Ok(totals)
}

impl Account {
    const fn count(&mut self, len: u64) {
        self.counted.0 += len;
        self.counted.1 += 1;
    }
}

fn agree(account: Option<&Account>) -> Result<(), Wrong> {
    match account {
        Some(account) if account.said != account.counted => {
            Err(Wrong::Content("an account's total is wrong".to_owned()))
        }
        _ => Ok(()),
    }
}

/// A row was read, but what it holds is wrong.
fn content(trouble: Trouble) -> Wrong {
    Wrong::Content(trouble.to_string())
}
