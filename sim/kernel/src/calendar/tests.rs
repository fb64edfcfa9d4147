use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn entry(tick: u64, target: u32, n: u64) -> Entry {
    Entry::new(tick, (target, 0, n), What::Wake)
}

fn drain(calendar: &mut Calendar) -> Vec<(u64, u64, u64)> {
    core::iter::from_fn(|| calendar.pop_before(NEVER))
        .map(|entry| entry.key())
        .collect()
}

#[test]
fn an_entry_is_small() {
    assert_eq!(size_of::<Entry>(), 32);
}

#[test]
fn equal_ticks_go_by_target_source_and_counter() {
    let keys = [(0, 1, 9), (1, 0, 0), (1, 2, 5), (1, 2, 6), (2, 0, 0)];
    for tick in [3, 1 << 20, 1 << 40] {
        let mut calendar = Calendar::new();
        for at in [3, 0, 4, 2, 1] {
            calendar.push(Entry::new(tick, keys[at], What::Arrive));
        }
        let popped: Vec<_> = core::iter::from_fn(|| calendar.pop_before(NEVER))
            .map(|entry| (entry.target(), entry.source(), entry.n()))
            .collect();
        assert_eq!(popped, keys);
    }
}

#[test]
fn looking_at_the_earliest_leaves_room_before_it() {
    let mut calendar = Calendar::new();
    calendar.push(entry(1 << 50, 0, 0));
    assert_eq!(calendar.earliest(), 1 << 50);
    assert!(calendar.pop_before(1 << 50).is_none());
    calendar.push(entry(70_000, 0, 1));
    assert_eq!(calendar.earliest(), 70_000);
    assert_eq!(calendar.active, 0, "nothing was popped, nothing moved");
    assert_eq!(drain(&mut calendar), [(70_000, 0, 1), (1 << 50, 0, 0)]);
}

#[test]
fn the_last_tick_before_never_is_held() {
    let mut calendar = Calendar::new();
    calendar.push(entry(NEVER - 1, 0, 0));
    calendar.push(entry(1, 0, 1));
    assert_eq!(drain(&mut calendar), [(1, 0, 1), (NEVER - 1, 0, 0)]);
}

/// Buckets that were full once must not keep their memory: a thousand rounds of ten thousand events
/// touch every bucket, and the arena stays at what one round needs.
#[test]
fn memory_follows_the_pending_events() {
    let mut calendar = Calendar::new();
    let mut now = 0;
    let mut peak = 0;
    for round in 0..300_u64 {
        for i in 0..3_000 {
            calendar.push(entry(now + 1_000_000 + i * 997, 0, round * 3_000 + i));
        }
        peak = peak.max(calendar.wheel.chunks.arena_len());
        now += 7_000_000;
        while calendar.pop_before(now).is_some() {}
        assert_eq!(calendar.len(), 0);
    }
    // 3,000 entries over 183 finest buckets: at worst a part-filled chunk each.
    assert!(peak <= 3_000 / 31 + 2 * BUCKETS, "{peak} chunks");
}

#[derive(Clone, Debug)]
enum Step {
    /// Push `after` nanoseconds after the last popped tick.
    Push {
        after: u64,
        target: u32,
    },
    Pop,
    /// Pop all before the last popped tick plus so much.
    Drain {
        window: u64,
    },
    Look,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let after = prop_oneof![
        3 => Just(0_u64),
        3 => 0_u64..40_000,
        // Ticks that many share.
        4 => (0_u64..8).prop_map(|at| at * 5_000),
        4 => 0_u64..20_000_000,
        2 => 0_u64..100_000_000_000,
        1 => 0_u64..1 << 60,
    ];
    let step = prop_oneof![
        6 => (after.clone(), 0_u32..5).prop_map(|(after, target)| Step::Push { after, target }),
        3 => Just(Step::Pop),
        1 => after.prop_map(|window| Step::Drain { window }),
        1 => Just(Step::Look),
    ];
    prop::collection::vec(step, 1..400)
}

proptest! {
    /// Against an ordered map: same events, same order, same length, same earliest tick.
    #[test]
    fn agrees_with_an_ordered_map(steps in steps()) {
        let mut calendar = Calendar::new();
        let mut model = BTreeMap::new();
        let mut now = 0;
        let mut n = 0;
        for step in steps {
            match step {
                Step::Push { after, target } => {
                    let entry = entry(now + after, target, n).with(u32::try_from(n).unwrap());
                    n += 1;
                    model.insert(entry.key(), entry);
                    calendar.push(entry);
                }
                Step::Pop => {
                    let popped = calendar.pop_before(NEVER);
                    prop_assert_eq!(popped, model.pop_first().map(|(_, entry)| entry));
                    now = popped.map_or(now, |entry| entry.tick());
                }
                Step::Drain { window } => {
                    let end = now + window;
                    while let Some(popped) = calendar.pop_before(end) {
                        prop_assert_eq!(Some(popped), model.pop_first().map(|(_, entry)| entry));
                        now = popped.tick();
                    }
                    prop_assert!(model.first_key_value().is_none_or(|(key, _)| key.0 >= end));
                }
                Step::Look => {
                    let earliest = model.first_key_value().map_or(NEVER, |(key, _)| key.0);
                    prop_assert_eq!(calendar.earliest(), earliest);
                }
            }
            prop_assert_eq!(calendar.len(), model.len());
        }
        prop_assert_eq!(drain(&mut calendar), model.into_keys().collect::<Vec<_>>());
    }
}
