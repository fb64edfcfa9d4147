use std::{io, path::PathBuf};

/// A load test could not be made.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The network did not come up, or a process could not be handled.
    #[error("run the local network")]
    Net(#[from] leek_localnet::NetError),
    /// The runtime of the generator could not start.
    #[error("start the generator's runtime")]
    Runtime(#[source] io::Error),
    /// No directory gave a snapshot that its signers vouch for.
    #[error("get a membership snapshot: {0}")]
    Snapshot(String),
    /// A process file could not be read.
    #[error("read {path}", path = path.display())]
    Proc {
        /// Which.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// A request could not be packed.
    #[error("pack a request")]
    Pack(#[from] leek_onion::BuildError),
    /// An attack could not be started.
    #[error("attack from {from}")]
    Attack {
        /// The source address.
        from: std::net::Ipv4Addr,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// The network does not answer what it must before measuring can begin.
    #[error("before measuring: {0}")]
    NotReady(String),
}
