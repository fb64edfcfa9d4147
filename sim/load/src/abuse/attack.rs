use std::{
    net::Ipv4Addr,
    thread::{self, Scope, ScopedJoinHandle},
    time::Duration,
};

use leek_machine::{Stream, below};
use rand_core::Rng as _;

use super::{
    Target,
    h2::{
        CANCEL, CONTINUATION, DATA, END_HEADERS, H2, HEADERS, RST_STREAM, SETTINGS, call_headers,
        frame, grpc_prefix, header,
    },
    high,
    raw::{tcp, tls},
};

/// How often a patient attacker moves.
const DRIP: Duration = Duration::from_millis(250);
/// Pause between two bursts of a busy attacker: enough to leave honest clients a processor on a
/// machine that all of them share.
const BREATH: Duration = Duration::from_millis(5);

/// One kind of abuse (reliability spec 2.2, fault 51).
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Attack {
    /// Messages that say they are larger than any may be.
    Oversize,
    /// Messages that are no messages.
    Malformed,
    /// Requests of every kind that a client may not make, or with lengths out of bounds.
    WrongRequests,
    /// Onions that break at the first, second, third and last layer.
    BrokenLayers,
    /// Onions of random bytes: each costs the node a key agreement.
    JunkOnions,
    /// Connections that never finish their TLS handshake.
    SlowHandshake,
    /// Connections that never finish a request.
    SlowBody,
    /// Streams opened and reset at once (CVE-2023-44487).
    RapidReset,
    /// Header blocks without end (CONTINUATION flood).
    HeaderFlood,
    /// Frames that carry nothing: empty DATA and SETTINGS.
    EmptyFrames,
    /// Connections opened and closed from one prefix.
    ConnectionFlood,
    /// Batches of twenty maximal stores, and of twenty maximal retrieves.
    MaximalBatches,
}

impl Attack {
    /// Every attack, in the order of the table.
    pub const ALL: [Self; 12] = [
        Self::Oversize,
        Self::Malformed,
        Self::WrongRequests,
        Self::BrokenLayers,
        Self::JunkOnions,
        Self::SlowHandshake,
        Self::SlowBody,
        Self::RapidReset,
        Self::HeaderFlood,
        Self::EmptyFrames,
        Self::ConnectionFlood,
        Self::MaximalBatches,
    ];

    /// The name in tables and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Oversize => "oversize",
            Self::Malformed => "malformed",
            Self::WrongRequests => "wrong-requests",
            Self::BrokenLayers => "broken-layers",
            Self::JunkOnions => "junk-onions",
            Self::SlowHandshake => "slow-handshake",
            Self::SlowBody => "slow-body",
            Self::RapidReset => "rapid-reset",
            Self::HeaderFlood => "header-flood",
            Self::EmptyFrames => "empty-frames",
            Self::ConnectionFlood => "connection-flood",
            Self::MaximalBatches => "maximal-batches",
        }
    }

    /// The attack with this name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|attack| attack.name() == name)
    }

    /// Starts the attack's workers; they end soon after the target says that it is over.
    pub(super) fn start<'s>(
        self,
        scope: &'s Scope<'s, '_>,
        target: &'s Target<'_>,
    ) -> Vec<ScopedJoinHandle<'s, ()>> {
        let workers: u8 = match self {
            Self::SlowHandshake | Self::SlowBody => 4,
            Self::ConnectionFlood | Self::RapidReset => 2,
            _ => 1,
        };
        let start = |worker: u8| scope.spawn(move || self.work(target, worker));
        (0..workers).map(start).collect()
    }

    fn work(self, target: &Target<'_>, worker: u8) {
        // Each attack has its prefixes; those of a flood share one.
        let net = 60 + (self as u8);
        let source = match self {
            Self::ConnectionFlood => Ipv4Addr::new(127, net, 0, 1 + worker),
            _ => Ipv4Addr::new(127, net, worker, 1),
        };
        let draws = target.seed.child("worker", u64::from(worker)).stream();
        match self {
            Self::Oversize => streams(target, source, oversize),
            Self::Malformed => malformed(target, source, draws),
            Self::WrongRequests => high::wrong_requests(target, source),
            Self::BrokenLayers => high::broken_layers(target, source),
            Self::JunkOnions => high::junk_onions(target, source, draws),
            Self::SlowHandshake => slow_handshake(target, source),
            Self::SlowBody => slow_body(target, source),
            Self::RapidReset => streams(target, source, rapid_reset),
            Self::HeaderFlood => streams(target, source, header_flood),
            Self::EmptyFrames => streams(target, source, empty_frames),
            Self::ConnectionFlood => connection_flood(target, source),
            Self::MaximalBatches => high::maximal_batches(target, source),
        }
    }
}

/// Opens connections one after the other and lets `burst` loose on each until it is closed.
fn streams(target: &Target<'_>, source: Ipv4Addr, burst: fn(&Target<'_>, &mut H2) -> bool) {
    while !target.over() {
        let Ok(mut h2) = H2::open(source, target.node.address) else {
            target.tally.stopped();
            thread::sleep(DRIP);
            continue;
        };
        target.tally.connection();
        while !target.over() {
            if !(burst(target, &mut h2) && h2.drain(BREATH)) {
                target.tally.stopped();
                break;
            }
        }
    }
}

