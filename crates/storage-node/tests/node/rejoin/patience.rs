//! Members that do not answer, and a store that fails.

use leek_machine::{Machine as _, Tick};
use leek_storage_node::limits::{
    PULL_PAUSE_MS_MAX, PULL_PAUSE_MS_MIN, PULL_TIMEOUT_MS, PULL_TRIES_MAX,
};
use leek_wire::Refusal;

use super::*;

/// Sleeps until node 1 wants to ask again; returns how long that was, in ms.
fn sleep(world: &mut World) -> u64 {
    let (due, who) = world.host(1).node.poll_timeout().expect("a pause");
    assert_eq!(who, "rejoin the swarm");
    let ms = due.since_ns(world.host(1).now.tick) / 1_000_000;
    world.sleep_ms(ms);
    world.host(1).wake();
    ms
}

#[test]
fn silent_members_are_asked_again_ever_later_and_then_no_more() {
    let (mut world, _) = restarted();
    let mut asked_of: Vec<NodeId> = Vec::new();
    let mut pauses = Vec::new();
    while world.host(1).node.rejoining() {
        if world.host(1).calls.is_empty() {
            pauses.push(sleep(&mut world));
            continue;
        }
        let (to, call, _) = asked(&mut world);
        asked_of.push(to);
        answer(&mut world, call, Outcome::Lost);
    }
    // Both in turn, each as often as allowed; the pause is the same for both.
    let tries = usize::from(PULL_TRIES_MAX);
    for peer in [world.ids[1], world.ids[2]] {
        let times = asked_of.iter().filter(|to| **to == peer).count();
        assert_eq!(times, tries);
    }
    let doubled = (0..PULL_TRIES_MAX - 1).map(|n| PULL_PAUSE_MS_MIN << n);
    let expected: Vec<u64> = doubled.map(|ms| ms.min(PULL_PAUSE_MS_MAX)).collect();
    assert_eq!(pauses, expected);
    assert_eq!(world.host(1).node_events(), [rejoined(0, 2)]);
    assert_eq!(world.host(1).node.poll_timeout(), None);
}

#[test]
fn one_silent_member_does_not_hold_up_the_other() {
    let (mut world, owner) = restarted();
    let now = world.host(1).now;
    let rows = [row(&owner, b"a", now)];
    let (silent, call, _) = asked(&mut world);
    let busy = Outcome::Refused(Refusal::busy());
    answer(&mut world, call, busy);
    let (other, call, _) = asked(&mut world);
    assert_ne!(other, silent);
    answer(
        &mut world,
        call,
        Outcome::Done(Response::Pull(page(&rows, None))),
    );
    world.host(1).commit();
    assert_eq!(held(&mut world), sorted(&rows));
    assert_eq!(sleep(&mut world), PULL_PAUSE_MS_MIN);
    let (again, call, _) = asked(&mut world);
    assert_eq!(again, silent);
    let empty = Response::Pull(PullPage::default());
    answer(&mut world, call, Outcome::Done(empty));
    assert_eq!(
        world.host(1).node_events(),
        [NodeEvent::Pulled { count: 1 }, rejoined(2, 2)]
    );
}

/// A page that came makes good for failures before it: only failures in a row count.
#[test]
fn a_member_on_a_bad_line_is_read_to_its_end() {
    let (mut world, _) = restarted();
    world.links.insert(world.ids[2], crate::support::Link::Lost);
    let (slow, mut call, mut after) = asked(&mut world);
    for page_no in 1..5_u8 {
        for _ in 1..PULL_TRIES_MAX {
            answer(&mut world, call, Outcome::Lost);
            let mut to;
            loop {
                while world.host(1).calls.is_empty() {
                    sleep(&mut world);
                }
                let behind;
                (to, call, behind) = asked(&mut world);
                if to == slow {
                    assert_eq!(behind, after, "it goes on where it was");
                    break;
                }
                answer(&mut world, call, Outcome::Lost);
            }
        }
        after = Some(MessageHash::from_bytes([page_no; 32]));
        let page = PullPage {
            rows: vec![],
            next: after,
        };
        answer(&mut world, call, Outcome::Done(Response::Pull(page)));
        (_, call, _) = asked(&mut world);
    }
    let empty = Response::Pull(PullPage::default());
    answer(&mut world, call, Outcome::Done(empty));
    assert_eq!(world.host(1).node_events(), [rejoined(1, 2)]);
}

#[test]
fn a_page_that_could_not_be_written_is_asked_for_again() {
    let (mut world, owner) = restarted();
    let now = world.host(1).now;
    let rows = [row(&owner, b"a", now)];
    let (first, call, _) = asked(&mut world);
    let response = || Outcome::Done(Response::Pull(page(&rows, None)));
    answer(&mut world, call, response());
    world.host(1).fail_writes();
    assert!(world.host(1).node_events().is_empty(), "nothing was pulled");
    let (other, call, _) = asked(&mut world);
    assert_ne!(other, first);
    let empty = Response::Pull(PullPage::default());
    answer(&mut world, call, Outcome::Done(empty));
    sleep(&mut world);
    let (again, call, after) = asked(&mut world);
    assert_eq!((again, after), (first, None));
    answer(&mut world, call, response());
    world.host(1).commit();
    assert_eq!(
        world.host(1).node_events(),
        [NodeEvent::Pulled { count: 1 }, rejoined(2, 2)]
    );
}

#[test]
fn a_store_that_cannot_be_read_is_tried_again() {
    let (mut world, owner) = restarted();
    let now = world.host(1).now;
    let rows = [row(&owner, b"a", now)];
    world.host(1).store.broken = true;
    serve(&mut world, page(&rows, None));
    world.host(1).store.broken = false;
    serve(&mut world, PullPage::default());
    sleep(&mut world);
    serve(&mut world, page(&rows, None));
    world.host(1).commit();
    assert_eq!(held(&mut world), sorted(&rows));
}

#[test]
fn members_that_leave_are_not_asked() {
    let (mut world, _) = restarted();
    let (first, call, _) = asked(&mut world);
    let nodes = world.snapshot.nodes().iter();
    let pairs = nodes.map(|node| {
        let home = node.id == first || node.id == world.ids[0];
        (*node, if home { HOME } else { AWAY })
    });
    let smaller = Snapshot::new(Epoch(2), pairs.collect()).unwrap();
    world.host(1).give(Input::Membership(smaller.into()));
    let empty = Response::Pull(PullPage::default());
    answer(&mut world, call, Outcome::Done(empty));
    assert_eq!(world.host(1).node_events(), [rejoined(1, 2)]);
}

#[test]
fn a_question_has_a_deadline() {
    let (mut world, _) = restarted();
    let now: Tick = world.host(1).now.tick;
    let calls = &world.host(1).calls;
    assert!(matches!(
        calls[..],
        [Output::Call { deadline, .. }] if deadline == now.after_ms(PULL_TIMEOUT_MS)
    ));
}
