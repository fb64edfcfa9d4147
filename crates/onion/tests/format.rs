//! Building, peeling and replying: the properties every path and payload must have.

#![allow(clippy::unwrap_used, reason = "test code outside test functions")]

use leek_crypto::{DhSecret, Suite, XPublic, pure};
use leek_identity::NodeKeys;
use leek_machine::{Entropy, Seed, Stream};
use leek_onion::{
    BuildError, EncPlan, EncType, Format, FormatId, FrameError, Hop, HopError, LayerError, Packet,
    PeelError, Peeled, Protocol, ReplyError, ReplySeal, ServerTarget, SessionV4, format, limits,
};
use proptest::prelude::*;
use rand_core::{TryCryptoRng, TryRng};

fn node(n: u8) -> NodeKeys {
    NodeKeys::from_seed([n; 32])
}

fn hop(node: &NodeKeys) -> Hop {
    Hop {
        id: node.id(),
        key: *node.onion().public(),
    }
}

fn hops(nodes: &[NodeKeys]) -> Vec<Hop> {
    nodes.iter().map(hop).collect()
}

fn stream(n: u64) -> Stream {
    Seed::from_u64(n).stream()
}

fn enc(gcm: bool) -> EncType {
    if gcm {
        EncType::AesGcm
    } else {
        EncType::XChaCha20
    }
}

/// A cipher for each layer, by the bits of a number.
fn mixed(bits: u16) -> SessionV4 {
    let hops = core::array::from_fn(|index| enc(bits >> index & 1 == 1));
    SessionV4::new(EncPlan {
        hops,
        destination: enc(bits >> 15 == 1),
    })
}

/// Peels along `nodes`, checking names and counts, to what the last of them finds.
fn peel_along(
    suite: &dyn Suite,
    format: &SessionV4,
    nodes: &[NodeKeys],
    mut packet: Packet,
) -> Peeled {
    for (index, pair) in nodes.windows(2).enumerate() {
        assert_eq!(usize::from(packet.hop_no), index);
        match format.peel(suite, pair[0].onion(), packet).unwrap() {
            Peeled::Relay {
                next,
                packet: inner,
            } => {
                assert_eq!(next, pair[1].id());
                packet = inner;
            }
            other => panic!("hop {index} of {}: {other:?}", nodes.len()),
        }
    }
    format
        .peel(suite, nodes[nodes.len() - 1].onion(), packet)
        .unwrap()
}

