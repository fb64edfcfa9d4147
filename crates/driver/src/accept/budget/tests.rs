use std::{net::Ipv4Addr, time::Duration};

use leek_identity::NodeAddress;
use leek_machine::{Tick, Wall};
use proptest::prelude::*;

use super::*;
use crate::Runtime;

const SECOND_NS: u64 = 1_000_000_000;
/// The longest debt, in tokens: a minute's.
const DEBT_S: u64 = 60;

fn network(third: u8) -> Slash24 {
    let ip = Ipv4Addr::new(10, 0, third, 1);
    NodeAddress { ip, port: 0 }.slash24()
}

fn pass(rt: &Runtime, ms: u64) {
    rt.block_on(async { tokio::time::sleep(Duration::from_millis(ms)).await });
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Wait(u64),
    Charge(u64),
    Refund(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0..5 * SECOND_NS).prop_map(Step::Wait),
        (0..5_000_u64).prop_map(Step::Charge),
        (0..2_000_u64).prop_map(Step::Refund),
        Just(Step::Charge(u64::MAX)),
    ];
    prop::collection::vec(step, 0..80)
}

proptest! {
    /// The bucket is a level in tokens times nanoseconds, kept between full and the largest debt.
    #[test]
    fn a_bucket_is_a_level_between_full_and_the_largest_debt(
        steps in steps(),
        // Tokens of whole nanoseconds, so that both count exactly.
        per_s in prop::sample::select(vec![1_u64, 10, 1_000, 1_000_000]),
        burst in 1..3_000_u64,
    ) {
        let second = i128::from(SECOND_NS);
        let full = i128::from(burst) * second;
        let least = -i128::from(DEBT_S * per_s) * second;
        let mut level = full;
        let mut rates = Rates::new(per_s, burst, 4);
        let mut now = Tick::ZERO.after_ms(10_000_000);
        for step in steps {
            match step {
                Step::Wait(ns) => {
                    now = now.after_ns(ns);
                    level = (level + i128::from(ns) * i128::from(per_s)).min(full);
                }
                Step::Charge(n) => {
                    rates.charge(network(1), now, n);
                    level = (level - i128::from(n) * second).max(least);
                }
                Step::Refund(n) => {
                    rates.refund(network(1), n);
                    level = (level + i128::from(n) * second).min(full);
                }
            }
            prop_assert_eq!(rates.is_empty(network(1), now), level <= 0, "{:?}", level);
            prop_assert!(!rates.is_empty(network(2), now), "another network pays");
        }
    }

    /// What a network moves with one request after the other is its burst, what came back
    /// meanwhile, and what the last answer overdrew. The largest debt lasts a minute.
    #[test]
    fn a_greedy_network_moves_its_rate(costs in prop::collection::vec(1..9_000_000_usize, 1..60)) {
        let rt = Runtime::paused().unwrap();
        let clock = Clock::fixed(&rt, Wall::default());
        let limits = Limits::default();
        let budget = Arc::new(Budgets::new(&limits, clock.clone())).of(network(1));
        let (mut moved, mut largest) = (0_u64, 0_u64);
        for cost in costs {
            while budget.begin().map(|deposit| deposit.answered(cost)).is_err() {
                pass(&rt, 100);
            }
            (moved, largest) = (moved + cost as u64, largest.max(cost as u64));
            let back = limits.bytes_per_prefix_s * (clock.tick().ns() / 1_000_000) / 1_000;
            // One more for what the charges were rounded down by.
            prop_assert!(moved <= limits.byte_burst_per_prefix + back + largest + 1);
        }
        budget.charge(usize::MAX);
        prop_assert!(budget.begin().is_err());
        pass(&rt, 59_999);
        prop_assert!(budget.begin().is_err(), "a debt is forgiven early");
        pass(&rt, 2);
        prop_assert!(budget.begin().is_ok());
    }
}

#[test]
fn deposits_bound_what_begins_before_the_first_answer() {
    let rt = Runtime::paused().unwrap();
    let limits = Limits::default();
    let budgets = Arc::new(Budgets::new(&limits, Clock::fixed(&rt, Wall::default())));
    let budget = budgets.of(network(1));
    let begin =
        |most: usize| -> Vec<Deposit> { (0..most).map_while(|_| budget.begin().ok()).collect() };
    let under_way = begin(10_000);
    assert_eq!(under_way.len(), limits.serving_per_prefix);
    assert_eq!(budget.begin().err(), Some("prefix-bytes"));
    assert!(budgets.of(network(2)).begin().is_ok());
    // Short answers give all of it back.
    under_way
        .into_iter()
        .for_each(|deposit| deposit.answered(0));
    let again = begin(10_000);
    assert_eq!(again.len(), limits.serving_per_prefix);
    // Those who go away before their answer have paid for it.
    drop(again);
    assert!(budget.begin().is_err());
    // One more begins for each deposit's time, not as many as like to.
    pass(&rt, 8);
    assert_eq!(begin(10_000).len(), 2);
}

#[test]
fn a_debt_outlives_a_full_table_and_the_table_stays_small() {
    let mut rates = Rates::new(1, 10, 3);
    let now = Tick::ZERO.after_ms(1_000);
    rates.charge(network(0), now, 30);
    for other in 1..=200 {
        rates.charge(network(other), now, 5);
        assert!(rates.len() <= 3);
    }
    assert!(rates.is_empty(network(0), now));
    // The forgotten are charged for nothing, and given nothing.
    rates.refund(network(1), 1_000);
    assert!(!rates.is_empty(network(1), now));
    assert!(rates.len() <= 3);
}
