use core::{fmt, net::SocketAddrV4};

use leek_identity::{NodeAddress, NodeId};
use serde::Serialize;

/// What a service prints on stdout: for whoever started it, unlike its log.
///
/// As text by `Display`, as one line of JSON by [`Notice::to_json`]; neither has a line end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// It listens. The first line.
    Started {
        /// What it is.
        role: ServiceRole,
        /// Its public id.
        id: NodeId,
        /// Where it listens, with the port it was given.
        address: NodeAddress,
        /// Where it serves health and metrics.
        ops: Option<SocketAddrV4>,
    },
    /// It was ready for the first time.
    Ready {
        /// The epoch of its membership.
        epoch: u64,
        /// Nodes in it.
        nodes: usize,
    },
    /// It ended in good order.
    Stopped,
}

/// What a service is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceRole {
    /// A storage node.
    Node,
    /// A directory.
    Directory,
}

impl ServiceRole {
    /// The name in commands, notices and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Directory => "directory",
        }
    }
}

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
enum Line {
    Started {
        role: &'static str,
        id: String,
        address: String,
        ops: Option<String>,
        pid: u32,
    },
    Ready {
        epoch: u64,
        nodes: usize,
    },
    Stopped,
}

impl Notice {
    /// One line of JSON: an object whose `event` is `started`, `ready` or `stopped`.
    pub fn to_json(&self) -> String {
        let line = match self {
            Self::Started {
                role,
                id,
                address,
                ops,
            } => Line::Started {
                role: role.name(),
                id: id.to_hex(),
                address: address.to_string(),
                ops: ops.map(|ops| ops.to_string()),
                pid: std::process::id(),
            },
            Self::Ready { epoch, nodes } => Line::Ready {
                epoch: *epoch,
                nodes: *nodes,
            },
            Self::Stopped => Line::Stopped,
        };
        match serde_json::to_string(&line) {
            Ok(text) => text,
            Err(error) => leek_machine::bug!("plain data has no JSON: {error}"),
        }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started {
                role,
                id,
                address,
                ops,
            } => {
                let (role, id) = (role.name(), id.to_hex());
                write!(f, "{role} {id} listens on {address}")?;
                match ops {
                    Some(ops) => write!(f, ", health and metrics on http://{ops}"),
                    None => Ok(()),
                }
            }
            Self::Ready { epoch, nodes } => write!(f, "ready: epoch {epoch}, {nodes} nodes"),
            Self::Stopped => f.write_str("stopped"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_are_lines_of_text_or_json() {
        let started = Notice::Started {
            role: ServiceRole::Node,
            id: NodeId::from_bytes([0xab; 32]),
            address: NodeAddress {
                ip: [127, 0, 0, 1].into(),
                port: 7001,
            },
            ops: Some(SocketAddrV4::new([127, 0, 0, 1].into(), 9)),
        };
        let id = "ab".repeat(32);
        let text = format!(
            "node {id} listens on 127.0.0.1:7001, health and metrics on http://127.0.0.1:9"
        );
        assert_eq!(started.to_string(), text);
        let pid = std::process::id();
        let json = format!(
            "{{\"event\":\"started\",\"role\":\"node\",\"id\":\"{id}\",\
             \"address\":\"127.0.0.1:7001\",\"ops\":\"127.0.0.1:9\",\"pid\":{pid}}}"
        );
        assert_eq!(started.to_json(), json);
        let ready = Notice::Ready {
            epoch: 3,
            nodes: 12,
        };
        assert_eq!(ready.to_string(), "ready: epoch 3, 12 nodes");
        assert_eq!(ready.to_json(), r#"{"event":"ready","epoch":3,"nodes":12}"#);
        assert_eq!(Notice::Stopped.to_json(), r#"{"event":"stopped"}"#);
    }
}
