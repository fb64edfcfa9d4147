//! The conformance suite in tiers A and B.

use leek_lab::Stage;
use leek_machine::Seed;
use leek_storage_node::NodeConfig;
use leek_tiers::{
    runner::{Wire, script_in_simulation, script_on_stage},
    script::{Case, Script, Transcript},
    suite::{conformance, small_mailboxes},
};

use crate::support::{self, calm, script};

/// Cases, and what their nodes are like.
type Part = (fn() -> Vec<Case>, NodeConfig);

/// The suite.
fn parts() -> [Part; 2] {
    [
        (conformance, NodeConfig::default()),
        (small_mailboxes, support::small_mailboxes()),
    ]
}

#[test]
fn the_simulated_network_conforms_and_every_check_can_fail() {
    let loaded = calm(&[]);
    // Where the node's clock counts, a millisecond is no difference.
    let tolerated = [
        "an expiry beyond 30 days becomes 30 days, step 1: a later expiry",
        "an expiry beyond 30 days becomes 30 days, step 2: a later expiry",
    ];
    for ((cases, config), tolerated) in parts().into_iter().zip([&tolerated[..], &[]]) {
        let script = script(cases()).probing();
        let transcript = script_in_simulation(&loaded, config, script).unwrap();
        assert!(transcript.passed(), "{transcript}");
        let (survivors, probes) = transcript.survivors();
        assert!(probes > 100, "{probes}");
        assert_eq!(survivors, tolerated);
    }
}

#[test]
fn the_wire_tier_hears_what_the_simulation_hears() {
    let loaded = calm(&[]);
    for (cases, config) in parts() {
        let simulated = script_in_simulation(&loaded, config, script(cases())).unwrap();
        let wire = Wire::up(&loaded, config).unwrap();
        let heard = wire.recite(script(cases())).unwrap();
        assert!(heard.passed(), "{heard}");
        same(&simulated, &heard);
    }
}

#[test]
fn transcripts_of_other_people_differ() {
    let loaded = calm(&["crypto.mode=sized"]);
    let one = |seed| {
        let stage = Stage::new(&loaded, support::small_mailboxes()).unwrap();
        let script = Script::new(stage.suite(), Seed::from_u64(seed), small_mailboxes());
        script_on_stage(stage, script)
    };
    assert_eq!(one(1).digest(), one(1).digest());
    assert_ne!(one(1).digest(), one(2).digest());
}

/// Names the first line that differs.
fn same(expected: &Transcript, found: &Transcript) {
    let (expected, found) = (expected.to_string(), found.to_string());
    for (expected, found) in expected.lines().zip(found.lines()) {
        assert_eq!(expected, found);
    }
    assert_eq!(expected.lines().count(), found.lines().count());
}
