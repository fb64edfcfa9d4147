use super::*;

/// Members of swarm `id`: their number is the front of their id.
fn members(id: u64, count: usize) -> Vec<NodeId> {
    let number = |at: usize| id * 1000 + at as u64;
    (0..count).map(|at| node(number(at))).collect()
}

fn node(number: u64) -> NodeId {
    let mut bytes = [0; 32];
    let (front, _) = bytes.split_at_mut(8);
    front.copy_from_slice(&number.to_be_bytes());
    NodeId::from_bytes(bytes)
}

/// Swarms 1, 2, .. of these sizes.
fn layout(sizes: &[usize], seed: u64) -> Layout {
    let mut hash = [0; 32];
    let (front, _) = hash.split_at_mut(8);
    front.copy_from_slice(&seed.to_le_bytes());
    let mut layout = Layout::new([].into_iter(), &hash);
    for (id, &size) in (1..).zip(sizes) {
        layout.swarms.insert(SwarmId(id), members(id, size));
    }
    layout
}

/// The sizes of swarms 1, 2, ..
fn sizes(layout: &Layout) -> Vec<usize> {
    layout.swarms.values().map(Vec::len).collect()
}

/// How often swarm 1, 2, .. got or gave a node in `RUNS` runs of `step`, one node each.
fn tally(before: &[usize], step: impl Fn(&mut Layout)) -> Vec<usize> {
    let mut changed = vec![0; before.len()];
    for seed in 0..RUNS {
        let mut layout = layout(before, seed);
        step(&mut layout);
        let after = sizes(&layout);
        assert_eq!(after.len(), before.len());
        for (slot, (after, before)) in changed.iter_mut().zip(after.iter().zip(before)) {
            *slot += after.abs_diff(*before);
        }
    }
    changed
}

const RUNS: u64 = 2000;

/// `count` of `RUNS` agrees with `probability`, within four standard deviations.
fn assert_rate(count: usize, probability: f64) {
    let runs = RUNS as f64;
    let expected = runs * probability;
    let deviation = (count as f64 - expected).abs();
    let allowed = 4.0 * (expected * (1.0 - probability)).sqrt();
    assert!(deviation <= allowed, "{count} instead of {expected}");
}

#[test]
fn a_new_node_goes_to_any_swarm_up_to_the_25th_percentile_of_size() {
    // Index 25 * 4 / 100 = 1 holds size 6; swarms 1, 3 and 4 share that size, swarm 5 is smaller.
    let got = tally(&[6, 9, 6, 6, 5], |layout| {
        layout.assign(&[node(1)], FILL_PERCENTILE)
    });
    assert_eq!(got[1], 0);
    for at in [0, 2, 3, 4] {
        assert_rate(got[at], 0.25);
    }
}

#[test]
fn nodes_of_a_dissolved_swarm_go_to_the_smallest_swarms_only() {
    let got = tally(&[6, 5, 5, 9], |layout| {
        layout.assign(&[node(1)], DISSOLVED_PERCENTILE)
    });
    assert_eq!((got[0], got[3]), (0, 0));
    assert_rate(got[1], 0.5);
    assert_rate(got[2], 0.5);
}

#[test]
fn starving_swarms_take_uniformly_from_the_largest() {
    // Index 75 * 4 / 100 = 3 holds size 9, so swarms above 8 give: 9 + 9 + 12 nodes.
    let gave = tally(&[9, 4, 12, 6, 9], Layout::fill_starving);
    assert_eq!(gave[1], usize::try_from(RUNS).unwrap());
    assert_eq!(gave[3], 0);
    assert_rate(gave[0], 0.3);
    assert_rate(gave[2], 0.4);
    assert_rate(gave[4], 0.3);
}

#[test]
fn swarms_of_five_never_give() {
    // Index 75 * 3 / 100 = 2 holds size 5; the floor stays at 5.
    let gave = tally(&[5, 4, 5, 6], Layout::fill_starving);
    let all = usize::try_from(RUNS).unwrap();
    assert_eq!(gave, [0, all, 0, all]);
}

