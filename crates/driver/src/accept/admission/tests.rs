use leek_identity::NodeAddress;
use proptest::prelude::*;

use super::*;

const SECOND_NS: u64 = 1_000_000_000;

fn small() -> Limits {
    Limits {
        connections: 12,
        connections_per_prefix: 6,
        connections_per_address: 4,
        handshakes: 5,
        handshakes_per_prefix: 3,
        accepts_per_prefix_s: 1_000_000_000,
        accept_burst_per_prefix: u32::MAX,
        ..Limits::default()
    }
}

fn slow(networks: usize) -> Limits {
    Limits {
        accepts_per_prefix_s: 10,
        accept_burst_per_prefix: 5,
        prefixes_tracked: networks,
        ..Limits::default()
    }
}

fn rates(networks: usize) -> Rates {
    Admission::new(&slow(networks)).rates
}

fn ip(network: u8, host: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, network, host)
}

fn network(number: u8) -> Slash24 {
    slash24(ip(number, 0))
}

/// Admits connections whose handshakes end at once.
fn fill(admission: &mut Admission, ip: Ipv4Addr, n: usize) {
    for _ in 0..n {
        admission.admit(ip, Tick::ZERO).unwrap();
        admission.shaken(ip);
    }
}

#[test]
fn every_bound_is_told_from_the_others() {
    let now = Tick::ZERO;
    let mut admission = Admission::new(&small());
    fill(&mut admission, ip(1, 1), 4);
    assert_eq!(admission.admit(ip(1, 1), now), Err(TurnedAway::AddressFull));
    fill(&mut admission, ip(1, 2), 2);
    assert_eq!(admission.admit(ip(1, 3), now), Err(TurnedAway::PrefixFull));
    fill(&mut admission, ip(2, 1), 4);
    fill(&mut admission, ip(3, 1), 2);
    assert_eq!(admission.admit(ip(4, 1), now), Err(TurnedAway::Full));

    let mut admission = Admission::new(&small());
    for host in 1..=3 {
        admission.admit(ip(1, host), now).unwrap();
    }
    assert_eq!(
        admission.admit(ip(1, 4), now),
        Err(TurnedAway::PrefixHandshakes)
    );
    admission.admit(ip(2, 1), now).unwrap();
    admission.admit(ip(2, 1), now).unwrap();
    assert_eq!(admission.admit(ip(3, 1), now), Err(TurnedAway::Handshakes));
    admission.shaken(ip(1, 1));
    admission.admit(ip(3, 1), now).unwrap();

    let mut admission = Admission::new(&slow(9));
    for _ in 0..5 {
        admission.admit(ip(1, 1), now).unwrap();
    }
    assert_eq!(admission.admit(ip(1, 2), now), Err(TurnedAway::Rate));
    admission.admit(ip(2, 2), now).unwrap();
}

#[test]
fn a_bucket_fills_again_at_its_rate() {
    let mut rates = rates(9);
    let mut took = |tick: Tick| (0..9).take_while(|_| rates.take(network(1), tick)).count();
    assert_eq!(took(Tick::ZERO), 5);
    assert_eq!(took(Tick::from_ns(SECOND_NS / 10 - 1)), 0);
    assert_eq!(took(Tick::from_ns(SECOND_NS / 10)), 1);
    assert_eq!(took(Tick::from_ns(SECOND_NS * 4 / 10)), 3);
    assert_eq!(took(Tick::from_ns(SECOND_NS * 100)), 5);
}

#[test]
fn a_full_table_forgets_who_owes_least() {
    let mut rates = rates(2);
    let now = Tick::ZERO;
    (0..5).for_each(|_| assert!(rates.take(network(1), now)));
    assert!(rates.take(network(2), now));
    assert!(rates.take(network(3), now));
    assert_eq!(rates.len(), 2);
    assert!(
        !rates.take(network(1), now),
        "the one in debt must stay known"
    );
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Admit { network: u8, host: u8 },
    Shaken(prop::sample::Index),
    Gone(prop::sample::Index),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..4_u8, 0..3_u8).prop_map(|(network, host)| Step::Admit { network, host }),
        2 => any::<prop::sample::Index>().prop_map(Step::Shaken),
        1 => any::<prop::sample::Index>().prop_map(Step::Gone),
    ];
    prop::collection::vec(step, 0..200)
}

/// One connection of the model: where from, and whether its handshake is under way.
type Held = (Ipv4Addr, bool);

