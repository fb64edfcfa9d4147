#![doc = include_str!("../README.md")]

/// One observation of one party.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fact {
    /// Nanoseconds on the observer's own monotonic clock.
    pub at_ns: u64,
    /// The observer's own number for the request this belongs to; unique per observer.
    pub request: u64,
    /// What was seen.
    pub item: Item,
}

/// What was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Item {
    /// The request came over a connection of a client at this IPv4 address.
    PreviousAddress {
        /// IPv4 octets.
        ip: [u8; 4],
        /// TCP port.
        port: u16,
    },
    /// The request came from this node (Ed25519 key).
    PreviousNode([u8; 32]),
    /// The request goes on to this node (Ed25519 key).
    NextNode([u8; 32]),
    /// Bytes of the request body, without framing.
    RequestBytes(u32),
    /// Bytes of the reply body, without framing.
    ReplyBytes(u32),
    /// The request names this account (prefix and key).
    Account([u8; 33]),
    /// The request names this namespace.
    Namespace(i16),
    /// The request stores, returns or removes the message with this hash.
    MessageHash([u8; 32]),
}

impl Item {
    /// Whether this names a client's network address.
    pub const fn is_client_address(&self) -> bool {
        matches!(self, Self::PreviousAddress { .. })
    }

    /// The account it names, if any.
    pub const fn account(&self) -> Option<&[u8; 33]> {
        match self {
            Self::Account(id) => Some(id),
            Self::PreviousAddress { .. }
            | Self::PreviousNode(_)
            | Self::NextNode(_)
            | Self::RequestBytes(_)
            | Self::ReplyBytes(_)
            | Self::Namespace(_)
            | Self::MessageHash(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_and_accounts_identify_users() {
        let items = [
            Item::PreviousAddress {
                ip: [1, 2, 3, 4],
                port: 5,
            },
            Item::PreviousNode([1; 32]),
            Item::NextNode([2; 32]),
            Item::RequestBytes(1),
            Item::ReplyBytes(2),
            Item::Account([5; 33]),
            Item::Namespace(0),
            Item::MessageHash([3; 32]),
        ];
        assert_eq!(items.iter().filter(|i| i.is_client_address()).count(), 1);
        assert_eq!(items.iter().filter_map(Item::account).count(), 1);
    }
}
