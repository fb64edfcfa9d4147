use std::sync::Arc;

use leek_machine::{Tick, Wall};

use crate::draw::{Draws, Flight, Label};
use crate::link::{Cut, Links};
use crate::{ActorId, Config};

/// What all shards read and none writes: the network, compiled from the configuration.
pub(crate) struct Net {
    pub(crate) epoch: Wall,
    /// How many actors there are.
    pub(crate) actors: u32,
    links: Links,
    draws: Draws,
    cut: Option<Arc<dyn Cut>>,
    /// The region of every host.
    region_of: Vec<u8>,
}

/// What becomes of a message that has left its sender's uplink.
pub(crate) enum Fate {
    /// The two hosts are cut off from each other.
    Cut,
    /// It is lost; it would have arrived then.
    Lost(u64),
    /// It arrives then.
    Arrives(u64),
    /// It arrives twice.
    Twice(u64, u64),
}

impl Net {
    pub(crate) fn new(config: &Config, region_of: Vec<u8>) -> Self {
        Self {
            epoch: config.epoch,
            actors: u32::try_from(region_of.len()).unwrap_or(u32::MAX),
            links: config.links.clone(),
            draws: Draws::new(&config.seed),
            cut: config.cut.clone(),
            region_of,
        }
    }

    /// Decides over a message whose last bit leaves at `departure`.
    #[inline]
    pub(crate) fn decide(&self, flight: Flight, departure: u64, bytes: u32) -> Fate {
        if let Some(cut) = &self.cut
            && cut.cut(
                ActorId::new(flight.source),
                ActorId::new(flight.target),
                Tick::from_ns(departure),
            )
        {
            return Fate::Cut;
        }
        let sure = departure.saturating_add(self.transit_ns(flight, bytes));
        let jitter = self.links.jitter;
        let arrival = sure.saturating_add(self.draws.jitter(jitter, Label::Jitter, flight));
        if self.draws.hits(self.links.loss, Label::Loss, flight) {
            return Fate::Lost(arrival);
        }
        if self
            .draws
            .hits(self.links.duplication, Label::Duplication, flight)
        {
            let copy = self.draws.jitter(jitter, Label::CopyJitter, flight);
            return Fate::Twice(arrival, sure.saturating_add(copy));
        }
        Fate::Arrives(arrival)
    }

    /// The part of the time on the way that is not drawn.
    #[inline]
    fn transit_ns(&self, flight: Flight, bytes: u32) -> u64 {
        let from = self.region_of[flight.source as usize];
        let to = self.region_of[flight.target as usize];
        let latency = self.links.latency.ns(usize::from(from), usize::from(to));
        let rate = self.links.flow_bits_per_s;
        if rate == 0 || from == to {
            return latency;
        }
        // Bytes are below 2^31 (`MESSAGE_BYTES_MAX`), so this stays below 2^64.
        latency.saturating_add((u64::from(bytes) * 8_000_000_000).div_ceil(rate))
    }
}