#[test]
fn filling_stops_at_the_first_swarm_that_cannot_be_filled() {
    // Swarm 2 (size 3) comes before swarm 1 (size 4) and needs 2 of the 1 excess node: stop,
    // although swarm 1 could be filled.
    let mut layout = layout(&[4, 3, 6], 1);
    layout.fill_starving();
    assert_eq!(sizes(&layout), [4, 3, 6]);
    layout.dissolve_starving();
    assert_eq!(layout.swarms.len(), 2);
    assert!(
        !layout.swarms.contains_key(&SwarmId(1)),
        "the lowest id goes first"
    );
    let third = &layout.swarms[&SwarmId(3)];
    assert!(members(3, 6).iter().all(|node| third.contains(node)));
}

#[test]
fn the_smallest_starving_swarm_is_filled_first() {
    // 3 excess nodes: enough for swarm 2 (needs 3), then none for swarm 1 (needs 1).
    let mut layout = layout(&[4, 2, 8], 1);
    layout.fill_starving();
    assert_eq!(sizes(&layout), [4, 5, 5]);
}

#[test]
fn a_new_swarm_needs_seven_excess_nodes_and_two_more_for_each_swarm() {
    // Two swarms: 7 + 2 * 2 = 11 excess nodes.
    for (before, after) in [([10, 10], 2), ([10, 11], 3), ([5, 15], 2), ([5, 16], 3)] {
        let mut layout = layout(&before, 3);
        layout.split_off();
        assert_eq!(layout.swarms.len(), after, "{before:?}");
        if after == 3 {
            let added = new_id([1, 2].map(SwarmId).into_iter());
            assert_eq!(layout.swarms[&added].len(), NEW_SWARM_SIZE);
            assert!(sizes(&layout).iter().all(|&size| size >= MIN_SWARM_SIZE));
        }
    }
}

#[test]
fn no_swarm_is_made_while_one_starves() {
    let mut starving = layout(&[4, 40], 3);
    starving.split_off();
    assert_eq!(sizes(&starving), [4, 40]);
    let mut fed = layout(&[5, 40], 3);
    fed.split_off();
    assert!(fed.swarms.len() > 2);
}

#[test]
fn new_swarms_take_from_all_that_have_excess() {
    // 12 + 6 nodes in the pool; swarm 3 has none to spare.
    let mut from_second = 0;
    for seed in 0..RUNS {
        let mut layout = layout(&[15, 9, 5], seed);
        layout.split_off();
        assert_eq!(layout.swarms.len(), 4);
        assert_eq!(layout.swarms[&SwarmId(3)], members(3, 5));
        from_second += 9 - layout.swarms[&SwarmId(2)].len();
    }
    // Every draw takes from the swarms in proportion to their size at that time, and swarm 2 stops
    // giving at 5: the mean was computed by enumerating the 7 draws.
    let mean = from_second as f64 / RUNS as f64;
    assert!((mean - mean_taken(15.0, 9.0, 7)).abs() < 0.1, "{mean}");
}

/// The mean number of nodes that the second of two swarms gives in `draws` draws.
fn mean_taken(first: f64, second: f64, draws: usize) -> f64 {
    let gives = |size: f64| if size > 5.0 { size } else { 0.0 };
    let pool = gives(first) + gives(second);
    if draws == 0 || pool == 0.0 {
        return 0.0;
    }
    let chance = gives(second) / pool;
    let mut mean = 0.0;
    if chance > 0.0 {
        mean += chance * (1.0 + mean_taken(first, second - 1.0, draws - 1));
    }
    if chance < 1.0 {
        mean += (1.0 - chance) * mean_taken(first - 1.0, second, draws - 1);
    }
    mean
}

#[test]
fn the_last_swarm_is_never_dissolved() {
    let mut layout = layout(&[3], 1);
    layout.rebalance();
    assert_eq!(sizes(&layout), [3]);
}
