use data_encoding::HEXLOWER;
use leek_crypto::{DhSecret, OnionHop, XPublic};
use leek_identity::NodeId;
use leek_onion::{EncType, Format as _, Packet, Peeled, SessionV4, hop};
use serde_json::{Value, json};

use super::{Ends, enc_type, expect_public, split_frame};
use crate::vectors::{
    areas::keys,
    check::{Check, Field, Stop},
};

/// A node on the path.
struct Node<'a> {
    /// As given; the guard's name occurs in no layer.
    name: Field<'a>,
    secret: DhSecret<OnionHop>,
}

/// Where the request goes.
enum Destination {
    Node(NodeId),
    /// A server: what the exit's layer says of it besides cipher and key.
    Server(Value),
}

/// A request through the hops to a node or a server, as the library built it: opened layer by
/// layer with the hops' secrets, each layer compared and also given to our own [`SessionV4`].
pub(in crate::vectors::areas) fn request(check: &mut Check<'_>) -> Result<(), Stop> {
    let enc = enc_type(&check.input("enc_type")?)?;
    let hops = check.input("hops")?.list()?;
    let nodes = hops.iter().map(node).collect::<Result<Vec<_>, _>>()?;
    let (destination, secret) = destination(&check.input("destination")?)?;
    let Some(guard) = check.output("guard_blob") else {
        return Err(check.input("hops")?.stop("there is no guard_blob to open"));
    };
    let packet = outer_frame(check, &guard, enc)?;
    let (packet, inside) = peel_path(check, &guard, packet, &nodes, &destination)?;
    let plain = hop::decrypt_request(
        check.suite,
        packet.enc,
        &secret,
        &packet.ephemeral,
        &packet.blob,
    );
    let plain = guard.accept(plain)?;
    let payload = check.input("payload")?;
    let expected = payload.bytes()?;
    match &destination {
        Destination::Server(_) => {
            let posted = Packet::parse_frame(inside);
            if guard.accept(posted)?.blob != packet.blob || plain != expected {
                return Err(payload.stop("the server reads something else"));
            }
            check.expect_hex("destination_plaintext", &plain);
        }
        Destination::Node(_) => {
            let (body, tail) = split_frame(&plain).ok_or_else(|| guard.stop("no frame inside"))?;
            if body != expected || tail != br#"{"headers":""}"# {
                return Err(payload.stop("the destination reads something else"));
            }
            deliver(check, &guard, &secret, packet.clone(), &expected)?;
            // With or without the framing of the innermost layer.
            let framed = check.output("destination_plaintext");
            let framed = framed.is_some_and(|f| f.value == &Value::from(HEXLOWER.encode(&plain)));
            check.expect_hex("destination_plaintext", if framed { &plain } else { body });
        }
    }
    final_key_and_reply(check, packet.enc, &packet.ephemeral, secret)
}

fn node<'a>(hop: &Field<'a>) -> Result<Node<'a>, Stop> {
    let [name, secret, public] = hop.object(["ed_pk", "x_sk", "x_pk"])?;
    let secret = keys::dh::<OnionHop>(&secret)?;
    expect_public(&public, secret.public())?;
    name.array::<32>()?;
    Ok(Node { name, secret })
}

/// The destination and its secret key.
fn destination(field: &Field<'_>) -> Result<(Destination, DhSecret<OnionHop>), Stop> {
    if field.has("server") {
        let [server, secret] = field.object(["server", "x_sk"])?;
        let keys = ["host", "target", "protocol", "port", "x_pk"];
        let [host, target, protocol, port, public] = server.object(keys)?;
        let secret = keys::dh(&secret)?;
        expect_public(&public, secret.public())?;
        let says = json!({
            "host": host.text()?,
            "method": "POST",
            "port": port.number::<u16>()?,
            "protocol": protocol.text()?,
            "target": target.text()?,
        });
        return Ok((Destination::Server(says), secret));
    }
    let [name, secret, public] = match ["snode", "node"].into_iter().find(|key| field.has(key)) {
        Some(key) => {
            let [node, secret] = field.object([key, "x_sk"])?;
            let [name, public] = node.object(["ed_pk", "x_pk"])?;
            [name, secret, public]
        }
        None => field.object(["ed_pk", "x_sk", "x_pk"])?,
    };
    let secret = keys::dh(&secret)?;
    expect_public(&public, secret.public())?;
    let name = NodeId::from_bytes(name.array()?);
    Ok((Destination::Node(name), secret))
}

/// The frame that the client posts to the guard.
fn outer_frame(check: &mut Check<'_>, guard: &Field<'_>, enc: EncType) -> Result<Packet, Stop> {
    let frame = guard.bytes()?;
    let packet = guard.accept(Packet::parse_frame(frame.clone()))?;
    if packet.to_frame() != frame {
        check.wrong(guard, "framing what was read gives other bytes");
    }
    if packet.enc != enc {
        check.wrong(guard, "its outer layer has another cipher");
    }
    canonical(guard, &packet.ephemeral)?;
    Ok(packet)
}

