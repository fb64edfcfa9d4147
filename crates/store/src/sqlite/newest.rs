use std::collections::BTreeMap;

use leek_identity::{AccountId, MessageHash, Namespace};

/// Mailboxes remembered. A deployed node held messages of 3,330 accounts (network spec 8), each
/// polling about ten namespaces; twice that. Full, it takes about 16 MB.
pub(super) const NEWEST_MAX: usize = 65_536;

/// A mailbox's name.
pub(super) type Mailbox = (AccountId, Namespace);

/// What is known of a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// It has no message.
    Empty,
    /// Its newest message.
    Newest(MessageHash),
}

/// What the view's mailboxes end with, for those asked for lately: most polls find nothing new,
/// and this answers them without the database.
#[derive(Debug, Default)]
pub(super) struct Newest {
    known: BTreeMap<Mailbox, (Known, Use)>,
    /// The least recently used first.
    by_use: BTreeMap<Use, Mailbox>,
    last_use: Use,
}

/// Counts uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Use(u64);

impl Newest {
    /// Whether nothing in this mailbox comes after `after`. A use.
    pub(super) fn nothing_after(&mut self, mailbox: &Mailbox, after: Option<&MessageHash>) -> bool {
        let Some(&(known, _)) = self.known.get(mailbox) else {
            return false;
        };
        self.set(*mailbox, known);
        match known {
            Known::Empty => true,
            Known::Newest(newest) => after == Some(&newest),
        }
    }

    /// Remembers this of a mailbox. A use.
    pub(super) fn set(&mut self, mailbox: Mailbox, known: Known) {
        self.last_use.0 += 1;
        if let Some((_, before)) = self.known.insert(mailbox, (known, self.last_use)) {
            self.by_use.remove(&before);
        }
        self.by_use.insert(self.last_use, mailbox);
        if self.known.len() > NEWEST_MAX
            && let Some((_, oldest)) = self.by_use.pop_first()
        {
            self.known.remove(&oldest);
        }
    }

    /// A message came into a mailbox. Mailboxes that nobody asked for stay unknown.
    pub(super) fn inserted(&mut self, mailbox: &Mailbox, hash: MessageHash) {
        if let Some((known, _)) = self.known.get_mut(mailbox) {
            *known = Known::Newest(hash);
        }
    }

    /// A message left a mailbox. If it was the newest, which one is now is not known here.
    pub(super) fn deleted(&mut self, mailbox: &Mailbox, hash: &MessageHash) {
        if let Some((known, _)) = self.known.get(mailbox)
            && *known == Known::Newest(*hash)
        {
            self.forget(mailbox);
        }
    }

    /// A mailbox may be anything.
    pub(super) fn forget(&mut self, mailbox: &Mailbox) {
        if let Some((_, last)) = self.known.remove(mailbox) {
            self.by_use.remove(&last);
        }
    }

    /// Mailboxes remembered.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        assert_eq!(self.known.len(), self.by_use.len());
        self.known.len()
    }
}

#[cfg(test)]
mod tests {
    use leek_identity::Prefix;

    use super::*;

    fn mailbox(n: usize) -> Mailbox {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&(n as u64).to_le_bytes());
        (AccountId::new(Prefix::User, key), Namespace::DEFAULT)
    }

    #[test]
    fn the_least_recently_used_goes() {
        let mut newest = Newest::default();
        for n in 0..NEWEST_MAX {
            newest.set(mailbox(n), Known::Empty);
        }
        assert!(newest.nothing_after(&mailbox(0), None), "used again");
        newest.set(mailbox(NEWEST_MAX), Known::Empty);
        assert_eq!(newest.len(), NEWEST_MAX);
        assert!(!newest.nothing_after(&mailbox(1), None), "the oldest use");
        for n in [0, 2, NEWEST_MAX] {
            assert!(newest.nothing_after(&mailbox(n), None), "{n}");
        }
    }

    #[test]
    fn a_deleted_newest_is_not_known() {
        let (hash, other) = (
            MessageHash::from_bytes([1; 32]),
            MessageHash::from_bytes([2; 32]),
        );
        let mut newest = Newest::default();
        newest.inserted(&mailbox(1), hash);
        assert_eq!(newest.len(), 0, "nobody asked");
        newest.set(mailbox(1), Known::Empty);
        newest.inserted(&mailbox(1), other);
        newest.inserted(&mailbox(1), hash);
        assert!(newest.nothing_after(&mailbox(1), Some(&hash)));
        assert!(!newest.nothing_after(&mailbox(1), Some(&other)));
        assert!(!newest.nothing_after(&mailbox(1), None));
        newest.deleted(&mailbox(1), &other);
        assert!(newest.nothing_after(&mailbox(1), Some(&hash)));
        newest.deleted(&mailbox(1), &hash);
        assert_eq!(newest.len(), 0);
    }
}
