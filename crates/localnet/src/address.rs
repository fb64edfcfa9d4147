//! Which loopback addresses a network has: every process its own /24, so that no rule about
//! networks has to be switched off, and every network its own 127.x.0.0/16.

use std::{
    io,
    net::{Ipv4Addr, SocketAddrV4, TcpListener},
};

use leek_identity::NodeAddress;

use crate::{NODES_MAX, NetError, Target};

/// The port of the socket that claims a range. Nothing is ever said on it.
const CLAIM_PORT: u16 = 22_020;
/// Ranges to choose from: 127.0.0.0/16 is everybody's, and 127.255.0.0/16 has the broadcast
/// address.
const BLOCKS: core::ops::RangeInclusive<u8> = 1..=254;

/// A range of addresses, ours as long as this value lives: a bound socket is released even by a
/// process that is killed.
#[derive(Debug)]
pub(crate) struct Claim {
    block: u8,
    _socket: TcpListener,
}

impl Claim {
    /// Claims this range; `None` when another network has it.
    ///
    /// # Errors
    /// [`NetError::Address`] when loopback addresses cannot be used at all.
    pub(crate) fn of(block: u8) -> Result<Option<Self>, NetError> {
        let address = SocketAddrV4::new(Ipv4Addr::new(127, block, 255, 1), CLAIM_PORT);
        match TcpListener::bind(address) {
            Ok(socket) => Ok(Some(Self {
                block,
                _socket: socket,
            })),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => Ok(None),
            Err(source) => Err(NetError::Address { address, source }),
        }
    }

    /// Claims the first free range, looking from one that `start` chooses.
    ///
    /// # Errors
    /// [`NetError::NoAddresses`], [`NetError::Address`].
    pub(crate) fn first_free(start: u64) -> Result<Self, NetError> {
        let count = u64::from(*BLOCKS.end());
        for step in 0..count {
            let block = u8::try_from(1 + start.wrapping_add(step) % count).unwrap_or(1);
            if let Some(claim) = Self::of(block)? {
                return Ok(claim);
            }
        }
        Err(NetError::NoAddresses)
    }

    pub(crate) const fn block(&self) -> u8 {
        self.block
    }
}

/// Where a process of a network with `directories` directories listens. Ports count up from
/// `base_port`, directories first.
pub(crate) fn address_of(
    block: u8,
    base_port: u16,
    directories: u16,
    target: Target,
) -> NodeAddress {
    let (third, nth) = match target {
        Target::Directory(number) => (NODES_MAX + number, number),
        Target::Node(number) => (number, directories + number),
    };
    let Ok(third) = u8::try_from(third) else {
        leek_machine::bug!("{target} has no /24 in a range")
    };
    NodeAddress {
        ip: Ipv4Addr::new(127, block, third, 1),
        port: base_port + nth,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::DIRECTORIES_MAX;

    #[test]
    fn every_process_has_a_network_and_a_port_of_its_own() {
        let targets = (0..DIRECTORIES_MAX)
            .map(Target::Directory)
            .chain((0..NODES_MAX).map(Target::Node));
        let addresses: Vec<_> = targets
            .map(|target| address_of(9, 7_001, DIRECTORIES_MAX, target))
            .collect();
        let networks: BTreeSet<_> = addresses.iter().map(NodeAddress::slash24).collect();
        let ports: BTreeSet<_> = addresses.iter().map(|address| address.port).collect();
        assert_eq!(networks.len(), addresses.len());
        assert_eq!(ports.len(), addresses.len());
        // The /24 of the claim is nobody's.
        assert!(
            addresses
                .iter()
                .all(|address| address.ip.octets()[2] != 255)
        );
        let first = address_of(9, 7_001, 3, Target::Node(0));
        assert_eq!(first.to_string(), "127.9.0.1:7004");
        let signer = address_of(9, 7_001, 3, Target::Directory(2));
        assert_eq!(signer.to_string(), "127.9.202.1:7003");
    }

    #[test]
    fn a_range_is_claimed_once_and_released() {
        let first = Claim::first_free(17).unwrap();
        let block = first.block();
        assert!(Claim::of(block).unwrap().is_none());
        let second = Claim::first_free(u64::from(block) - 1).unwrap();
        assert_ne!(second.block(), block);
        drop(first);
        assert_eq!(Claim::of(block).unwrap().unwrap().block(), block);
    }
}
