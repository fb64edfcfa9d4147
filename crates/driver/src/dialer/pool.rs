use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use leek_identity::{NodeAddress, NodeId};
use tokio::{sync::watch, time::Instant};

use super::{DialError, Link};
use crate::Limits;

/// Names one attempt to connect, and the connection that came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LinkId(u64);

/// The peers we have a link to, or would not dial again yet. Pure but for the links' state.
#[derive(Debug)]
pub(super) struct Pool {
    limits: Limits,
    peers: BTreeMap<NodeId, Peer>,
    next: u64,
}

#[derive(Debug)]
struct Peer {
    at: NodeAddress,
    id: LinkId,
    link: watch::Receiver<Link>,
    used: Arc<Used>,
    /// Answers heard over the link.
    answers: Arc<AtomicU64>,
    /// Failed dials in a row.
    failed: u32,
}

/// What callers do with a peer.
#[derive(Debug)]
pub(super) struct Used {
    calls: AtomicUsize,
    last: Mutex<Instant>,
    /// Bytes of its answers on their way in.
    incoming: Arc<AtomicUsize>,
}

impl Limits {
    /// Pause before a peer is dialed again after `failed + 1` failures in a row.
    fn dial_pause(&self, failed: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(failed);
        self.dial_backoff
            .saturating_mul(doubled)
            .min(self.dial_backoff_max)
    }
}

/// A call's place at its peer; given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    used: Arc<Used>,
    to: NodeId,
    id: LinkId,
    answers: Arc<AtomicU64>,
}

/// How a call found its peer.
#[derive(Debug)]
pub(super) enum Entered {
    /// With a link, up or on the way.
    Known(Place, watch::Receiver<Link>),
    /// Without: whoever asked must dial, and tell the link's fate.
    Fresh(Place, watch::Receiver<Link>, watch::Sender<Link>),
}

impl Pool {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            limits: *limits,
            peers: BTreeMap::new(),
            next: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.peers.len()
    }

    /// A place for one call to the node `to` at `at`.
    pub(super) fn enter(
        &mut self,
        to: NodeId,
        at: NodeAddress,
        now: Instant,
    ) -> Result<Entered, DialError> {
        let calls_max = self.limits.calls_per_peer;
        // A node that moved is dialed anew, and what failed at its old place is forgotten.
        let Some(peer) = self.peers.get_mut(&to).filter(|peer| peer.at == at) else {
            self.peers.remove(&to);
            self.make_room()?;
            return Ok(self.dial(to, at, Used::new(now), 0, now));
        };
        if peer.used.calls.load(Relaxed) >= calls_max {
            return Err(DialError::Busy);
        }
        let failed = match &*peer.link.borrow() {
            Link::Dialing => None,
            Link::Up(sender) if !sender.is_closed() => None,
            Link::Up(_) | Link::Over => Some(0),
            Link::Down { at, .. } => {
                if now < *at + self.limits.dial_pause(peer.failed) {
                    return Err(DialError::Resting);
                }
                Some(peer.failed.saturating_add(1))
            }
        };
        match failed {
            None => Ok(Entered::Known(peer.place(to, now), peer.link.clone())),
            Some(failed) => {
                let used = Arc::clone(&peer.used);
                Ok(self.dial(to, at, used, failed, now))
            }
        }
    }

    /// Drops the link `id` to a peer, if it is still the peer's. Calls over it go on.
    pub(super) fn forget(&mut self, to: NodeId, id: LinkId) {
        if self.peers.get(&to).is_some_and(|peer| peer.id == id) {
            self.peers.remove(&to);
        }
    }

    /// Drops the link `id` to a peer if no call used it for `Limits::pool_idle`; otherwise tells
    /// when to ask again. `None` also when the link is no longer the peer's.
    pub(super) fn forget_idle(&mut self, to: NodeId, id: LinkId, now: Instant) -> Option<Instant> {
        let peer = self.peers.get(&to).filter(|peer| peer.id == id)?;
        let idle_at = match peer.used.calls.load(Relaxed) {
            0 => peer.used.last() + self.limits.pool_idle,
            _ => now + self.limits.pool_idle,
        };
        if now < idle_at {
            return Some(idle_at);
        }
        self.peers.remove(&to);
        None
    }

    fn dial(
        &mut self,
        to: NodeId,
        at: NodeAddress,
        used: Arc<Used>,
        failed: u32,
        now: Instant,
    ) -> Entered {
        let id = LinkId(self.next);
        self.next += 1;
        let (told, link) = watch::channel(Link::Dialing);
        let peer = Peer {
            at,
            id,
            link: link.clone(),
            used,
            answers: Arc::default(),
            failed,
        };
        let place = peer.place(to, now);
        self.peers.insert(to, peer);
        Entered::Fresh(place, link, told)
    }

    /// Forgets the peer that was left alone longest. One with calls under way is not forgotten,
    /// since its connection would live on outside the pool's bound.
    fn make_room(&mut self) -> Result<(), DialError> {
        if self.peers.len() < self.limits.pool {
            return Ok(());
        }
        let unused = self
            .peers
            .iter()
            .filter(|(_, peer)| peer.used.calls.load(Relaxed) == 0)
            .min_by_key(|(_, peer)| peer.used.last());
        let to = *unused.ok_or(DialError::Busy)?.0;
        self.peers.remove(&to);
        Ok(())
    }
}

impl Peer {
    fn place(&self, to: NodeId, now: Instant) -> Place {
        self.used.calls.fetch_add(1, Relaxed);
        self.used.touch(now);
        Place {
            used: Arc::clone(&self.used),
            to,
            id: self.id,
            answers: Arc::clone(&self.answers),
        }
    }
}

impl Used {
    fn new(now: Instant) -> Arc<Self> {
        Arc::new(Self {
            calls: AtomicUsize::new(0),
            last: Mutex::new(now),
            incoming: Arc::default(),
        })
    }

    fn last(&self) -> Instant {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn touch(&self, now: Instant) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }
}

impl Place {
    pub(super) const fn to(&self) -> NodeId {
        self.to
    }

    pub(super) const fn id(&self) -> LinkId {
        self.id
    }

    pub(super) fn incoming(&self) -> &Arc<AtomicUsize> {
        &self.used.incoming
    }

    pub(super) const fn answers(&self) -> &Arc<AtomicU64> {
        &self.answers
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.used.touch(Instant::now());
        self.used.calls.fetch_sub(1, Relaxed);
    }
}
