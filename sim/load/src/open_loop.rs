//! Load whose times do not depend on the answers (open loop), and load that does (closed loop).

use std::{
    sync::mpsc::{self, RecvTimeoutError, Sender},
    thread,
    time::{Duration, Instant},
};

use leek_driver::Caller;
use leek_identity::{NodeAddress, NodeId};
use leek_machine::Seed;
use leek_wire::{Outcome, Request, Response};
use serde::Serialize;

use crate::{Latency, LoadError, latency::Recorder};

/// How an answer counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is what was asked for.
    Ok,
    /// Somebody refused.
    Refused,
    /// No answer in time.
    Lost,
    /// An answer, but not to what was asked.
    Wrong,
}

/// Says how an answer counts.
pub(crate) type Check = Box<dyn FnOnce(Outcome<Response>) -> Verdict + Send>;

/// One request ready to leave.
pub(crate) struct Job {
    pub(crate) to: NodeId,
    pub(crate) at: NodeAddress,
    pub(crate) body: Request,
    pub(crate) check: Check,
}

/// What became of a load.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measured {
    /// Requests sent inside the measured time.
    pub sent: u64,
    /// Answered as they should be.
    pub ok: u64,
    /// Refused.
    pub refused: u64,
    /// Not answered in time.
    pub lost: u64,
    /// Answered wrongly.
    pub wrong: u64,
    /// Good answers per second of the measured time.
    pub ok_per_s: f64,
    /// From the intended time of a request to its answer; good answers only.
    pub latency: Latency,
    /// How far the generator itself fell behind its plan at most, in ms. Part of every latency.
    pub behind_ms: f64,
}

struct Ended {
    intended: Instant,
    at: Instant,
    verdict: Verdict,
}

/// When requests leave: a Poisson process.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    pub(crate) per_s: f64,
    /// Sent but not measured, at the start.
    pub(crate) warm_up: Duration,
    pub(crate) measured: Duration,
    /// How long an answer may take.
    pub(crate) timeout: Duration,
    pub(crate) seed: Seed,
}

impl Schedule {
    /// Sends at the planned times, whatever the answers do, and waits for the last answer.
    ///
    /// # Errors
    /// Those of `make`.
    pub(crate) fn run(
        &self,
        callers: &[Caller],
        make: &mut dyn FnMut(u64) -> Result<Job, LoadError>,
    ) -> Result<Measured, LoadError> {
        let mut turns = callers.iter().cycle();
        let mut gaps = self.seed.child("gaps", 0).stream();
        let (done, ended) = mpsc::channel();
        let start = Instant::now();
        let from = start + self.warm_up;
        let end = from + self.measured;
        let (mut intended, mut behind, mut sent) = (start, Duration::ZERO, 0);
        for i in 0.. {
            // Exponential gaps: 1 - unit() is never zero.
            intended += Duration::from_secs_f64(-(1.0 - gaps.unit()).ln() / self.per_s);
            if intended >= end {
                break;
            }
            let job = make(i)?;
            let now = Instant::now();
            if now < intended {
                thread::sleep(intended - now);
            } else if intended >= from {
                behind = behind.max(now - intended);
            }
            sent += u64::from(intended >= from);
            // One caller after the other: a single connection has a bound on what is under way.
            if let Some(caller) = turns.next() {
                launch(caller, job, self.timeout, intended, done.clone());
            }
        }
        drop(done);
        Ok(gather(
            ended.into_iter().filter(|e| e.intended >= from),
            sent,
            self.measured,
            behind,
        ))
    }
}

/// Keeps `in_flight` requests under way for a time: the most that can be had.
///
/// # Errors
/// Those of `make`, and [`LoadError::NotReady`] when a call never ends.
pub(crate) fn saturate(
    caller: &Caller,
    in_flight: usize,
    measured: Duration,
    timeout: Duration,
    make: &mut dyn FnMut(u64) -> Result<Job, LoadError>,
) -> Result<Measured, LoadError> {
    let (done, ended) = mpsc::channel();
    let start = Instant::now();
    let end = start + measured;
    let mut all = Vec::new();
    let mut sent = 0;
    for _ in 0..in_flight {
        launch(caller, make(sent)?, timeout, Instant::now(), done.clone());
        sent += 1;
    }
    let mut waiting = in_flight;
    while waiting > 0 {
        match ended.recv_timeout(timeout * 2) {
            Ok(one) => {
                waiting -= 1;
                let at = Instant::now();
                // What ends after the time is over was not part of it.
                if one.at <= end {
                    all.push(one);
                }
                if at < end {
                    launch(caller, make(sent)?, timeout, at, done.clone());
                    sent += 1;
                    waiting += 1;
                }
            }
            // Every call ends by its own deadline.
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                return Err(LoadError::NotReady("a call never ended".to_owned()));
            }
        }
    }
    let counted = all.len() as u64;
    Ok(gather(all.into_iter(), counted, measured, Duration::ZERO))
}

fn launch(caller: &Caller, job: Job, timeout: Duration, intended: Instant, done: Sender<Ended>) {
    let Job {
        to,
        at,
        body,
        check,
    } = job;
    caller.call(to, at, body, timeout, move |outcome| {
        let at = Instant::now();
        let verdict = check(outcome);
        // Nobody listens any more when the generator gave up.
        let _ = done.send(Ended {
            intended,
            at,
            verdict,
        });
    });
}

fn gather(
    ended: impl Iterator<Item = Ended>,
    sent: u64,
    measured: Duration,
    behind: Duration,
) -> Measured {
    let mut recorder = Recorder::new();
    let [mut ok, mut refused, mut lost, mut wrong] = [0; 4];
    for one in ended {
        match one.verdict {
            Verdict::Ok => {
                ok += 1;
                let took = one.at.saturating_duration_since(one.intended);
                recorder.record_us(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
            }
            Verdict::Refused => refused += 1,
            Verdict::Lost => lost += 1,
            Verdict::Wrong => wrong += 1,
        }
    }
    // Every call ends, if only as lost; one whose callback was dropped counts as lost too.
    lost += sent.saturating_sub(ok + refused + lost + wrong);
    Measured {
        sent,
        ok,
        refused,
        lost,
        wrong,
        ok_per_s: ok as f64 / measured.as_secs_f64(),
        latency: recorder.summary(),
        behind_ms: behind.as_secs_f64() * 1_000.0,
    }
}
