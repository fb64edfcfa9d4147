//! Who sends what to whom, and when: drawn or read before the run, from streams of their own.

mod graph;
mod trace;

use leek_machine::{Seed, Stream, below};
use leek_message::CONTENT_MAX;

use crate::scenario::{Loaded, ScenarioError, SizeModel, units::Span};

/// Bytes of a text that no message can carry: the largest content of an envelope, and one more.
const OVERSIZE_BYTES: u32 = {
    assert!(CONTENT_MAX < 1 << 20);
    #[expect(clippy::cast_possible_truncation, reason = "checked above")]
    let most = CONTENT_MAX as u32;
    most + 1
};

/// One intended send. Its number is its position in the plan (for a trace, its line).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Send {
    /// When, from the start of the run.
    pub at: Span,
    /// Sender's client number.
    pub from: u32,
    /// Recipient's client number.
    pub to: u32,
    /// Bytes of text.
    pub text_len: u32,
}

impl Send {
    /// Whether the text is longer than any message may be, so that the send must be refused.
    pub const fn is_oversize(&self) -> bool {
        self.text_len >= OVERSIZE_BYTES
    }
}

/// All intended sends, in order of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Number of clients.
    pub clients: u32,
    /// The sends.
    pub sends: Vec<Send>,
}

impl Plan {
    /// Draws or reads the workload of a scenario.
    ///
    /// # Errors
    /// [`ScenarioError`] when a trace line is malformed, pointing at the line.
    pub(crate) fn build(loaded: &Loaded, seed: &Seed) -> Result<Self, ScenarioError> {
        let scenario = &loaded.scenario;
        let seed = seed.child("workload", 0);
        let (clients, times) = match (&scenario.workload.poisson, &loaded.trace) {
            (Some(poisson), _) => {
                let count = scenario.clients.count;
                let contacts = graph::contacts(scenario.clients.graph, count, &seed);
                (
                    count,
                    draw(poisson.messages, poisson.over, count, &contacts, &seed),
                )
            }
            (None, Some(text)) => {
                let over = scenario
                    .workload
                    .trace
                    .as_ref()
                    .map_or(Span(0), |trace| trace.over);
                trace::read(text, over)?
            }
            (None, None) => leek_machine::bug!("a checked scenario has a workload"),
        };
        let mut sizes = seed.child("size", 0).stream();
        let mut oversize = seed.child("oversize", 0).stream();
        let share = scenario.workload.oversize.get();
        let sends = times
            .into_iter()
            .map(|(at, from, to)| {
                let drawn = draw_size(scenario.workload.size, &mut sizes);
                let text_len = if oversize.unit() < share {
                    OVERSIZE_BYTES
                } else {
                    drawn
                };
                Send {
                    at,
                    from,
                    to,
                    text_len,
                }
            })
            .collect();
        Ok(Self { clients, sends })
    }

    /// The text of send number `id`: its number, then filler up to its length.
    pub fn text(&self, id: u64) -> Option<String> {
        let send = self.sends.get(usize::try_from(id).ok()?)?;
        let mut text = format!("#{id} ");
        let len = text.len().max(send.text_len as usize);
        text.extend(
            "abcdefghijklmnopqrstuvwxyz "
                .chars()
                .cycle()
                .take(len - text.len()),
        );
        Some(text)
    }

    /// The number at the head of a text.
    pub fn number_of(text: &str) -> Option<u64> {
        text.strip_prefix('#')?.split(' ').next()?.parse().ok()
    }
}

/// `(when, sender, recipient)`.
type Times = Vec<(Span, u32, u32)>;

/// Poisson points given their number: sorted independent uniform times (Kingman 1993, 2.4).
fn draw(messages: u32, over: Span, clients: u32, contacts: &graph::Contacts, seed: &Seed) -> Times {
    let mut times = seed.child("times", 0).stream();
    let mut people = seed.child("people", 0).stream();
    let mut at: Vec<u64> = (0..messages).map(|_| times.below(over.ns())).collect();
    at.sort_unstable();
    at.into_iter()
        .map(|ns| {
            let from = draw_u32(&mut people, clients);
            (Span(ns), from, contacts.pick(from, &mut people))
        })
        .collect()
}

fn draw_u32(stream: &mut Stream, bound: u32) -> u32 {
    match u32::try_from(below(stream, u64::from(bound))) {
        Ok(drawn) => drawn,
        Err(_) => leek_machine::bug!("a draw below {bound} fits"),
    }
}

fn draw_size(model: SizeModel, stream: &mut Stream) -> u32 {
    let bytes = match model {
        SizeModel::Constant(size) => size.0,
        SizeModel::LogNormal { median, sigma, max } => {
            // Box and Muller (1958), one of the pair; libm so that every platform agrees.
            let radius = libm::sqrt(-2.0 * libm::log(1.0 - stream.unit()));
            let normal = radius * libm::cos(core::f64::consts::TAU * stream.unit());
            let drawn = libm::exp(libm::log(median.0 as f64) + sigma * normal);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "saturates"
            )]
            let drawn = drawn as u64;
            drawn.min(max.0)
        }
    };
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
