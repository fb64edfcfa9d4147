//! A message's way from the sender's uplink to the receiver's downlink.

use leek_machine::{Tick, bug};

use super::{Freight, Shard};
use crate::Body as _;
use crate::actor::{Actor, ActorId};
use crate::calendar::{Entry, What};
use crate::draw::Flight;
use crate::event::Tag;
use crate::host::Numbers;
use crate::net::Fate;
use crate::parcel::Parcel;

impl<A: Actor> Shard<A> {
    /// A message leaves the actor's hands.
    pub(super) fn send(&mut self, local: usize, tick: u64, parcel: u32) {
        let me = self.id(local).index();
        let sent = self.parcels.at(parcel);
        let (target, bytes) = (sent.peer, sent.bytes);
        self.hosts[local].counters.sent += 1;
        if target == me {
            let n = self.push_own(local, tick, What::Arrive, parcel);
            self.parcels.at(parcel).n = n;
            return;
        }
        let host = &mut self.hosts[local];
        host.counters.bytes_sent += u64::from(bytes);
        let n = host.numbers.next_sent();
        self.parcels.at(parcel).n = Numbers::in_key(n, false);
        let Some(departure) = host.up.offer(Tick::from_ns(tick), bytes) else {
            host.counters.dropped_uplink += 1;
            self.lose(Tag::DroppedUplink, local, tick, parcel);
            return;
        };
        let departure = departure.ns();
        let source = me;
        let flight = Flight { source, target, n };
        match self.net.decide(flight, departure, bytes) {
            Fate::Cut => {
                self.hosts[local].counters.cut += 1;
                self.lose(Tag::Cut, local, departure, parcel);
            }
            Fate::Lost(arrival) => {
                self.hosts[local].counters.lost += 1;
                self.lose(Tag::Lost, local, arrival, parcel);
            }
            Fate::Arrives(arrival) => self.route(flight, arrival, parcel),
            Fate::Twice(arrival, again) => {
                self.hosts[local].counters.duplicated += 1;
                let original = self.parcels.at(parcel);
                let mut copy = Parcel::new(target, bytes, original.body.clone());
                copy.n = Numbers::in_key(n, true);
                let copy = self.parcels.insert(copy);
                self.route(flight, arrival, parcel);
                self.route(flight, again, copy);
            }
        }
    }

    /// The last bit of a message is at the last hop before the host.
    pub(super) fn arrive(&mut self, local: usize, entry: Entry) {
        let tick = entry.tick();
        let host = &mut self.hosts[local];
        let source = entry.source();
        let from_a_link = source != entry.target() && source != ActorId::WORLD.index();
        if !from_a_link || host.down.is_unlimited() {
            self.deliver(local, tick, entry.parcel);
            return;
        }
        let bytes = self.parcels.at(entry.parcel).bytes;
        match host.down.offer(Tick::from_ns(tick), bytes) {
            None => {
                host.counters.dropped_downlink += 1;
                self.lose(Tag::DroppedDownlink, local, tick, entry.parcel);
            }
            Some(down) if down.ns() == tick => self.deliver(local, tick, entry.parcel),
            Some(down) => {
                self.push_own(local, down.ns(), What::Deliver, entry.parcel);
            }
        }
    }

    /// Puts a message where its receiver's shard will find it.
    fn route(&mut self, flight: Flight, arrival: u64, parcel: u32) {
        // Holds by construction, as no latency is below the look-ahead. Were it ever broken, the
        // result would depend on the number of threads; so it is checked for every message.
        if arrival < self.window_end {
            bug!(
                "a message from #{} to #{} arrives at {arrival} ns, inside the window until {} ns",
                flight.source,
                flight.target,
                self.window_end
            );
        }
        let sent = self.parcels.at(parcel);
        sent.peer = flight.source;
        let key = (flight.target, flight.source, sent.n);
        let entry = Entry::new(arrival, key, What::Arrive);
        if self.shards == 1 || flight.target % self.shards == self.index {
            self.calendar.push(entry.with(parcel));
            return;
        }
        let parcel = self.parcels.remove(parcel);
        self.outbox_earliest = self.outbox_earliest.min(arrival);
        self.outbox_len += 1;
        self.outboxes[(flight.target % self.shards) as usize].push(Freight { entry, parcel });
    }

    /// A message is no more. Recorded by the actor on whose side that happened.
    fn lose(&mut self, tag: Tag, local: usize, tick: u64, parcel: u32) {
        let parcel = self.parcels.remove(parcel);
        let event = parcel.event(tag, tick);
        self.count(local, &event);
        let history = &mut self.hosts[local].history;
        let mut digester = history.open();
        event.feed(&mut digester);
        parcel.body.feed(&mut digester);
        history.close(&digester);
    }
}
