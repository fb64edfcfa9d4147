use proptest::prelude::*;

use super::*;
use crate::ServerTargetError;

const KEY: &str = "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100";

fn read(json: &str) -> Result<Routing, RoutingError> {
    parse(json.as_bytes())
}

fn relay(enc: EncType) -> Routing {
    let bytes: [u8; 32] = HEXLOWER_PERMISSIVE
        .decode(KEY.as_bytes())
        .unwrap()
        .try_into()
        .unwrap();
    Routing::Relay {
        next: NodeId::from_bytes(bytes),
        entry: Entry {
            ephemeral: XPublic::from_bytes(bytes),
            enc,
            hop_no: 0,
        },
    }
}

fn server(port: u16, protocol: Protocol) -> Routing {
    Routing::Server(ServerTarget::new("h.org", protocol, port, "/loki/v3/lsrpc").unwrap())
}

/// The variants that the deployed node's own test lists (network spec 5.3).
#[test]
fn variants_of_layers() {
    let plain = format!(r#"{{"destination":"{KEY}","ephemeral_key":"{KEY}"}}"#);
    assert_eq!(read(&plain), Ok(relay(EncType::AesGcm)));
    let typed =
        format!(r#"{{"destination":"{KEY}","ephemeral_key":"{KEY}","enc_type":"xchacha20"}}"#);
    assert_eq!(read(&typed), Ok(relay(EncType::XChaCha20)));
    let host = r#""host":"h.org","target":"/loki/v3/lsrpc""#;
    assert_eq!(
        read(&format!("{{{host}}}")),
        Ok(server(443, Protocol::Https))
    );
    assert_eq!(
        read(&format!(
            r#"{{{host},"port":80,"protocol":"http","method":"GET"}}"#
        )),
        Ok(server(80, Protocol::Http))
    );
    for value in [r#""""#, "null", "{}", "[1,2]", "7", "true"] {
        assert_eq!(
            read(&format!(r#"{{"headers":{value}}}"#)),
            Ok(Routing::Here),
            "{value}"
        );
    }
}

#[test]
fn headers_win_over_host_and_host_over_destination() {
    let relay = format!(r#""destination":"{KEY}","ephemeral_key":"{KEY}""#);
    let host = r#""host":"h.org","target":"/loki/v3/lsrpc""#;
    let all = format!(r#"{{{relay},{host},"headers":""}}"#);
    assert_eq!(read(&all), Ok(Routing::Here));
    let two = format!("{{{relay},{host}}}");
    assert_eq!(read(&two), Ok(server(443, Protocol::Https)));
}

#[test]
fn malformed_json_is_refused_by_name() {
    assert_eq!(read(""), Err(RoutingError::BadJson));
    assert_eq!(read("[]"), Err(RoutingError::BadJson));
    assert_eq!(
        read(r#"[true,"h","t",1,"http","d","e","x",1]"#),
        Err(RoutingError::BadJson)
    );
    assert_eq!(read("{}"), Err(RoutingError::Missing("destination")));
    assert_eq!(read(r#"{"headers":""} "x""#), Err(RoutingError::BadJson));
    assert_eq!(
        read(r#"{"host":"h"}"#),
        Err(RoutingError::Missing("target"))
    );
    assert_eq!(
        read(r#"{"host":7,"target":"/oxen/lsrpc"}"#),
        Err(RoutingError::BadJson)
    );
    assert_eq!(
        read(r#"{"host":"h","target":"/oxen/lsrpc","port":70000}"#),
        Err(RoutingError::BadJson)
    );
    assert_eq!(
        read(r#"{"host":"h","target":"/oxen/lsrpc","protocol":"ftp"}"#),
        Err(RoutingError::Server(ServerTargetError::Protocol))
    );
    assert_eq!(
        read(r#"{"host":"h","target":"/oxen/lsrpc?x"}"#),
        Err(RoutingError::Server(ServerTargetError::Target))
    );
    assert_eq!(
        read(r#"{"destination":"00","ephemeral_key":"00"}"#),
        Err(RoutingError::BadKey("destination"))
    );
    assert_eq!(
        read(&format!(r#"{{"destination":"{KEY}"}}"#)),
        Err(RoutingError::Missing("ephemeral_key"))
    );
    assert_eq!(
        read(&format!(
            r#"{{"destination":"{KEY}","ephemeral_key":"{KEY}","enc_type":"cbc"}}"#
        )),
        Err(RoutingError::UnknownEncType)
    );
    assert_eq!(
        read(r#"{"headers":1,"headers":2}"#),
        Err(RoutingError::BadJson)
    );
    let long = format!(r#"{{"headers":"{}"}}"#, "x".repeat(ROUTING_BYTES_MAX));
    assert!(matches!(read(&long), Err(RoutingError::TooLarge { .. })));
    let deep = "[".repeat(4_000);
    assert_eq!(
        read(&format!(r#"{{"x":{deep}"#)),
        Err(RoutingError::BadJson)
    );
}

#[test]
fn escapes_in_strings_are_read() {
    let escaped = r#"{"host":"h.org","target":"\/loki\/v3\/lsrpc","unknown":{"a":[null]}}"#;
    assert_eq!(read(escaped), Ok(server(443, Protocol::Https)));
}

proptest! {
    #[test]
    fn what_is_written_is_read_and_has_the_length_it_says(
        next: [u8; 32], key: [u8; 32], gcm: bool, hop_no: u8,
        host in "\\PC{1,40}", path in "[^?]{0,40}", port: u16,
    ) {
        let enc = if gcm { EncType::AesGcm } else { EncType::XChaCha20 };
        let (next, ephemeral) = (NodeId::from_bytes(next), XPublic::from_bytes(key));

        let mut json = Vec::new();
        push_relay(&mut json, &next, enc, &ephemeral);
        prop_assert_eq!(json.len(), relay_len(enc));
        let entry = Entry { ephemeral, enc, hop_no: 0 };
        prop_assert_eq!(parse(&json), Ok(Routing::Relay { next, entry }));

        let mut json = Vec::new();
        push_entry(&mut json, enc, &ephemeral, hop_no);
        prop_assert_eq!(json.len(), entry_len(enc, hop_no));
        prop_assert_eq!(parse_entry(&json), Ok(Entry { ephemeral, enc, hop_no }));

        let target = format!("/oxen/{path}/lsrpc");
        prop_assume!(host.len() <= crate::limits::HOST_BYTES_MAX);
        let server = ServerTarget::new(host, Protocol::Http, port, target).unwrap();
        let mut json = Vec::new();
        push_server(&mut json, &server, enc, &ephemeral);
        prop_assert_eq!(json.len(), server_len(&server, enc));
        prop_assert_eq!(parse(&json), Ok(Routing::Server(server.clone())));
        let entry = Entry { ephemeral, enc, hop_no: 0 };
        prop_assert_eq!(parse_entry(&json), Ok(entry));
    }

    #[test]
    fn junk_never_panics(json: Vec<u8>, text in "\\PC*") {
        let _ = parse(&json);
        let _ = parse_entry(text.as_bytes());
    }
}
