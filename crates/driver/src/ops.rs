//! The endpoint for whoever operates a process: metrics, health and readiness, on loopback only.
//!
//! | path | answer |
//! |---|---|
//! | `/metrics` | every metric, Prometheus text format 0.0.4 |
//! | `/healthz` | 200 while the process lives |
//! | `/readyz` | 200 when it can do its work, else 503 and why |
//!
//! Metrics carry words and numbers of this program only: no address, account, node, key or hash.

mod http;
mod recorder;

use core::net::{SocketAddr, SocketAddrV4};
use std::{io, sync::Arc};

use tokio::{net::TcpListener, task::JoinHandle};

use crate::Runtime;

/// Whether a process can do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It can.
    Ready,
    /// Not yet or no more, and why; without identifiers.
    NotReady(&'static str),
}

/// The endpoint could not start.
#[derive(Debug, thiserror::Error)]
pub enum OpsError {
    /// Metrics are for this machine only.
    #[error("serve metrics: {0} is not a loopback address")]
    NotLoopback(SocketAddr),
    /// The address cannot be listened on.
    #[error("serve metrics on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        #[source]
        cause: io::Error,
    },
    /// Another recorder of metrics is installed in this process.
    #[error("install the recorder of metrics: there is another one")]
    Recorder,
}

/// A running endpoint; it stops when dropped.
#[derive(Debug)]
pub struct Ops {
    address: SocketAddrV4,
    task: JoinHandle<()>,
}

impl Ops {
    /// Where it listens, with the port it was given.
    pub const fn address(&self) -> SocketAddrV4 {
        self.address
    }
}

impl Drop for Ops {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Starts counting, once for the whole process: call it before the first host starts, since what
/// is counted before is lost. [`serve`] does it too.
///
/// # Errors
/// [`OpsError::Recorder`].
pub fn install() -> Result<(), OpsError> {
    recorder::installed().map(drop)
}

/// All metrics so far, as `/metrics` shows them.
///
/// # Errors
/// As [`install`], which it does.
pub fn render() -> Result<String, OpsError> {
    recorder::installed().map(|recorder| recorder.render())
}

/// Serves `/metrics`, `/healthz` and `/readyz`. Port 0 takes a free one. `readiness` is asked on a
/// thread of input and output, so it must not wait.
///
/// # Errors
/// [`OpsError`].
///
/// # Panics
/// Inside `block_on`.
pub fn serve(
    rt: &Runtime,
    address: SocketAddrV4,
    readiness: Arc<dyn Fn() -> Readiness + Send + Sync>,
) -> Result<Ops, OpsError> {
    if !address.ip().is_loopback() {
        return Err(OpsError::NotLoopback(address.into()));
    }
    let recorder = recorder::installed()?;
    let bound = rt.block_on(async {
        let listener = TcpListener::bind(address).await?;
        let local = listener.local_addr()?;
        Ok((listener, local))
    });
    let at = |cause| OpsError::Listen {
        address: address.into(),
        cause,
    };
    let (listener, local) = bound.map_err(at)?;
    let SocketAddr::V4(address) = local else {
        return Err(OpsError::NotLoopback(local));
    };
    let task = rt.handle().spawn(http::run(listener, recorder, readiness));
    Ok(Ops { address, task })
}
