use data_encoding::HEXLOWER;
use leek_crypto::pure;
use serde_json::Value;

use super::{
    build::{End, Layer, assemble, blob_len},
    *,
};

fn bytes(value: &Value) -> Vec<u8> {
    HEXLOWER.decode(value.as_str().unwrap().as_bytes()).unwrap()
}

fn bytes32(value: &Value) -> [u8; 32] {
    bytes(value).try_into().unwrap()
}

/// The one-time secrets of outer layers are not in the vectors, but a layer's key follows from
/// the hop's secret as well, and its nonce stands in front of its ciphertext. With both, the whole
/// packet of the deployed library comes out byte by byte.
#[test]
fn packets_of_the_library_are_rebuilt() {
    let file = include_str!("../../testdata/session_formats_onion.json");
    let file: Value = serde_json::from_str(file).unwrap();
    let suite = &*pure().suite();
    let mut rebuilt = 0;
    for case in file["cases"].as_array().unwrap() {
        if case["area"] != "onion_request" {
            continue;
        }
        let guard_blob = bytes(&case["outputs"]["guard_blob"]);
        let destination = &case["inputs"]["destination"];
        let hops = case["inputs"]["hops"].as_array().unwrap();
        let mut layers = Vec::new();
        let mut frame = guard_blob.clone();
        for node in hops.iter().chain([destination]) {
            let packet = Packet::parse_frame(frame).unwrap();
            let secret = DhSecret::<OnionHop>::from_scalar(bytes32(&node["x_sk"]));
            let key = LayerKey::of_server(suite, packet.enc, &secret, &packet.ephemeral).unwrap();
            let mut nonce = [0; NONCE_BYTES_MAX];
            let nonce_len = packet.enc.nonce_len();
            nonce[..nonce_len].copy_from_slice(&packet.blob[..nonce_len]);
            frame = key.open(suite, &packet.blob).unwrap();
            layers.push(Layer {
                key,
                ephemeral: packet.ephemeral,
                nonce,
            });
        }
        let server = &destination["server"];
        let target = ServerTarget::new(
            server["host"].as_str().unwrap(),
            Protocol::parse(server["protocol"].as_str().unwrap()).unwrap(),
            server["port"].as_u64().unwrap().try_into().unwrap(),
            server["target"].as_str().unwrap(),
        )
        .unwrap();
        let names: Vec<NodeId> = hops[1..]
            .iter()
            .map(|hop| NodeId::from_bytes(bytes32(&hop["ed_pk"])))
            .collect();
        let payload = bytes(&case["inputs"]["payload"]);
        let blob = assemble(
            suite,
            &layers,
            &names.iter().collect::<Vec<_>>(),
            End::Server(&target),
            &payload,
        );
        let encs: Vec<EncType> = layers.iter().map(|layer| layer.key.enc()).collect();
        assert_eq!(
            blob.len(),
            blob_len(&encs, End::Server(&target), payload.len())
        );
        let packet = Packet {
            blob,
            ephemeral: layers[0].ephemeral,
            enc: encs[0],
            hop_no: 0,
        };
        assert_eq!(packet.to_frame(), guard_blob, "{}", case["name"]);
        rebuilt += 1;
    }
    assert_eq!(rebuilt, 4);
}

/// The innermost layer of a packet to a node, by the letter of crypto spec 7.
#[test]
fn a_node_finds_its_payload_between_length_and_headers() {
    let suite = &*pure().suite();
    let mut entropy = leek_machine::Seed::from_u64(1).stream();
    let secret = DhSecret::<OnionHop>::from_scalar([9; 32]);
    let destination = Hop {
        id: NodeId::from_bytes([1; 32]),
        key: *secret.public(),
    };
    let (packet, _) = SessionV4::DEFAULT
        .build(suite, &mut entropy, &[], &destination, b"hello")
        .unwrap();
    let key = LayerKey::of_server(suite, packet.enc, &secret, &packet.ephemeral).unwrap();
    let plain = key.open(suite, &packet.blob).unwrap();
    assert_eq!(plain, b"\x05\0\0\0hello{\"headers\":\"\"}");
}

#[test]
fn a_buffer_is_allocated_once_at_its_final_size() {
    let suite = &*pure().suite();
    let mut entropy = leek_machine::Seed::from_u64(2).stream();
    let key = *DhSecret::<OnionHop>::from_scalar([9; 32]).public();
    let id = NodeId::from_bytes([1; 32]);
    let path = [Hop { id, key }; 3];
    let payload = vec![3; 76_800];
    let built = SessionV4::DEFAULT.build(suite, &mut entropy, &path, &path[0], &payload);
    let (packet, _) = built.unwrap();
    assert_eq!(packet.blob.capacity(), packet.blob.len());
    let address = packet.blob.as_ptr();
    let secret = DhSecret::<OnionHop>::from_scalar([9; 32]);
    let Peeled::Relay { packet, .. } = SessionV4::DEFAULT.peel(suite, &secret, packet).unwrap()
    else {
        panic!("three hops before the destination")
    };
    assert_eq!(packet.blob.as_ptr(), address, "peeled in the same buffer");
}

/// Numbers by hand: 4 layers of xchacha20 around 1,024 bytes.
#[test]
fn lengths_by_hand() {
    // nonce 24, tag 16; LE32 and {"headers":""} 14; three times LE32 and the relay JSON:
    // {"destination":"64","enc_type":"xchacha20","ephemeral_key":"64"} has 16+64+14+9+19+64+2.
    let relay = 16 + 64 + 14 + 9 + 19 + 64 + 2;
    let expected = 1_024 + 4 * 40 + 4 + 14 + 3 * (4 + relay);
    assert_eq!(SessionV4::DEFAULT.sealed_len(3, 1_024), Ok(expected));
    let gcm = SessionV4::new(EncPlan::uniform(EncType::AesGcm));
    assert_eq!(gcm.sealed_len(3, 1_024), Ok(expected - 4 * 12 - 3 * 2));
    assert_eq!(SessionV4::DEFAULT.reply_len(100), 140);
    assert_eq!(gcm.reply_len(100), 128);
}

#[test]
fn limits_are_refused_before_any_work() {
    let format = SessionV4::DEFAULT;
    assert!(format.sealed_len(HOPS_MAX, 0).is_ok());
    assert_eq!(
        format.sealed_len(HOPS_MAX + 1, 0),
        Err(BuildError::PathTooLong { hops: 16, max: 15 })
    );
    let fixed = format.sealed_len(3, 0).unwrap();
    let entry = frame::LEN_BYTES + routing::entry_len(EncType::XChaCha20, 0);
    let most = REQUEST_BYTES_MAX - fixed - entry;
    assert_eq!(format.sealed_len(3, most), Ok(fixed + most));
    assert_eq!(
        format.sealed_len(3, most + 1),
        Err(BuildError::TooLarge {
            len: REQUEST_BYTES_MAX + 1,
            max: REQUEST_BYTES_MAX
        })
    );
    assert!(matches!(
        format.sealed_len(3, usize::MAX),
        Err(BuildError::TooLarge { .. })
    ));
    let suite = &*pure().suite();
    let mut entropy = leek_machine::Seed::from_u64(2).stream();
    let target = ServerTarget::new("h", Protocol::Http, 80, "/oxen/v4/lsrpc").unwrap();
    let key = XPublic::from_bytes([9; 32]);
    let built = format.build_to_server(suite, &mut entropy, &[], &target, &key, b"");
    assert_eq!(built.unwrap_err(), BuildError::NoExit);
}
