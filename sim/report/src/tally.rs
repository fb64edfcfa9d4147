//! From rows to numbers. The writer of a run and the reader of its tables both count here.

mod error;

use std::collections::{BTreeMap, BTreeSet};

pub use error::TallyError;

use crate::histogram::Histogram;
use crate::quantile::nearest_rank;
use crate::rows::{MessageRow, MessageVerdict, MetricRow, RequestOutcome, RequestRow, metric};
use crate::summary::{Delivery, Numbers, Quantiles, RequestStats, Spread};

/// Counts rows, in any order, and turns them into the numbers of a summary.
///
/// Quantiles are exact, at the price of 8 bytes per delivered message and 12 per request.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    delivery: Delivery,
    latencies_ns: Vec<u64>,
    requests: BTreeMap<String, Requests>,
    metrics: BTreeMap<String, u64>,
    loads: BTreeMap<String, Vec<u64>>,
    seen: BTreeSet<(String, String)>,
}

#[derive(Clone, Debug, Default)]
struct Requests {
    count: u64,
    bytes: u64,
    failed: u64,
    answered_ns: Vec<u64>,
    hops: Vec<u32>,
}

impl Tally {
    /// Nothing counted yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts one message.
    ///
    /// # Errors
    /// [`TallyError::Message`] if the verdict does not fit the row.
    pub fn message(&mut self, row: &MessageRow) -> Result<(), TallyError> {
        let wrong = |why| TallyError::Message { id: row.id, why };
        let expected = match row.verdict {
            MessageVerdict::Ok | MessageVerdict::Late => row.deliveries == 1,
            MessageVerdict::Duplicated => row.deliveries > 1,
            MessageVerdict::Phantom => row.deliveries > 0,
            MessageVerdict::Lost
            | MessageVerdict::NeverRead
            | MessageVerdict::Pending
            | MessageVerdict::Info
            | MessageVerdict::Refused => row.deliveries == 0,
        };
        if !expected {
            return Err(wrong("its verdict does not fit its number of deliveries"));
        }
        if row.delivered_ns.is_some() != (row.deliveries > 0) {
            return Err(wrong(
                "its delivery time does not fit its number of deliveries",
            ));
        }
        let is_phantom = row.verdict == MessageVerdict::Phantom;
        if let Some(at) = row.delivered_ns.filter(|_| !is_phantom) {
            let latency = at.checked_sub(row.due_ns);
            self.latencies_ns
                .push(latency.ok_or_else(|| wrong("it was delivered before due"))?);
            self.delivery.delivered += 1;
        }
        self.delivery.sent += u64::from(!is_phantom);
        match row.verdict {
            MessageVerdict::Ok => {}
            MessageVerdict::Late => self.delivery.late += 1,
            MessageVerdict::Duplicated => self.delivery.duplicated += 1,
            MessageVerdict::Lost => self.delivery.lost += 1,
            MessageVerdict::NeverRead => self.delivery.never_read += 1,
            MessageVerdict::Pending => self.delivery.pending += 1,
            MessageVerdict::Info => self.delivery.info += 1,
            MessageVerdict::Phantom => self.delivery.phantom += 1,
            MessageVerdict::Refused => self.delivery.refused += 1,
        }
        Ok(())
    }

    /// Counts one request.
    ///
    /// # Errors
    /// [`TallyError::Request`] if it ended before it started, [`TallyError::Overflow`].
    pub fn request(&mut self, row: &RequestRow) -> Result<(), TallyError> {
        let took_ns = row.ended_ns.checked_sub(row.started_ns).ok_or_else(|| {
            let (started_ns, ended_ns) = (row.started_ns, row.ended_ns);
            TallyError::Request {
                kind: row.kind.to_string(),
                started_ns,
                ended_ns,
            }
        })?;
        match self.requests.get_mut(&*row.kind) {
            Some(stats) => stats.count(row, took_ns),
            None => self
                .requests
                .entry(row.kind.to_string())
                .or_default()
                .count(row, took_ns),
        }
    }

