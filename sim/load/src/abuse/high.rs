//! Attacks that speak the protocol.

use std::{net::Ipv4Addr, sync::mpsc, time::Duration};

use leek_client::Asked;
use leek_crypto::XPublic;
use leek_driver::Caller;
use leek_identity::{NodeId, NodeRecord};
use leek_machine::Stream;
use leek_onion::{EncType, FormatId, Packet};
use leek_wire::{AckLevel, OnionRequest, Outcome, Request, StorageRequest, limits};
use rand_core::Rng as _;

use super::Target;
use crate::{mailbox::Mailbox, rig::now};

/// How long an attacker waits for an answer it does not need.
const TIMEOUT: Duration = Duration::from_secs(3);
/// Requests an attacker keeps under way.
const UNDER_WAY: usize = 16;

/// A caller that keeps a few requests under way and counts what comes back.
struct Barrage<'a> {
    target: &'a Target<'a>,
    caller: Caller,
    done: mpsc::Sender<Ended>,
    ended: mpsc::Receiver<Ended>,
    under_way: usize,
    reached: bool,
}

/// How a request of an attacker ended.
enum Ended {
    Answered,
    Refused,
    Lost,
}

impl<'a> Barrage<'a> {
    fn new(target: &'a Target<'a>, source: Ipv4Addr) -> Self {
        let (done, ended) = mpsc::channel();
        Self {
            target,
            caller: target.rig.caller_from(source),
            done,
            ended,
            under_way: 0,
            reached: false,
        }
    }

    fn send(&mut self, body: Request) {
        let (to, at): (NodeId, _) = (self.target.node.id, self.target.node.address);
        let done = self.done.clone();
        self.caller.call(to, at, body, TIMEOUT, move |outcome| {
            let _ = done.send(match outcome {
                Outcome::Done(_) => Ended::Answered,
                Outcome::Refused(_) => Ended::Refused,
                Outcome::Lost => Ended::Lost,
            });
        });
        self.target.tally.requests(1);
        self.under_way += 1;
        while self.under_way >= UNDER_WAY {
            self.take();
        }
    }

    fn take(&mut self) {
        self.under_way -= 1;
        // Every call ends by its deadline.
        let ended = self.ended.recv_timeout(TIMEOUT * 2).unwrap_or(Ended::Lost);
        if !matches!(ended, Ended::Answered) {
            self.target.tally.stopped();
        }
        // Only what came back shows that there is a connection.
        if !self.reached && !matches!(ended, Ended::Lost) {
            self.reached = true;
            self.target.tally.connection();
        }
    }
}

impl Drop for Barrage<'_> {
    fn drop(&mut self) {
        while self.under_way > 0 {
            self.take();
        }
    }
}

/// What a client may not ask, and lengths that no request may have.
pub(super) fn wrong_requests(target: &Target<'_>, source: Ipv4Addr) {
    let mut barrage = Barrage::new(target, source);
    let mailbox = Mailbox::new(&target.seed, 0);
    let long = vec![7; limits::DATA_BYTES_MAX + 1];
    let too_long = || mailbox.store(long.clone(), now(), AckLevel::All);
    let asks = [
        StorageRequest::Batch(vec![StorageRequest::Info; limits::BATCH_MAX + 1]),
        StorageRequest::Batch(vec![StorageRequest::Batch(Vec::new())]),
        too_long(),
    ];
    while !target.over() {
        for ask in &asks {
            if let Ok(Asked { body, .. }) = target.rig.pack(&[], &target.node, ask) {
                barrage.send(body);
            }
        }
        // Only a member of the swarm may send these; a directory's are not served here.
        barrage.send(Request::Forward(too_long()));
        barrage.send(Request::Pull { after: None });
        barrage.send(Request::Announce(vec![0xff; 64]));
        barrage.send(Request::Cosign(vec![0xff; 64]));
        barrage.send(Request::Snapshot { newer_than: None });
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Onions for three hops and a destination, one of which has another key than the layer is for.
pub(super) fn broken_layers(target: &Target<'_>, source: Ipv4Addr) {
    let mut barrage = Barrage::new(target, source);
    let [b, c, d, other, ..] = target.others.as_slice() else {
        leek_machine::bug!("the network under attack has five nodes");
    };
    let route = [target.node, *b, *c, *d];
    for broken in (0..route.len()).cycle() {
        if target.over() {
            break;
        }
        let mut route = route;
        route[broken] = NodeRecord {
            onion_key: other.onion_key,
            ..route[broken]
        };
        let [path @ .., destination] = &route;
        if let Ok(Asked { body, .. }) = target.rig.pack(path, destination, &StorageRequest::Info) {
            barrage.send(body);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Random bytes under random keys.
pub(super) fn junk_onions(target: &Target<'_>, source: Ipv4Addr, mut draws: Stream) {
    let mut barrage = Barrage::new(target, source);
    while !target.over() {
        let (mut blob, mut key) = (vec![0; 2_048], [0; 32]);
        draws.fill_bytes(&mut blob);
        draws.fill_bytes(&mut key);
        let packet = Packet {
            blob,
            ephemeral: XPublic::from_bytes(key),
            enc: EncType::XChaCha20,
            hop_no: 0,
        };
        barrage.send(Request::Onion(OnionRequest {
            format: FormatId::SessionV4,
            packet,
        }));
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Twenty stores of the largest message in one batch; then twenty retrieves of all of it.
pub(super) fn maximal_batches(target: &Target<'_>, source: Ipv4Addr) {
    let mut barrage = Barrage::new(target, source);
    let mailbox = Mailbox::new(&target.seed, 0);
    let mut number: u64 = 0;
    let mut store = || {
        number += 1;
        let mut data = vec![9; limits::DATA_BYTES_MAX];
        data[..8].copy_from_slice(&number.to_le_bytes());
        mailbox.store(data, now(), AckLevel::Durable)
    };
    while !target.over() {
        let stores = (0..limits::BATCH_MAX).map(|_| store()).collect();
        let retrieve = mailbox.retrieve(&*target.rig.suite, now());
        let retrieves = vec![retrieve; limits::BATCH_MAX];
        for requests in [stores, retrieves] {
            let ask = StorageRequest::Batch(requests);
            if let Ok(Asked { body, .. }) = target.rig.pack(&[], &target.node, &ask) {
                barrage.send(body);
            }
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}
