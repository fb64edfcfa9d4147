//! Every number of the transport, named once.

use std::time::Duration;

use leek_wire::limits;

/// Bytes of an HTTP/2 connection's largest frame: the smallest value RFC 9113 4.2 allows, so that
/// one connection cannot hold up the others' turns with a 16 MiB frame.
const FRAME_BYTES: u32 = 16_384;

/// Every number of the transport: connections, TLS, HTTP/2, queues, the dialer.
///
/// The defaults fit a node of 2 cores and 2 GiB. Worst case of what strangers can make it hold:
/// [`receiving_bytes`](Self::receiving_bytes) of requests, [`answering_bytes`](Self::answering_bytes)
/// of answers, [`reply_bytes`](Self::reply_bytes) of answers to its own calls, and
/// [`connections`](Self::connections) times about 64 KiB of TLS and HTTP/2 state (reliability spec
/// 2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections accepted and not yet closed. 8,192 is the largest power of two that keeps
    /// 64 KiB each within 512 MiB; the target is 5,000 idle ones (reliability spec 2.5).
    pub connections: usize,
    /// Connections from one /24 network: an eighth of all, so that one network cannot take the
    /// place of the others. A carrier's address translation hides some hundred people.
    pub connections_per_prefix: usize,
    /// Connections from one address: half of its network's share.
    pub connections_per_address: usize,
    /// Connections one /24 network may open each second once its burst is used up, counted before
    /// TLS. A handshake costs about 0.2 ms (one signature, two agreements; reliability spec 2.5),
    /// so one network can take 2 % of a core.
    pub accepts_per_prefix_s: u32,
    /// Connections one /24 network may open at once after a quiet time: four seconds' worth.
    pub accept_burst_per_prefix: u32,
    /// Networks whose rate is remembered. Forgetting happens oldest first and costs only what that
    /// network still owed; at 100 bytes each the table stays below 1 MiB.
    pub prefixes_tracked: usize,
    /// TLS handshakes under way: what a core completes in 50 ms, the round trip of a usual peer.
    pub handshakes: usize,
    /// TLS handshakes under way from one /24 network: a quarter, so that one network's slow
    /// handshakes leave room for others.
    pub handshakes_per_prefix: usize,
    /// Time a peer has for its handshake. Two round trips at 1 s and a lost packet each.
    pub handshake_timeout: Duration,
    /// Connections ready and not yet taken over by the server; it takes them at once.
    pub ready: usize,

    /// Time a fresh connection has until its first request. Both kinds of caller connect because
    /// they have something to ask.
    pub first_request: Duration,
    /// Time a connection may go without a request under way. Clients poll every 5 to 120 s
    /// (reliability spec 2.1.1); longer than [`pool_idle`](Self::pool_idle), so that the caller
    /// closes first and no call is lost on the way.
    pub idle: Duration,
    /// Time a peer has to send a whole request, from its head on: the largest onion packet at
    /// 64 kbit/s.
    pub request_body: Duration,
    /// Time until a request is answered: a relay waits `RELAY_TIMEOUT_MS` for the next hop, and
    /// has 5 s of its own.
    pub request: Duration,
    /// Time a peer has to take an answer, after [`request`](Self::request): the largest retrieve
    /// at 1 Mbit/s.
    pub response: Duration,
    /// Age at which a connection is closed in good order: peers spread anew over restarted nodes,
    /// and no certificate outlives its validity on an old connection by more than this.
    pub connection_age: Duration,
    /// Time that requests under way have then, before the connection is cut. Covers one request.
    pub connection_age_grace: Duration,
    /// Period of HTTP/2 pings on a quiet connection: finds peers that vanished without a FIN. TCP
    /// keep-alive is left off; the ping sees what it sees, and a stuck peer as well.
    pub keep_alive: Duration,
    /// Time for the answer to a ping.
    pub keep_alive_timeout: Duration,

    /// Requests under way on one connection (`SETTINGS_MAX_CONCURRENT_STREAMS`); further ones
    /// are refused by HTTP/2. One peer at 1,000 requests a second and 100 ms has 100.
    pub streams: u32,
    /// Streams reset by the peer before we took them up, beyond which the connection is closed
    /// (rapid reset, CVE-2023-44487). h2's default.
    pub pending_reset_streams: usize,
    /// Streams we reset because of the peer's protocol errors, beyond which the connection is
    /// closed (CVE-2025-8671). An honest peer causes none.
    pub local_error_reset_streams: usize,
    /// Bytes of a header list. A gRPC head has about 300; a refusal's text, percent-encoded, has at
    /// most 3 times `REASON_BYTES_MAX`.
    pub header_list_bytes: u32,
    /// Bytes of a frame.
    pub frame_bytes: u32,
    /// Bytes a peer may send ahead on one stream: three times the largest stored message, so that
    /// an onion packet needs no pause.
    pub stream_window: u32,
    /// Bytes a peer may send ahead on a connection.
    pub connection_window: u32,
    /// Bytes of one encoded request or response (network spec 2.1, and framing).
    pub message_bytes: usize,

    /// Requests under way over all connections.
    pub serving: usize,
    /// Requests under way from one /24 network: an eighth.
    pub serving_per_prefix: usize,
    /// Bytes of requests not yet answered, over all connections: 12 of the largest, or 1,600
    /// onion packets of the largest message.
    pub receiving_bytes: usize,
    /// The same from one /24 network: a quarter, so three of the largest requests.
    pub receiving_bytes_per_prefix: usize,
    /// Bytes of answers that their peers have not taken yet, over all connections: 34 of the
    /// largest retrieve. Beyond it an answer is replaced by a refusal.
    pub answering_bytes: usize,
    /// The same to one /24 network: a quarter.
    pub answering_bytes_per_prefix: usize,
    /// Bytes of requests and answers that the clients of one /24 network may move each second once
    /// their burst is used up; peers with a node key do not count, since they carry everybody's.
    /// Beyond it a request is refused by its head. A poll and its answer are some KiB every 5 s at
    /// most (reliability spec 2.1.1), so this carries thousands of clients behind one address
    /// translation. Stores and retrieves of the largest messages come to one batch of 20 every
    /// 0.4 and 1.9 s.
    pub bytes_per_prefix_s: u64,
    /// Bytes that those clients may move at once after a quiet time: four seconds' worth, which
    /// is two of the largest answers. An answer may overdraw it; the debt is paid off first.
    pub byte_burst_per_prefix: u64,
    /// Inputs waiting for the machine; a request beyond them is refused as busy.
    pub inbox: usize,
    /// Threads that prepare inputs (onion peeling, signature checks).
    pub prepare_workers: usize,
    /// Write batches that one commit makes durable; as many do not wait for more. At 100 us each
    /// (reliability spec 2.5) a commit holds the machine up for about 25 ms.
    pub commit_batches: usize,

    /// Peers the dialer keeps a connection to. A node speaks to its swarm (10 at most) and to the
    /// nodes it relays to; an evicted one costs a handshake.
    pub pool: usize,
    /// Time after which an unused connection of ours is closed.
    pub pool_idle: Duration,
    /// Age at which we replace a connection of ours, below the accepting side's
    /// [`connection_age`](Self::connection_age).
    pub pool_age: Duration,
    /// Calls under way to one peer; below [`streams`](Self::streams), so none waits for a stream.
    pub calls_per_peer: usize,
    /// Calls under way to all peers.
    pub calls: usize,
    /// Bytes of answers to our calls on their way in: 12 of the largest. What a peer sends beyond
    /// it is dropped, and the call lost.
    pub reply_bytes: usize,
    /// The same from one peer: a quarter.
    pub reply_bytes_per_peer: usize,
    /// Time for TCP and TLS together, to a peer we call.
    pub dial_timeout: Duration,
    /// Pause after a first failed dial; it doubles with every further one.
    pub dial_backoff: Duration,
    /// The longest pause between dials to one peer: a restarted node is found again within it.
    pub dial_backoff_max: Duration,
}

