use std::sync::Arc;

use leek_machine::{Seed, Tick};

use super::*;
use crate::actor::{ActorCx, Body};
use crate::{Config, Digester, Links};

#[derive(Clone)]
struct Nothing;

impl Body for Nothing {
    fn kind(&self) -> u16 {
        0
    }

    fn feed(&self, _: &mut Digester) {}
}

/// Sends one message at the start, or wakes itself without end.
enum Actress {
    Sends,
    Wakes,
}

impl Actor for Actress {
    type Body = Nothing;

    fn start(&mut self, cx: &mut ActorCx<'_, Nothing>) {
        match self {
            Self::Sends => cx.send(ActorId::new(1), 1, Nothing),
            Self::Wakes => cx.wake_at(Tick::ZERO),
        }
    }

    fn on_message(&mut self, _: &mut ActorCx<'_, Nothing>, _: ActorId, _: Nothing) {}

    fn on_wake(&mut self, cx: &mut ActorCx<'_, Nothing>) {
        cx.wake_at(Tick::ZERO);
    }

    fn on_overflow(&mut self, _: &mut ActorCx<'_, Nothing>, _: ActorId, _: Nothing) {}
}

/// A shard of two such actors, a millisecond apart. The check of the configuration is left out.
fn shard(first: Actress) -> Shard<Actress> {
    let seed = Seed::from_u64(1);
    let config = Config::new(seed.clone(), Links::constant(1_000_000));
    let net = Arc::new(Net::new(&config, vec![0, 0]));
    let mut shard = Shard::new(0, 1, net);
    let host = HostConfig::default();
    shard.add(&host, first, &seed);
    shard.add(&host, Actress::Sends, &seed);
    shard
}

/// The planted violation: were the configuration not refused, a message would arrive inside the
/// window in which it was sent. It is caught.
#[test]
#[should_panic(expected = "from #0 to #1 arrives at 1000000 ns, inside the window until 1000001")]
fn a_message_inside_its_own_window_is_caught() {
    shard(Actress::Sends).run_window(1_000_001);
}

#[test]
fn a_message_at_the_end_of_its_window_is_fine() {
    let mut shard = shard(Actress::Sends);
    shard.run_window(1_000_000);
    assert_eq!(shard.earliest(), 1_000_000);
}

#[test]
#[should_panic(expected = "time stands still at 0 ns")]
fn an_actor_that_stops_time_is_caught() {
    let mut shard = shard(Actress::Wakes);
    shard.at_tick_max = 1_000;
    shard.run_window(1_000_000);
}
