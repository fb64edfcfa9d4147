use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use super::admission::TurnedAway;
use crate::tls::HandshakeError;

/// What the accepting side did, and what it refused and why. Numbers only: no peer is named.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    opened: AtomicU64,
    closed: AtomicU64,
    requests: AtomicU64,
    refused: Mutex<BTreeMap<&'static str, u64>>,
}

/// What the accepting side of a host has done since it started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Connections whose handshake succeeded.
    pub opened: u64,
    /// Those of them that ended.
    pub closed: u64,
    /// Requests let through to the machine's door.
    pub requests: u64,
    /// Connections and requests refused or cut by a limit, by its name.
    pub refused: BTreeMap<&'static str, u64>,
}

impl Counts {
    pub(crate) fn at_present(&self) -> Traffic {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        Traffic {
            opened: self.opened.load(Relaxed),
            closed: self.closed.load(Relaxed),
            requests: self.requests.load(Relaxed),
            refused: refused.clone(),
        }
    }

    pub(super) fn opened(&self) {
        self.opened.fetch_add(1, Relaxed);
        metrics::gauge!("leek_connections").increment(1);
    }

    pub(super) fn closed(&self) {
        self.closed.fetch_add(1, Relaxed);
        metrics::gauge!("leek_connections").decrement(1);
    }

    pub(super) fn request(&self) {
        self.requests.fetch_add(1, Relaxed);
    }

    pub(super) fn turned_away(&self, turned: TurnedAway) {
        self.refuse("leek_connections_refused_total", turned.kind());
    }

    pub(super) fn accept_failed(&self) {
        self.refuse("leek_connections_refused_total", "accept-failed");
    }

    pub(super) fn handshake_failed(&self, error: HandshakeError) {
        tracing::debug!(reason = error.kind(), "handshake failed");
        self.refuse("leek_handshakes_failed_total", error.kind());
    }

    pub(super) fn cut(&self, reason: &'static str) {
        tracing::debug!(reason, "connection cut");
        self.refuse("leek_connections_cut_total", reason);
    }

    pub(super) fn request_refused(&self, reason: &'static str) {
        self.refuse("leek_requests_shed_total", reason);
    }

    fn refuse(&self, metric: &'static str, reason: &'static str) {
        metrics::counter!(metric, "reason" => reason).increment(1);
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        *refused.entry(reason).or_default() += 1;
    }
}
