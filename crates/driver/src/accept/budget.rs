//! How many bytes the clients of each network may move.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use leek_identity::Slash24;

use super::rate::Rates;
use crate::{Clock, Limits};

/// What an empty bucket is called where refusals are counted.
const EMPTY: &str = "prefix-bytes";

/// A bucket of bytes for each /24 network that clients come from.
///
/// What an answer will cost is known only when the machine has made it. So each request leaves a
/// deposit, which it gets back with its answer: without one, a network whose bucket is nearly
/// empty could begin any number of requests before the first answer is charged. The deposit is
/// the part of a full bucket which lets that network have `Limits::serving_per_prefix` under way.
#[derive(Debug)]
pub(super) struct Budgets {
    rates: Mutex<Rates>,
    clock: Clock,
    deposit: u64,
}

impl Budgets {
    pub(super) fn new(limits: &Limits, clock: Clock) -> Self {
        let burst = limits.byte_burst_per_prefix;
        let requests = u64::try_from(limits.serving_per_prefix).unwrap_or(u64::MAX);
        let rates = Rates::new(limits.bytes_per_prefix_s, burst, limits.prefixes_tracked);
        Self {
            rates: Mutex::new(rates),
            clock,
            deposit: burst / requests.max(1),
        }
    }

    /// The budget of a network.
    pub(super) fn of(self: &Arc<Self>, network: Slash24) -> Budget {
        Budget {
            budgets: Arc::clone(self),
            network,
        }
    }

    fn rates(&self) -> MutexGuard<'_, Rates> {
        self.rates.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection's view: the bucket of its network.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    budgets: Arc<Budgets>,
    network: Slash24,
}

impl Budget {
    /// Begins a request, or says which bound refuses it.
    pub(super) fn begin(&self) -> Result<Deposit, &'static str> {
        let now = self.budgets.clock.tick();
        let mut rates = self.budgets.rates();
        if rates.is_empty(self.network, now) {
            return Err(EMPTY);
        }
        rates.charge(self.network, now, self.budgets.deposit);
        Ok(Deposit(self.clone()))
    }

    /// Charges these bytes, whether the bucket has them or not.
    pub(super) fn charge(&self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let now = self.budgets.clock.tick();
        self.budgets.rates().charge(self.network, now, bytes);
    }
}

/// What a request left when it began. Kept, when it goes away before its answer: the machine's
/// work is done all the same.
#[derive(Debug)]
pub(super) struct Deposit(Budget);

impl Deposit {
    /// Charges the answer in its place.
    pub(super) fn answered(self, bytes: usize) {
        let Self(budget) = self;
        budget.charge(bytes);
        let deposit = budget.budgets.deposit;
        budget.budgets.rates().refund(budget.network, deposit);
    }
}

#[cfg(test)]
mod tests;
