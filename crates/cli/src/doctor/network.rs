//! What the network's directories say.

use core::time::Duration;
use std::{
    io,
    path::Path,
    sync::{Arc, mpsc},
};

use leek_crypto::fast;
use leek_directory::{DirectoryAddress, Trust};
use leek_driver::{Caller, CallerConfig, Clock, Limits, Runtime, Tcp};
use leek_machine::{Now, Wall};
use leek_wire::{
    Outcome, Request, Response,
    limits::{SIGNATURE_TOLERANCE_MS, STORE_TOLERANCE_MS},
};

use super::Finding;
use crate::{
    failure::{Failure, PersonError},
    person::network_file,
};

/// Time a directory has to answer: one that needs longer is of no use to anybody.
const ANSWER: Duration = Duration::from_secs(5);

/// What one directory said, and when it was asked and heard.
struct Answer {
    from: DirectoryAddress,
    asked: Now,
    heard: Now,
    outcome: Outcome<Response>,
}

/// The network file, the directories, the snapshot and the clock.
pub(super) fn network(path: &Path) -> Result<Vec<Finding>, Failure> {
    let trust = match network_file(path) {
        Ok(file) => file.into_trust(),
        Err(error) => {
            let lines = error.render();
            let mut lines = lines.lines();
            let found = lines
                .next()
                .unwrap_or_default()
                .trim_start_matches("error: ");
            let remedy = lines
                .next()
                .unwrap_or_default()
                .trim_start_matches("help: ");
            return Ok(vec![Finding::fail("network", found, remedy)]);
        }
    };
    let found = format!(
        "`{}`: {} directories, any {} of them decide",
        trust.network(),
        trust.signers().len(),
        trust.threshold()
    );
    let answers = ask(&trust).map_err(PersonError::Runtime)?;
    let heard: Vec<Heard> = answers.iter().filter_map(Heard::of).collect();
    let mut findings = vec![Finding::ok("network", found), reachable(&trust, &answers)];
    findings.extend(clock(&heard));
    findings.extend(snapshot(&trust, &heard));
    Ok(findings)
}

/// Asks all directories at once for their snapshots.
fn ask(trust: &Trust) -> io::Result<Vec<Answer>> {
    let runtime = Runtime::new(1)?;
    let clock = Clock::system(&runtime, 0);
    let caller = Caller::new(
        &runtime,
        CallerConfig {
            network: Arc::new(Tcp),
            identity: None,
            source: None,
            clock: clock.clone(),
            limits: Limits::default(),
        },
    );
    let (tell, told) = mpsc::channel();
    for &from in trust.signers() {
        let (tell, clock, asked) = (tell.clone(), clock.clone(), clock.now());
        let request = Request::Snapshot { newer_than: None };
        caller.call(from.id, from.address, request, ANSWER, move |outcome| {
            let heard = clock.now();
            // Nobody listens any more only when this thread panicked.
            let _ = tell.send(Answer {
                from,
                asked,
                heard,
                outcome,
            });
        });
    }
    drop(tell);
    let mut answers: Vec<Answer> = told.iter().collect();
    answers.sort_by_key(|answer| answer.from);
    Ok(answers)
}

/// A directory's clock against ours, and its snapshot.
struct Heard {
    offset_ms: i64,
    now: Wall,
    signed: Option<Arc<[u8]>>,
}

impl Heard {
    fn of(answer: &Answer) -> Option<Self> {
        let Outcome::Done(Response::Snapshot { clock, signed }) = &answer.outcome else {
            return None;
        };
        // Its clock was read somewhere between question and answer; half way is closest.
        let half_ms = answer.heard.tick.since_ns(answer.asked.tick) / 2 / 1_000_000;
        Some(Self {
            offset_ms: clock.diff_ms(answer.asked.wall.after_ms(half_ms)),
            now: answer.heard.wall,
            signed: signed.clone(),
        })
    }
}

