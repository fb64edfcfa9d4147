use leek_crypto::{DhSecret, OnionHop, XPublic, pure};
use leek_fuzz_bodies::onion::{NODE_SCALAR, request};
use leek_identity::NodeId;
use leek_machine::Seed;
use leek_onion::{EncType, Format as _, HopError, Packet, Peeled, SessionV4, v4::V4Body};

use super::Seeds;

fn packet(hop_no: u8, enc: EncType) -> Packet {
    Packet {
        blob: b"a blob of some bytes".to_vec(),
        ephemeral: XPublic::from_bytes([9; 32]),
        enc,
        hop_no,
    }
}

/// `LE32(len) || blob || json`.
fn framed(blob: &[u8], json: &str) -> Vec<u8> {
    let len = u32::try_from(blob.len()).unwrap_or(u32::MAX);
    [&len.to_le_bytes()[..], blob, json.as_bytes()].concat()
}

fn digits(digit: &str) -> String {
    digit.repeat(64)
}

pub(super) fn frame(seeds: &mut Seeds) {
    let first = packet(0, EncType::XChaCha20).to_frame();
    seeds.valid("xchacha20", &first);
    seeds.valid("aes-gcm-15", packet(15, EncType::AesGcm).to_frame());
    seeds.cuts("frame", &first);
    let key = digits("0");
    for (name, json) in [
        ("absent-enc", format!(r#"{{"ephemeral_key":"{key}"}}"#)),
        (
            "alias",
            format!(r#"{{"enc_type":"gcm","ephemeral_key":"{key}"}}"#),
        ),
        (
            "unknown-keys",
            format!(r#"{{"a":[{{}}],"ephemeral_key":"{key}","b":null}}"#),
        ),
        (
            "hop-no-large",
            format!(r#"{{"ephemeral_key":"{key}","hop_no":999999}}"#),
        ),
        (
            "upper-case",
            format!(r#"{{"ephemeral_key":"{}"}}"#, digits("F")),
        ),
        ("escaped", format!(r#"{{"ephemeral\u005fkey":"{key}"}}"#)),
    ] {
        seeds.valid(name, framed(b"blob", &json));
    }
    for (name, json) in [
        ("no-json", String::new()),
        ("array", format!(r#"["{key}"]"#)),
        (
            "aes-cbc",
            format!(r#"{{"enc_type":"aes-cbc","ephemeral_key":"{key}"}}"#),
        ),
        ("short-key", r#"{"ephemeral_key":"00"}"#.to_owned()),
        ("number-key", r#"{"ephemeral_key":7}"#.to_owned()),
        (
            "negative-hop-no",
            format!(r#"{{"ephemeral_key":"{key}","hop_no":-1}}"#),
        ),
        (
            "deep",
            format!(r#"{{"a":{}"ephemeral_key":"{key}"}}"#, "[".repeat(200)),
        ),
        ("trailing", format!(r#"{{"ephemeral_key":"{key}"}} {{}}"#)),
    ] {
        seeds.bad(name, framed(b"blob", &json));
    }
    seeds.bad("length-beyond", [&[0xff; 4][..], b"blob{}"].concat());
}

pub(super) fn layer(seeds: &mut Seeds) {
    let put = |hop_no: u8, odd: u8, inside: Vec<u8>| [&[hop_no << 1 | odd][..], &inside].concat();
    let (id, key) = (digits("1"), digits("2"));
    let relay =
        format!(r#"{{"destination":"{id}","enc_type":"xchacha20","ephemeral_key":"{key}"}}"#);
    let server = format!(
        r#"{{"enc_type":"aes-gcm","ephemeral_key":"{key}","host":"host.example","method":"POST",
        "port":443,"protocol":"https","target":"/oxen/v4/lsrpc"}}"#
    );
    let deliver = framed(b"payload", r#"{"headers":""}"#);
    seeds.valid("deliver", put(0, 0, deliver.clone()));
    seeds.valid("deliver-aes-gcm", put(3, 1, deliver.clone()));
    seeds.valid("relay", put(0, 0, framed(b"inner", &relay)));
    seeds.valid("relay-last-hop-no", put(15, 1, framed(b"inner", &relay)));
    seeds.valid("server", put(2, 0, framed(b"inner", &server)));
    seeds.valid(
        "server-defaults",
        put(
            2,
            0,
            framed(b"", r#"{"host":"h","target":"/loki/v3/lsrpc"}"#),
        ),
    );
    seeds.bad("empty", []);
    seeds.bad("nothing-inside", put(0, 0, Vec::new()));
    seeds.bad("hop-no-16", put(16, 0, deliver));
    for (name, json) in [
        ("no-destination", relay.replace("destination", "elsewhere")),
        ("short-destination", relay.replace(&id, "11")),
        ("aes-cbc", relay.replace("xchacha20", "aes-cbc")),
        ("target", server.replace("lsrpc", "admin")),
        ("target-query", server.replace("/oxen", "/oxen?")),
        ("protocol", server.replace("https", "ftp")),
        ("port", server.replace("443", "99999")),
        ("host", server.replace("host.example", &"h".repeat(300))),
    ] {
        seeds.bad(name, put(0, 0, framed(b"inner", &json)));
    }
}

pub(super) fn reply(seeds: &mut Seeds) {
    let suite = pure().suite();
    let secret = DhSecret::<OnionHop>::from_scalar(NODE_SCALAR);
    let peeled = SessionV4::DEFAULT.peel(&*suite, &secret, request().0.clone());
    let Ok(Peeled::Deliver { reply, .. }) = peeled else {
        return;
    };
    let mut entropy = Seed::from_u64(1).stream();
    let mut seal =
        |payload: &[u8]| SessionV4::DEFAULT.seal_reply(&*suite, &mut entropy, &reply, payload);
    let sealed = seal(b"a reply");
    seeds.valid("reply", &sealed);
    seeds.valid("nothing", seal(b""));
    seeds.valid("block", seal(&[0; 64]));
    seeds.cuts("reply", &sealed);
    for at in [0, 24, sealed.len() - 1] {
        let mut changed = sealed.clone();
        if let Some(byte) = changed.get_mut(at) {
            *byte ^= 1;
        }
        seeds.bad(&format!("changed-{at}"), changed);
    }
}

pub(super) fn hop_error(seeds: &mut Seeds) {
    let node = NodeId::from_bytes([0xab; 32]);
    let bytes =
        |error: HopError| [&error.status().to_be_bytes()[..], error.text().as_bytes()].concat();
    for (name, error) in [
        ("not-found", HopError::NextNodeNotFound(node)),
        ("unreachable", HopError::NextNodeUnreachable(node)),
        ("timed-out", HopError::TimedOut),
        ("not-ready", HopError::NotReady(node)),
        ("busy", HopError::Busy),
        ("ciphertext", HopError::InvalidCiphertext),
        ("json", HopError::InvalidJson),
        ("url", HopError::InvalidUrl),
        ("hops", HopError::TooManyHops),
        ("large", HopError::TooLarge),
    ] {
        seeds.valid(name, bytes(error));
    }
    let good = bytes(HopError::NextNodeNotFound(node));
    seeds.cuts("not-found", &good);
    let upper = HopError::NextNodeNotFound(node).text().replace("ab", "AB");
    seeds.bad(
        "upper-case",
        [&502_u16.to_be_bytes()[..], upper.as_bytes()].concat(),
    );
    seeds.bad("status", [&500_u16.to_be_bytes()[..], b"busy"].concat());
    seeds.bad("not-utf8", b"\x01\xf7\xff\xfe");
}

pub(super) fn v4_body(seeds: &mut Seeds) {
    let head = br#"{"method":"GET","endpoint":"/info"}"#;
    let both = V4Body {
        head,
        body: Some(b"body"),
    };
    let both = both.encode();
    seeds.valid("head-and-body", &both);
    seeds.valid("head", V4Body { head, body: None }.encode());
    seeds.valid("nothing", "l0:e");
    seeds.valid("two-nothings", "l0:0:e");
    seeds.cuts("body", &both);
    for (name, text) in [
        ("leading-zero", "l01:ae"),
        ("three", "l1:a1:b1:ce"),
        ("none", "le"),
        ("trailing", "l1:ae "),
        ("negative", "l-1:ae"),
        ("length", "l99999999999999999999:ae"),
        ("dictionary", "d1:ae"),
        ("no-colon", "l1ae"),
    ] {
        seeds.bad(name, text);
    }
}
