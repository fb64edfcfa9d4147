use std::collections::{BTreeMap, BTreeSet};

use leek_identity::Slash24;
use leek_machine::Tick;

const SECOND_NS: u64 = 1_000_000_000;

/// Time in which the largest debt there can be is paid off. Without a bound one network could lock
/// itself out for as long as it liked to; a minute of 4 MiB/s is 30 of the largest answers.
const DEBT_NS_MAX: u64 = 60 * SECOND_NS;

/// A token bucket for each /24 network (the generic cell rate algorithm, ITU-T I.371): the state
/// of one is the time at which it would be full again. Pure: time is given.
///
/// A network that owes nothing needs no entry. When the table is full, the one that owes least is
/// forgotten; a stranger gains by that at most its own debt, and needs a full table of networks to
/// do it.
#[derive(Debug)]
pub(super) struct Rates {
    /// Tokens that come back in a second.
    per_s: u64,
    /// How far ahead of now a bucket's full time may lie before it is empty.
    burst_ns: u64,
    networks_max: usize,
    full_at: BTreeMap<Slash24, Tick>,
    by_time: BTreeSet<(Tick, Slash24)>,
}

impl Rates {
    /// Buckets of `burst` tokens, `per_s` of which come back in a second (0 counts as 1).
    pub(super) fn new(per_s: u64, burst: u64, networks_max: usize) -> Self {
        let per_s = per_s.max(1);
        Self {
            per_s,
            burst_ns: time_of(burst, per_s),
            networks_max,
            full_at: BTreeMap::new(),
            by_time: BTreeSet::new(),
        }
    }

    /// Takes a token of this network; false when it has none left.
    pub(super) fn take(&mut self, network: Slash24, now: Tick) -> bool {
        let full_at = self.after(network, now, 1);
        let left = full_at.since_ns(now) <= self.burst_ns;
        if left {
            self.set(network, full_at);
        }
        left
    }

    /// Whether this network has nothing left, or owes.
    pub(super) fn is_empty(&self, network: Slash24, now: Tick) -> bool {
        let full_at = self.full_at.get(&network).copied();
        full_at.map_or(0, |full_at| full_at.since_ns(now)) >= self.burst_ns
    }

    /// Takes `n` tokens of this network, whether it has them or not: what is missing is owed, up
    /// to [`DEBT_NS_MAX`].
    pub(super) fn charge(&mut self, network: Slash24, now: Tick, n: u64) {
        let most = now.after_ns(self.burst_ns.saturating_add(DEBT_NS_MAX));
        let full_at = self.after(network, now, n).min(most);
        self.set(network, full_at);
    }

    /// Gives `n` tokens back to this network, which had been charged for them.
    pub(super) fn refund(&mut self, network: Slash24, n: u64) {
        // Unknown: it owed least and was forgotten, and with it the charge.
        if let Some(before) = self.full_at.get(&network) {
            let full_at = before.since_ns(Tick::from_ns(time_of(n, self.per_s)));
            self.set(network, Tick::from_ns(full_at));
        }
    }

    /// When this network's bucket will be full if `n` tokens are taken from it.
    fn after(&self, network: Slash24, now: Tick, n: u64) -> Tick {
        let full_at = self.full_at.get(&network).copied().unwrap_or(now);
        full_at.max(now).after_ns(time_of(n, self.per_s))
    }

    fn set(&mut self, network: Slash24, full_at: Tick) {
        match self.full_at.get(&network) {
            Some(before) => {
                self.by_time.remove(&(*before, network));
            }
            None => self.make_room(),
        }
        self.full_at.insert(network, full_at);
        self.by_time.insert((full_at, network));
    }

    fn make_room(&mut self) {
        while self.full_at.len() >= self.networks_max {
            let Some((_, network)) = self.by_time.pop_first() else {
                return;
            };
            self.full_at.remove(&network);
        }
    }

    /// Networks remembered.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        assert_eq!(self.full_at.len(), self.by_time.len());
        self.full_at.len()
    }
}

/// Time in which `n` tokens come back. Rounded down, so that a burst's tokens taken one by one are
/// never more than the burst; each charge is too small by less than a nanosecond's worth.
fn time_of(n: u64, per_s: u64) -> u64 {
    let ns = u128::from(n) * u128::from(SECOND_NS) / u128::from(per_s);
    u64::try_from(ns).unwrap_or(u64::MAX)
}