/// Opens the hops' layers. The packet for the destination, and the inside of the exit's layer.
fn peel_path(
    check: &mut Check<'_>,
    guard: &Field<'_>,
    mut packet: Packet,
    nodes: &[Node<'_>],
    destination: &Destination,
) -> Result<(Packet, Vec<u8>), Stop> {
    let listed = check.output("routing_json_per_hop");
    let listed = listed.map(|field| field.list()).transpose()?;
    if let Some(list) = &listed
        && list.len() != nodes.len()
    {
        return Err(guard.stop("routing_json_per_hop has another number of hops"));
    }
    let mut inside = Vec::new();
    for (index, node) in nodes.iter().enumerate() {
        let opened = hop::decrypt_request(
            check.suite,
            packet.enc,
            &node.secret,
            &packet.ephemeral,
            &packet.blob,
        );
        inside = guard.accept(opened)?;
        let (blob, tail) = split_frame(&inside).ok_or_else(|| guard.stop("no frame inside"))?;
        let tail: Value = guard.accept(serde_json::from_slice(tail))?;
        let next = nodes.get(index + 1).map(|next| &next.name);
        let inner = next_packet(guard, &tail, next, destination, blob, packet.hop_no + 1)?;
        if let Some(field) = listed.as_ref().and_then(|list| list.get(index))
            && field.value != &tail
        {
            check.wrong(field, &format!("the layer says {tail}"));
        }
        compare_peeled(check, guard, &node.secret, packet, &inner, &inside)?;
        packet = inner;
    }
    Ok((packet, inside))
}

/// What a hop reads of its routing JSON, which must say what the inputs ask for.
fn next_packet(
    guard: &Field<'_>,
    tail: &Value,
    next: Option<&Field<'_>>,
    destination: &Destination,
    blob: &[u8],
    hop_no: u8,
) -> Result<Packet, Stop> {
    let key = |name: &str| tail.get(name).and_then(Value::as_str).unwrap_or_default();
    let ephemeral = key("ephemeral_key").to_owned();
    let mut expected = match (next, destination) {
        (Some(next), _) => json!({ "destination": next.text()? }),
        (None, Destination::Node(node)) => json!({ "destination": node.to_hex() }),
        (None, Destination::Server(says)) => says.clone(),
    };
    let enc = guard.accept(EncType::parse(key("enc_type")))?;
    if let Some(object) = expected.as_object_mut() {
        object.insert("enc_type".to_owned(), Value::from(enc.name()));
        object.insert("ephemeral_key".to_owned(), Value::from(ephemeral.as_str()));
    }
    if *tail != expected {
        return Err(guard.stop(format!(
            "a layer says {tail}, the inputs ask for {expected}"
        )));
    }
    let field = Field {
        path: guard.path.clone(),
        value: &Value::from(ephemeral),
    };
    let ephemeral = XPublic::from_bytes(field.array()?);
    canonical(guard, &ephemeral)?;
    Ok(Packet {
        blob: blob.to_vec(),
        ephemeral,
        enc,
        hop_no,
    })
}

/// Our own peeling must find the same.
fn compare_peeled(
    check: &mut Check<'_>,
    guard: &Field<'_>,
    secret: &DhSecret<OnionHop>,
    packet: Packet,
    inner: &Packet,
    inside: &[u8],
) -> Result<(), Stop> {
    let peeled = SessionV4::DEFAULT.peel(check.suite, secret, packet);
    let same = match guard.accept(peeled)? {
        Peeled::Relay { packet, .. } => packet == *inner,
        Peeled::Server { body, .. } => body == inside,
        Peeled::Deliver { .. } => false,
    };
    if !same {
        check.wrong(guard, "SessionV4::peel finds something else in a layer");
    }
    Ok(())
}

fn deliver(
    check: &mut Check<'_>,
    guard: &Field<'_>,
    secret: &DhSecret<OnionHop>,
    packet: Packet,
    expected: &[u8],
) -> Result<(), Stop> {
    let peeled = SessionV4::DEFAULT.peel(check.suite, secret, packet);
    let delivered = matches!(
        guard.accept(peeled)?,
        Peeled::Deliver { payload, .. } if payload == expected
    );
    if !delivered {
        check.wrong(
            guard,
            "SessionV4::peel finds something else in the last layer",
        );
    }
    Ok(())
}

/// The client's secret of the innermost layer, and the reply under it.
fn final_key_and_reply(
    check: &mut Check<'_>,
    enc: EncType,
    ephemeral: &XPublic,
    server: DhSecret<OnionHop>,
) -> Result<(), Stop> {
    let Some(field) = check.output("final_ephemeral_sk") else {
        return Ok(());
    };
    let client = keys::dh(&field)?;
    expect_public_of(&field, &client, ephemeral)?;
    let ends = Ends {
        enc,
        client,
        server,
    };
    ends.check_reply(check)
}

fn expect_public_of<P: leek_crypto::Purpose>(
    field: &Field<'_>,
    secret: &DhSecret<P>,
    public: &XPublic,
) -> Result<(), Stop> {
    if secret.public() == public {
        return Ok(());
    }
    Err(field.stop("the innermost layer has another one-time key"))
}

/// Fails on a u-coordinate with bit 255 set or not below p: X25519 reads it as another one, and so
/// would not notice the change.
fn canonical(field: &Field<'_>, key: &XPublic) -> Result<(), Stop> {
    let [first, middle @ .., last] = key.as_bytes();
    let at_least_p = *last == 0x7f && middle.iter().all(|&byte| byte == 0xff) && *first >= 0xed;
    if *last > 0x7f || at_least_p {
        return Err(field.stop("an ephemeral key is not in canonical form"));
    }
    Ok(())
}
