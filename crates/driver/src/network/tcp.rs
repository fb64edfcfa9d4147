use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
};

use leek_identity::NodeAddress;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use super::{ByteStream, Listener, Network, Pending};

/// Connections the kernel completes before we accept them: what a flood of 100 prefixes at their
/// permitted rate brings in a tenth of a second. The kernel caps it at `net.core.somaxconn`.
const BACKLOG: u32 = 1_024;

/// TCP over IPv4.
///
/// Nagle's algorithm is off on both sides: with it a small request waits for the acknowledgement
/// of the one before, 40 ms with delayed acknowledgements.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tcp;

impl Network for Tcp {
    fn listen(&self, at: NodeAddress) -> Pending<'_, Box<dyn Listener>> {
        Box::pin(async move {
            let socket = TcpSocket::new_v4()?;
            // A restarted node takes its port back while old connections are in TIME_WAIT. On
            // Linux this does not let two listeners share a port.
            socket.set_reuseaddr(true)?;
            socket.bind((at.ip, at.port).into())?;
            Ok(Box::new(Bound::new(socket.listen(BACKLOG)?)?) as Box<dyn Listener>)
        })
    }

    fn connect(&self, from: Option<Ipv4Addr>, to: NodeAddress) -> Pending<'_, ByteStream> {
        Box::pin(async move { Ok(Box::new(open(from, to).await?) as ByteStream) })
    }
}

async fn open(from: Option<Ipv4Addr>, to: NodeAddress) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    if let Some(from) = from {
        socket.bind((from, 0).into())?;
    }
    let stream = socket.connect((to.ip, to.port).into()).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

#[derive(Debug)]
struct Bound {
    listener: TcpListener,
    address: NodeAddress,
}

impl Listener for Bound {
    fn address(&self) -> NodeAddress {
        self.address
    }

    fn accept(&mut self) -> Pending<'_, (ByteStream, NodeAddress)> {
        Box::pin(async move {
            let (stream, from) = self.take().await?;
            Ok((Box::new(stream) as ByteStream, from))
        })
    }
}

impl Bound {
    fn new(listener: TcpListener) -> io::Result<Self> {
        let address = ipv4(listener.local_addr()?)?;
        Ok(Self { listener, address })
    }

    async fn take(&self) -> io::Result<(TcpStream, NodeAddress)> {
        let (stream, from) = self.listener.accept().await?;
        // Some systems refuse this for a connection that is over already.
        let ready = stream.set_nodelay(true);
        ready.map_err(|_over| io::ErrorKind::ConnectionAborted)?;
        Ok((stream, ipv4(from)?))
    }
}

fn ipv4(address: SocketAddr) -> io::Result<NodeAddress> {
    match address {
        SocketAddr::V4(v4) => Ok(NodeAddress {
            ip: *v4.ip(),
            port: v4.port(),
        }),
        SocketAddr::V6(_) => Err(io::ErrorKind::Unsupported.into()),
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    const ANY_PORT: NodeAddress = NodeAddress {
        ip: Ipv4Addr::new(127, 0, 3, 1),
        port: 0,
    };

    #[tokio::test]
    async fn streams_carry_bytes_and_the_source_address() {
        let mut listener = Tcp.listen(ANY_PORT).await.unwrap();
        let source = Ipv4Addr::new(127, 0, 4, 9);
        let mut near = Tcp.connect(Some(source), listener.address()).await.unwrap();
        let (mut far, from) = listener.accept().await.unwrap();
        assert_eq!(from.ip, source);
        near.write_all(b"ping").await.unwrap();
        near.shutdown().await.unwrap();
        let mut heard = Vec::new();
        far.read_to_end(&mut heard).await.unwrap();
        assert_eq!(heard, b"ping");
    }

    #[tokio::test]
    async fn neither_side_waits_to_fill_a_segment() {
        let at = (ANY_PORT.ip, 0);
        let listener = Bound::new(TcpListener::bind(at).await.unwrap()).unwrap();
        let near = open(None, listener.address).await.unwrap();
        let (far, _) = listener.take().await.unwrap();
        assert!(near.nodelay().unwrap() && far.nodelay().unwrap());
    }

    #[tokio::test]
    async fn a_taken_port_is_told_from_a_foreign_address() {
        let listener = Tcp.listen(ANY_PORT).await.unwrap();
        let taken = Tcp.listen(listener.address()).await.unwrap_err();
        assert_eq!(taken.kind(), io::ErrorKind::AddrInUse);
        // TEST-NET-1: no host has it.
        let foreign = NodeAddress {
            ip: Ipv4Addr::new(192, 0, 2, 1),
            port: 0,
        };
        let refused = Tcp.listen(foreign).await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AddrNotAvailable);
    }

    #[tokio::test]
    async fn a_port_is_free_again_when_the_listener_is_gone() {
        let listener = Tcp.listen(ANY_PORT).await.unwrap();
        let at = listener.address();
        let mut open = Tcp.connect(None, at).await.unwrap();
        drop(listener);
        let refused = Tcp.connect(None, at).await.err().unwrap();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        assert!(matches!(open.read(&mut [0]).await, Ok(0) | Err(_)));
        Tcp.listen(at).await.unwrap();
    }
}
