//! Members that lie: nothing of a page that no honest member sends is taken, and its maker is not
//! asked again.

use leek_machine::Machine as _;
use leek_storage_node::limits::PULL_PAGES_MAX;
use leek_wire::limits::PULL_ROWS_MAX;
use proptest::prelude::*;

use super::*;

/// Gives `response` to the first question. Returns whom it was from, and whether nothing was taken.
fn lie(response: Response) -> (World, NodeId, bool) {
    let (mut world, _) = restarted();
    let (liar, call, _) = asked(&mut world);
    answer(&mut world, call, Outcome::Done(response));
    let nothing = world.host(1).store.rows().is_empty() && world.host(1).store.pending() == 0;
    (world, liar, nothing)
}

fn lies() -> Vec<(&'static str, Response)> {
    let mut world = World::new();
    let owner = world.owner();
    let now = world.host(1).now;
    let mut rows: Vec<StoredRow> = [b"a", b"b", b"c"].map(|d| row(&owner, d, now)).to_vec();
    rows.sort_by_key(|row| row.hash);
    let with = |change: &dyn Fn(&mut PullPage)| {
        let mut page = page(&rows, None);
        change(&mut page);
        Response::Pull(page)
    };
    let oversize = row(&owner, &[1; DATA_BYTES_MAX + 1], now);
    let many = (0..=PULL_ROWS_MAX).map(|n| row(&owner, &n.to_le_bytes(), now));
    let large = (0..14_u8).map(|n| row(&owner, &vec![n; DATA_BYTES_MAX], now));
    vec![
        (
            "other bytes",
            with(&|page| page.rows[1].data = b"z".as_slice().into()),
        ),
        (
            "another namespace",
            with(&|page| page.rows[1].namespace = leek_identity::Namespace::new(5)),
        ),
        (
            "another account",
            with(&|page| page.rows[1].account = Owner::user(250).id()),
        ),
        (
            "a name of its own",
            with(&|page| {
                let mut name = *page.rows[1].hash.as_bytes();
                name[31] ^= 1;
                page.rows[1].hash = MessageHash::from_bytes(name);
            }),
        ),
        ("out of order", with(&|page| page.rows.swap(0, 2))),
        ("twice", with(&|page| page.rows[1] = page.rows[0].clone())),
        (
            "going back",
            with(&|page| page.next = Some(page.rows[1].hash)),
        ),
        (
            "an oversize message",
            Response::Pull(page(&[oversize], None)),
        ),
        (
            "too many",
            Response::Pull(page(&many.collect::<Vec<_>>(), None)),
        ),
        (
            "too large",
            Response::Pull(page(&large.collect::<Vec<_>>(), None)),
        ),
        ("no page", Response::Onion(vec![1])),
        ("no page at all", Response::Cosigned(vec![])),
    ]
}

#[test]
fn a_page_that_no_honest_member_sends() {
    for (name, response) in lies() {
        let (mut world, liar, nothing) = lie(response);
        assert!(nothing, "{name}");
        let (next, call, _) = asked(&mut world);
        assert_ne!(next, liar, "{name}");
        let empty = Outcome::Done(Response::Pull(PullPage::default()));
        answer(&mut world, call, empty);
        assert_eq!(world.host(1).node_events(), [rejoined(1, 2)], "{name}");
        assert!(!world.host(1).node.rejoining());
    }
}

/// A second page must go on where the first ended.
#[test]
fn a_page_that_starts_over() {
    let (mut world, owner) = restarted();
    let now = world.host(1).now;
    let mut rows: Vec<StoredRow> = [b"a", b"b"].map(|d| row(&owner, d, now)).to_vec();
    rows.sort_by_key(|row| row.hash);
    serve(&mut world, page(&rows, Some(rows[1].hash)));
    world.host(1).commit();
    let (liar, call, after) = asked(&mut world);
    assert_eq!(after, Some(rows[1].hash));
    let again = Response::Pull(page(&rows[1..], None));
    answer(&mut world, call, Outcome::Done(again));
    let (next, _, after) = asked(&mut world);
    assert!(next != liar && after.is_none());
    // What came before the lie was verified, and stays.
    assert_eq!(held(&mut world), sorted(&rows));
}