    /// Counts one metric.
    ///
    /// # Errors
    /// [`TallyError::MetricTwice`], [`TallyError::Overflow`].
    pub fn metric(&mut self, row: &MetricRow) -> Result<(), TallyError> {
        let (name, kind) = (row.name.to_string(), row.kind.to_string());
        if !self.seen.insert((name.clone(), kind.clone())) {
            return Err(TallyError::MetricTwice { name, kind });
        }
        if let Some(load) = row.name.strip_prefix(metric::LOAD_PREFIX) {
            self.loads
                .entry(load.to_owned())
                .or_default()
                .push(row.value);
        } else {
            let whole = self.metrics.get(&name).copied().unwrap_or(0);
            self.metrics
                .insert(name.clone(), sum(&name, [whole, row.value])?);
        }
        Ok(())
    }

    /// The numbers of everything counted.
    ///
    /// # Errors
    /// [`TallyError::MetricMissing`] for any name of [`metric::REQUIRED`],
    /// [`TallyError::Overflow`].
    pub fn finish(mut self) -> Result<Numbers, TallyError> {
        let metric = |name: &'static str| {
            self.metrics
                .get(name)
                .copied()
                .ok_or(TallyError::MetricMissing { name })
        };
        let bytes = metric(metric::BYTES)?;
        let retries = metric(metric::RETRIES)?;
        let strikes = metric(metric::STRIKES)?;
        let events = metric(metric::EVENTS)?;
        let virtual_ns = metric(metric::VIRTUAL_NS)?;
        self.latencies_ns.sort_unstable();
        let latency = |permille| nearest_rank(&self.latencies_ns, permille).map(ms);
        let delivered = self.delivery.delivered;
        let due = self.delivery.sent - self.delivery.pending - self.delivery.refused;
        Ok(Numbers {
            delivery: self.delivery,
            delivered_fraction: ratio(delivered, due),
            latency_ms: Quantiles {
                p50: latency(500),
                p95: latency(950),
                p99: latency(990),
            },
            latency_histogram: Histogram::of_ns(&self.latencies_ns),
            requests: self
                .requests
                .into_iter()
                .map(|(k, r)| (k, r.finish()))
                .collect(),
            bytes,
            bytes_per_message: ratio(bytes, delivered),
            retries,
            strikes,
            events,
            virtual_s: seconds(virtual_ns),
            load: self
                .loads
                .into_iter()
                .map(|(name, counts)| Ok((name, spread(counts)?)))
                .collect::<Result<_, TallyError>>()?,
        })
    }
}

impl Requests {
    fn count(&mut self, row: &RequestRow, took_ns: u64) -> Result<(), TallyError> {
        self.bytes = sum("request bytes", [self.bytes, row.bytes_up, row.bytes_down])?;
        self.count += 1;
        self.hops.push(row.hops);
        match row.outcome {
            RequestOutcome::Done => self.answered_ns.push(took_ns),
            RequestOutcome::Refused | RequestOutcome::Lost => self.failed += 1,
        }
        Ok(())
    }

    fn finish(mut self) -> RequestStats {
        self.answered_ns.sort_unstable();
        self.hops.sort_unstable();
        RequestStats {
            count: self.count,
            bytes: self.bytes,
            ms_p50: nearest_rank(&self.answered_ns, 500).map(ms),
            // A kind exists from its first request on, so there is always a median.
            hops: nearest_rank(&self.hops, 500).unwrap_or(0),
            failed: self.failed,
        }
    }
}

fn spread(mut counts: Vec<u64>) -> Result<Spread, TallyError> {
    counts.sort_unstable();
    let at = |permille| nearest_rank(&counts, permille).unwrap_or(0);
    Ok(Spread {
        nodes: counts.len() as u64,
        total: sum("a load", counts.iter().copied())?,
        min: counts.first().copied().unwrap_or(0),
        p50: at(500),
        p95: at(950),
        max: at(1000),
    })
}

fn sum(what: &str, parts: impl IntoIterator<Item = u64>) -> Result<u64, TallyError> {
    parts
        .into_iter()
        .try_fold(0_u64, u64::checked_add)
        .ok_or_else(|| TallyError::Overflow {
            what: what.to_owned(),
        })
}

#[expect(
    clippy::cast_precision_loss,
    reason = "ns below 2^53 (104 days) are exact"
)]
fn ms(ns: u64) -> f64 {
    ns as f64 / 1e6
}

#[expect(
    clippy::cast_precision_loss,
    reason = "ns below 2^53 (104 days) are exact"
)]
fn seconds(ns: u64) -> f64 {
    ns as f64 / 1e9
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a ratio is an approximation above 2^53"
)]
fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests;
