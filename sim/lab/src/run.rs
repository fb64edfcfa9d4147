//! Running a scenario: build, run the kernel, judge, and hand plain rows to the report.

use core::num::NonZeroUsize;
use std::{collections::BTreeMap, sync::Arc};

use leek_kernel::{ActorId, Control, Ended, Outcome};
use leek_machine::{Seed, Tick};
use leek_report::{
    Check, Header, MessageRow, MessageVerdict, MetricRow, Progress, RequestRow, Verdict, metric,
};

use crate::{
    actor::{ClientLog, LabActor},
    build::build,
    model::{Bounds, Observed, judge},
    scenario::{Expect, Loaded, ScenarioError},
    workload::Plan,
};

/// What a run produced.
#[derive(Debug)]
pub struct Ran {
    /// Which run it was and how it was judged.
    pub header: Header,
    /// One row per message of the plan, and one per phantom.
    pub messages: Vec<MessageRow>,
    /// One row per request of a client that ended.
    pub requests: Vec<RequestRow>,
    /// Counters.
    pub metrics: Vec<MetricRow>,
    /// Conservative windows the run took.
    pub windows: u64,
    /// Most events pending at once.
    pub pending_peak: usize,
}

/// Runs a scenario on so many threads. `observe` is told how far it is, between windows, and may
/// stop it; neither changes what happens before.
///
/// # Errors
/// [`ScenarioError`] when the trace cannot be read.
pub fn run(
    loaded: &Loaded,
    threads: NonZeroUsize,
    observe: &mut dyn FnMut(&Progress) -> Control,
) -> Result<Ran, ScenarioError> {
    let scenario = &loaded.scenario;
    let seed = Seed::from_u64(scenario.seed);
    let plan = Arc::new(Plan::build(loaded, &seed)?);
    let built = build(scenario, &plan, &seed);
    let end_ns = scenario.duration.ns();
    let outcome = built
        .kernel
        .run(Tick::from_ns(end_ns), threads, &mut |progress| {
            observe(&Progress {
                virtual_ns: progress.now.ns(),
                end_ns,
                events: progress.events,
            })
        });

    let stopped = outcome.ended == Ended::Stopped;
    let overfull = outcome.ended == Ended::Overfull;
    let nodes = scenario.network.nodes as usize;
    let mut metrics = kernel_metrics(&outcome, nodes);
    let (digest, shape) = (outcome.digest.0, outcome.shape.0);
    let (ended_ns, windows, pending_peak) =
        (outcome.ended_at.ns(), outcome.windows, outcome.pending_peak);
    let gathered = Gathered::from_actors(outcome.into_actors());
    metrics.extend(gathered.metrics());
    let bounds = Bounds {
        end_ns: if stopped || overfull {
            ended_ns
        } else {
            end_ns
        },
        late_after_ns: scenario.expect.late_after.ns(),
    };
    let messages = judge(&plan, &built.accounts, &gathered.observed, bounds);
    let checks = checks(scenario.expect, &messages, &gathered);
    let (verdict, mut reasons) = verdict(&checks, &messages, stopped);
    if overfull {
        reasons.insert(
            0,
            "more events were pending than the engine holds; the run ended early".into(),
        );
    }
    let header = Header {
        scenario: loaded.name.clone(),
        verdict: if overfull {
            Verdict::Inconclusive
        } else {
            verdict
        },
        reasons,
        seed: scenario.seed,
        digest,
        shape,
        crypto: built.suite_name.to_owned(),
        checks,
    };
    Ok(Ran {
        header,
        messages,
        requests: gathered.requests,
        metrics,
        windows,
        pending_peak,
    })
}

/// What the actors recorded, merged in actor order.
#[derive(Default)]
struct Gathered {
    observed: Observed,
    requests: Vec<RequestRow>,
    failures: BTreeMap<u64, String>,
    retries: u64,
    strikes: u64,
    undecryptable: u64,
    guards_dropped: u64,
    nodes: Vec<(u64, crate::actor::NodeLog)>,
}

impl Gathered {
    fn from_actors(actors: Vec<LabActor>) -> Self {
        let mut out = Self::default();
        for (index, actor) in (0u64..).zip(actors) {
            match actor {
                LabActor::Node(shell) => out.nodes.push((index, shell.log)),
                LabActor::Client(client) => out.add_client(client.shell.log),
            }
        }
        // One order for the table, whatever client a request was of.
        out.requests
            .sort_by_key(|row| (row.ended_ns, row.started_ns));
        out
    }

    fn add_client(&mut self, log: ClientLog) {
        self.observed.sendings.extend(log.sendings);
        self.observed.deliveries.extend(log.deliveries);
        if let Some(read) = log.last_read_ns {
            self.observed.last_read_ns.insert(log.client, read);
        }
        self.failures.extend(
            log.failures
                .into_iter()
                .map(|(id, why)| (id, format!("{why:?}"))),
        );
        self.requests.extend(log.requests);
        self.retries += log.retries;
        self.strikes += log.strikes;
        self.undecryptable += log.undecryptable;
        self.guards_dropped += log.guards_dropped;
    }