fn delivered(peeled: Peeled) -> (Vec<u8>, ReplySeal) {
    match peeled {
        Peeled::Deliver { payload, reply } => (payload, reply),
        other => panic!("not delivered: {other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_request_arrives_and_its_reply_returns(
        count in 0_u8..=5,
        ciphers: u16,
        payload in prop::collection::vec(any::<u8>(), 0..600),
        reply in prop::collection::vec(any::<u8>(), 0..600),
        seed: u64,
    ) {
        let suite = &*pure().suite();
        let format = mixed(ciphers);
        let nodes: Vec<NodeKeys> = (1..=count + 1).map(node).collect();
        let (destination, path) = nodes.split_last().unwrap();
        let entropy = &mut stream(seed);
        let built = format.build(suite, entropy, &hops(path), &hop(destination), &payload);
        let (packet, key) = built.unwrap();
        prop_assert_eq!(packet.blob.len(), format.sealed_len(path.len(), payload.len()).unwrap());
        prop_assert_eq!(packet.to_frame().len(), packet.frame_len());

        // The same entropy gives the same packet, other entropy another one.
        let twin = format.build(suite, &mut stream(seed), &hops(path), &hop(destination), &payload);
        prop_assert_eq!(&twin.unwrap().0, &packet);
        let other = format.build(suite, entropy, &hops(path), &hop(destination), &payload).unwrap();
        prop_assert_ne!(&other.0.ephemeral, &packet.ephemeral);

        let (arrived, seal) = delivered(peel_along(suite, &format, &nodes, packet));
        prop_assert_eq!(arrived, payload);
        let sealed = format.seal_reply(suite, entropy, &seal, &reply);
        prop_assert_eq!(sealed.len(), format.reply_len(reply.len()));
        prop_assert_eq!(format.open_reply(suite, &key, &sealed).unwrap(), reply);
        let wrong = format.open_reply(suite, &other.1, &sealed);
        prop_assert!(matches!(wrong, Err(ReplyError::Layer(LayerError::BadTag(_)))));
    }

    #[test]
    fn a_flipped_bit_stops_at_the_next_node(ciphers: u16, at: prop::sample::Index, bit in 0_u8..8) {
        let suite = &*pure().suite();
        let format = mixed(ciphers);
        let nodes: Vec<NodeKeys> = (1..=3).map(node).collect();
        let path = hops(&nodes[..2]);
        let built = format.build(suite, &mut stream(1), &path, &hop(&nodes[2]), b"payload");
        let (packet, _) = built.unwrap();
        // At the guard, and at the second node, after the guard peeled an intact packet.
        let Peeled::Relay { packet: second, .. } =
            format.peel(suite, nodes[0].onion(), packet.clone()).unwrap() else { panic!("relay") };
        for (mut packet, holder) in [(packet, &nodes[0]), (second, &nodes[1])] {
            let at = at.index(packet.blob.len());
            packet.blob[at] ^= 1 << bit;
            let refused = format.peel(suite, holder.onion(), packet).unwrap_err();
            prop_assert!(matches!(refused, PeelError::Layer(LayerError::BadTag(_))));
            prop_assert_eq!(refused.refusal(), HopError::InvalidCiphertext);
        }
    }

    #[test]
    fn junk_never_panics(
        blob in prop::collection::vec(any::<u8>(), 0..200), key: [u8; 32], gcm: bool, hop_no: u8,
    ) {
        let suite = &*pure().suite();
        let packet =
            Packet { blob: blob.clone(), ephemeral: XPublic::from_bytes(key), enc: enc(gcm), hop_no };
        prop_assert!(SessionV4::DEFAULT.peel(suite, node(1).onion(), packet).is_err());
        let _ = Packet::parse_frame(blob);
    }

    /// Junk that an attacker sealed for this node: what is inside the layer is theirs to choose.
    #[test]
    fn sealed_junk_never_panics(
        len_field in prop_oneof![Just(0_u32), Just(u32::MAX), 0_u32..100, any::<u32>()],
        inner in prop::collection::vec(any::<u8>(), 0..60),
        json in prop_oneof!["\\PC{0,60}", Just(String::from("{\"headers\":0}"))],
    ) {
        let suite = &*pure().suite();
        let client = DhSecret::from_scalar([3; 32]);
        let plain = [&len_field.to_le_bytes()[..], &inner, json.as_bytes()].concat();
        let holder = node(1);
        let enc = EncType::XChaCha20;
        let to = holder.onion().public();
        let blob =
            leek_onion::hop::encrypt_with_nonce(suite, enc, &client, to, &[0; 24], &plain).unwrap();
        let packet = Packet { blob, ephemeral: *client.public(), enc, hop_no: 0 };
        match SessionV4::DEFAULT.peel(suite, holder.onion(), packet) {
            Ok(Peeled::Deliver { payload, .. }) => {
                prop_assert_eq!(payload.len(), usize::try_from(len_field).unwrap());
                prop_assert_eq!(&payload[..], &plain[4..4 + payload.len()]);
            }
            Ok(other) => prop_assert!(false, "{:?}", other),
            Err(refused) => prop_assert!(matches!(refused, PeelError::Frame(_))),
        }
    }

    #[test]
    fn mutated_frames_never_panic(at: prop::sample::Index, byte: u8, cut: prop::sample::Index) {
        let suite = &*pure().suite();
        let path = [hop(&node(1))];
        let built = SessionV4::DEFAULT.build(suite, &mut stream(1), &path, &hop(&node(2)), b"x");
        let mut frame = built.unwrap().0.to_frame();
        let at = at.index(frame.len());
        frame[at] = byte;
        frame.truncate(cut.index(frame.len()) + 1);
        if let Ok(packet) = Packet::parse_frame(frame) {
            let _ = SessionV4::DEFAULT.peel(suite, node(1).onion(), packet);
        }
    }
}

#[test]
fn another_nodes_key_opens_nothing() {
    let suite = &*pure().suite();
    for format in [mixed(0), mixed(u16::MAX)] {
        let path = [hop(&node(1))];
        let (packet, _) = format
            .build(suite, &mut stream(1), &path, &hop(&node(2)), b"payload")
            .unwrap();
        let refused = format.peel(suite, node(2).onion(), packet).unwrap_err();
        assert!(matches!(refused, PeelError::Layer(LayerError::BadTag(_))));
    }
}

#[test]
fn a_servers_request_leaves_through_the_last_hop() {
    let suite = &*pure().suite();
    let target = ServerTarget::new("ex\u{e4}mple.org", Protocol::Https, 443, "/oxen/v4/lsrpc");
    let target = target.unwrap();
    let server = node(9);
    for count in 1..=4 {
        let nodes: Vec<NodeKeys> = (1..=count).map(node).collect();
        let format = mixed(0b0101);
        let built = format.build_to_server(
            suite,
            &mut stream(1),
            &hops(&nodes),
            &target,
            server.onion().public(),
            b"a v4 body",
        );
        let (packet, key) = built.unwrap();
        let Peeled::Server {
            target: found,
            body,
        } = peel_along(suite, &format, &nodes, packet)
        else {
            panic!("the last hop is an exit")
        };
        assert_eq!(found, target);
        let posted = Packet::parse_frame(body).unwrap();
        let (enc, client) = (posted.enc, posted.ephemeral);
        let layer = leek_onion::hop::LayerKey::of_server(suite, enc, server.onion(), &client);
        let layer = layer.unwrap();
        assert_eq!(layer.open(suite, &posted.blob).unwrap(), b"a v4 body");
        let nonce = vec![1; enc.nonce_len()];
        let reply = layer.seal_with_nonce(suite, &nonce, b"a v4 reply").unwrap();
        assert_eq!(
            format.open_reply(suite, &key, &reply).unwrap(),
            b"a v4 reply"
        );
    }
}

#[test]
fn a_packet_passes_sixteen_nodes_and_no_more() {
    let suite = &*pure().suite();
    let format = SessionV4::DEFAULT;
    let nodes: Vec<NodeKeys> = (1..=16).map(node).collect();
    let (destination, path) = nodes.split_last().unwrap();
    let (packet, _) = format
        .build(
            suite,
            &mut stream(1),
            &hops(path),
            &hop(destination),
            b"far",
        )
        .unwrap();
    let (payload, _) = delivered(peel_along(suite, &format, &nodes, packet.clone()));
    assert_eq!(payload, b"far");

    // A client may claim to have passed hops already; then fewer are left.
    let mut claimed = Packet {
        hop_no: 15,
        ..packet.clone()
    };
    let Peeled::Relay { packet: next, .. } = format
        .peel(suite, nodes[0].onion(), claimed.clone())
        .unwrap()
    else {
        panic!("relay")
    };
    let refused = format.peel(suite, nodes[1].onion(), next).unwrap_err();
    assert_eq!(
        refused,
        PeelError::TooManyHops {
            hop_no: 16,
            max: 15
        }
    );
    assert_eq!(refused.refusal(), HopError::TooManyHops);
    claimed.hop_no = 255;
    assert!(format.peel(suite, nodes[0].onion(), claimed).is_err());
}

#[test]
fn a_hop_with_a_small_order_key_is_refused_by_position() {
    let suite = &*pure().suite();
    let bad = Hop {
        key: XPublic::from_bytes([0; 32]),
        ..hop(&node(2))
    };
    let path = [hop(&node(1)), bad];
    let built = SessionV4::DEFAULT.build(suite, &mut stream(1), &path, &hop(&node(3)), b"");
    assert!(matches!(built, Err(BuildError::BadHopKey { layer: 1, .. })));
}

#[test]
fn direct_is_in_the_clear_and_takes_no_path() {
    let suite = &*pure().suite();
    let format = format(FormatId::Direct);
    let destination = node(1);
    let entropy = &mut Counting::new(1);
    let built = format.build(suite, entropy, &[], &hop(&destination), b"request");
    let (packet, key) = built.unwrap();
    assert_eq!(packet.blob, b"request");
    assert_eq!(format.sealed_len(0, 7), Ok(7));
    let sealed = Packet {
        ephemeral: XPublic::from_bytes([1; 32]),
        ..packet.clone()
    };
    let (payload, seal) = delivered(format.peel(suite, destination.onion(), packet).unwrap());
    assert_eq!(payload, b"request");
    let reply = format.seal_reply(suite, entropy, &seal, b"reply");
    assert_eq!(reply, b"reply");
    assert_eq!(format.reply_len(5), 5);
    assert_eq!(format.open_reply(suite, &key, &reply).unwrap(), b"reply");
    assert_eq!(entropy.drawn, 0);

    let path = [hop(&node(2))];
    let built = format.build(suite, entropy, &path, &hop(&destination), b"request");
    assert_eq!(built.unwrap_err(), BuildError::PathNotEmpty { hops: 1 });
    let refused = format.peel(suite, destination.onion(), sealed).unwrap_err();
    assert_eq!(refused, PeelError::NotDirect);
}

#[test]
fn caps_hold_in_both_directions() {
    let suite = &*pure().suite();
    for id in FormatId::ALL {
        let format = format(id);
        let huge = vec![0; limits::REQUEST_BYTES_MAX + 1];
        let built = format.build(suite, &mut stream(1), &[], &hop(&node(1)), &huge);
        assert!(matches!(built, Err(BuildError::TooLarge { .. })));
        let (packet, key) = format
            .build(suite, &mut stream(1), &[], &hop(&node(1)), b"")
            .unwrap();
        let packet = Packet {
            blob: huge.clone(),
            ..packet
        };
        let refused = format.peel(suite, node(1).onion(), packet).unwrap_err();
        assert_eq!(refused.refusal(), HopError::TooLarge);
        let refused = format.open_reply(suite, &key, &huge).unwrap_err();
        assert!(matches!(refused, ReplyError::TooLarge { .. }));
    }
    let frame = Packet::parse_frame(vec![0; limits::REQUEST_BYTES_MAX + 1]);
    assert!(matches!(frame, Err(FrameError::TooLarge { .. })));
}

#[test]
fn secrets_are_not_shown() {
    let suite = &*pure().suite();
    let format = format(FormatId::SessionV4);
    let (packet, key) = format
        .build(suite, &mut stream(1), &[], &hop(&node(1)), b"x")
        .unwrap();
    let (_, seal) = delivered(format.peel(suite, node(1).onion(), packet).unwrap());
    assert_eq!(
        format!("{key:?} {seal:?}"),
        "ReplyKey(XChaCha20, ..) ReplySeal(XChaCha20, ..)"
    );
}

/// Counts what is drawn.
struct Counting {
    stream: Stream,
    drawn: usize,
}

impl Counting {
    fn new(seed: u64) -> Self {
        Self {
            stream: stream(seed),
            drawn: 0,
        }
    }
}

impl TryRng for Counting {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        self.drawn += 4;
        self.stream.try_next_u32()
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        self.drawn += 8;
        self.stream.try_next_u64()
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Self::Error> {
        self.drawn += dst.len();
        self.stream.try_fill_bytes(dst)
    }
}

impl TryCryptoRng for Counting {}
impl Entropy for Counting {}

#[test]
fn entropy_depends_on_the_number_of_layers_only() {
    for suite in [pure().suite(), leek_crypto::fast().suite()] {
        for ciphers in [0, 0x5555, u16::MAX] {
            for payload in [&b""[..], &[7; 5_000]] {
                let format = mixed(ciphers);
                let nodes: Vec<NodeKeys> = (1..=4).map(node).collect();
                let entropy = &mut Counting::new(1);
                let path = hops(&nodes[..3]);
                let built = format.build(&*suite, entropy, &path, &hop(&nodes[3]), payload);
                assert_eq!(entropy.drawn, 4 * limits::LAYER_ENTROPY_BYTES);
                let peeled = peel_along(&*suite, &format, &nodes, built.unwrap().0);
                let (_, seal) = delivered(peeled);
                format.seal_reply(&*suite, entropy, &seal, payload);
                let reply = limits::REPLY_ENTROPY_BYTES;
                assert_eq!(entropy.drawn, 4 * limits::LAYER_ENTROPY_BYTES + reply);
            }
        }
    }
}
