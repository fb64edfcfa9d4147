//! One plan in tiers A and B: the same messages arrive, and the same are refused.

use core::num::NonZeroUsize;

use leek_lab::{Control, PlanOutcome, run};
use leek_report::Verdict;
use leek_storage_node::NodeConfig;
use leek_tiers::runner::{RunError, Wire};

use crate::support::calm;

#[test]
fn a_calm_plan_comes_to_the_same_in_simulation_and_on_the_wire() {
    let loaded = calm(&[]);
    let simulated = run(&loaded, NonZeroUsize::MIN, &mut |_| Control::Continue).unwrap();
    let wire = Wire::up(&loaded, NodeConfig::default()).unwrap();
    let judged = wire.play(&loaded).unwrap();
    assert_eq!(
        simulated.header.verdict,
        Verdict::Pass,
        "{:?}",
        simulated.header
    );
    assert_eq!(judged.verdict, Verdict::Pass, "{:?}", judged.checks);
    assert_eq!(simulated.outcome, judged.outcome);
    let PlanOutcome {
        delivered, refused, ..
    } = judged.outcome;
    // The plan has both, and nothing else.
    assert_eq!(delivered.len() + refused.len(), 30);
    assert!(refused.len() >= 2, "{refused:?}");
}

#[test]
fn a_plan_on_the_wire_takes_its_time_and_no_more() {
    let sets = [
        "duration=10s",
        "workload.poisson.over=2s",
        "expect.late_after=6s",
    ];
    let loaded = calm(&sets);
    let wire = Wire::up(&loaded, NodeConfig::default()).unwrap();
    let judged = wire.play(&loaded).unwrap();
    assert_eq!(judged.verdict, Verdict::Pass, "{:?}", judged.checks);
    let late = judged
        .messages
        .iter()
        .filter_map(|row| Some(row.delivered_ns? - row.due_ns))
        .max();
    // A poll comes twice a second, and the way there takes no time.
    assert!(late.is_some_and(|ns| ns < 1_500_000_000), "{late:?}");
}

#[test]
fn sized_cryptography_is_refused_where_it_would_protect_nothing() {
    let loaded = calm(&["crypto.mode=sized"]);
    let error = Wire::up(&loaded, NodeConfig::default()).unwrap_err();
    let RunError::Scenario(error) = error else {
        panic!("{error}");
    };
    assert!(error.to_string().contains("sized cryptography"), "{error}");
}