/// A length prefix beyond every limit, and the start of a body.
fn oversize(target: &Target<'_>, h2: &mut H2) -> bool {
    let stream = h2.stream();
    let mut bytes = frame(HEADERS, END_HEADERS, stream, &call_headers());
    let mut body = grpc_prefix(u32::MAX).to_vec();
    body.resize(1_024, 0x7f);
    bytes.extend(frame(DATA, 0, stream, &body));
    target.tally.requests(1);
    h2.push(&bytes)
}

fn malformed(target: &Target<'_>, source: Ipv4Addr, mut draws: Stream) {
    let mut message = vec![0; 1_024];
    while !target.over() {
        let Ok(mut h2) = H2::open(source, target.node.address) else {
            target.tally.stopped();
            thread::sleep(DRIP);
            continue;
        };
        target.tally.connection();
        let mut open = true;
        while open && !target.over() {
            draws.fill_bytes(&mut message);
            let len = usize::try_from(below(&mut draws, 1_024)).unwrap_or(0);
            target.tally.requests(1);
            open = h2.call(&message[..len]) && h2.drain(BREATH);
        }
        if !open {
            target.tally.stopped();
        }
    }
}

/// A hundred streams opened and reset.
fn rapid_reset(target: &Target<'_>, h2: &mut H2) -> bool {
    let headers = call_headers();
    let mut bytes = Vec::new();
    for _ in 0..100 {
        let stream = h2.stream();
        bytes.extend(frame(HEADERS, END_HEADERS, stream, &headers));
        bytes.extend(frame(RST_STREAM, 0, stream, &CANCEL));
    }
    target.tally.requests(100);
    h2.push(&bytes)
}

/// A header block that goes on and on.
fn header_flood(target: &Target<'_>, h2: &mut H2) -> bool {
    let stream = h2.stream();
    let mut bytes = frame(HEADERS, 0, stream, &call_headers());
    let mut more = Vec::new();
    header(&mut more, b"x-leek", &[b'a'; 8_000]);
    for _ in 0..64 {
        bytes.extend(frame(CONTINUATION, 0, stream, &more));
    }
    target.tally.requests(1);
    h2.push(&bytes)
}

/// A request whose body is frames without bytes, and settings without settings.
fn empty_frames(target: &Target<'_>, h2: &mut H2) -> bool {
    let stream = h2.stream();
    let mut bytes = frame(HEADERS, END_HEADERS, stream, &call_headers());
    for _ in 0..200 {
        bytes.extend(frame(DATA, 0, stream, &[]));
        bytes.extend(frame(SETTINGS, 0, 0, &[]));
    }
    target.tally.requests(1);
    h2.push(&bytes)
}

/// Connections held with a handshake that goes on byte by byte.
fn slow_handshake(target: &Target<'_>, source: Ipv4Addr) {
    use std::io::Write as _;
    // The start of a ClientHello record of 512 bytes.
    let hello = [22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3];
    let mut open: Vec<(std::net::TcpStream, usize)> = Vec::new();
    while !target.over() {
        while open.len() < 64 {
            let Ok(stream) = tcp(source, target.node.address) else {
                target.tally.stopped();
                break;
            };
            target.tally.connection();
            open.push((stream, 0));
        }
        open.retain_mut(|(stream, sent)| {
            let byte = hello.get(*sent).copied().unwrap_or(0);
            *sent += 1;
            let alive = stream.write_all(&[byte]).is_ok();
            if !alive {
                target.tally.stopped();
            }
            alive
        });
        thread::sleep(DRIP);
    }
}

/// Connections held with a request that goes on byte by byte.
fn slow_body(target: &Target<'_>, source: Ipv4Addr) {
    let mut open: Vec<(H2, u32)> = Vec::new();
    while !target.over() {
        if open.len() < 32 {
            match H2::open(source, target.node.address) {
                Ok(mut h2) => {
                    target.tally.connection();
                    let stream = h2.stream();
                    let mut bytes = frame(HEADERS, END_HEADERS, stream, &call_headers());
                    bytes.extend(frame(DATA, 0, stream, &grpc_prefix(1_000)));
                    target.tally.requests(1);
                    if h2.push(&bytes) {
                        open.push((h2, stream));
                    }
                }
                Err(_) => target.tally.stopped(),
            }
        }
        open.retain_mut(|(h2, stream)| {
            let alive =
                h2.push(&frame(DATA, 0, *stream, &[0])) && h2.drain(Duration::from_millis(1));
            if !alive {
                target.tally.stopped();
            }
            alive
        });
        thread::sleep(DRIP / 4);
    }
}

/// TCP connections, some with a whole handshake, opened and dropped.
fn connection_flood(target: &Target<'_>, source: Ipv4Addr) {
    let mut number: u32 = 0;
    let mut open = Vec::new();
    while !target.over() {
        number = number.wrapping_add(1);
        if number.is_multiple_of(50) {
            match tls(source, target.node.address) {
                Ok(_) => target.tally.connection(),
                Err(_) => target.tally.stopped(),
            }
        } else {
            match tcp(source, target.node.address) {
                Ok(stream) => {
                    target.tally.connection();
                    open.push(stream);
                }
                Err(_) => target.tally.stopped(),
            }
        }
        if open.len() >= 128 {
            open.clear();
        }
        // About a thousand a second from each worker.
        thread::sleep(Duration::from_millis(1));
    }
}
