use leek_identity::{NodeAddress, NodeRecord};
use leek_machine::Seed;

use super::{slot::Used, *};

/// The claim of the type's documentation: an idle client's paths, without strikes.
#[test]
fn an_idle_client_costs_less_than_a_kilobyte() {
    let policy = PathPolicy::SESSION;
    let behind = usize::from(policy.hops - 1) * size_of::<Option<Used>>();
    let total = size_of::<PathSet>() + usize::from(policy.guards) * (size_of::<Slot>() + behind);
    assert!(total < 1_000, "{total} bytes");
}

#[test]
fn updates_and_reports_are_reproducible() {
    let pool: Vec<NodeRecord> = (0..40_u8)
        .map(|n| NodeRecord {
            id: NodeId::from_bytes([n; 32]),
            onion_key: leek_crypto::XPublic::from_bytes([n; 32]),
            address: NodeAddress {
                ip: [10, 0, n, 1].into(),
                port: 1,
            },
        })
        .collect();
    let run = |seed| {
        let mut entropy = Seed::from_u64(seed).stream();
        let mut paths = PathSet::new(PathPolicy::SESSION).unwrap();
        for n in 0..50 {
            let now = Tick::ZERO.after_ms(n * 60_000);
            paths.update(&pool, &[], now, &mut entropy);
            let picked = paths.pick(&pool[3].id, &mut entropy).unwrap();
            paths.report(picked.0, PathEvidence::Lost, now);
        }
        paths
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}
