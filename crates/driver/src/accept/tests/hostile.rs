//! HTTP/2 frame by frame, as no honest peer sends it (reliability spec S26).

use std::net::Ipv4Addr;

use tokio::io::AsyncWriteExt;
use tokio_rustls::client::TlsStream;

use super::{site::Served, *};
use crate::tls::ClientTls;

/// Frame types and flags (RFC 9113 6).
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// A connection whose frames the test writes.
pub(super) struct Raw(TlsStream<ByteStream>);

impl Raw {
    /// Connects and grants the server every window there is.
    pub(super) async fn connect(site: &Site, served: &Served, source: Ipv4Addr) -> Self {
        let stream = site.network.connect(Some(source), served.at).await.unwrap();
        let tls = ClientTls::new(None, &site.clock);
        let mut raw = Self(tls.connect(stream, node(1).id()).await.unwrap());
        let mut hello = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        // SETTINGS_INITIAL_WINDOW_SIZE, the largest.
        hello.extend(frame(SETTINGS, 0, 0, &[0, 4, 0x7f, 0xff, 0xff, 0xff]));
        hello.extend(frame(WINDOW_UPDATE, 0, 0, &0x7ffe_0000_u32.to_be_bytes()));
        hello.extend(frame(SETTINGS, 1, 0, &[]));
        raw.send(&hello).await;
        raw
    }

    /// False once the server has closed.
    async fn send(&mut self, bytes: &[u8]) -> bool {
        self.0.write_all(bytes).await.is_ok() && self.0.flush().await.is_ok()
    }

    pub(super) async fn send_request(&mut self, stream: u32, request: &Request) {
        let mut message = vec![0; 5];
        leek_wire::encode_request_into(request, &mut message);
        message[4] = u8::try_from(message.len() - 5).unwrap();
        let mut bytes = frame(HEADERS, END_HEADERS, stream, &head());
        bytes.extend(frame(DATA, END_STREAM, stream, &message));
        self.send(&bytes).await;
    }

    /// Types and payloads of the frames until the server closes.
    async fn frames(&mut self) -> Vec<(u8, Vec<u8>)> {
        let mut bytes = Vec::new();
        self.0.read_to_end(&mut bytes).await.ok();
        let mut rest = bytes.as_slice();
        let mut frames = Vec::new();
        while let [a, b, c, kind, _, _, _, _, _, after @ ..] = rest {
            let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
            let Some((payload, after)) = after.split_at_checked(length) else {
                break;
            };
            frames.push((*kind, payload.to_vec()));
            rest = after;
        }
        frames
    }

    /// The error code that the server gave for closing (RFC 9113 7).
    async fn closed_for(&mut self) -> Option<u32> {
        let frames = self.frames().await;
        let (_, payload) = frames.into_iter().rfind(|(kind, _)| *kind == GOAWAY)?;
        Some(u32::from_be_bytes(payload[4..8].try_into().unwrap()))
    }
}

/// Error codes (RFC 9113 7).
const FRAME_SIZE_ERROR: u32 = 6;
const ENHANCE_YOUR_CALM: u32 = 11;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// The head of a call in HPACK (RFC 7541), without the dynamic table or Huffman's code.
fn head() -> Vec<u8> {
    let literal = |name: &[u8], value: &[u8]| {
        let length = u8::try_from(value.len()).unwrap();
        [name, &[length], value].concat()
    };
    [
        vec![0x83, 0x87],
        literal(&[4], b"/leek.rpc.v1.Peer/Call"),
        literal(&[1], b"leek"),
        literal(&[0x0f, 0x10], b"application/grpc"),
        literal(&[0, 2, b't', b'e'], b"trailers"),
    ]
    .concat()
}

/// What an attack came to, and what we cut for which reason, while an honest caller went on.
fn attacked<T>(attack: impl AsyncFnOnce(&mut Raw) -> T) -> (T, Vec<&'static str>) {
    // The raw side answers no pings, and is not to be cut for that.
    let site = Site::new(Limits {
        keep_alive: Duration::from_secs(3_600),
        ..Limits::default()
    });
    site.run(async {
        let served = site.serve(1).await;
        let honest = site.dialer(None, from(7, 1));
        let mut raw = Raw::connect(&site, &served, from(66, 1)).await;
        let began = Instant::now();
        let outcome = attack(&mut raw).await;
        assert!(
            began.elapsed() < site.limits.connection_age,
            "cut by what it did"
        );
        let echo = Request::Announce(b"still here".to_vec());
        let answer = honest.call(node(1).id(), served.at, echo, site::SOON).await;
        assert_eq!(
            answer,
            Outcome::Done(Response::Onion(b"still here".to_vec()))
        );
        let refused = served.counts.at_present().refused;
        (outcome, refused.into_keys().collect())
    })
}

