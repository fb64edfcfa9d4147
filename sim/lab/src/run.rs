//! Running a scenario: build, run the kernel, judge, and hand plain rows to the report.

use core::num::NonZeroUsize;

use leek_kernel::{ActorId, Control, Ended, Outcome};
use leek_machine::Tick;
use leek_report::{Header, MessageRow, MetricRow, Progress, RequestRow, metric};

use crate::{
    actor::{LabActor, NodeLog},
    build::build,
    cast::Cast,
    judge::{Ending, PlanOutcome, judge},
    scenario::{Loaded, ScenarioError},
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
    /// What became of the plan, without times: the same whatever interpreter ran it.
    pub outcome: PlanOutcome,
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
    let cast = Cast::draw(loaded)?;
    let built = build(scenario, &cast);
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

    let ending = match outcome.ended {
        Ended::Finished => Ending::Whole { end_ns },
        Ended::Stopped => Ending::Stopped {
            at_ns: outcome.ended_at.ns(),
        },
        Ended::Overfull => Ending::CutShort {
            at_ns: outcome.ended_at.ns(),
            why: "more events were pending than the engine holds; the run ended early".to_owned(),
        },
    };
    let nodes = scenario.network.nodes as usize;
    let mut metrics = kernel_metrics(&outcome, nodes);
    let (digest, shape) = (outcome.digest.0, outcome.shape.0);
    let (windows, pending_peak) = (outcome.windows, outcome.pending_peak);
    let (mut witnesses, mut node_rows) = (Vec::new(), Vec::new());
    for (index, actor) in outcome.into_actors().into_iter().enumerate() {
        match actor {
            LabActor::Node(shell) => node_rows.extend(node_metrics(index, &shell.log)),
            LabActor::Client(client) => witnesses.push(client.shell.log),
            LabActor::Guest(_) => {}
        }
    }
    let judged = judge(&cast, scenario.expect, witnesses, ending);
    metrics.extend(judged.metrics);
    metrics.extend(node_rows);
    let header = Header {
        scenario: loaded.name.clone(),
        verdict: judged.verdict,
        reasons: judged.reasons,
        seed: scenario.seed,
        digest,
        shape,
        crypto: built.suite_name.to_owned(),
        checks: judged.checks,
    };
    Ok(Ran {
        header,
        messages: judged.messages,
        requests: judged.requests,
        metrics,
        outcome: judged.outcome,
        windows,
        pending_peak,
    })
}

fn node_metrics(index: usize, log: &NodeLog) -> [MetricRow; 5] {
    let node = format!("node-{index}");
    [
        MetricRow::part("load.relayed", node.clone(), log.relayed),
        MetricRow::part("load.served", node.clone(), log.served),
        MetricRow::part("load.stored", node.clone(), log.stored),
        MetricRow::part("refused_packets", node.clone(), log.refused),
        MetricRow::part("expired_messages", node, log.cleaned),
    ]
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

#[cfg(test)]
mod tests;
