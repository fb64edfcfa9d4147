//! An actor that does what a closure says and remembers every call.

use core::num::NonZeroUsize;

use leek_kernel::{
    Actor, ActorCx, ActorId, Body, Config, Control, Digester, HostConfig, Kernel, Links, Outcome,
};
use leek_machine::{Seed, Tick};

pub(crate) const MS: u64 = 1_000_000;
/// The one-way latency of [`links`].
pub(crate) const LATENCY: u64 = 10 * MS;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word(pub(crate) u64);

impl Body for Word {
    fn kind(&self) -> u16 {
        7
    }

    fn feed(&self, digester: &mut Digester) {
        digester.word(self.0);
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Start,
    Message(ActorId, Word),
    Wake,
    Overflow(ActorId, Word),
}

type Script = Box<dyn FnMut(&mut ActorCx<'_, Word>, &Call) + Send>;

pub(crate) struct Puppet {
    /// True nanoseconds of each call.
    pub(crate) calls: Vec<(u64, Call)>,
    script: Script,
}

impl Puppet {
    pub(crate) fn new(script: impl FnMut(&mut ActorCx<'_, Word>, &Call) + Send + 'static) -> Self {
        Self {
            calls: Vec::new(),
            script: Box::new(script),
        }
    }

    /// Only listens.
    pub(crate) fn silent() -> Self {
        Self::new(|_, _| {})
    }

    /// Sends so many messages of so many bytes, numbered from zero, at the start.
    pub(crate) fn burst(to: ActorId, count: u64, bytes: u32) -> Self {
        Self::new(move |cx, call| {
            if *call == Call::Start {
                for value in 0..count {
                    cx.send(to, bytes, Word(value));
                }
            }
        })
    }

    /// When messages were handled, and what they carried.
    pub(crate) fn words(&self) -> Vec<(u64, u64)> {
        self.calls
            .iter()
            .filter_map(|(tick, call)| match call {
                Call::Message(_, word) => Some((*tick, word.0)),
                _ => None,
            })
            .collect()
    }

    /// When it was woken.
    pub(crate) fn wakes(&self) -> Vec<u64> {
        let wakes = self.calls.iter().filter(|(_, call)| *call == Call::Wake);
        wakes.map(|(tick, _)| *tick).collect()
    }

    fn play(&mut self, cx: &mut ActorCx<'_, Word>, call: Call) {
        (self.script)(cx, &call);
        self.calls.push((cx.true_tick().ns(), call));
    }
}

impl Actor for Puppet {
    type Body = Word;

    fn start(&mut self, cx: &mut ActorCx<'_, Word>) {
        self.play(cx, Call::Start);
    }

    fn on_message(&mut self, cx: &mut ActorCx<'_, Word>, from: ActorId, body: Word) {
        self.play(cx, Call::Message(from, body));
    }

    fn on_wake(&mut self, cx: &mut ActorCx<'_, Word>) {
        self.play(cx, Call::Wake);
    }

    fn on_overflow(&mut self, cx: &mut ActorCx<'_, Word>, from: ActorId, body: Word) {
        self.play(cx, Call::Overflow(from, body));
    }
}

pub(crate) fn id(index: u32) -> ActorId {
    ActorId::new(index)
}

pub(crate) fn links() -> Links {
    Links::constant(LATENCY)
}

pub(crate) fn config(links: Links) -> Config {
    Config::new(Seed::from_u64(1), links)
}

pub(crate) fn threads(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap()
}

/// A run on plain hosts, on one thread, for a virtual hour.
pub(crate) fn run(links: Links, actors: impl IntoIterator<Item = Puppet>) -> Outcome<Puppet> {
    let hosts = actors
        .into_iter()
        .map(|actor| (HostConfig::default(), actor));
    run_on(links, hosts)
}

/// The same on given hosts.
pub(crate) fn run_on(
    links: Links,
    hosts: impl IntoIterator<Item = (HostConfig, Puppet)>,
) -> Outcome<Puppet> {
    let kernel = Kernel::new(config(links), hosts.into_iter().collect()).unwrap();
    finish(kernel)
}

/// Runs for a virtual hour.
pub(crate) fn finish<A: Actor>(kernel: Kernel<A>) -> Outcome<A> {
    kernel.run(hour(), threads(1), &mut |_| Control::Continue)
}

pub(crate) fn hour() -> Tick {
    Tick::ZERO.after_ms(3_600_000)
}
