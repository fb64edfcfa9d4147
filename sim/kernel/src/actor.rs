use core::fmt;

use leek_machine::{Now, Stream, Tick, Wall, bug};

use crate::Digester;
use crate::clock::Clock;
use crate::effects::{Effects, WakeChange};
use crate::parcel::{Parcel, Parcels};

/// Most bytes one message may have: 2 GiB, so that a bit count in nanoseconds per bit/s fits u64.
pub const MESSAGE_BYTES_MAX: u32 = i32::MAX.unsigned_abs();

/// Which actor: its index in the list the kernel was built from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActorId(u32);

impl ActorId {
    /// The sender of what [`Kernel::post`](crate::Kernel::post) puts in. No actor.
    pub const WORLD: Self = Self(u32::MAX);

    /// The actor with this index.
    pub const fn new(index: u32) -> Self {
        Self(index)
    }

    /// The index of the actor.
    pub const fn index(self) -> u32 {
        self.0
    }
}

impl fmt::Debug for ActorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for ActorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::WORLD => f.write_str("world"),
            Self(index) => write!(f, "#{index}"),
        }
    }
}

/// What a message carries. The kernel never looks inside; it clones a body only to duplicate it.
pub trait Body: Clone + Send {
    /// A small number per sort of message. Part of the shape.
    fn kind(&self) -> u16;

    /// Folds everything that identifies the content into the digest.
    fn feed(&self, digester: &mut Digester);
}

/// One participant: a state machine on a host with its own clocks, core and links.
///
/// Handlers run one at a time, in key order. What a handler sends and the wake it sets take effect
/// when the CPU time it charged is over; the next handler runs no earlier.
pub trait Actor: Send {
    /// What its messages carry.
    type Body: Body;

    /// The run begins: called once, at tick zero, before anything else.
    fn start(&mut self, cx: &mut ActorCx<'_, Self::Body>);

    /// A message came and the core is free.
    fn on_message(&mut self, cx: &mut ActorCx<'_, Self::Body>, from: ActorId, body: Self::Body);

    /// The tick of [`ActorCx::wake_at`] came and the core is free.
    fn on_wake(&mut self, cx: &mut ActorCx<'_, Self::Body>);

    /// A message came, but the inbox is full. Called at once, whatever the core is doing, to say
    /// "busy" in the protocol's words; CPU time charged here has no effect.
    fn on_overflow(&mut self, cx: &mut ActorCx<'_, Self::Body>, from: ActorId, body: Self::Body);
}

/// What a handler may see and do.
pub struct ActorCx<'a, B> {
    pub(crate) me: ActorId,
    pub(crate) actors: u32,
    pub(crate) tick: u64,
    pub(crate) epoch: Wall,
    pub(crate) clock: Clock,
    pub(crate) stream: &'a mut Stream,
    pub(crate) digester: &'a mut Digester,
    pub(crate) parcels: &'a mut Parcels<B>,
    pub(crate) effects: Effects,
}

impl<B> ActorCx<'_, B> {
    /// This actor.
    pub fn me(&self) -> ActorId {
        self.me
    }

    /// Both clocks of this host, with its drift and offset, at the start of the handling.
    pub fn now(&self) -> Now {
        self.clock.show(self.epoch, Tick::from_ns(self.tick))
    }

    /// The true time at the start of the handling. For measurements, never for protocol logic.
    pub fn true_tick(&self) -> Tick {
        Tick::from_ns(self.tick)
    }

    /// The stream of this actor alone: `seed.child("actor", index)`.
    pub fn entropy(&mut self) -> &mut Stream {
        self.stream
    }

    /// Sends a message of `bytes` bytes on the wire.
    ///
    /// A message to oneself takes neither time nor bandwidth, but waits for the core as any other.
    ///
    /// # Panics
    /// When there is no such actor or `bytes` exceeds [`MESSAGE_BYTES_MAX`]: a caller's bug.
    pub fn send(&mut self, to: ActorId, bytes: u32, body: B) {
        if to.0 >= self.actors {
            bug!("{} sends to {to}, and there are {}", self.me, self.actors);
        }
        if bytes > MESSAGE_BYTES_MAX {
            bug!("{} sends {bytes} bytes to {to}", self.me);
        }
        let parcel = self.parcels.insert(Parcel::new(to.0, bytes, body));
        self.effects.sends.append(self.parcels, parcel);
    }

    /// Sets this actor's one wake to when its own monotonic clock shows `local`, in place of the
    /// one set before. A tick already past means at once.
    pub fn wake_at(&mut self, local: Tick) {
        self.effects.wake = WakeChange::Set(self.clock.reached(local).ns());
    }

    /// Takes the wake back.
    pub fn clear_wake(&mut self) {
        self.effects.wake = WakeChange::Clear;
    }

    /// Adds to the CPU time that this handling takes.
    pub fn charge_ns(&mut self, ns: u64) {
        self.effects.charged_ns = self.effects.charged_ns.saturating_add(ns);
    }

    /// Folds a protocol event into the digest (not into the shape).
    pub fn note(&mut self, feed: impl FnOnce(&mut Digester)) {
        self.digester.word(NOTE);
        feed(self.digester);
    }
}

impl<B> fmt::Debug for ActorCx<'_, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActorCx")
            .field("me", &self.me)
            .field("now", &self.now())
            .finish_non_exhaustive()
    }
}

/// Stands before each note in the digest.
const NOTE: u64 = u64::from_le_bytes(*b"leek-not");
