//! Ctrl-C, and SIGTERM from whoever manages the machine.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use signal_hook::{
    consts::{SIGINT, SIGTERM},
    flag,
};

use crate::failure::Failure;
use leek_report::Verdict;

/// Whether somebody asked the run to stop.
#[derive(Clone, Debug)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Watches for SIGINT and SIGTERM. The first one is noted, the second one ends the process with
    /// exit code 130. SIGHUP is left alone, so that `nohup` works.
    ///
    /// # Errors
    /// [`Failure::Signals`].
    pub(crate) fn watch() -> Result<Self, Failure> {
        let asked = Arc::new(AtomicBool::new(false));
        let code = i32::from(Verdict::Interrupted.exit_code());
        for signal in [SIGINT, SIGTERM] {
            // In this order: the shutdown looks at the flag before this signal raises it.
            flag::register_conditional_shutdown(signal, code, Arc::clone(&asked))
                .and_then(|_| flag::register(signal, Arc::clone(&asked)))
                .map_err(Failure::Signals)?;
        }
        Ok(Self(asked))
    }

    /// Whether the run is to stop.
    pub(crate) fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