#[test]
fn an_ordinary_exchange_of_frames_is_answered() {
    let (frames, refused) = attacked(async |raw| {
        raw.send_request(1, &Request::Announce(b"hello".to_vec()))
            .await;
        raw.frames().await
    });
    let mut data = frames.iter().filter(|(kind, _)| *kind == DATA);
    assert!(
        data.any(|(_, bytes)| bytes.ends_with(b"hello")),
        "{frames:?}"
    );
    assert_eq!(refused, ["idle"]);
}

#[test]
fn rapid_reset() {
    let (code, refused) = attacked(async |raw| {
        let mut bytes = Vec::new();
        for stream in (1..2_000).step_by(2) {
            bytes.extend(frame(HEADERS, END_HEADERS, stream, &head()));
            bytes.extend(frame(RST_STREAM, 0, stream, &[0, 0, 0, 8]));
        }
        raw.send(&bytes).await;
        raw.closed_for().await
    });
    assert_eq!(code, Some(ENHANCE_YOUR_CALM));
    assert!(refused.is_empty(), "{refused:?}");
}

#[test]
fn resets_that_we_are_made_to_send() {
    let (code, refused) = attacked(async |raw| {
        let mut bytes = Vec::new();
        for stream in (1..2_000).step_by(2) {
            bytes.extend(frame(HEADERS, END_HEADERS, stream, &head()));
            // The window is the largest already: an error of the stream (RFC 9113 6.9.1).
            bytes.extend(frame(WINDOW_UPDATE, 0, stream, &[0, 0, 0, 1]));
        }
        raw.send(&bytes).await;
        raw.closed_for().await
    });
    assert_eq!(code, Some(ENHANCE_YOUR_CALM));
    assert!(refused.is_empty(), "{refused:?}");
}

#[test]
fn headers_without_end() {
    let (code, refused) = attacked(async |raw| {
        raw.send(&frame(HEADERS, 0, 1, &head())).await;
        // A header of 1,000 bytes in each frame.
        let mut header = vec![0, 1, b'x', 0x7f, 0xe9, 6];
        header.extend([b'y'; 1_000]);
        for _ in 0..10_000 {
            if !raw.send(&frame(CONTINUATION, 0, 1, &header)).await {
                break;
            }
        }
        raw.closed_for().await
    });
    assert_eq!(code, Some(ENHANCE_YOUR_CALM));
    assert!(refused.is_empty(), "{refused:?}");
}

#[test]
fn empty_frames_of_data() {
    let (code, refused) = attacked(async |raw| {
        raw.send(&frame(HEADERS, END_HEADERS, 1, &head())).await;
        let empty = frame(DATA, 0, 1, &[]).repeat(1_000);
        let mut sent = 0_u32;
        while sent < 1_000 && raw.send(&empty).await {
            sent += 1;
        }
        assert!(sent < 1_000, "a million empty frames were taken");
        raw.closed_for().await
    });
    assert_eq!((code, &*refused), (Some(ENHANCE_YOUR_CALM), &[][..]));
}

#[test]
fn a_window_that_stays_shut() {
    let (code, refused) = attacked(async |raw| {
        // SETTINGS_INITIAL_WINDOW_SIZE of zero.
        raw.send(&frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0])).await;
        for stream in (1..100).step_by(2) {
            raw.send_request(stream, &Request::Announce(vec![1])).await;
        }
        raw.closed_for().await
    });
    assert_eq!((code, &*refused), (None, &["answer-not-taken"][..]));
}

#[test]
fn pings_alone() {
    let (code, refused) = attacked(async |raw| {
        let pings = frame(PING, 0, 0, &[0; 8]).repeat(100);
        // The answers are not read, so our reading stops, and the time for a request runs out.
        for _ in 0..10_000 {
            if !raw.send(&pings).await {
                break;
            }
        }
        raw.closed_for().await
    });
    assert_eq!((code, &*refused), (None, &["no-request"][..]));
}

#[test]
fn not_http_2_at_all() {
    let (code, refused) = attacked(async |raw| {
        raw.send(b"GET / HTTP/1.1\r\nhost: leek\r\n\r\n").await;
        raw.closed_for().await
    });
    assert_eq!((code, &*refused), (Some(FRAME_SIZE_ERROR), &[][..]));
}
