//! What a caller shows to those on the way: its first message, byte by byte.

use super::*;

/// The numbers of the extensions (RFC 8446 4.2) in the only order that a set has.
fn extensions(hello: &[u8]) -> Vec<(u16, Vec<u8>)> {
    let mut rest = Reader(hello);
    assert_eq!(rest.bytes(1), [22], "a handshake record");
    rest.bytes(2);
    let record = rest.sized::<2>();
    assert!(rest.0.is_empty(), "one record");
    let mut rest = Reader(record);
    assert_eq!(rest.bytes(1), [1], "a ClientHello");
    let mut rest = Reader(rest.sized::<3>());
    rest.bytes(2 + 32);
    assert_eq!(rest.sized::<1>().len(), 32, "a session id, for middleboxes");
    rest.sized::<2>();
    rest.sized::<1>();
    let mut list = Reader(rest.sized::<2>());
    let mut found = Vec::new();
    while !list.0.is_empty() {
        let number = u16::from_be_bytes(list.bytes(2).try_into().unwrap());
        found.push((number, list.sized::<2>().to_vec()));
    }
    found.sort();
    found
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn bytes(&mut self, n: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(n);
        self.0 = rest;
        taken
    }

    /// Bytes behind their length in `N` bytes.
    fn sized<const N: usize>(&mut self) -> &'a [u8] {
        let length = self
            .bytes(N)
            .iter()
            .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        self.bytes(length)
    }
}

fn hello(meeting: &Meeting, client: &ClientTls) -> Vec<u8> {
    let (near, mut far) = wire();
    meeting.rt.block_on(async {
        let mut bytes = vec![0; 4_096];
        tokio::select! {
            biased;
            read = far.read(&mut bytes) => bytes.truncate(read.unwrap()),
            met = client.connect(near, keys(1).id()) => panic!("{:?}", met.err()),
        }
        bytes
    })
}

#[test]
fn the_first_message_names_nobody() {
    let meeting = Meeting::new();
    for caller in [None, Some(2)] {
        let client = meeting.client(caller);
        // After a connection there would be something to resume.
        let met = meeting.shake(&meeting.server(1), &client, 1);
        assert!(met.connected.is_ok(), "{met:?}");
        let hello = hello(&meeting, &client);
        let found = extensions(&hello);
        let body = |wanted: u16| {
            let found = found.iter().find(|(number, _)| *number == wanted);
            found.map(|(_, body)| body.as_slice())
        };
        assert_eq!(body(0), None, "server_name");
        assert_eq!(body(41), None, "pre_shared_key");
        assert_eq!(body(42), None, "early_data");
        assert_eq!(body(35), None, "session_ticket");
        assert_eq!(body(47), None, "certificate_authorities");
        assert_eq!(
            body(43),
            Some(&[2, 3, 4][..]),
            "supported_versions: 1.3 alone"
        );
        assert_eq!(body(16), Some(&[0, 3, 2, b'h', b'2'][..]), "ALPN: h2 alone");
        assert_eq!(
            body(10),
            Some(&[0, 2, 0, 29][..]),
            "supported_groups: x25519 alone"
        );
        assert_eq!(
            body(13),
            Some(&[0, 2, 8, 7][..]),
            "signature_algorithms: ed25519 alone"
        );
    }
}

#[test]
fn clients_and_nodes_say_the_same_at_first() {
    let meeting = Meeting::new();
    let numbers = |caller: Option<u8>| {
        let found = extensions(&hello(&meeting, &meeting.client(caller)));
        found
            .into_iter()
            .map(|(number, _)| number)
            .collect::<Vec<_>>()
    };
    assert_eq!(numbers(None), numbers(Some(2)));
}
