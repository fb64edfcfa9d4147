/// What one actor did, or all of them together.
///
/// Messages are conserved. At the end of a run, over all actors together, `sent + posted +
/// duplicated` equals `delivered + overflowed + lost + cut + dropped_uplink + dropped_downlink +`
/// [`Outcome::in_flight`](crate::Outcome::in_flight).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Events that count: messages handled, overflowed or lost in any way, and effective wakes.
    pub events: u64,
    /// Messages that left the actor's hands, to others or to itself. Counted at the sender.
    pub sent: u64,
    /// Bytes of the messages sent to others.
    pub bytes_sent: u64,
    /// Messages the world put into this actor's inbox.
    pub posted: u64,
    /// Second copies that the network made. Counted at the sender.
    pub duplicated: u64,
    /// Messages dropped because the uplink's queue was full. Counted at the sender.
    pub dropped_uplink: u64,
    /// Messages that fell into a cut between two hosts. Counted at the sender.
    pub cut: u64,
    /// Messages the network lost. Counted at the sender.
    pub lost: u64,
    /// Messages dropped because the downlink's queue was full. Counted at the receiver.
    pub dropped_downlink: u64,
    /// Messages answered at once because the inbox was full. Counted at the receiver.
    pub overflowed: u64,
    /// Messages handled. Counted at the receiver.
    pub delivered: u64,
    /// Wakes handled.
    pub wakes: u64,
    /// Nanoseconds of CPU time charged.
    pub cpu_busy_ns: u64,
    /// Most messages that ever waited in the inbox.
    pub inbox_peak: u32,
}

impl Counters {
    /// Adds another actor's counters: sums, and the larger of the peaks.
    pub fn merge(&mut self, other: &Self) {
        self.events += other.events;
        self.sent += other.sent;
        self.bytes_sent += other.bytes_sent;
        self.posted += other.posted;
        self.duplicated += other.duplicated;
        self.dropped_uplink += other.dropped_uplink;
        self.cut += other.cut;
        self.lost += other.lost;
        self.dropped_downlink += other.dropped_downlink;
        self.overflowed += other.overflowed;
        self.delivered += other.delivered;
        self.wakes += other.wakes;
        self.cpu_busy_ns += other.cpu_busy_ns;
        self.inbox_peak = self.inbox_peak.max(other.inbox_peak);
    }
}
