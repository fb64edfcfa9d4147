//! What a node and a directory have in common: threads, signals, the health port, the turns of
//! their main loop.

use std::{io, sync::Arc, thread::available_parallelism, time::Duration};

use leek_driver::{Runtime, Stop};

use crate::{Notice, ServiceError};

/// The largest difference of clocks that signatures survive, in ms (network spec 2.3).
pub(crate) const CLOCK_OFF_MS_MAX: u64 = leek_wire::limits::SIGNATURE_TOLERANCE_MS;
/// Threads for input and output when there are more processors: a machine is one thread, and what
/// is prepared for it comes from this many.
const THREADS_MAX: usize = 8;
/// How long the main loop sleeps at most: what a signal, a full disk or a failed storage waits to
/// be noticed.
pub(crate) const TURN: Duration = Duration::from_millis(200);
/// Time that requests under way have at the end. A relay waits for the next hop longer than that,
/// but whoever waits for the relay repeats.
pub(crate) const DRAIN: Duration = Duration::from_secs(10);

/// Takes what a service prints.
pub type Say<'a> = &'a mut dyn FnMut(&Notice) -> io::Result<()>;

/// The threads of a service and the request to stop it.
#[derive(Clone, Debug)]
pub struct Process {
    pub(crate) rt: Runtime,
    pub(crate) stop: Stop,
}

impl Process {
    /// A process that SIGINT and SIGTERM end in good order; a second one ends it at once.
    ///
    /// # Errors
    /// [`ServiceError::System`].
    pub fn new() -> Result<Self, ServiceError> {
        let rt = runtime()?;
        let stop = rt.on_signal().map_err(system("watch for signals"))?;
        Ok(Self { rt, stop })
    }

    /// A process that this `stop` ends: for tests.
    ///
    /// # Errors
    /// [`ServiceError::System`].
    pub fn until(stop: Stop) -> Result<Self, ServiceError> {
        Ok(Self {
            rt: runtime()?,
            stop,
        })
    }
}

fn runtime() -> Result<Runtime, ServiceError> {
    // A system that does not tell its processors gets one thread: slower, not wrong.
    let threads = available_parallelism().map_or(1, |count| count.get().min(THREADS_MAX));
    Runtime::new(threads).map_err(system("start threads"))
}

pub(crate) const fn system(doing: &'static str) -> impl FnOnce(io::Error) -> ServiceError {
    move |source| ServiceError::System { doing, source }
}

/// The fastest suite this crate vouches for, shared.
pub(crate) fn suite() -> Arc<dyn leek_crypto::Suite> {
    leek_crypto::fast().suite()
}
