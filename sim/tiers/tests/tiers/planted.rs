//! Planted faults: for every area, nodes that do wrong there, which its cases must find.

use std::{collections::BTreeSet, sync::Arc};

use leek_identity::Namespace;
use leek_lab::Stage;
use leek_machine::Seed;
use leek_tiers::{
    runner::script_on_stage,
    script::{Area, Case, Script, Transcript},
    suite::{conformance, small_mailboxes},
};
use leek_wire::{
    AckLevel, ExpiryMode, MemberChange, Refusal, Status, StorageBody, StorageReply, StorageRequest,
    WriteOp,
};

use crate::{
    bent::{Bend, Bent},
    support::{self, calm},
};

fn cases(area: Area) -> Vec<Case> {
    conformance()
        .into_iter()
        .chain(small_mailboxes())
        .filter(|case| case.area == area)
        .collect()
}

fn run(bend: Bend, area: Area) -> Transcript {
    let loaded = calm(&["crypto.mode=sized", "seed=3"]);
    let mut stage = Stage::new(&loaded, bend.config).expect("it has no trace");
    stage.replace_nodes(|_, keys, suite| (Bent::new(keys, suite, bend), Arc::new(())));
    let cases = Script::new(stage.suite(), Seed::from_u64(7), cases(area));
    script_on_stage(stage, cases)
}

/// Every step of a request, whether it is one or a batch of them.
fn each_step(
    request: StorageRequest,
    alter: fn(StorageRequest) -> StorageRequest,
) -> StorageRequest {
    match request {
        StorageRequest::Batch(all) => StorageRequest::Batch(all.into_iter().map(alter).collect()),
        StorageRequest::Sequence(all) => {
            StorageRequest::Sequence(all.into_iter().map(alter).collect())
        }
        one => alter(one),
    }
}

fn body(mut reply: StorageReply, alter: fn(&mut StorageBody)) -> StorageReply {
    alter(&mut reply.body);
    reply
}

/// What is wrong with the nodes, in words, where it must be found, and the fault.
fn faults() -> Vec<(&'static str, Area, Bend)> {
    let mut all = faults_of_requests();
    all.extend(faults_of_writes());
    all.extend(faults_of_replies());
    all
}

fn faults_of_requests() -> Vec<(&'static str, Area, Bend)> {
    let asked = |request| Bend {
        request,
        ..Bend::default()
    };
    vec![
        (
            "a sequence goes on after a refusal",
            Area::Batch,
            asked(|request| match request {
                StorageRequest::Sequence(all) => StorageRequest::Batch(all),
                other => other,
            }),
        ),
        (
            "a batch stops at a refusal",
            Area::Batch,
            asked(|request| match request {
                StorageRequest::Batch(all) => StorageRequest::Sequence(all),
                other => other,
            }),
        ),
        (
            "the size of a retrieve is ignored",
            Area::Retrieve,
            asked(|request| {
                each_step(request, |mut one| {
                    if let StorageRequest::Retrieve { max_size, .. } = &mut one {
                        *max_size = None;
                    }
                    one
                })
            }),
        ),
        (
            "the last hash of a retrieve is ignored",
            Area::Retrieve,
            asked(|request| {
                each_step(request, |mut one| {
                    if let StorageRequest::Retrieve { last_hash, .. } = &mut one {
                        *last_hash = None;
                    }
                    one
                })
            }),
        ),
        (
            "required is ignored",
            Area::Delete,
            asked(|request| {
                each_step(request, |mut one| {
                    if let StorageRequest::Delete { required, .. } = &mut one {
                        *required = false;
                    }
                    one
                })
            }),
        ),
        (
            "extend may shorten",
            Area::Expire,
            Bend {
                believes: true,
                ..asked(|request| {
                    each_step(request, |mut one| {
                        if let StorageRequest::Expire { mode, .. } = &mut one {
                            *mode = ExpiryMode::Set;
                        }
                        one
                    })
                })
            },
        ),
        (
            "the limits of lifetimes are not those of the namespace",
            Area::Store,
            asked(|request| {
                each_step(request, |mut one| {
                    if let StorageRequest::Store { ttl_ms, .. } = &mut one {
                        *ttl_ms = (*ttl_ms).clamp(10_000, 14 * 86_400_000);
                    }
                    one
                })
            }),
        ),
        (
            "a message in memory passes for durable",
            Area::Ack,
            asked(|request| {
                each_step(request, |mut one| {
                    if let StorageRequest::Store { ack, .. } = &mut one
                        && *ack == AckLevel::Durable
                    {
                        *ack = AckLevel::Received;
                    }
                    one
                })
            }),
        ),
        (
            "one member passes for a quorum",
            Area::Ack,
            asked(|request| {
                each_step(request, |mut one| {
                    if let StorageRequest::Store { ack, .. } = &mut one
                        && matches!(ack, AckLevel::Quorum(_))
                    {
                        *ack = AckLevel::Durable;
                    }
                    one
                })
            }),
        ),
    ]
}

