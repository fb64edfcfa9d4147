//! Swarms, and who answers for them (network spec 1.5, 2.6, 2.7).

use leek_storage_node::VERSION;
use leek_wire::{ExpiryMode, Request, Scope, Status, StorageRequest};

use crate::script::{
    Area, Case,
    expect::{fresh, holds, swarm, turned_away, version},
};

pub(super) fn cases() -> Vec<Case> {
    vec![lookup(), info(), misdirected(), intruder(), foreign()]
}

fn case(name: &'static str) -> Case {
    Case::new(Area::Swarm, name)
}

fn lookup() -> Case {
    let about_me = |me: &crate::script::Scene| StorageRequest::GetSwarm {
        account: me.owner().id(),
    };
    case("any node tells the swarm of any account")
        .then(move |me| about_me(me), [swarm(Status::OK)])
        .ask(
            move |me| me.ask(about_me(me)).outsider(0),
            [swarm(Status::OK)],
        )
        .ask(
            move |me| me.ask(about_me(me)).outsider(5).direct(),
            [swarm(Status::OK)],
        )
        .ask(
            |me| {
                let account = me.group().id();
                me.ask(StorageRequest::GetSwarm { account }).outsider(2)
            },
            [swarm(Status::OK)],
        )
}

fn info() -> Case {
    case("any node tells its version and clock")
        .then(|_| StorageRequest::Info, [version(VERSION)])
        .ask(
            |me| me.ask(StorageRequest::Info).outsider(3).direct(),
            [version(VERSION)],
        )
}

/// Every method that is about one account's mailbox.
fn methods(me: &mut crate::script::Scene) -> Vec<StorageRequest> {
    let store = me.store(0, b"astray");
    let hash = [me.hash(0, b"astray")];
    let (now, then) = (me.now(), me.at(60));
    let owner = me.owner();
    vec![
        store,
        owner.retrieve(0, now),
        owner.delete(&hash),
        owner.delete_all(Scope::All, now),
        owner.delete_before(Scope::All, now),
        owner.expire(&hash, &[then], ExpiryMode::Set),
        owner.expire_all(Scope::All, then),
        owner.get_expiries(&hash, now),
    ]
}

fn misdirected() -> Case {
    let case = case("a node of another swarm answers 421 with the right one, whatever the method");
    let case = (0..8).fold(case, |case, method| {
        case.ask(
            move |me| {
                let request = methods(me).swap_remove(method);
                me.ask(request).outsider(method)
            },
            [swarm(Status::WRONG_SWARM)],
        )
    });
    case.then(|me| me.retrieve(0), [holds(|_| Vec::new())])
}

fn intruder() -> Case {
    case("who is no member of the swarm cannot pass on a write, and cannot copy its messages")
        .then(|me| me.store(0, b"kept"), [fresh()])
        .ask(
            |me| {
                let write = me.owner().delete_all(Scope::All, me.now());
                me.ask(StorageRequest::Info).call(Request::Forward(write))
            },
            [turned_away(
                Status::UNAUTHORIZED,
                "not a member of this swarm",
            )],
        )
        .ask(
            |me| {
                let read = me.retrieve(0);
                me.ask(StorageRequest::Info).call(Request::Forward(read))
            },
            [turned_away(
                Status::BAD_REQUEST,
                "only writes are passed on in a swarm",
            )],
        )
        .ask(
            |me| {
                me.ask(StorageRequest::Info)
                    .call(Request::Pull { after: None })
            },
            [turned_away(
                Status::UNAUTHORIZED,
                "not a member of this swarm",
            )],
        )
        .then(|me| me.retrieve(0), [holds(|me| vec![me.hash(0, b"kept")])])
}

fn foreign() -> Case {
    let not_served = || turned_away(Status::BAD_REQUEST, "not served here");
    case("a storage node is no directory")
        .ask(
            |me| {
                me.ask(StorageRequest::Info)
                    .call(Request::Snapshot { newer_than: None })
            },
            [not_served()],
        )
        .ask(
            |me| {
                me.ask(StorageRequest::Info)
                    .call(Request::Announce(vec![1]))
            },
            [not_served()],
        )
        .ask(
            |me| me.ask(StorageRequest::Info).call(Request::Cosign(vec![1])),
            [not_served()],
        )
}
