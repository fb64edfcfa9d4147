//! The threads that carry a process's input and output, and how a process is asked to stop.

mod stop;

use core::{fmt, future::Future, time::Duration};
use std::{io, sync::Arc};

use leek_machine::bug;
pub use stop::{Signal, Stop};
use tokio::runtime::{Builder, Handle, RuntimeFlavor};

/// Threads for jobs beside input and output, over all hosts of a process. Each host bounds its own
/// (`Limits::prepare_workers`); this bounds a test with many.
const JOB_THREADS_MAX: usize = 64;

/// Carries input and output of all hosts and callers of a process. A handle: clones are the same
/// runtime, which ends with the last of them.
#[derive(Clone)]
pub struct Runtime {
    inner: Arc<Inner>,
}

struct Inner {
    /// There until dropped.
    rt: Option<tokio::runtime::Runtime>,
    handle: Handle,
}

/// The last handle may go inside a task, where waiting for threads is not allowed.
impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(rt) = self.rt.take() {
            rt.shutdown_background();
        }
    }
}

impl Runtime {
    /// A runtime with `threads` threads for input and output, at least one.
    ///
    /// # Errors
    /// When the operating system refuses threads or its event queue.
    pub fn new(threads: usize) -> io::Result<Self> {
        let mut builder = Builder::new_multi_thread();
        builder
            .worker_threads(threads.max(1))
            .max_blocking_threads(JOB_THREADS_MAX)
            .thread_name("leek-io");
        Self::build(builder)
    }

    /// A runtime of one thread whose clock stands still while there is work and jumps to the next
    /// timer when there is none. It runs only inside [`Runtime::block_on`] and the calls that use
    /// it (`shutdown`, `call_wait`).
    ///
    /// # Errors
    /// When the operating system refuses its event queue.
    pub fn paused() -> io::Result<Self> {
        let mut builder = Builder::new_current_thread();
        builder.start_paused(true);
        Self::build(builder)
    }

    fn build(mut builder: Builder) -> io::Result<Self> {
        let rt = builder.enable_all().build()?;
        let handle = rt.handle().clone();
        let rt = Some(rt);
        Ok(Self {
            inner: Arc::new(Inner { rt, handle }),
        })
    }

    /// Runs a future to its end on this thread.
    ///
    /// # Panics
    /// Inside another `block_on`, or inside the future of one.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        match &self.inner.rt {
            Some(rt) => rt.block_on(future),
            None => bug!("a runtime was used after its end"),
        }
    }

    /// A [`Stop`] that the first SIGINT or SIGTERM trips; the second, whichever, ends the process
    /// at once with exit code 130.
    ///
    /// # Errors
    /// When a handler cannot be installed.
    pub fn on_signal(&self) -> io::Result<Stop> {
        let stop = Stop::new();
        stop::watch(self.handle(), stop.clone())?;
        Ok(stop)
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.inner.handle
    }

    /// Whether its clock is the paused one.
    pub(crate) fn is_paused(&self) -> bool {
        self.handle().runtime_flavor() == RuntimeFlavor::CurrentThread
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime")
            .field("paused", &self.is_paused())
            .finish()
    }
}

/// Waits on the clock of the runtime: real, or the paused one of [`Runtime::paused`].
pub async fn sleep(duration: Duration) {
    tokio::time::sleep(duration).await;
}