fn faults_of_writes() -> Vec<(&'static str, Area, Bend)> {
    let writes = |ops| Bend {
        ops,
        ..Bend::default()
    };
    vec![
        (
            "deleted messages are kept",
            Area::Delete,
            writes(|mut ops| {
                ops.retain(|op| !matches!(op, WriteOp::Delete { .. }));
                ops
            }),
        ),
        (
            "changed expiries are forgotten",
            Area::Expire,
            writes(|mut ops| {
                ops.retain(|op| !matches!(op, WriteOp::SetExpiry { .. }));
                ops
            }),
        ),
        (
            "an outbox keeps every message",
            Area::Namespace,
            writes(|mut ops| {
                let outbox = ops.iter().any(
                    |op| matches!(op, WriteOp::Insert(row) if row.namespace.is_public_outbox()),
                );
                ops.retain(|op| !(outbox && matches!(op, WriteOp::Delete { .. })));
                ops
            }),
        ),
        (
            "all namespaces are one mailbox",
            Area::Namespace,
            writes(|mut ops| {
                for op in &mut ops {
                    if let WriteOp::Insert(row) = op {
                        row.namespace = Namespace::DEFAULT;
                    }
                }
                ops
            }),
        ),
        (
            "a message stored again keeps its first expiry",
            Area::Store,
            writes(|mut ops| {
                ops.retain(|op| !matches!(op, WriteOp::SetExpiry { .. }));
                ops
            }),
        ),
        (
            "messages are acknowledged and thrown away",
            Area::Store,
            writes(|mut ops| {
                ops.retain(|op| !matches!(op, WriteOp::Insert(_)));
                ops
            }),
        ),
    ]
}

fn faults_of_replies() -> Vec<(&'static str, Area, Bend)> {
    let says = |reply| Bend {
        reply,
        ..Bend::default()
    };
    vec![
        (
            "every signature is believed",
            Area::Auth,
            Bend {
                believes: true,
                ..Bend::default()
            },
        ),
        (
            "clocks are ten minutes behind",
            Area::Auth,
            Bend {
                wall: |wall| wall.before_ms(600_000),
                ..Bend::default()
            },
        ),
        (
            "clocks are half a minute behind",
            Area::Store,
            Bend {
                wall: |wall| wall.before_ms(30_000),
                ..Bend::default()
            },
        ),
        (
            "a swarm is told without its last member",
            Area::Swarm,
            says(|reply| {
                body(reply, |body| {
                    if let StorageBody::Swarm { nodes, .. } = body {
                        nodes.pop();
                    }
                })
            }),
        ),
        (
            "a 421 passes for an empty mailbox",
            Area::Swarm,
            says(|mut reply| {
                if reply.status == Status::WRONG_SWARM {
                    reply.status = Status::OK;
                    reply.body = StorageBody::Messages {
                        messages: Vec::new(),
                        more: false,
                    };
                }
                reply
            }),
        ),
        (
            "a member speaks for another",
            Area::Store,
            says(|reply| {
                body(reply, |body| {
                    if let StorageBody::Changed { members, .. } = body
                        && let [first, second, ..] = members.as_mut_slice()
                    {
                        second.result = first.result.clone();
                    }
                })
            }),
        ),
        (
            "what is in memory is said to be durable",
            Area::Ack,
            says(|reply| {
                body(reply, |body| {
                    if let StorageBody::Changed { members, .. } = body {
                        for member in members {
                            if let Ok(MemberChange::Stored { durable, .. }) = &mut member.result {
                                *durable = true;
                            }
                        }
                    }
                })
            }),
        ),
        (
            "hops are not counted",
            Area::Onion,
            Bend {
                packet: |mut packet| {
                    packet.hop_no = 0;
                    packet
                },
                ..Bend::default()
            },
        ),
        (
            "every refusal reads the same",
            Area::Onion,
            Bend {
                refusal: |refusal| Refusal::new(refusal.status, "refused"),
                ..Bend::default()
            },
        ),
        ("no mailbox is ever full", Area::Quota, Bend::default()),
    ]
}

#[test]
fn nodes_without_a_fault_pass_behind_the_same_wrapper() {
    for area in [Area::Batch, Area::Onion, Area::Ack] {
        let transcript = run(Bend::default(), area);
        assert!(transcript.passed(), "{area:?}\n{transcript}");
    }
    let transcript = run(
        Bend {
            config: support::small_mailboxes(),
            ..Bend::default()
        },
        Area::Quota,
    );
    assert!(transcript.passed(), "{transcript}");
}

#[test]
fn every_planted_fault_is_found_where_it_is() {
    let mut found = BTreeSet::new();
    for (what, area, bend) in faults() {
        let transcript = run(bend, area);
        assert!(transcript.is_finished(), "{what}");
        assert!(
            !transcript.failures().is_empty(),
            "nothing found that {what}:\n{transcript}"
        );
        found.insert(area);
    }
    assert_eq!(found, BTreeSet::from(Area::ALL), "an area without a fault");
}
