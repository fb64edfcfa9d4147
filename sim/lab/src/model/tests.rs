//! One planted fault per verdict: a checker that misses it fails here.

use super::*;
use crate::{scenario::units::Span, workload::Send};

const END_NS: u64 = 300_000_000_000;

fn account(i: u8) -> AccountId {
    let mut bytes = [i + 1; 33];
    bytes[0] = 5;
    AccountId::from_bytes(bytes).unwrap()
}

fn world() -> (Plan, Vec<AccountId>, Observed) {
    let send = |s, from, to| Send {
        at: Span::from_s(s),
        from,
        to,
        text_len: 30,
    };
    let plan = Plan {
        clients: 3,
        sends: vec![send(10, 0, 1), send(20, 1, 2), send(290, 2, 0)],
    };
    let accounts: Vec<AccountId> = (0..3).map(account).collect();
    let mut observed = Observed::default();
    for (id, send) in (0u64..).zip(&plan.sends) {
        let at_ns = send.at.ns() + 2_000_000_000;
        let sending = Sending {
            accepted_ns: Some(send.at.ns() + 500_000_000),
            attempts: 1,
            refused: false,
        };
        observed.sendings.insert(id, sending);
        observed.deliveries.push(Delivery {
            at_ns,
            client: send.to,
            sender: accounts[send.from as usize],
            text: plan.text(id),
        });
        observed.last_read_ns.insert(send.to, 299_000_000_000);
    }
    (plan, accounts, observed)
}

fn verdicts(change: impl FnOnce(&mut Observed)) -> Vec<MessageVerdict> {
    verdicts_of(|_, observed| change(observed))
}

fn verdicts_of(change: impl FnOnce(&mut Plan, &mut Observed)) -> Vec<MessageVerdict> {
    let (mut plan, accounts, mut observed) = world();
    change(&mut plan, &mut observed);
    let bounds = Bounds {
        end_ns: END_NS,
        late_after_ns: 30_000_000_000,
    };
    judge(&plan, &accounts, &observed, bounds)
        .iter()
        .map(|row| row.verdict)
        .collect()
}

use MessageVerdict::{Duplicated, Info, Late, Lost, NeverRead, Ok, Pending, Phantom, Refused};

#[test]
fn a_calm_world_is_all_ok() {
    assert_eq!(verdicts(|_| ()), [Ok, Ok, Ok]);
}

#[test]
fn a_dropped_delivery_is_lost_when_the_recipient_read_after_it() {
    assert_eq!(verdicts(|o| drop(o.deliveries.remove(0))), [Lost, Ok, Ok]);
}

#[test]
fn a_recipient_that_never_read_lost_nothing() {
    let change = |o: &mut Observed| {
        o.deliveries.remove(0);
        o.last_read_ns.insert(1, 10_000_000_000);
    };
    assert_eq!(verdicts(change), [NeverRead, Ok, Ok]);
}

#[test]
fn without_an_acknowledgement_nothing_is_claimed() {
    let change = |o: &mut Observed| {
        o.deliveries.remove(0);
        o.sendings.remove(&0);
    };
    assert_eq!(verdicts(change), [Info, Ok, Ok]);
}

#[test]
fn a_message_not_yet_due_is_pending() {
    assert_eq!(
        verdicts(|o| drop(o.deliveries.remove(2))),
        [Ok, Ok, Pending]
    );
}

#[test]
fn a_second_delivery_is_a_duplicate() {
    let change = |o: &mut Observed| o.deliveries.push(o.deliveries[1].clone());
    assert_eq!(verdicts(change), [Ok, Duplicated, Ok]);
}

#[test]
fn a_delivery_after_the_bound_is_late() {
    assert_eq!(
        verdicts(|o| o.deliveries[0].at_ns = 40_000_000_001),
        [Late, Ok, Ok]
    );
}

#[test]
fn forged_misdirected_altered_and_early_deliveries_are_phantoms() {
    let changes: [fn(&mut Delivery); 6] = [
        |d| d.sender = account(2),
        |d| d.client = 2,
        |d| d.text = Some("#0 altered".to_owned()),
        |d| d.text = Some("#99 unknown".to_owned()),
        |d| d.text = None,
        |d| d.at_ns = 9_999_999_999,
    ];
    for change in changes {
        let seen = verdicts(|o| change(&mut o.deliveries[0]));
        assert_eq!(seen, [Lost, Ok, Ok, Phantom]);
    }
}

/// Message 0 is too long, and its sender was told so.
fn oversize(plan: &mut Plan, observed: &mut Observed) {
    plan.sends[0].text_len = 100_000;
    observed.deliveries.remove(0);
    let refused = Sending {
        accepted_ns: None,
        attempts: 0,
        refused: true,
    };
    observed.sendings.insert(0, refused);
}

#[test]
fn a_text_that_no_message_carries_is_refused_as_planned() {
    assert_eq!(verdicts_of(oversize), [Refused, Ok, Ok]);
}

#[test]
fn only_what_was_told_to_the_sender_and_never_came_counts_as_refused() {
    let silent = |plan: &mut Plan, observed: &mut Observed| {
        oversize(plan, observed);
        observed.sendings.remove(&0);
    };
    assert_eq!(verdicts_of(silent), [Info, Ok, Ok]);
    let delivered = |plan: &mut Plan, observed: &mut Observed| {
        oversize(plan, observed);
        observed.deliveries.push(Delivery {
            at_ns: 12_000_000_000,
            client: 1,
            sender: account(0),
            text: plan.text(0),
        });
    };
    assert_eq!(verdicts_of(delivered), [Ok, Ok, Ok]);
    // A refusal of a message that should have gone through is no excuse.
    let unjust = |plan: &mut Plan, observed: &mut Observed| {
        oversize(plan, observed);
        plan.sends[0].text_len = 30;
    };
    assert_eq!(verdicts_of(unjust), [Info, Ok, Ok]);
}
