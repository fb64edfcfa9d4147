//! Who may connect: decided before TLS, from the address alone.

use std::{
    collections::BTreeMap,
    net::Ipv4Addr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use leek_identity::{NodeAddress, Slash24};
use leek_machine::Tick;

use super::rate::Rates;
use crate::{Clock, Limits};

/// Why a connection was closed before TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TurnedAway {
    /// Its network opens connections too fast.
    Rate,
    /// Its network has as many connections as it may.
    PrefixFull,
    /// Its address has.
    AddressFull,
    /// Everybody together has.
    Full,
    /// Its network has as many handshakes under way as it may.
    PrefixHandshakes,
    /// Everybody together has.
    Handshakes,
}

impl TurnedAway {
    pub(super) const fn kind(self) -> &'static str {
        match self {
            Self::Rate => "prefix-rate",
            Self::PrefixFull => "prefix-full",
            Self::AddressFull => "address-full",
            Self::Full => "full",
            Self::PrefixHandshakes => "prefix-handshakes",
            Self::Handshakes => "handshakes",
        }
    }
}

/// Counts connections and handshakes, in all, by /24 network and by address. Pure: time is given.
///
/// The tables hold networks and addresses with a connection, so `Limits::connections` bounds
/// them; the rates have a bound of their own.
#[derive(Debug)]
struct Admission {
    limits: Limits,
    rates: Rates,
    connections: usize,
    handshakes: usize,
    prefixes: BTreeMap<Slash24, Prefix>,
    addresses: BTreeMap<Ipv4Addr, usize>,
}

#[derive(Debug, Default)]
struct Prefix {
    connections: usize,
    handshakes: usize,
}

impl Admission {
    fn new(limits: &Limits) -> Self {
        Self {
            limits: *limits,
            rates: Rates::new(
                limits.accepts_per_prefix_s.into(),
                limits.accept_burst_per_prefix.into(),
                limits.prefixes_tracked,
            ),
            connections: 0,
            handshakes: 0,
            prefixes: BTreeMap::new(),
            addresses: BTreeMap::new(),
        }
    }

    /// Counts a new connection and its handshake, or says why not. The network's own limits come
    /// first: a network over them is told so whatever the others do, and its attempts count
    /// against its rate even when they fail.
    fn admit(&mut self, ip: Ipv4Addr, now: Tick) -> Result<(), TurnedAway> {
        let prefix = slash24(ip);
        if !self.rates.take(prefix, now) {
            return Err(TurnedAway::Rate);
        }
        let limits = &self.limits;
        let (of_prefix, shaking) = self
            .prefixes
            .get(&prefix)
            .map_or((0, 0), |prefix| (prefix.connections, prefix.handshakes));
        let of_address = self.addresses.get(&ip).copied().unwrap_or(0);
        let bounds = [
            (
                of_prefix,
                limits.connections_per_prefix,
                TurnedAway::PrefixFull,
            ),
            (
                of_address,
                limits.connections_per_address,
                TurnedAway::AddressFull,
            ),
            (
                shaking,
                limits.handshakes_per_prefix,
                TurnedAway::PrefixHandshakes,
            ),
            (self.connections, limits.connections, TurnedAway::Full),
            (self.handshakes, limits.handshakes, TurnedAway::Handshakes),
        ];
        for (count, bound, turned) in bounds {
            if count >= bound {
                return Err(turned);
            }
        }
        self.connections += 1;
        self.handshakes += 1;
        let prefix = self.prefixes.entry(prefix).or_default();
        prefix.connections += 1;
        prefix.handshakes += 1;
        *self.addresses.entry(ip).or_default() += 1;
        Ok(())
    }

    /// A handshake of an admitted connection ended, well or not.
    fn shaken(&mut self, ip: Ipv4Addr) {
        self.handshakes -= 1;
        if let Some(prefix) = self.prefixes.get_mut(&slash24(ip)) {
            prefix.handshakes -= 1;
        }
    }

    /// An admitted connection ended, after its handshake.
    fn gone(&mut self, ip: Ipv4Addr) {
        self.connections -= 1;
        let key = slash24(ip);
        if let Some(prefix) = self.prefixes.get_mut(&key) {
            prefix.connections -= 1;
            if prefix.connections == 0 {
                self.prefixes.remove(&key);
            }
        }
        if let Some(count) = self.addresses.get_mut(&ip) {
            *count -= 1;
            if *count == 0 {
                self.addresses.remove(&ip);
            }
        }
    }
}

/// An [`Admission`] with its clock.
pub(super) struct Door {
    admission: Arc<Mutex<Admission>>,
    clock: Clock,
}

impl Door {
    pub(super) fn new(limits: &Limits, clock: Clock) -> Self {
        Self {
            admission: Arc::new(Mutex::new(Admission::new(limits))),
            clock,
        }
    }

    pub(super) fn admit(&self, ip: Ipv4Addr) -> Result<Slot, TurnedAway> {
        let now = self.clock.tick();
        lock(&self.admission).admit(ip, now)?;
        Ok(Slot {
            admission: Arc::clone(&self.admission),
            ip,
            shaking: true,
        })
    }
}

/// The place of one connection; given back when dropped.
pub(super) struct Slot {
    admission: Arc<Mutex<Admission>>,
    ip: Ipv4Addr,
    shaking: bool,
}

impl Slot {
    /// The handshake is over: others may begin one.
    pub(super) fn handshake_ended(&mut self) {
        if self.shaking {
            self.shaking = false;
            lock(&self.admission).shaken(self.ip);
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.handshake_ended();
        lock(&self.admission).gone(self.ip);
    }
}

fn lock(admission: &Mutex<Admission>) -> MutexGuard<'_, Admission> {
    admission.lock().unwrap_or_else(PoisonError::into_inner)
}

const fn slash24(ip: Ipv4Addr) -> Slash24 {
    NodeAddress { ip, port: 0 }.slash24()
}

#[cfg(test)]
mod tests;
