//! A small world of messages, and all that a view can be asked about it.

use std::ops::ControlFlow;

use leek_identity::{AccountId, MessageHash, Namespace, Prefix};
use leek_machine::Wall;
use leek_store::{DurableStore, MemoryStore};
use leek_wire::{ReadView, Row, Scope, StoredRow, WriteBatch, WriteId, WriteOp};

pub(crate) const ACCOUNTS: [AccountId; 2] = [
    AccountId::new(Prefix::User, [1; 32]),
    AccountId::new(Prefix::Group, [1; 32]),
];
pub(crate) const NAMESPACES: [Namespace; 2] = [Namespace::DEFAULT, Namespace::new(-1)];

/// The hash of message `n`. Descending, so that order of hash is not order of insertion.
pub(crate) const fn hash(n: u8) -> MessageHash {
    MessageHash::from_bytes([u8::MAX - n; 32])
}

/// Everything that a view can be asked.
#[derive(Debug, PartialEq)]
pub(crate) struct Answers {
    found: Vec<Option<Row>>,
    mailboxes: Vec<Vec<StoredRow>>,
    owned: Vec<Vec<Row>>,
    expired: Vec<Vec<MessageHash>>,
    next_expiry: Option<Wall>,
    used_bytes: u64,
    account_bytes: [u64; ACCOUNTS.len()],
    scans: Vec<Vec<StoredRow>>,
}

/// Asks about messages below `hashes`, with expiries up to `expiry_max`.
pub(crate) fn answers(view: &dyn ReadView, hashes: u8, expiry_max: u64) -> Answers {
    let (mut mailboxes, mut owned) = (Vec::new(), Vec::new());
    // `hashes` itself is a hash that nobody has.
    let places = || {
        [None]
            .into_iter()
            .chain((0..=hashes).map(|n| Some(hash(n))))
    };
    for account in ACCOUNTS {
        for namespace in NAMESPACES {
            mailboxes.extend(places().map(|after| mailbox(view, account, namespace, after)));
        }
        for scope in [
            Scope::All,
            Scope::One(NAMESPACES[0]),
            Scope::One(NAMESPACES[1]),
        ] {
            let mut rows = Vec::new();
            view.owned(&account, scope, &mut |row| {
                rows.push(*row);
                ControlFlow::Continue(())
            })
            .unwrap();
            owned.push(rows);
        }
    }
    let expired = (0..=expiry_max)
        .flat_map(|now| [2, usize::MAX].map(|max| view.expired(Wall::from_ms(now), max).unwrap()))
        .collect();
    Answers {
        found: (0..hashes).map(|n| view.find(&hash(n)).unwrap()).collect(),
        mailboxes,
        owned,
        expired,
        next_expiry: view.next_expiry().unwrap(),
        used_bytes: view.used_bytes(),
        account_bytes: ACCOUNTS.map(|account| view.account_bytes(&account).unwrap()),
        scans: places().map(|after| scan(view, after)).collect(),
    }
}

fn mailbox(
    view: &dyn ReadView,
    account: AccountId,
    namespace: Namespace,
    after: Option<MessageHash>,
) -> Vec<StoredRow> {
    let mut rows = Vec::new();
    view.mailbox(&account, namespace, after.as_ref(), &mut |row| {
        rows.push(row.clone());
        ControlFlow::Continue(())
    })
    .unwrap();
    rows
}

fn scan(view: &dyn ReadView, after: Option<MessageHash>) -> Vec<StoredRow> {
    let mut rows = Vec::new();
    view.scan(after.as_ref(), &mut |row| {
        rows.push(row.clone());
        ControlFlow::Continue(())
    })
    .unwrap();
    rows
}

/// Messages of the [`history`].
pub(crate) const HISTORY_HASHES: u8 = 24;
pub(crate) const HISTORY_BATCHES: u64 = 40;
const HISTORY_EXPIRY_MAX: u64 = 8;

/// A history of batches, named from 1 on: all kinds of operations, messages that lie in one page
/// and messages that do not.
pub(crate) fn history() -> Vec<(WriteId, WriteBatch)> {
    let mut random = Random(7);
    let batches = (1..=HISTORY_BATCHES).map(|write| {
        let ops = (0..=random.below(3)).map(|_| op(&mut random)).collect();
        (WriteId(write), WriteBatch { ops })
    });
    batches.collect()
}

fn op(random: &mut Random) -> WriteOp {
    let n = u8::try_from(random.below(HISTORY_HASHES.into())).unwrap();
    let expiry = Wall::from_ms(random.below(HISTORY_EXPIRY_MAX));
    match random.below(8) {
        0 | 1 => WriteOp::Delete { hash: hash(n) },
        2 => WriteOp::SetExpiry {
            hash: hash(n),
            expiry,
        },
        _ => {
            let len = [0, 7, 900, 3_000, 9_000, 30_000][usize::try_from(random.below(6)).unwrap()];
            WriteOp::Insert(StoredRow {
                hash: hash(n),
                account: ACCOUNTS[usize::from(n) % 2],
                namespace: NAMESPACES[usize::from(n) / 2 % 2],
                timestamp: Wall::from_ms(random.below(1_000)),
                expiry,
                data: vec![n; len].into(),
            })
        }
    }
}

/// What a view shows of the history.
pub(crate) fn history_answers(view: &dyn ReadView) -> Answers {
    answers(view, HISTORY_HASHES, HISTORY_EXPIRY_MAX)
}

/// What it shows after each number of batches, from none to all.
pub(crate) fn history_states() -> Vec<Answers> {
    let mut store = MemoryStore::new(u64::MAX);
    let mut states = vec![history_answers(&store)];
    for (write, batch) in history() {
        store.hand_out(write, batch);
        assert_eq!(store.commit_next(), Some((write, Ok(()))));
        states.push(history_answers(&store));
    }
    states
}

/// Numbers without a pattern that matters (xorshift64; Marsaglia 2003).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) const fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % end
    }
}
