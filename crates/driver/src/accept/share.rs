//! How much of the memory for requests each network uses.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use leek_identity::Slash24;

use crate::Limits;

/// What is shared.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// Requests under way, from their head to the end of their answer.
    Requests,
    /// Bytes of requests, from their arrival until the machine has answered.
    Received,
    /// Bytes of answers, until the peer has taken them.
    Answered,
}

impl Kind {
    /// Bounds for one network and for all, and what meeting them is called.
    const fn bounds(self, limits: &Limits) -> [(usize, &'static str); 2] {
        match self {
            Self::Requests => [
                (limits.serving_per_prefix, "prefix-serving"),
                (limits.serving, "serving"),
            ],
            Self::Received => [
                (limits.receiving_bytes_per_prefix, "prefix-receiving-bytes"),
                (limits.receiving_bytes, "receiving-bytes"),
            ],
            Self::Answered => [
                (limits.answering_bytes_per_prefix, "prefix-answering-bytes"),
                (limits.answering_bytes, "answering-bytes"),
            ],
        }
    }
}

/// The use of everybody together and of each /24 network with a connection.
pub(super) struct Shares {
    all: Arc<Use>,
    networks: Mutex<Networks>,
    limits: Limits,
}

#[derive(Debug, Default)]
struct Networks {
    by_prefix: BTreeMap<Slash24, Weak<Use>>,
    /// Length at which those without a connection are forgotten: twice what was left last time,
    /// so the table stays within twice the connections and the work within a constant each.
    clean_at: usize,
}

#[derive(Debug, Default)]
struct Use([AtomicUsize; 3]);

/// A connection's view: what it takes counts for its network and for all.
#[derive(Clone, Debug)]
pub(super) struct Share {
    network: Arc<Use>,
    all: Arc<Use>,
    limits: Limits,
}

impl Shares {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            all: Arc::default(),
            networks: Mutex::default(),
            limits: *limits,
        }
    }

    /// The share of a network.
    pub(super) fn of(&self, network: Slash24) -> Share {
        let mut networks = self.networks.lock().unwrap_or_else(PoisonError::into_inner);
        Share {
            network: networks.of(network),
            all: Arc::clone(&self.all),
            limits: self.limits,
        }
    }
}

impl Networks {
    fn of(&mut self, network: Slash24) -> Arc<Use> {
        if let Some(known) = self.by_prefix.get(&network).and_then(Weak::upgrade) {
            return known;
        }
        if self.by_prefix.len() >= self.clean_at {
            self.by_prefix.retain(|_, used| used.strong_count() > 0);
            self.clean_at = (2 * self.by_prefix.len()).max(64);
        }
        let fresh = Arc::default();
        self.by_prefix.insert(network, Arc::downgrade(&fresh));
        fresh
    }
}

impl Share {
    /// Nothing yet, of this kind.
    pub(super) fn take(&self, kind: Kind) -> Taken {
        Taken {
            share: self.clone(),
            kind,
            n: AtomicUsize::new(0),
        }
    }
}

/// A part of a share, given back when dropped. Each part has one user at a time.
#[derive(Debug)]
pub(super) struct Taken {
    share: Share,
    kind: Kind,
    n: AtomicUsize,
}

impl Taken {
    /// Takes `n` more, or says which bound that would pass.
    pub(super) fn more(&self, n: usize) -> Result<(), &'static str> {
        let [(network_max, network_full), (all_max, all_full)] =
            self.kind.bounds(&self.share.limits);
        let [network, all] = self.counts();
        add(network, n, network_max).ok_or(network_full)?;
        if add(all, n, all_max).is_none() {
            network.fetch_sub(n, Relaxed);
            return Err(all_full);
        }
        self.n.fetch_add(n, Relaxed);
        Ok(())
    }

    /// Gives `n` back, or what there is if it is less.
    pub(super) fn less(&self, n: usize) {
        let gone = n.min(self.n.load(Relaxed));
        self.n.fetch_sub(gone, Relaxed);
        for count in self.counts() {
            count.fetch_sub(gone, Relaxed);
        }
    }

    /// Hands `n`, or what there is if it is less, on to another part of the same share.
    pub(super) fn hand_on(&self, to: &Self, n: usize) {
        let moved = n.min(self.n.load(Relaxed));
        self.n.fetch_sub(moved, Relaxed);
        to.n.fetch_add(moved, Relaxed);
    }

    /// Nothing yet, of the same share and kind.
    #[cfg(test)]
    pub(super) fn sibling(&self) -> Self {
        self.share.take(self.kind)
    }

    fn counts(&self) -> [&AtomicUsize; 2] {
        let kind = self.kind as usize;
        [&self.share.network.0[kind], &self.share.all.0[kind]]
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.less(usize::MAX);
    }
}

