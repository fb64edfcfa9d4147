use hdrhistogram::Histogram;
use serde::Serialize;

/// Longest latency that is told apart from longer ones, in µs: a minute.
const LATENCY_US_MAX: u64 = 60_000_000;

/// Latencies of requests, from their intended time to their answer.
#[derive(Clone, Debug)]
pub(crate) struct Recorder(Histogram<u64>);

impl Recorder {
    pub(crate) fn new() -> Self {
        match Histogram::new_with_bounds(1, LATENCY_US_MAX, 3) {
            Ok(histogram) => Self(histogram),
            Err(error) => leek_machine::bug!("constant bounds of a histogram: {error}"),
        }
    }

    pub(crate) fn record_us(&mut self, us: u64) {
        self.0.saturating_record(us.max(1));
    }

    pub(crate) fn summary(&self) -> Latency {
        let ms = |q: f64| self.0.value_at_quantile(q) as f64 / 1_000.0;
        Latency {
            count: self.0.len(),
            p50_ms: ms(0.50),
            p90_ms: ms(0.90),
            p99_ms: ms(0.99),
            max_ms: self.0.max() as f64 / 1_000.0,
        }
    }
}

/// Quantiles of a latency, in ms; three significant digits.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Latency {
    /// Requests measured.
    pub count: u64,
    /// Median.
    pub p50_ms: f64,
    /// 90th percentile.
    pub p90_ms: f64,
    /// 99th percentile.
    pub p99_ms: f64,
    /// Longest.
    pub max_ms: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_in_milliseconds() {
        let mut recorder = Recorder::new();
        for us in 1..=1_000 {
            recorder.record_us(us * 1_000);
        }
        let summary = recorder.summary();
        assert_eq!(summary.count, 1_000);
        assert!((summary.p50_ms - 500.0).abs() < 1.0, "{summary:?}");
        assert!((summary.p99_ms - 990.0).abs() < 2.0, "{summary:?}");
    }

    #[test]
    fn an_endless_wait_counts_as_the_longest() {
        let mut recorder = Recorder::new();
        recorder.record_us(u64::MAX);
        assert!(recorder.summary().max_ms >= 59_000.0);
    }
}
