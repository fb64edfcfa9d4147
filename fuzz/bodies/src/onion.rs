//! What nodes and clients read of onion requests.

use std::sync::OnceLock;

use leek_crypto::{DhSecret, Ephemeral, OnionHop, Suite, fast};
use leek_identity::NodeId;
use leek_machine::Seed;
use leek_onion::{
    EncType, Format as _, Hop, HopError, Packet, Peeled, ReplyKey, SessionV4, hop, v4::V4Body,
};

use crate::Verdict;

/// The secret of the node that peels.
pub const NODE_SCALAR: [u8; 32] = [0x5a; 32];

/// The secret of the client whose layers the node peels.
const CLIENT_SCALAR: [u8; 32] = [0x6b; 32];

/// The body that a guard receives.
pub fn frame(data: &[u8]) -> Verdict {
    let read = Packet::parse_frame(data.to_vec()).ok();
    if let Some(packet) = &read {
        check_frame(packet);
    }
    Verdict::of(&read)
}

fn check_frame(packet: &Packet) {
    let frame = packet.to_frame();
    assert_eq!(frame.len(), packet.frame_len());
    assert_eq!(Packet::parse_frame(frame).as_ref(), Ok(packet));
}

/// The inside of a layer: the first byte chooses the cipher and the hops passed so far, the rest is
/// sealed as a client would and peeled.
pub fn layer(data: &[u8]) -> Verdict {
    let Some((mode, inside)) = data.split_first() else {
        return Verdict::Refused;
    };
    let suite = fast().suite();
    let enc = if mode & 1 == 0 {
        EncType::XChaCha20
    } else {
        EncType::AesGcm
    };
    let packet = sealed(&*suite, enc, mode >> 1, inside);
    let peeled = SessionV4::DEFAULT.peel(&*suite, node_secret(), packet);
    match &peeled {
        Ok(Peeled::Relay { packet, .. }) => {
            assert_eq!(packet.hop_no, (mode >> 1) + 1);
            check_frame(packet);
        }
        Ok(Peeled::Deliver { payload, .. }) => assert!(payload.len() < inside.len()),
        Ok(Peeled::Server { body, .. }) => assert_eq!(body, inside),
        Err(error) => drop(error.refusal()),
    }
    Verdict::of(&peeled.ok())
}

fn sealed(suite: &dyn Suite, enc: EncType, hop_no: u8, inside: &[u8]) -> Packet {
    static CLIENT: OnceLock<DhSecret<Ephemeral>> = OnceLock::new();
    let client = CLIENT.get_or_init(|| DhSecret::from_scalar(CLIENT_SCALAR));
    let nonce = vec![0; enc.nonce_len()];
    let server = node_secret().public();
    let blob = match hop::encrypt_with_nonce(suite, enc, client, server, &nonce, inside) {
        Ok(blob) => blob,
        Err(error) => panic!("a fixed key and a nonce of the right length: {error}"),
    };
    Packet {
        blob,
        ephemeral: *client.public(),
        enc,
        hop_no,
    }
}

fn node_secret() -> &'static DhSecret<OnionHop> {
    static SECRET: OnceLock<DhSecret<OnionHop>> = OnceLock::new();
    SECRET.get_or_init(|| DhSecret::from_scalar(NODE_SCALAR))
}

/// The reply that a client receives.
pub fn reply(data: &[u8]) -> Verdict {
    let suite = fast().suite();
    let format = SessionV4::DEFAULT;
    let opened = format.open_reply(&*suite, &request().1, data).ok();
    if let Some(payload) = &opened {
        assert_eq!(format.reply_len(payload.len()), data.len());
    }
    Verdict::of(&opened)
}

/// The request whose replies are read: always the same one.
pub fn request() -> &'static (Packet, ReplyKey) {
    static REQUEST: OnceLock<(Packet, ReplyKey)> = OnceLock::new();
    REQUEST.get_or_init(|| {
        let destination = Hop {
            id: NodeId::from_bytes([1; 32]),
            key: *node_secret().public(),
        };
        let mut entropy = Seed::from_u64(0).stream();
        let suite = fast().suite();
        match SessionV4::DEFAULT.build(&*suite, &mut entropy, &[], &destination, b"request") {
            Ok(request) => request,
            Err(error) => panic!("a short request without hops: {error}"),
        }
    })
}

/// A refusal of a hop: two bytes of status, then its text.
pub fn hop_error(data: &[u8]) -> Verdict {
    let read = data.split_first_chunk::<2>().and_then(|(status, text)| {
        let status = u16::from_be_bytes(*status);
        let error = HopError::parse(status, text).ok()?;
        assert_eq!(error.status(), status);
        assert_eq!(error.text().as_bytes(), text);
        Some(error)
    });
    Verdict::of(&read)
}

/// A v4 body.
pub fn v4_body(data: &[u8]) -> Verdict {
    let read = V4Body::parse(data).ok();
    if let Some(body) = &read {
        assert_eq!(body.encoded_len(), data.len());
        assert_eq!(body.encode(), data, "each body has one spelling");
    }
    Verdict::of(&read)
}
