//! Judging a run: what the clients saw, held against the plan.

use std::collections::{BTreeMap, BTreeSet};

use leek_report::{Check, MessageRow, MessageVerdict, MetricRow, RequestRow, Verdict, metric};

use crate::{
    cast::Cast,
    model::{self, Bounds, Observed},
    scenario::Expect,
    witness::Witness,
    workload::Plan,
};

/// How a run ended. Times are from its start, in ns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It went on for as long as the scenario says.
    Whole {
        /// The scenario's duration.
        end_ns: u64,
    },
    /// Somebody stopped it.
    Stopped {
        /// When.
        at_ns: u64,
    },
    /// It could not go on, which says nothing about the network.
    CutShort {
        /// When.
        at_ns: u64,
        /// Why, for people.
        why: String,
    },
}

impl Ending {
    const fn end_ns(&self) -> u64 {
        match self {
            Self::Whole { end_ns } => *end_ns,
            Self::Stopped { at_ns } | Self::CutShort { at_ns, .. } => *at_ns,
        }
    }
}

/// What a plan came to, without times: what every interpreter of the same plan must agree on when
/// nothing goes wrong on the way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlanOutcome {
    /// What arrived as it was meant: sender, recipient, number of the send.
    pub delivered: BTreeSet<(u32, u32, u64)>,
    /// Sends that were given up, by number, and why.
    pub refused: BTreeMap<u64, String>,
    /// Requests that were refused: kind and status (0 when refused on the way), and how many.
    pub refused_requests: BTreeMap<(&'static str, u16), u64>,
    /// Deliveries that no send explains.
    pub phantoms: u64,
}

/// A judged run.
#[derive(Debug)]
pub struct Judged {
    /// The verdict.
    pub verdict: Verdict,
    /// Why, most important first; empty for a plain pass.
    pub reasons: Vec<String>,
    /// What was checked.
    pub checks: Vec<Check>,
    /// One row per message of the plan, and one per phantom.
    pub messages: Vec<MessageRow>,
    /// One row per request of a client that ended.
    pub requests: Vec<RequestRow>,
    /// What the clients counted: `retries`, `strikes`, and more.
    pub metrics: Vec<MetricRow>,
    /// Events that the clients reported.
    pub events: u64,
    /// When the run ended, from its start, in ns.
    pub ended_ns: u64,
    /// What became of the plan, without times.
    pub outcome: PlanOutcome,
}

/// Judges a run of `cast`'s plan by what its clients saw, one witness for each of them.
pub fn judge(cast: &Cast, expect: Expect, witnesses: Vec<Witness>, ending: Ending) -> Judged {
    let gathered = Gathered::from_witnesses(witnesses);
    let bounds = Bounds {
        end_ns: ending.end_ns(),
        late_after_ns: expect.late_after.ns(),
    };
    let messages = model::judge(cast.plan(), cast.accounts(), &gathered.observed, bounds);
    let mut checks = checks(expect, &messages, &gathered);
    checks.extend(refusals_check(cast.plan(), &messages));
    let stopped = matches!(ending, Ending::Stopped { .. });
    let (mut verdict, mut reasons) = verdict(&checks, &messages, stopped);
    if let Ending::CutShort { why, .. } = ending {
        verdict = Verdict::Inconclusive;
        reasons.insert(0, why);
    }
    Judged {
        verdict,
        reasons,
        checks,
        metrics: gathered.metrics(),
        events: gathered.events,
        ended_ns: bounds.end_ns,
        outcome: outcome(&messages, &gathered),
        messages,
        requests: gathered.requests,
    }
}

fn outcome(messages: &[MessageRow], gathered: &Gathered) -> PlanOutcome {
    let is_phantom = |row: &&MessageRow| row.verdict == MessageVerdict::Phantom;
    PlanOutcome {
        delivered: messages
            .iter()
            .filter(|row| row.delivered_ns.is_some() && !is_phantom(row))
            .map(|row| (row.from, row.to, row.id))
            .collect(),
        refused: gathered.failures.clone(),
        refused_requests: gathered.refusals.clone(),
        phantoms: messages.iter().filter(is_phantom).count() as u64,
    }
}

/// What the clients saw, merged in their order.
#[derive(Default)]
struct Gathered {
    observed: Observed,
    requests: Vec<RequestRow>,
    failures: BTreeMap<u64, String>,
    refusals: BTreeMap<(&'static str, u16), u64>,
    retries: u64,
    strikes: u64,
    undecryptable: u64,
    guards_dropped: u64,
    events: u64,
}

impl Gathered {
    fn from_witnesses(witnesses: Vec<Witness>) -> Self {
        let mut out = Self::default();
        for witness in witnesses {
            out.add(witness);
        }
        // One order for the table, whatever client a request was of.
        out.requests
            .sort_by_key(|row| (row.ended_ns, row.started_ns));
        out
    }

    fn add(&mut self, log: Witness) {
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
        for (kind, status) in log.refusals {
            let status = status.map_or(0, |status| status.0);
            *self.refusals.entry((kind.name(), status)).or_default() += 1;
        }
        self.requests.extend(log.requests);
        self.events += log.events;
        self.retries += log.retries;
        self.strikes += log.strikes;
        self.undecryptable += log.undecryptable;
        self.guards_dropped += log.guards_dropped;
    }

    fn metrics(&self) -> Vec<MetricRow> {
        vec![
            MetricRow::whole(metric::RETRIES, self.retries),
            MetricRow::whole(metric::STRIKES, self.strikes),
            MetricRow::whole("undecryptable", self.undecryptable),
            MetricRow::whole("guards_dropped", self.guards_dropped),
        ]
    }
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
    let refused = count(MessageVerdict::Refused);
    let due = messages.len() - phantoms - refused - count(MessageVerdict::Pending);
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

/// Of the texts that no message can carry: each must be refused to its sender. `None` for a plan
/// without such texts.
fn refusals_check(plan: &Plan, messages: &[MessageRow]) -> Option<Check> {
    let oversize: Vec<&MessageRow> = plan
        .sends
        .iter()
        .zip(messages)
        .filter_map(|(send, row)| send.is_oversize().then_some(row))
        .collect();
    let wrong: Vec<&&MessageRow> = oversize
        .iter()
        .filter(|row| {
            !matches!(
                row.verdict,
                MessageVerdict::Refused | MessageVerdict::Pending
            )
        })
        .collect();
    let first = wrong
        .first()
        .map_or_else(String::new, |row| format!("; first: message {}", row.id));
    (!oversize.is_empty()).then(|| Check {
        name: "refused".to_owned(),
        passed: wrong.is_empty(),
        detail: format!(
            "{} of {} oversize texts refused to their sender{first}",
            oversize.len() - wrong.len(),
            oversize.len()
        ),
    })
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
