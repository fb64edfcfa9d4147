use std::{fmt, io, net::Ipv4Addr, pin::Pin};

use leek_identity::NodeAddress;
use tokio::io::{AsyncRead, AsyncWrite};

mod memory;
mod tcp;

pub use memory::Memory;
pub use tcp::Tcp;

/// A way to carry byte streams between addresses. TLS, HTTP/2 and everything above run over any.
pub trait Network: fmt::Debug + Send + Sync + 'static {
    /// Listens at `at`; port 0 lets the network choose one, which [`Listener::address`] tells.
    ///
    /// # Errors
    /// Of kind `AddrInUse` when somebody listens there, `AddrNotAvailable` when the address is not
    /// this host's, `PermissionDenied` for a port that needs privileges.
    fn listen(&self, at: NodeAddress) -> Pending<'_, Box<dyn Listener>>;

    /// Opens a stream to `to`, from the address `from` if one is given.
    ///
    /// # Errors
    /// Of kind `ConnectionRefused` when nobody listens there, or what the network reports.
    fn connect(&self, from: Option<Ipv4Addr>, to: NodeAddress) -> Pending<'_, ByteStream>;
}

/// Yields the streams that others open to one address; dropping it stops listening.
pub trait Listener: fmt::Debug + Send + 'static {
    /// Where it listens.
    fn address(&self) -> NodeAddress;

    /// The next stream, and where it comes from. Dropping the future loses no stream.
    ///
    /// # Errors
    /// What the network reports, such as a lack of file descriptors; the caller may try again.
    fn accept(&mut self) -> Pending<'_, (ByteStream, NodeAddress)>;
}

/// A byte stream in both directions.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> Stream for S {}

/// A byte stream of any network.
pub type ByteStream = Box<dyn Stream>;

/// What a network will yield.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send + 'a>>;