/// Empty pages that always promise more end after a fixed number.
#[test]
fn endless_pages_end() {
    let (mut world, _) = restarted();
    let mut pages = 0_u32;
    let (liar, mut call, _) = asked(&mut world);
    loop {
        pages += 1;
        let mut next = [0; 32];
        next[..4].copy_from_slice(&pages.to_be_bytes());
        let page = PullPage {
            rows: vec![],
            next: Some(MessageHash::from_bytes(next)),
        };
        answer(&mut world, call, Outcome::Done(Response::Pull(page)));
        let (to, another, _) = asked(&mut world);
        if to != liar {
            break;
        }
        call = another;
    }
    assert_eq!(pages, PULL_PAGES_MAX);
}

/// Answers that were not asked for, or come twice, change nothing.
#[test]
fn stray_answers() {
    let (mut world, owner) = restarted();
    let now = world.host(1).now;
    let rows = [row(&owner, b"a", now)];
    let response = || Outcome::Done(Response::Pull(page(&rows, None)));
    for call in [0, 99, u64::MAX] {
        answer(&mut world, CallId(call), response());
    }
    assert!(world.host(1).store.rows().is_empty());
    let (_, call, _) = asked(&mut world);
    answer(&mut world, call, response());
    answer(&mut world, call, response());
    assert_eq!(world.host(1).store.pending(), 1);
    world.host(1).commit();
    assert_eq!(
        world.host(1).node_events(),
        [NodeEvent::Pulled { count: 1 }]
    );
}

/// One thing that may be wrong with a row, most often nothing.
fn spoil(row: &mut StoredRow, how: u8, now: Wall) {
    match how {
        0 => row.data = [&row.data[..], b"!"].concat().into(),
        1 => row.expiry = now,
        2 => row.expiry = Wall::from_ms(u64::MAX),
        3 => row.timestamp = Wall::from_ms(u64::MAX),
        4 => row.namespace = leek_identity::Namespace::new(7),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever pages come: what is stored bears its own name, is of this swarm, alive and for a
    /// time that is allowed; and the questions come to an end.
    #[test]
    fn nothing_unfit_is_ever_stored(
        pages in prop::collection::vec(
            (
                prop::collection::vec((0..3_usize, any::<u8>(), 0..40_u8), 0..6),
                any::<bool>(),
                any::<bool>(),
            ),
            1..8,
        ),
    ) {
        let mut world = World::new();
        let owners = [
            world.owner(),
            world.owner_in(HOME, 1),
            world.owner_in(AWAY, 0),
        ];
        restart(&mut world, REJOIN, true);
        let now = world.host(1).now;
        let mut pages = pages.into_iter();
        while world.host(1).node.rejoining() {
            while world.host(1).commit() {}
            if world.host(1).calls.is_empty() {
                let Some((due, _)) = world.host(1).node.poll_timeout() else {
                    break;
                };
                let ms = due.since_ns(world.host(1).now.tick) / 1_000_000;
                world.sleep_ms(ms);
                world.host(1).wake();
                continue;
            }
            let (_, call, _) = asked(&mut world);
            let outcome = match pages.next() {
                None => Outcome::Lost,
                Some((rows, in_order, goes_on)) => {
                    let mut rows: Vec<StoredRow> = rows
                        .into_iter()
                        .map(|(owner, byte, how)| {
                            let mut row = row(&owners[owner], &[byte], now);
                            spoil(&mut row, how, now.wall);
                            row
                        })
                        .collect();
                    if in_order {
                        rows.sort_by_key(|row| row.hash);
                        rows.dedup_by_key(|row| row.hash);
                    }
                    let next = rows.last().filter(|_| goes_on).map(|row| row.hash);
                    let rows = rows.iter().map(pulled).collect();
                    Outcome::Done(Response::Pull(PullPage { rows, next }))
                }
            };
            answer(&mut world, call, outcome);
        }
        prop_assert!(!world.host(1).node.rejoining());
        for row in world.host(1).store.rows() {
            let name = leek_identity::message_hash(&row.account, row.namespace, &row.data);
            prop_assert_eq!(name, row.hash);
            prop_assert!(row.account == owners[0].id() || row.account == owners[1].id());
            prop_assert!(row.expiry > now.wall && row.timestamp <= now.wall);
            prop_assert!(row.expiry <= now.wall.after_ms(HOUR_MS));
        }
    }
}
