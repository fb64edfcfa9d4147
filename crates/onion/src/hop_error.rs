use core::str;

use leek_identity::NodeId;

/// What a hop answers in the clear when it cannot serve or pass on a packet (network spec 3.4).
///
/// **Unauthenticated.** Every hop between the client and the named cause could have written it,
/// so it is a hint about the path and no evidence about anybody named in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HopError {
    /// The next hop is not among the nodes this hop knows.
    NextNodeNotFound(NodeId),
    /// The next hop is known but has no usable address.
    NextNodeUnreachable(NodeId),
    /// The next hop did not answer in time.
    TimedOut,
    /// This hop is not active, or still syncing.
    NotReady(NodeId),
    /// A queue of this hop is full.
    Busy,
    /// The layer did not open.
    InvalidCiphertext,
    /// The layer opened, but its inside is malformed.
    InvalidJson,
    /// A server destination that no exit posts to.
    InvalidUrl,
    /// The packet passed too many hops.
    TooManyHops,
    /// The packet is over the cap.
    TooLarge,
}

/// A status and text are no error that a hop writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("read a hop's error: status {status} with a text of {len} bytes that no hop writes")]
pub struct ParseHopError {
    /// The status given.
    pub status: u16,
    /// Bytes of the text given.
    pub len: usize,
}

const NOT_FOUND: &str = "Next node not found: ";
const UNREACHABLE: &str = "Next node is currently unreachable: ";
const NOT_READY: &str = "Snode not ready: ";

impl HopError {
    /// Errors without a node id in their text.
    const PLAIN: [Self; 7] = [
        Self::TimedOut,
        Self::Busy,
        Self::InvalidCiphertext,
        Self::InvalidJson,
        Self::InvalidUrl,
        Self::TooManyHops,
        Self::TooLarge,
    ];

    /// The HTTP-like status.
    pub const fn status(&self) -> u16 {
        match self {
            Self::NextNodeNotFound(_) | Self::NextNodeUnreachable(_) => 502,
            Self::NotReady(_) | Self::Busy => 503,
            Self::TimedOut => 504,
            Self::InvalidCiphertext | Self::InvalidJson | Self::InvalidUrl | Self::TooManyHops => {
                400
            }
            Self::TooLarge => 413,
        }
    }

    /// The text, as deployed nodes write it; [`HopError::Busy`] and [`HopError::TooLarge`] are
    /// our own words.
    pub fn text(&self) -> String {
        match self {
            Self::NextNodeNotFound(node) => format!("{NOT_FOUND}{}", node.to_hex()),
            Self::NextNodeUnreachable(node) => format!("{UNREACHABLE}{}", node.to_hex()),
            Self::NotReady(node) => format!("{NOT_READY}{}", node.to_hex()),
            plain => plain.plain_text().to_owned(),
        }
    }

    const fn plain_text(&self) -> &'static str {
        match self {
            Self::TimedOut => "Request time out",
            Self::Busy => "busy",
            Self::InvalidCiphertext => "Invalid ciphertext",
            Self::InvalidJson => "Invalid json",
            Self::InvalidUrl => "Invalid url",
            Self::TooManyHops => "onion request max path length exceeded",
            Self::TooLarge => "request too large",
            Self::NextNodeNotFound(_) => NOT_FOUND,
            Self::NextNodeUnreachable(_) => UNREACHABLE,
            Self::NotReady(_) => NOT_READY,
        }
    }

    /// Reads a status and a text. Strict: exactly what [`HopError::text`] writes, with its status.
    ///
    /// # Errors
    /// [`ParseHopError`] for anything else; its status may still be worth something to
    /// [`PathEvidence::Status`](crate::PathEvidence).
    pub fn parse(status: u16, text: &[u8]) -> Result<Self, ParseHopError> {
        let refused = ParseHopError {
            status,
            len: text.len(),
        };
        let text = str::from_utf8(text).map_err(|_| refused)?;
        let named = [
            (NOT_FOUND, Self::NextNodeNotFound as fn(NodeId) -> Self),
            (UNREACHABLE, Self::NextNodeUnreachable),
            (NOT_READY, Self::NotReady),
        ];
        let parsed = named
            .into_iter()
            .find_map(|(prefix, error)| Some(error(parse_node(text.strip_prefix(prefix)?)?)))
            .or_else(|| Self::PLAIN.into_iter().find(|e| e.plain_text() == text))
            .ok_or(refused)?;
        if parsed.status() == status {
            Ok(parsed)
        } else {
            Err(refused)
        }
    }
}

/// 64 lower-case digits.
fn parse_node(text: &str) -> Option<NodeId> {
    let node = NodeId::parse_hex(text).ok()?;
    (!text.bytes().any(|byte| byte.is_ascii_uppercase())).then_some(node)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(node: NodeId) -> Vec<HopError> {
        let mut all = HopError::PLAIN.to_vec();
        all.extend([
            HopError::NextNodeNotFound(node),
            HopError::NextNodeUnreachable(node),
            HopError::NotReady(node),
        ]);
        all
    }

    #[test]
    fn every_error_round_trips_and_only_with_its_status() {
        for error in all(NodeId::from_bytes([0xc5; 32])) {
            let text = error.text();
            assert_eq!(HopError::parse(error.status(), text.as_bytes()), Ok(error));
            for status in [0, 200, 400, 413, 500, 502, 503, 504] {
                if status != error.status() {
                    assert!(HopError::parse(status, text.as_bytes()).is_err());
                }
            }
        }
    }

    #[test]
    fn deployed_texts() {
        let hex = "e657dfe78a5e016ccd9926eee94e2b53c22e13049c26cf760ded3aa6620cbe3a";
        let node = NodeId::parse_hex(hex).unwrap();
        let read = |status, text: &str| HopError::parse(status, text.as_bytes());
        assert_eq!(
            read(502, &format!("Next node not found: {hex}")),
            Ok(HopError::NextNodeNotFound(node))
        );
        assert_eq!(read(504, "Request time out"), Ok(HopError::TimedOut));
        assert_eq!(
            read(400, "Invalid ciphertext"),
            Ok(HopError::InvalidCiphertext)
        );
        let upper = hex.to_uppercase();
        assert!(read(502, &format!("Next node not found: {upper}")).is_err());
        assert!(read(502, &format!("Next node not found: {hex} ")).is_err());
        assert!(read(502, "Next node not found: ").is_err());
    }

    proptest! {
        #[test]
        fn junk_is_refused_not_fatal(status: u16, text: Vec<u8>) {
            prop_assume!(all(NodeId::from_bytes([0; 32])).iter().all(|e| e.text().as_bytes() != text));
            prop_assert!(HopError::parse(status, &text).is_err());
        }
    }
}
