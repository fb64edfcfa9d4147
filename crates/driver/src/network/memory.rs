use std::{
    collections::BTreeMap,
    fmt, io,
    net::Ipv4Addr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use leek_identity::NodeAddress;
use tokio::{
    io::duplex,
    sync::mpsc::{Receiver, Sender, channel},
};

use super::{ByteStream, Listener, Network, Pending};

/// Bytes on their way in each direction of a stream; a writer waits beyond them. A usual TCP
/// window on loopback.
const BUFFER: usize = 64 * 1_024;
/// Streams that wait to be accepted; as [`Tcp`](super::Tcp)'s.
const BACKLOG: usize = 1_024;
/// The ports that are given out: those IANA leaves for this (RFC 6335 6).
const PORTS: core::ops::RangeInclusive<u16> = 49_152..=65_535;

/// A network inside the process. It has no latency and draws no randomness: on a runtime of one
/// thread, what happens on it depends only on the programs that use it.
///
/// Clones are the same network. Streams behave as TCP's: bytes arrive in order, a writer waits
/// when the reader does not read, a closed side reads as the end of the stream, and writing to a
/// stream whose other side is gone fails.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<Fabric>>);

#[derive(Default)]
struct Fabric {
    listeners: BTreeMap<NodeAddress, Sender<Arrival>>,
    /// The port that each address gave out last.
    ports: BTreeMap<Ipv4Addr, u16>,
}

type Arrival = (ByteStream, NodeAddress);

impl Memory {
    /// A network without anybody on it.
    pub fn new() -> Self {
        Self::default()
    }

    fn fabric(&self) -> MutexGuard<'_, Fabric> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Network for Memory {
    fn listen(&self, at: NodeAddress) -> Pending<'_, Box<dyn Listener>> {
        Box::pin(async move {
            let mut fabric = self.fabric();
            let address = match at.port {
                0 => fabric.free_port(at.ip)?,
                _ => at,
            };
            if fabric.listeners.contains_key(&address) {
                return Err(io::ErrorKind::AddrInUse.into());
            }
            let (arrivals, accepted) = channel(BACKLOG);
            fabric.listeners.insert(address, arrivals);
            drop(fabric);
            Ok(Box::new(Bound {
                fabric: self.clone(),
                address,
                accepted,
            }) as Box<dyn Listener>)
        })
    }

    fn connect(&self, from: Option<Ipv4Addr>, to: NodeAddress) -> Pending<'_, ByteStream> {
        Box::pin(async move {
            let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
            let (arrivals, source) = {
                let mut fabric = self.fabric();
                let arrivals = fabric.listeners.get(&to).ok_or_else(refused)?.clone();
                (
                    arrivals,
                    fabric.next_port(from.unwrap_or(Ipv4Addr::LOCALHOST)),
                )
            };
            let (near, far) = duplex(BUFFER);
            let arrival = (Box::new(far) as ByteStream, source);
            arrivals.send(arrival).await.map_err(|_gone| refused())?;
            Ok(Box::new(near) as ByteStream)
        })
    }
}

impl Fabric {
    /// Ports come in turn and repeat after a while, as a kernel's: a stream's source is for
    /// showing, not for finding the stream.
    fn next_port(&mut self, ip: Ipv4Addr) -> NodeAddress {
        let port = match self.ports.get(&ip) {
            Some(&last) if last < *PORTS.end() => last + 1,
            Some(_) | None => *PORTS.start(),
        };
        self.ports.insert(ip, port);
        NodeAddress { ip, port }
    }

    fn free_port(&mut self, ip: Ipv4Addr) -> io::Result<NodeAddress> {
        for _try in PORTS {
            let address = self.next_port(ip);
            if !self.listeners.contains_key(&address) {
                return Ok(address);
            }
        }
        Err(io::ErrorKind::AddrInUse.into())
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listeners = self.fabric().listeners.len();
        f.debug_struct("Memory")
            .field("listeners", &listeners)
            .finish()
    }
}

struct Bound {
    fabric: Memory,
    address: NodeAddress,
    accepted: Receiver<Arrival>,
}

impl Listener for Bound {
    fn address(&self) -> NodeAddress {
        self.address
    }

    fn accept(&mut self) -> Pending<'_, Arrival> {
        Box::pin(async move {
            let arrival = self.accepted.recv().await;
            // The fabric keeps a sender for as long as this listener lives.
            arrival.ok_or_else(|| io::ErrorKind::AddrNotAvailable.into())
        })
    }
}

impl fmt::Debug for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bound")
            .field("waiting", &self.accepted.len())
            .finish_non_exhaustive()
    }
}

/// Nobody can connect from now on, and streams not yet accepted end.
impl Drop for Bound {
    fn drop(&mut self) {
        self.fabric.fabric().listeners.remove(&self.address);
    }
}

#[cfg(test)]
mod tests;