/// What the rules say, counted anew each time.
fn allowed(held: &[Held], from: Ipv4Addr, limits: &Limits) -> bool {
    let count = |which: &dyn Fn(&Held) -> bool| held.iter().filter(|held| which(held)).count();
    let near = |ip: Ipv4Addr| slash24(ip) == slash24(from);
    held.len() < limits.connections
        && count(&|(ip, _)| near(*ip)) < limits.connections_per_prefix
        && count(&|(ip, _)| *ip == from) < limits.connections_per_address
        && count(&|(_, shaking)| *shaking) < limits.handshakes
        && count(&|(ip, shaking)| near(*ip) && *shaking) < limits.handshakes_per_prefix
}

proptest! {
    #[test]
    fn admission_agrees_with_counting_anew(steps in steps()) {
        let limits = small();
        let mut admission = Admission::new(&limits);
        let mut held: Vec<Held> = Vec::new();
        for step in steps {
            match step {
                Step::Admit { network, host } => {
                    let from = ip(network, host);
                    let expected = allowed(&held, from, &limits);
                    prop_assert_eq!(admission.admit(from, Tick::ZERO).is_ok(), expected);
                    if expected {
                        held.push((from, true));
                    }
                }
                Step::Shaken(which) if !held.is_empty() => {
                    let which = which.index(held.len());
                    if held[which].1 {
                        held[which].1 = false;
                        admission.shaken(held[which].0);
                    }
                }
                Step::Gone(which) if !held.is_empty() => {
                    let (from, shaking) = held.swap_remove(which.index(held.len()));
                    if shaking {
                        admission.shaken(from);
                    }
                    admission.gone(from);
                }
                Step::Shaken(_) | Step::Gone(_) => {}
            }
        }
        for (from, shaking) in held {
            if shaking {
                admission.shaken(from);
            }
            admission.gone(from);
        }
        prop_assert_eq!((admission.connections, admission.handshakes), (0, 0));
        prop_assert!(admission.prefixes.is_empty() && admission.addresses.is_empty());
    }

    /// In no stretch of time does a network get more than its burst and what came back meanwhile.
    #[test]
    fn no_network_exceeds_its_rate(gaps in prop::collection::vec(0..3 * SECOND_NS / 10, 1..120)) {
        let mut rates = rates(9);
        let mut now = Tick::ZERO;
        let mut taken = Vec::new();
        for gap in gaps {
            now = now.after_ns(gap);
            if rates.take(network(1), now) {
                taken.push(now.ns());
            }
        }
        for (i, from) in taken.iter().enumerate() {
            for (n, until) in taken[i..].iter().enumerate() {
                let back = (until - from) * 10 / SECOND_NS;
                prop_assert!(n as u64 <= 5 + back, "{n} more within {} ns", until - from);
            }
        }
    }

    /// Whatever others do, and however small the table, who keeps to the rate is let in.
    #[test]
    fn others_do_not_cost_an_honest_network_its_turn(
        floods in prop::collection::vec(prop::collection::vec(1..60_u8, 0..40), 1..40),
        networks in 1..20_usize,
    ) {
        let mut rates = rates(networks);
        for (turn, flood) in floods.iter().enumerate() {
            let now = Tick::from_ns(turn as u64 * SECOND_NS / 10);
            prop_assert!(rates.take(network(0), now), "turn {turn}");
            for other in flood {
                rates.take(network(*other), now);
            }
            prop_assert!(rates.len() <= networks);
        }
    }
}

#[test]
fn places_are_given_back_when_connections_and_handshakes_end() {
    let rt = crate::Runtime::paused().unwrap();
    let clock = Clock::fixed(&rt, leek_machine::Wall::default());
    let limits = Limits {
        connections: 2,
        handshakes: 1,
        ..Limits::default()
    };
    let door = Door::new(&limits, clock);
    let from = NodeAddress {
        ip: ip(1, 1),
        port: 9,
    }
    .ip;
    let mut first = door.admit(from).ok().unwrap();
    assert_eq!(door.admit(from).err(), Some(TurnedAway::Handshakes));
    first.handshake_ended();
    first.handshake_ended();
    let second = door.admit(from).ok().unwrap();
    drop(second);
    let mut second = door.admit(from).ok().unwrap();
    second.handshake_ended();
    assert_eq!(door.admit(from).err(), Some(TurnedAway::Full));
    drop(first);
    assert!(door.admit(from).is_ok());
}
