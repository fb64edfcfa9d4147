//! Bytes that no honest peer sends, over a real connection between a caller and a host.

use std::{net::Ipv4Addr, sync::Arc, time::Duration};

use bytes::Bytes;
use leek_crypto::pure;
use leek_identity::{NodeAddress, NodeKeys};
use leek_machine::{Cx, Machine, Tick, Wall};
use leek_wire::{Input, Outcome, Output, Refusal, Request, Response, Status, encode_request};
use tonic::{
    Code,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
};

use super::*;
use crate::{
    Clock, Host, HostConfig, Identity, Limits, Memory, NoStorage, Runtime, SystemEntropy,
    dialer::Dialer, host, refusal,
};

/// Answers every announcement with its own bytes.
#[derive(Default)]
struct Parrot(Vec<Output>);

impl Machine for Parrot {
    type Input = Input;
    type Output = Output;
    type View<'v> = ();
    type Prep = ();

    fn prepare((): &(), input: Input) -> Input {
        input
    }

    fn handle(&mut self, _: &mut Cx<'_, ()>, input: Input) {
        if let Input::Request { call, body, .. } = input {
            let Request::Announce(bytes) = body else {
                panic!("nobody asks that here");
            };
            let body = Ok(Response::Cosigned(bytes));
            let after = None;
            self.0.push(Output::Answer { call, after, body });
        }
    }

    fn handle_timeout(&mut self, _: &mut Cx<'_, ()>) {}

    fn poll_output(&mut self) -> Option<Output> {
        self.0.pop()
    }

    fn poll_timeout(&self) -> Option<(Tick, &'static str)> {
        None
    }
}

/// Passes bytes on as they are.
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = tonic::Status;

    fn encode(&mut self, item: Bytes, dst: &mut EncodeBuf<'_>) -> Result<(), tonic::Status> {
        dst.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = tonic::Status;

    fn decode(&mut self, src: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, tonic::Status> {
        Ok(Some(src.copy_to_bytes(src.remaining())))
    }
}

struct World {
    rt: Runtime,
    dialer: Dialer,
    host: Host<Parrot>,
    keys: Arc<NodeKeys>,
}

impl World {
    fn new(limits: Limits) -> Self {
        let rt = Runtime::paused().unwrap();
        let clock = Clock::fixed(&rt, Wall::from_ms(1_800_000_000_000));
        let network = Arc::new(Memory::default());
        let keys = Arc::new(NodeKeys::from_seed([5; 32]));
        let ip = Ipv4Addr::new(127, 0, 5, 1);
        let config = HostConfig {
            role: "parrot",
            network: network.clone(),
            listen: Some(NodeAddress { ip, port: 0 }),
            source: None,
            identity: Some(Arc::new(Identity::new(Arc::clone(&keys), &pure()))),
            clock: clock.clone(),
            limits,
            group_commit: Duration::ZERO,
            own_thread: false,
        };
        let entropy = Box::new(SystemEntropy::new().unwrap());
        let events = Box::new(|_, _| {});
        let host = host(
            &rt,
            config,
            Parrot::default(),
            Arc::new(()),
            NoStorage,
            entropy,
            events,
        )
        .unwrap();
        let dialer = Dialer::new(network, None, &clock, None, &Limits::default());
        Self {
            rt,
            dialer,
            host,
            keys,
        }
    }

    /// Sends bytes as a request, to any path.
    fn send(&self, path: &'static str, bytes: Vec<u8>) -> Result<Bytes, tonic::Status> {
        self.rt.block_on(async {
            let at = self.host.address().unwrap();
            let lease = self.dialer.lease(self.keys.id(), at).await.unwrap();
            let origin = http::Uri::from_static("https://leek");
            let mut grpc = Grpc::with_origin(lease, origin).max_decoding_message_size(1 << 30);
            grpc.ready().await.unwrap();
            let path = http::uri::PathAndQuery::from_static(path);
            let request = tonic::Request::new(Bytes::from(bytes));
            let response = grpc.unary(request, path, Raw).await?;
            Ok(response.into_inner())
        })
    }

    fn call(&self, bytes: Vec<u8>) -> Result<Bytes, tonic::Status> {
        self.send("/leek.rpc.v1.Peer/Call", bytes)
    }
}

#[test]
fn bytes_of_ours_are_what_the_wire_crate_writes() {
    let world = World::new(Limits::default());
    let answer = world
        .call(encode_request(&Request::Announce(vec![1, 2, 3])))
        .unwrap();
    assert_eq!(
        answer,
        leek_wire::encode_response(&Response::Cosigned(vec![1, 2, 3]))
    );
}

/// The kind of the problem comes back, and no byte of what was sent.
#[test]
fn a_malformed_request_is_an_invalid_argument() {
    let world = World::new(Limits::default());
    let cases: [(&[u8], &str); 4] = [
        (b"", "field missing"),
        (b"\xff\xff\xff\xff", "malformed protobuf"),
        (b"\x0a\x07secrets", "malformed protobuf"),
        (b"\x08\x01", "wrong wire type"),
    ];
    for (bytes, problem) in cases {
        let status = world.call(bytes.to_vec()).unwrap_err();
        assert_eq!(
            (status.code(), status.message()),
            (Code::InvalidArgument, problem),
            "{bytes:?}"
        );
        let refusal = Refusal::new(Status::BAD_REQUEST, problem);
        assert_eq!(refusal::to_outcome(&status), Outcome::Refused(refusal));
    }
    assert_eq!(world.host.ended(), None);
    world
        .call(encode_request(&Request::Announce(Vec::new())))
        .unwrap();
}

#[test]
fn another_method_is_refused() {
    let world = World::new(Limits::default());
    let status = world
        .send("/leek.rpc.v1.Peer/Talk", Vec::new())
        .unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
}

/// Exactly the limit passes, one byte more does not, in both directions.
#[test]
fn messages_are_bounded_both_ways() {
    let bytes_max = 1_000;
    let limits = Limits {
        message_bytes: bytes_max,
        ..Limits::default()
    };
    let world = World::new(limits);
    // 3 bytes of framing: the field's tag and a length of two bytes.
    let fits = encode_request(&Request::Announce(vec![9; bytes_max - 3]));
    assert_eq!(fits.len(), bytes_max);
    assert_eq!(world.call(fits).unwrap().len(), bytes_max);
    let status = world
        .call(encode_request(&Request::Announce(vec![9; bytes_max - 2])))
        .unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange);
    let Outcome::Refused(refusal) = refusal::to_outcome(&status) else {
        panic!("asking again cannot help");
    };
    assert_eq!(refusal, Refusal::new(Status::BAD_REQUEST, "too large"));
}

#[test]
fn a_malformed_answer_is_the_peers_fault_and_lost() {
    let error = Response::decode(b"\xff").unwrap_err();
    let status = Response::malformed(&error);
    assert_eq!(refusal::to_outcome(&status), Outcome::Lost);
}