fn reachable(trust: &Trust, answers: &[Answer]) -> Finding {
    let mut silent = Vec::new();
    for answer in answers {
        let address = answer.from.address;
        match &answer.outcome {
            Outcome::Done(Response::Snapshot { .. }) => {}
            Outcome::Done(_) => silent.push(format!("{address} says something else")),
            Outcome::Refused(refusal) => {
                silent.push(format!("{address} refuses ({})", refusal.status.0));
            }
            Outcome::Lost => silent.push(format!("{address} does not answer")),
        }
    }
    let count = answers.len() - silent.len();
    let found = format!("{count} of {} answer", answers.len());
    let remedy = "is the network running (`leek net up` starts a local one), and this machine's \
                  clock right to the day? for another network, ask who runs its directories";
    if silent.is_empty() {
        return Finding::ok("directories", found);
    }
    let found = format!("{found}: {}", silent.join(", "));
    if count >= trust.threshold() {
        Finding::warn("directories", found, remedy)
    } else {
        Finding::fail("directories", found, remedy)
    }
}

/// Our clock against the median of theirs. Nothing to say without an answer.
fn clock(heard: &[Heard]) -> Option<Finding> {
    let mut offsets: Vec<i64> = heard.iter().map(|heard| heard.offset_ms).collect();
    offsets.sort_unstable();
    let offset_ms = *offsets.get(offsets.len() / 2)?;
    let off_ms = offset_ms.unsigned_abs();
    #[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
    let seconds = off_ms as f64 / 1_000.0;
    // What is to be added to our clock is what it lacks.
    let way = if offset_ms < 0 { "ahead of" } else { "behind" };
    let found = format!("{seconds:.1} s {way} the directories");
    let remedy = "set the clock, for example with `timedatectl set-ntp true`";
    Some(if off_ms < STORE_TOLERANCE_MS {
        Finding::ok("clock", format!("{seconds:.1} s off the directories'"))
    } else if off_ms < SIGNATURE_TOLERANCE_MS {
        Finding::warn("clock", found, remedy)
    } else {
        Finding::fail("clock", found, remedy)
    })
}

/// The newest snapshot that may be used now. Nothing to say without an answer.
fn snapshot(trust: &Trust, heard: &[Heard]) -> Option<Finding> {
    let suite = fast().suite();
    let mut best: Option<(u64, Finding)> = None;
    let mut refused = None;
    for heard in heard {
        let Some(signed) = &heard.signed else {
            continue;
        };
        match trust.verify(&*suite, signed, heard.now, None) {
            Ok(verified) => {
                let epoch = verified.epoch().0;
                let left = verified.valid_until().diff_ms(heard.now) / 60_000;
                let nodes = verified.snapshot.nodes().len();
                let found = format!("epoch {epoch}, {nodes} nodes, valid for {left} min more");
                if best.as_ref().is_none_or(|(newest, _)| epoch > *newest) {
                    best = Some((epoch, Finding::ok("snapshot", found)));
                }
            }
            Err(error) => refused = Some(error.to_string()),
        }
    }
    if heard.is_empty() {
        return None;
    }
    let remedy = "wait until enough nodes have announced themselves; if it lasts, look at the \
                  directories' logs";
    let none = || match refused {
        Some(error) => Finding::fail(
            "snapshot",
            error,
            "set the clock if it is wrong; else ask who runs the directories",
        ),
        None => Finding::fail("snapshot", "none is published yet", remedy),
    };
    Some(best.map_or_else(none, |(_, finding)| finding))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Health;

    fn heard(offset_ms: i64) -> Heard {
        Heard {
            offset_ms,
            now: Wall::from_ms(1_000_000),
            signed: None,
        }
    }

    #[test]
    fn the_clock_is_judged_by_the_median() {
        let judge = |offsets: &[i64]| {
            let heard: Vec<Heard> = offsets.iter().map(|ms| heard(*ms)).collect();
            clock(&heard)
        };
        assert_eq!(judge(&[]), None);
        let health = |offsets: &[i64]| judge(offsets).unwrap().health;
        assert_eq!(health(&[0, 9_999, i64::MAX]), Health::Ok);
        assert_eq!(health(&[i64::MIN, 10_000, 10_001]), Health::Warn);
        assert_eq!(health(&[-60_000, -60_000, 0]), Health::Fail);
        let behind = judge(&[3_600_000]).unwrap();
        assert_eq!(behind.found, "3600.0 s behind the directories");
        let ahead = judge(&[-3_600_000]).unwrap();
        assert_eq!(ahead.found, "3600.0 s ahead of the directories");
        assert!(ahead.remedy.contains("timedatectl"));
    }
}
