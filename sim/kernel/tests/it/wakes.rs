use leek_kernel::Kernel;
use leek_machine::Tick;

use crate::puppet::{Call, MS, Puppet, Word, config, finish, id, links, run};

fn at(ms: u64) -> Tick {
    Tick::from_ns(ms * MS)
}

#[test]
fn a_wake_comes_when_asked_for_and_once() {
    let sleeper = Puppet::new(|cx, call| {
        if *call == Call::Start {
            cx.wake_at(Tick::from_ns(12_345));
        }
    });
    let outcome = run(links(), [sleeper]);
    assert_eq!(outcome.actors()[0].wakes(), [12_345]);
    assert_eq!((outcome.totals.wakes, outcome.totals.events), (1, 1));
}

#[test]
fn a_wake_in_the_past_comes_at_once() {
    let sleeper = Puppet::new(|cx, call| match call {
        Call::Start => cx.wake_at(at(5)),
        _ if cx.now().tick == at(5) => {
            cx.charge_ns(MS);
            cx.wake_at(Tick::ZERO);
        }
        _ => {}
    });
    let outcome = run(links(), [sleeper]);
    assert_eq!(outcome.actors()[0].wakes(), [5 * MS, 6 * MS]);
}

/// The wake is moved with every message, as a machine's is; it comes once, at the last place. What
/// was left in the calendar is neither counted nor digested.
#[test]
fn a_moved_wake_comes_only_where_it_was_moved_to() {
    fn world(moves: &'static [(u64, u64)]) -> leek_kernel::Outcome<Puppet> {
        let mut next = 0;
        let sleeper = Puppet::new(move |cx, call| {
            if *call != Call::Wake {
                cx.wake_at(at(moves[next].1));
                next += 1;
            }
        });
        let mut kernel = Kernel::new(config(links()), vec![(Default::default(), sleeper)]).unwrap();
        for (word, (post, _)) in (0..).zip(&moves[1..]) {
            kernel.post(at(*post), id(0), Word(word)).unwrap();
        }
        finish(kernel)
    }
    // Earlier, later, earlier again; against the final place from the beginning.
    let moved = world(&[(0, 50), (1, 20), (2, 90), (3, 40)]);
    let still = world(&[(0, 40), (1, 40), (2, 40), (3, 40)]);
    assert_eq!(moved.actors()[0].wakes(), [40 * MS]);
    assert_eq!(moved.totals, still.totals);
    assert_eq!(moved.digest, still.digest);
    assert_eq!(moved.shape, still.shape);
}

#[test]
fn a_wake_taken_back_does_not_come() {
    let sleeper = Puppet::new(|cx, call| match call {
        Call::Start => cx.wake_at(at(20)),
        _ => cx.clear_wake(),
    });
    let outcome = run(links(), [sleeper, Puppet::burst(id(0), 1, 10)]);
    assert_eq!(outcome.actors()[0].wakes(), [0; 0]);
    assert_eq!(outcome.totals.events, 1);
}

/// Ten messages come at 10 ms and take 1 ms each; the wake is due at 12.5 ms and waits its turn
/// behind those that came before it.
#[test]
fn a_due_wake_queues_for_the_core() {
    let busy = Puppet::new(|cx, call| match call {
        Call::Start => cx.wake_at(Tick::from_ns(12_500_000)),
        _ => cx.charge_ns(MS),
    });
    let late = Puppet::new(|cx, call| match call {
        Call::Start => cx.wake_at(at(4)),
        _ => cx.send(id(0), 10, Word(77)),
    });
    let outcome = run(links(), [busy, Puppet::burst(id(0), 10, 10), late]);
    let busy = &outcome.actors()[0];
    assert_eq!(busy.wakes(), [20 * MS]);
    assert_eq!(busy.words().last(), Some(&(21 * MS, 77)));
}

/// What a handling does to the wake happens when its charged time is over, so it prevails over one
/// that came due meanwhile.
#[test]
fn a_wake_that_comes_due_during_a_handling_may_still_be_moved() {
    let busy = Puppet::new(|cx, call| match call {
        Call::Start => cx.wake_at(at(12)),
        Call::Message(..) => {
            cx.charge_ns(5 * MS);
            cx.wake_at(at(30));
        }
        _ => {}
    });
    let outcome = run(links(), [busy, Puppet::burst(id(0), 1, 10)]);
    assert_eq!(outcome.actors()[0].wakes(), [30 * MS]);
}
