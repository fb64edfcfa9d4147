use serde::Serialize;

use super::IdleCost;
use crate::{open_loop::Measured, table};

/// Most memory of an idle node (reliability spec 2.5).
const IDLE_NODE_BYTES_MAX: u64 = 40 << 20;
/// Most memory of one idle connection (reliability spec 2.5).
const CONNECTION_BYTES_MAX: u64 = 64 << 10;

/// One kind of request.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Path {
    /// Which.
    pub name: &'static str,
    /// With 64 requests always under way.
    pub most: Option<Measured>,
    /// Open loop, at half of `most` or at the stated rate.
    pub at_load: Measured,
    /// Open loop, at three times `most`.
    pub overload: Option<Measured>,
    /// Target of `most`, per second.
    pub target_per_s: Option<f64>,
    /// Target of the median at load, in ms.
    pub target_p50_ms: Option<f64>,
    /// Target of the 99th percentile at load, in ms.
    pub target_p99_ms: Option<f64>,
}

/// All figures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BenchReport {
    /// Resident memory of a node that holds nothing.
    pub idle_node_bytes: u64,
    /// What idle connections cost.
    pub connections: IdleCost,
    /// By kind of request.
    pub paths: Vec<Path>,
    /// Processor time of the single node over its measurements, in ms.
    pub node_cpu_ms: u64,
    /// Processor time of the generator over the same, in ms: it shares the machine.
    pub generator_cpu_ms: u64,
}

/// One figure beside its target.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// What it is.
    pub name: String,
    /// Ours, with its unit.
    pub ours: String,
    /// The target, with its unit.
    pub target: String,
    /// Whether it was reached; `None` where there is no target.
    pub met: Option<bool>,
}

impl Figure {
    fn new(name: impl Into<String>, ours: String, target: Option<(String, bool)>) -> Self {
        let (target, met) = match target {
            Some((target, met)) => (target, Some(met)),
            None => ("-".to_owned(), None),
        };
        Self {
            name: name.into(),
            ours,
            target,
            met,
        }
    }
}

impl BenchReport {
    /// Ours beside the targets of reliability spec 2.5.
    pub fn figures(&self) -> Vec<Figure> {
        let mut out = Vec::new();
        for path in &self.paths {
            path.figures(&mut out);
        }
        let mib = |bytes: u64| format!("{} MiB", table::mib(bytes));
        out.push(Figure::new(
            "memory of an idle node",
            mib(self.idle_node_bytes),
            Some((
                format!("<= {}", mib(IDLE_NODE_BYTES_MAX)),
                self.idle_node_bytes <= IDLE_NODE_BYTES_MAX,
            )),
        ));
        let idle = &self.connections;
        out.push(Figure::new(
            "memory of a connection",
            format!("{} KiB", idle.bytes_each / 1_024),
            Some((
                format!("<= {} KiB", CONNECTION_BYTES_MAX / 1_024),
                idle.bytes_each <= CONNECTION_BYTES_MAX,
            )),
        ));
        out.push(Figure::new(
            "idle TLS connections held",
            format!("{} of {}", idle.held, idle.wanted),
            Some(("all".to_owned(), idle.held == idle.wanted && idle.answers)),
        ));
        out
    }

    /// The table for people.
    pub fn render(&self) -> String {
        let rows: Vec<Vec<String>> = self
            .figures()
            .into_iter()
            .map(|figure| {
                let met = match figure.met {
                    Some(true) => "met",
                    Some(false) => "MISSED",
                    None => "",
                };
                vec![figure.name, figure.ours, figure.target, met.to_owned()]
            })
            .collect();
        let mut text = table::render(&["figure", "ours", "target", ""], &rows);
        text.push_str(&format!(
            "processor time while measuring one node: node {} ms, generator {} ms, on one machine\n",
            self.node_cpu_ms, self.generator_cpu_ms
        ));
        text
    }

    /// Whether every figure that has a target reached it.
    pub fn all_met(&self) -> bool {
        self.figures()
            .iter()
            .all(|figure| figure.met != Some(false))
    }
}

impl Path {
    fn figures(&self, out: &mut Vec<Figure>) {
        let name = self.name;
        if let Some(most) = &self.most {
            out.push(Figure::new(
                format!("{name}, most"),
                format!("{:.0}/s", most.ok_per_s),
                self.target_per_s
                    .map(|t| (format!(">= {t:.0}/s"), most.ok_per_s >= t)),
            ));
        }
        let load = &self.at_load;
        let at = format!("{name}, at {:.0}/s", load.ok_per_s);
        let quantile = |q: &str, ours: f64, target: Option<f64>| {
            Figure::new(
                format!("{at}, {q}"),
                format!("{ours:.2} ms"),
                target.map(|t| (format!("<= {t:.0} ms"), ours <= t)),
            )
        };
        out.push(quantile("p50", load.latency.p50_ms, self.target_p50_ms));
        out.push(quantile("p99", load.latency.p99_ms, self.target_p99_ms));
        let failed = load.sent - load.ok;
        out.push(Figure::new(
            format!("{at}, failed"),
            format!("{failed} of {}", load.sent),
            Some(("0".to_owned(), failed == 0)),
        ));
        if let (Some(most), Some(over)) = (&self.most, &self.overload) {
            let share = over.ok_per_s / most.ok_per_s.max(1.0);
            out.push(Figure::new(
                format!("{name}, goodput at 3 times too much"),
                format!("{:.0} %", share * 100.0),
                Some((">= 80 %".to_owned(), share >= 0.8)),
            ));
        }
    }
}