    fn metrics(&self) -> Vec<MetricRow> {
        let mut rows = vec![
            MetricRow::whole(metric::RETRIES, self.retries),
            MetricRow::whole(metric::STRIKES, self.strikes),
            MetricRow::whole("undecryptable", self.undecryptable),
            MetricRow::whole("guards_dropped", self.guards_dropped),
        ];
        for (index, log) in &self.nodes {
            let node = format!("node-{index}");
            rows.push(MetricRow::part("load.relayed", node.clone(), log.relayed));
            rows.push(MetricRow::part("load.served", node.clone(), log.served));
            rows.push(MetricRow::part("load.stored", node.clone(), log.stored));
            rows.push(MetricRow::part(
                "refused_packets",
                node.clone(),
                log.refused,
            ));
            rows.push(MetricRow::part("expired_messages", node, log.cleaned));
        }
        rows
    }
}

fn kernel_metrics(outcome: &Outcome<LabActor>, nodes: usize) -> Vec<MetricRow> {
    let totals = &outcome.totals;
    let mut rows = vec![
        MetricRow::whole(metric::EVENTS, totals.events),
        MetricRow::whole(metric::BYTES, totals.bytes_sent),
        MetricRow::whole(metric::VIRTUAL_NS, outcome.ended_at.ns()),
        MetricRow::whole("messages_on_links", totals.sent),
        MetricRow::whole("messages_lost", totals.lost),
        MetricRow::whole("messages_duplicated", totals.duplicated),
        MetricRow::whole("dropped_uplink", totals.dropped_uplink),
        MetricRow::whole("dropped_downlink", totals.dropped_downlink),
        MetricRow::whole("busy_refusals", totals.overflowed),
        MetricRow::whole("cpu_busy_ns", totals.cpu_busy_ns),
    ];
    for index in 0..nodes {
        let id = ActorId::new(u32::try_from(index).unwrap_or(u32::MAX));
        let counters = outcome.counters(id);
        let node = format!("node-{index}");
        rows.push(MetricRow::part(
            "load.cpu_us",
            node.clone(),
            counters.cpu_busy_ns / 1_000,
        ));
        rows.push(MetricRow::part(
            "load.bytes_sent",
            node,
            counters.bytes_sent,
        ));
    }
    rows
}

fn checks(expect: Expect, messages: &[MessageRow], gathered: &Gathered) -> Vec<Check> {
    let count = |verdict| messages.iter().filter(|row| row.verdict == verdict).count();
    let first = |verdict| {
        messages
            .iter()
            .find(|row| row.verdict == verdict)
            .map_or_else(String::new, |row| {
                let why = gathered.failures.get(&row.id).map_or("", String::as_str);
                format!(
                    "; first: message {} from {} to {} {why}",
                    row.id, row.from, row.to
                )
            })
    };
    let phantoms = count(MessageVerdict::Phantom);
    let due = messages.len() - phantoms - count(MessageVerdict::Pending);
    let delivered = messages
        .iter()
        .filter(|row| row.delivered_ns.is_some())
        .count()
        - phantoms;
    let missing = [
        MessageVerdict::Lost,
        MessageVerdict::NeverRead,
        MessageVerdict::Info,
    ];
    let at_most = |name: &str, verdict, most: u32| Check {
        name: name.to_owned(),
        passed: count(verdict) <= most as usize,
        detail: format!("{}, at most {most}{}", count(verdict), first(verdict)),
    };
    vec![
        Check {
            name: "delivered".to_owned(),
            passed: delivered as f64 >= expect.delivered.get() * due as f64,
            detail: format!(
                "{delivered} of {due} due, at least {}{}",
                expect.delivered.get(),
                missing.map(first).concat()
            ),
        },
        at_most("duplicated", MessageVerdict::Duplicated, expect.duplicated),
        at_most("late", MessageVerdict::Late, expect.late),
        at_most("phantom", MessageVerdict::Phantom, 0),
        Check {
            name: "readable".to_owned(),
            passed: gathered.undecryptable == 0,
            detail: format!(
                "{} stored messages could not be opened",
                gathered.undecryptable
            ),
        },
    ]
}

fn verdict(checks: &[Check], messages: &[MessageRow], stopped: bool) -> (Verdict, Vec<String>) {
    if stopped {
        return (
            Verdict::Interrupted,
            vec!["stopped before its end".to_owned()],
        );
    }
    let failed: Vec<String> = checks
        .iter()
        .filter(|check| !check.passed)
        .map(|check| format!("the check `{}` failed", check.name))
        .collect();
    if !failed.is_empty() {
        return (Verdict::Fail, failed);
    }
    // A run in which nothing was to arrive shows nothing.
    if messages
        .iter()
        .all(|row| row.verdict == MessageVerdict::Pending)
    {
        return (
            Verdict::Inconclusive,
            vec!["no message was due before the end".to_owned()],
        );
    }
    (Verdict::Pass, Vec::new())
}

#[cfg(test)]
mod tests;