/// Files a process needs beside its connections: the database with its log and index, standard
/// streams, the event queue, the metrics listener and its scrapers, twice over.
const OTHER_FILES: usize = 64;

impl Limits {
    /// These limits with another [`bytes_per_prefix_s`](Self::bytes_per_prefix_s). The burst is
    /// four seconds' worth of it, and at least the default, which the largest answers need.
    #[must_use]
    pub fn with_client_bytes_per_s(self, bytes: u64) -> Self {
        Self {
            bytes_per_prefix_s: bytes,
            byte_burst_per_prefix: Self::default()
                .byte_burst_per_prefix
                .max(bytes.saturating_mul(4)),
            ..self
        }
    }

    /// These limits for a process that may open `files` files (`RLIMIT_NOFILE`): fewer connections,
    /// with the same proportions between them. A process at that limit could not even commit.
    #[must_use]
    pub fn within_files(self, files: u64) -> Self {
        let files = usize::try_from(files).unwrap_or(usize::MAX);
        let pool = self.pool.min(files / 8).max(1);
        let left = files.saturating_sub(pool).saturating_sub(OTHER_FILES);
        let connections = self.connections.min(left).max(1);
        Self {
            pool,
            connections,
            connections_per_prefix: self.connections_per_prefix.min(connections.div_ceil(8)),
            connections_per_address: self.connections_per_address.min(connections.div_ceil(16)),
            ..self
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 8_192,
            connections_per_prefix: 1_024,
            connections_per_address: 512,
            accepts_per_prefix_s: 100,
            accept_burst_per_prefix: 400,
            prefixes_tracked: 8_192,
            handshakes: 256,
            handshakes_per_prefix: 64,
            handshake_timeout: Duration::from_secs(5),
            ready: 64,

            first_request: Duration::from_secs(10),
            idle: Duration::from_secs(300),
            request_body: Duration::from_secs(15),
            request: Duration::from_millis(limits::RELAY_TIMEOUT_MS + 5_000),
            response: Duration::from_secs(65),
            connection_age: Duration::from_secs(3_600),
            connection_age_grace: Duration::from_secs(100),
            keep_alive: Duration::from_secs(60),
            keep_alive_timeout: Duration::from_secs(20),

            streams: 128,
            pending_reset_streams: 20,
            local_error_reset_streams: 32,
            header_list_bytes: 8_192,
            frame_bytes: FRAME_BYTES,
            stream_window: 256 * 1_024,
            connection_window: 1_024 * 1_024,
            message_bytes: limits::MESSAGE_BYTES_MAX,

            serving: limits::SERVING_MAX,
            serving_per_prefix: 512,
            receiving_bytes: 128 * 1_024 * 1_024,
            receiving_bytes_per_prefix: 32 * 1_024 * 1_024,
            answering_bytes: 256 * 1_024 * 1_024,
            answering_bytes_per_prefix: 64 * 1_024 * 1_024,
            bytes_per_prefix_s: 4 * 1_024 * 1_024,
            byte_burst_per_prefix: 16 * 1_024 * 1_024,
            inbox: 1_024,
            prepare_workers: 2,
            commit_batches: 256,

            pool: 512,
            pool_idle: Duration::from_secs(120),
            pool_age: Duration::from_secs(3_000),
            calls_per_peer: 96,
            calls: 4_096,
            reply_bytes: 128 * 1_024 * 1_024,
            reply_bytes_per_peer: 32 * 1_024 * 1_024,
            dial_timeout: Duration::from_secs(5),
            dial_backoff: Duration::from_millis(200),
            dial_backoff_max: Duration::from_secs(5),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_fit_each_other() {
        let limits = Limits::default();
        let Limits {
            connections,
            connections_per_prefix,
            connections_per_address,
            ..
        } = limits;
        assert!(connections_per_address < connections_per_prefix);
        assert!(connections_per_prefix < connections);
        assert!(limits.handshakes_per_prefix < limits.handshakes);
        assert!(limits.serving_per_prefix < limits.serving);
        assert!(limits.receiving_bytes_per_prefix < limits.receiving_bytes);
        assert!(limits.answering_bytes_per_prefix < limits.answering_bytes);
        assert!(limits.reply_bytes_per_peer < limits.reply_bytes);
        // The largest message fits the smallest share.
        assert!(limits.message_bytes < limits.receiving_bytes_per_prefix);
        assert!(limits.message_bytes < limits.answering_bytes_per_prefix);
        assert!(limits.message_bytes < limits.reply_bytes_per_peer);
        assert!(limits.message_bytes as u64 <= limits.byte_burst_per_prefix);
        assert_eq!(
            limits.with_client_bytes_per_s(limits.bytes_per_prefix_s),
            limits
        );
        // The caller closes before the called one does, and asks no more than it takes.
        assert!(limits.pool_idle < limits.idle);
        assert!(limits.pool_age < limits.connection_age);
        assert!(limits.calls_per_peer < limits.streams as usize);
        assert!(limits.request_body < limits.request);
        assert!(limits.request + limits.response <= limits.connection_age_grace);
        assert!(limits.dial_backoff < limits.dial_backoff_max);
        assert!(limits.stream_window <= limits.connection_window);
    }

    #[test]
    fn few_files_mean_few_connections() {
        let full = Limits::default();
        assert_eq!(full.within_files(1 << 20), full);
        assert_eq!(full.within_files(u64::MAX), full);
        let usual = full.within_files(1_024);
        assert_eq!((usual.pool, usual.connections), (128, 832));
        let shares = (usual.connections_per_prefix, usual.connections_per_address);
        assert_eq!(shares, (104, 52));
        for files in 0..300 {
            let few = full.within_files(files);
            assert!(few.connections >= 1 && few.connections_per_address >= 1 && few.pool >= 1);
        }
    }
}
