use crate::{Now, Tick};

/// Outputs one call of `handle*` may leave to be polled. An interpreter may rely on it: a machine
/// that would exceed it has a bug.
pub const OUTPUTS_MAX: usize = 4_096;

/// A generator fit for keys. A marker: implemented by name, never blanket.
pub trait Entropy: rand_core::CryptoRng {}

/// What a machine is given with every call.
pub struct Cx<'a, V: ?Sized> {
    /// Both clocks of the host.
    pub now: Now,
    /// Randomness of this machine alone.
    pub entropy: &'a mut dyn Entropy,
    /// Committed state plus every batch already handed out, in order.
    pub view: &'a V,
}

impl<V: ?Sized> core::fmt::Debug for Cx<'_, V> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Cx")
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

/// Protocol logic without I/O.
///
/// After every `handle` and `handle_timeout` the interpreter drains [`Machine::poll_output`] to
/// `None`, then asks [`Machine::poll_timeout`].
pub trait Machine {
    /// What the world tells the machine.
    type Input;
    /// What the machine asks of the world.
    type Output;
    /// Read access to durable state; `()` if none.
    type View<'v>: ?Sized;
    /// What the pure, parallel part of handling needs (keys).
    type Prep: Send + Sync;

    /// The pure part of handling: onion peeling, signature checks. May run on another thread.
    fn prepare(prep: &Self::Prep, input: Self::Input) -> Self::Input;

    /// Takes one input.
    fn handle(&mut self, cx: &mut Cx<'_, Self::View<'_>>, input: Self::Input);

    /// Called once the tick given by [`Machine::poll_timeout`] has come.
    fn handle_timeout(&mut self, cx: &mut Cx<'_, Self::View<'_>>);

    /// The next output, in order; `None` when drained.
    fn poll_output(&mut self) -> Option<Self::Output>;

    /// When to call [`Machine::handle_timeout`], and who wants to wake up.
    fn poll_timeout(&self) -> Option<(Tick, &'static str)>;
}
