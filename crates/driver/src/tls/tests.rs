//! Handshakes between our two sides, and of each of them with a side that breaks one rule.

mod certificates;
mod hello;
mod odd;
mod refused;

use std::time::Duration;

use leek_identity::NodeKeys;
use leek_machine::Wall;
use rustls::HandshakeKind;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

use super::*;
use crate::Runtime;

/// 2027-01-15.
const START: Wall = Wall::from_ms(1_800_000_000_000);
const DAY: Duration = Duration::from_secs(86_400);

pub(super) fn keys(seed: u8) -> Arc<NodeKeys> {
    Arc::new(NodeKeys::from_seed([seed; 32]))
}

fn identity(seed: u8) -> Arc<Identity> {
    Arc::new(Identity::new(keys(seed), &leek_crypto::fast()))
}

fn wire() -> (ByteStream, ByteStream) {
    let (near, far) = duplex(16 * 1_024);
    (Box::new(near), Box::new(far))
}

/// Two processes that meet: their clocks start at `START` and run with the runtime.
struct Meeting {
    rt: Runtime,
    clock: Clock,
}

impl Meeting {
    fn new() -> Self {
        let rt = Runtime::paused().unwrap();
        let clock = Clock::fixed(&rt, START);
        Self { rt, clock }
    }

    fn server(&self, seed: u8) -> ServerTls {
        ServerTls::new(identity(seed), &self.clock)
    }

    fn client(&self, seed: Option<u8>) -> ClientTls {
        ClientTls::new(seed.map(identity), &self.clock)
    }

    /// What each side makes of the other; the client expects the node of seed `expected`.
    fn shake(&self, server: &ServerTls, client: &ClientTls, expected: u8) -> Met {
        let (near, far) = wire();
        self.rt.block_on(async {
            let (accepted, connected) = tokio::join!(
                async {
                    let (mut stream, node) = server.accept(far).await?;
                    stream.read_exact(&mut [0]).await.unwrap();
                    stream.write_all(b"!").await.unwrap();
                    stream.shutdown().await.ok();
                    Ok((node, stream.get_ref().1.handshake_kind()))
                },
                async {
                    let mut stream = client.connect(near, keys(expected).id()).await?;
                    stream.write_all(b"?").await.ok();
                    stream.read_exact(&mut [0]).await.ok();
                    Ok(stream.get_ref().1.handshake_kind())
                }
            );
            Met {
                accepted,
                connected,
            }
        })
    }

    fn wait(&self, time: Duration) {
        self.rt.block_on(async { tokio::time::sleep(time).await });
    }
}

#[derive(Debug)]
struct Met {
    accepted: Result<(Option<NodeId>, Option<HandshakeKind>), HandshakeError>,
    connected: Result<Option<HandshakeKind>, HandshakeError>,
}

const FULL: Option<HandshakeKind> = Some(HandshakeKind::Full);

#[test]
fn a_node_is_known_by_its_key_and_a_client_by_none() {
    let meeting = Meeting::new();
    for (caller, known) in [(Some(2), Some(keys(2).id())), (None, None)] {
        let met = meeting.shake(&meeting.server(1), &meeting.client(caller), 1);
        assert_eq!(met.accepted, Ok((known, FULL)));
        assert_eq!(met.connected, Ok(FULL));
    }
}

#[test]
fn another_node_at_the_address_is_refused_before_anything_is_sent() {
    let meeting = Meeting::new();
    let met = meeting.shake(&meeting.server(3), &meeting.client(Some(2)), 1);
    let refused = HandshakeError::Certificate(CertificateRefused::OtherKey);
    assert_eq!(met.connected, Err(refused));
    assert!(
        matches!(met.accepted, Err(HandshakeError::Alert(_))),
        "{met:?}"
    );
}

#[test]
fn no_handshake_is_shortened_by_an_earlier_one() {
    let meeting = Meeting::new();
    let (server, client) = (meeting.server(1), meeting.client(Some(2)));
    for _ in 0..3 {
        let met = meeting.shake(&server, &client, 1);
        assert_eq!(met.accepted, Ok((Some(keys(2).id()), FULL)));
        assert_eq!(met.connected, Ok(FULL));
    }
    // A caller that would resume is given nothing to do it with.
    let again = odd::Odd::anonymous().calls_server(&meeting, &server, 3);
    assert_eq!(again, Ok((None, FULL)));
}

#[test]
fn certificates_are_remade_while_the_process_runs() {
    let meeting = Meeting::new();
    let (server, client) = (meeting.server(1), meeting.client(Some(2)));
    for day in 0..60 {
        let met = meeting.shake(&server, &client, 1);
        assert!(
            met.connected.is_ok() && met.accepted.is_ok(),
            "day {day}: {met:?}"
        );
        meeting.wait(DAY);
    }
}

#[test]
fn a_clock_wrong_by_hours_connects_and_one_wrong_by_days_does_not() {
    let meeting = Meeting::new();
    let certificate_time = |wrong: CertificateRefused| Err(HandshakeError::Certificate(wrong));
    let hours = 3_600_000;
    for (client_wall, expected) in [
        (START.before_ms(14 * hours), Ok(FULL)),
        (START.after_ms(14 * hours), Ok(FULL)),
        (
            START.before_ms(25 * hours),
            certificate_time(CertificateRefused::NotYetValid),
        ),
        (
            START.after_ms(8 * 24 * hours),
            certificate_time(CertificateRefused::Expired),
        ),
    ] {
        let clock = Clock::fixed(&meeting.rt, client_wall);
        let client = ClientTls::new(None, &clock);
        let met = meeting.shake(&meeting.server(1), &client, 1);
        assert_eq!(met.connected, expected);
    }
}