fn add(count: &AtomicUsize, n: usize, max: usize) -> Option<usize> {
    let sum = |count: usize| count.checked_add(n).filter(|sum| *sum <= max);
    count.fetch_update(Relaxed, Relaxed, sum).ok()
}

#[cfg(test)]
mod tests {
    use leek_identity::NodeAddress;

    use super::*;

    const LIMITS: fn() -> Limits = || Limits {
        receiving_bytes_per_prefix: 10,
        receiving_bytes: 25,
        ..Limits::default()
    };

    fn network(third: u8) -> Slash24 {
        let ip = [10, 0, third, 1].into();
        NodeAddress { ip, port: 0 }.slash24()
    }

    #[test]
    fn one_network_meets_its_own_bound_and_leaves_the_others_theirs() {
        let shares = Shares::new(&LIMITS());
        let greedy = shares.of(network(1)).take(Kind::Received);
        greedy.more(6).unwrap();
        let same = shares.of(network(1)).take(Kind::Received);
        assert_eq!(same.more(5), Err("prefix-receiving-bytes"));
        same.more(4).unwrap();
        let other = shares.of(network(2)).take(Kind::Received);
        other.more(10).unwrap();
        assert_eq!(other.more(1), Err("prefix-receiving-bytes"));
    }

    #[test]
    fn what_is_refused_by_the_whole_is_not_counted_for_the_network() {
        let shares = Shares::new(&LIMITS());
        let full: Vec<Taken> = [1, 2]
            .map(|third| shares.of(network(third)).take(Kind::Received))
            .into();
        full.iter().for_each(|taken| taken.more(10).unwrap());
        let third = shares.of(network(3)).take(Kind::Received);
        assert_eq!(third.more(6), Err("receiving-bytes"));
        third.more(5).unwrap();
        drop(full);
        third.more(5).unwrap();
    }

    #[test]
    fn dropping_gives_everything_back() {
        let shares = Shares::new(&LIMITS());
        let share = shares.of(network(1));
        for _ in 0..100 {
            let taken = share.take(Kind::Received);
            taken.more(7).unwrap();
            taken.more(3).unwrap();
            assert!(taken.more(1).is_err());
        }
        let counts = share.take(Kind::Received);
        assert_eq!(counts.counts().map(|count| count.load(Relaxed)), [0, 0]);
    }

    #[test]
    fn what_is_handed_on_stays_counted_until_it_is_given_back() {
        let share = Shares::new(&LIMITS()).of(network(1));
        let (from, to) = (share.take(Kind::Received), share.take(Kind::Received));
        from.more(8).unwrap();
        from.hand_on(&to, 5);
        from.hand_on(&to, 5);
        drop(from);
        assert_eq!(to.more(3), Err("prefix-receiving-bytes"));
        to.less(2);
        to.more(3).unwrap();
        to.less(usize::MAX);
        to.more(10).unwrap();
    }

    #[test]
    fn networks_without_connections_are_forgotten() {
        let shares = Shares::new(&LIMITS());
        let kept = shares.of(network(0));
        for i in 0..60_000_u32 {
            let [_, _, a, b] = i.to_be_bytes();
            let ip = [11, a, b, 1].into();
            drop(shares.of(NodeAddress { ip, port: 0 }.slash24()));
        }
        let networks = shares.networks.lock().unwrap();
        assert!(
            networks.by_prefix.len() <= 64,
            "{}",
            networks.by_prefix.len()
        );
        assert!(networks.by_prefix.contains_key(&network(0)));
        drop(kept);
    }
}
