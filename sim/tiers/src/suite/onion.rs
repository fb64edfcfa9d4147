//! Packets and hops (network spec 3.2 to 3.4).

use leek_crypto::{DhSecret, XPublic};
use leek_identity::NodeId;
use leek_onion::{
    EncPlan, EncType, Format as _, FormatId, Hop, Packet, Protocol, ServerTarget, SessionV4, hop,
};
use leek_wire::{OnionRequest, Status, StorageRequest, encode_storage_request};

use crate::script::{
    Area, Case, Check, Crafted, Route,
    expect::{refused, turned_away, version},
};

pub(super) fn cases() -> Vec<Case> {
    vec![
        lengths(),
        ciphers(),
        limit(),
        payloads(),
        destinations(),
        damage(),
        misaddressed(),
        inside(),
    ]
}

fn case(name: &'static str) -> Case {
    Case::new(Area::Onion, name)
}

fn info() -> Vec<u8> {
    encode_storage_request(&StorageRequest::Info)
}

fn answered() -> Check {
    version(leek_storage_node::VERSION)
}

fn hops(nodes: &[leek_identity::NodeRecord]) -> Vec<Hop> {
    nodes.iter().map(Hop::from).collect()
}

/// A question made of a packet that `craft` builds.
fn crafted(case: Case, craft: fn(&mut Route<'_>) -> Crafted, check: Check) -> Case {
    case.ask(
        move |me| me.ask(StorageRequest::Info).crafted(craft),
        [check],
    )
}

/// A path of so many different nodes and a destination.
fn path(route: &mut Route<'_>, count: usize) -> (Vec<Hop>, Hop) {
    let mut nodes = hops(&route.draw(count + 1, &[]));
    let destination = nodes.swap_remove(0);
    (nodes, destination)
}

/// Two nodes taking turns for so many hops, and a destination.
fn long_path(route: &mut Route<'_>, count: usize) -> (Vec<Hop>, Hop) {
    let (pair, destination) = path(route, 2);
    (pair.into_iter().cycle().take(count).collect(), destination)
}

fn lengths() -> Case {
    let case = case("a packet may pass no hop, one, three, or fifteen");
    let case = crafted(
        case,
        |route| {
            let (path, destination) = path(route, 0);
            route.wrap(&path, &destination, &info())
        },
        answered(),
    );
    let case = crafted(
        case,
        |route| {
            let (path, destination) = path(route, 1);
            route.wrap(&path, &destination, &info())
        },
        answered(),
    );
    let case = crafted(
        case,
        |route| {
            let (path, destination) = path(route, 3);
            route.wrap(&path, &destination, &info())
        },
        answered(),
    );
    crafted(
        case,
        |route| {
            let (path, destination) = long_path(route, 15);
            route.wrap(&path, &destination, &info())
        },
        answered(),
    )
}

fn limit() -> Case {
    let too_many = || {
        turned_away(
            Status::BAD_REQUEST,
            "onion request max path length exceeded",
        )
    };
    let case = case("the sixteenth hop is one too many, wherever it is counted");
    let case = crafted(
        case,
        |route| {
            let (path, destination) = path(route, 0);
            let mut crafted = route.wrap(&path, &destination, &info());
            crafted.onion.packet.hop_no = 16;
            crafted
        },
        too_many(),
    );
    let case = crafted(
        case,
        |route| {
            let (path, destination) = long_path(route, 15);
            let mut crafted = route.wrap(&path, &destination, &info());
            crafted.onion.packet.hop_no = 1;
            crafted
        },
        too_many(),
    );
    crafted(
        case,
        |route| {
            let (path, destination) = path(route, 0);
            let mut crafted = route.wrap(&path, &destination, &info());
            crafted.onion.packet.hop_no = 15;
            crafted
        },
        answered(),
    )
}

fn ciphers() -> Case {
    crafted(
        case("every layer may have either cipher"),
        |route| {
            let (path, destination) = path(route, 3);
            let mut plan = EncPlan::uniform(EncType::AesGcm);
            plan.hops[1] = EncType::XChaCha20;
            let built = SessionV4::new(plan).build(
                &**route.suite,
                route.entropy,
                &path,
                &destination,
                &info(),
            );
            match built {
                Ok((packet, key)) => Crafted {
                    first: path[0].id,
                    onion: OnionRequest {
                        format: FormatId::SessionV4,
                        packet,
                    },
                    key: Some(key),
                },
                Err(error) => leek_machine::bug!("three hops and a short request: {error}"),
            }
        },
        answered(),
    )
}

fn payloads() -> Case {
    case("bytes that are no request are refused in the sealed reply")
        .ask(
            |me| me.ask(StorageRequest::Info).payload(vec![0xff; 40]),
            [refused(Status::BAD_REQUEST, "malformed")],
        )
        .ask(
            |me| me.ask(StorageRequest::Info).payload(Vec::new()),
            [refused(Status::BAD_REQUEST, "missing")],
        )
        .ask(
            |me| {
                me.ask(StorageRequest::Info)
                    .payload(vec![0xff; 40])
                    .direct()
            },
            [refused(Status::BAD_REQUEST, "malformed")],
        )
}

/// A name that no node has: the same in every run.
const NOBODY: [u8; 32] = [0x5a; 32];

fn destinations() -> Case {
    let nobody = NodeId::from_bytes(NOBODY);
    let not_found = move || {
        turned_away(
            Status::BAD_GATEWAY,
            format!("Next node not found: {}", nobody.to_hex()),
        )
    };
    let case = case("a hop passes on to nodes that it knows, not to itself, and to no server");
    let case = crafted(
        case,
        |route| {
            let (path, destination) = path(route, 1);
            let nobody = Hop {
                id: NodeId::from_bytes(NOBODY),
                key: destination.key,
            };
            route.wrap(&path, &nobody, &info())
        },
        not_found(),
    );
    let case = crafted(
        case,
        |route| {
            let (mut path, destination) = path(route, 3);
            path[2].id = NodeId::from_bytes(NOBODY);
            route.wrap(&path, &destination, &info())
        },
        not_found(),
    );
    let case = crafted(
        case,
        |route| {
            let (path, _) = path(route, 1);
            let again = path[0];
            route.wrap(&path, &again, &info())
        },
        turned_away(Status::BAD_REQUEST, "Invalid json"),
    );
    crafted(
        case,
        |route| {
            let (path, server) = path(route, 2);
            let target = ServerTarget::new("example.org", Protocol::Https, 443, "/oxen/v4/lsrpc");
            let built = target
                .map_err(|error| error.to_string())
                .and_then(|target| {
                    let format = SessionV4::DEFAULT;
                    let (suite, entropy) = (&**route.suite, &mut *route.entropy);
                    format
                        .build_to_server(suite, entropy, &path, &target, &server.key, b"hello")
                        .map_err(|error| error.to_string())
                });
            match built {
                Ok((packet, key)) => Crafted {
                    first: path[0].id,
                    onion: OnionRequest {
                        format: FormatId::SessionV4,
                        packet,
                    },
                    key: Some(key),
                },
                Err(error) => leek_machine::bug!("a short request to a server: {error}"),
            }
        },
        turned_away(Status::BAD_REQUEST, "Invalid url"),
    )
}

fn bad_layer() -> Check {
    turned_away(Status::BAD_REQUEST, "Invalid ciphertext")
}

fn damage() -> Case {
    let outer = case("a layer that does not open is refused in the clear by the hop it was for");
    let outer = crafted(
        outer,
        |route| {
            let (path, destination) = path(route, 3);
            let mut crafted = route.wrap(&path, &destination, &info());
            if let Some(byte) = crafted.onion.packet.blob.last_mut() {
                *byte ^= 1;
            }
            crafted
        },
        bad_layer(),
    );
    let outer = crafted(
        outer,
        |route| {
            let (path, destination) = path(route, 3);
            let mut crafted = route.wrap(&path, &destination, &info());
            // Nothing but a nonce's length: too short for any layer.
            crafted.onion.packet.blob.truncate(24);
            crafted
        },
        bad_layer(),
    );
    crafted(
        outer,
        |route| {
            let (path, destination) = path(route, 3);
            let mut crafted = route.wrap(&path, &destination, &info());
            // Small order: no key can be agreed on.
            crafted.onion.packet.ephemeral = XPublic::from_bytes([0; 32]);
            crafted
        },
        bad_layer(),
    )
}

/// The same when a later hop, or the destination, finds its layer sealed for somebody else.
fn misaddressed() -> Case {
    let inner = case("a layer sealed for another node's key is refused wherever it stands");
    let inner = crafted(
        inner,
        |route| {
            let (path, mut destination) = path(route, 3);
            destination.key = path[0].key;
            route.wrap(&path, &destination, &info())
        },
        bad_layer(),
    );
    crafted(
        inner,
        |route| {
            let (mut path, destination) = path(route, 3);
            path[1].key = destination.key;
            route.wrap(&path, &destination, &info())
        },
        bad_layer(),
    )
}

fn inside() -> Case {
    let inside = crafted(
        case("a layer with junk inside, and a packet under the wrong format, are refused"),
        junk_inside,
        turned_away(Status::BAD_REQUEST, "Invalid json"),
    );
    crafted(
        inside,
        |route| {
            let (path, destination) = path(route, 0);
            let mut crafted = route.wrap(&path, &destination, &info());
            crafted.onion.format = FormatId::Direct;
            crafted.key = None;
            crafted
        },
        bad_layer(),
    )
}

/// A layer that opens, and holds nothing that a node can read.
fn junk_inside(route: &mut Route<'_>) -> Crafted {
    let (_, destination) = path(route, 0);
    let mut drawn = [0; 32 + 24];
    route.entropy.fill_bytes(&mut drawn);
    let (scalar, nonce) = drawn.split_at(32);
    let mut secret = [0; 32];
    secret.copy_from_slice(scalar);
    let secret = DhSecret::one_time(&**route.suite, secret);
    let enc = EncType::XChaCha20;
    let junk = b"\x04\x00\x00\x00junk and no json";
    let sealed =
        hop::encrypt_with_nonce(&**route.suite, enc, &secret, &destination.key, nonce, junk);
    match sealed {
        Ok(blob) => Crafted {
            first: destination.id,
            onion: OnionRequest {
                format: FormatId::SessionV4,
                packet: Packet {
                    blob,
                    ephemeral: *secret.public(),
                    enc,
                    hop_no: 0,
                },
            },
            key: None,
        },
        Err(error) => leek_machine::bug!("a node's key is a good one: {error}"),
    }
}
