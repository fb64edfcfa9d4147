//! Who is slow is cut, and when.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{body::Frame, client::conn::http2::SendRequest};
use tokio::io::AsyncWriteExt;
use tonic::body::Body;

use super::*;

async fn after(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

#[test]
fn a_handshake_has_its_time_however_it_is_spent() {
    let site = Site::new(Limits::default());
    site.run(async {
        let served = site.serve(1).await;
        let connect = || site.network.connect(Some(from(7, 1)), served.at);
        let mut silent = connect().await.unwrap();
        let mut trickle = connect().await.unwrap();
        let began = Instant::now();
        let drip = async {
            // A TLS record of 512 bytes, one byte a second.
            trickle.write_all(&[22, 3, 1, 2, 0, 1]).await.unwrap();
            while trickle.write_all(&[0]).await.is_ok() {
                after(1).await;
            }
            began.elapsed()
        };
        let hush = async {
            assert_eq!(silent.read(&mut [0]).await.unwrap(), 0);
            began.elapsed()
        };
        let (dripped, hushed) = tokio::join!(drip, hush);
        assert_eq!(hushed, site.limits.handshake_timeout);
        assert!(dripped <= site.limits.handshake_timeout + Duration::from_secs(1));
        assert_eq!(served.refused("timeout"), 2);
    });
}

#[test]
fn a_connection_without_a_request_is_cut() {
    let site = Site::new(Limits::default());
    site.run(async {
        let served = site.serve(1).await;
        let dialer = site.dialer(None, from(7, 1));
        let held = dialer.connect(node(1).id(), served.at).await.unwrap();
        after(9).await;
        assert!(!held.is_closed());
        after(2).await;
        assert!(held.is_closed());
        assert_eq!(served.refused("no-request"), 1);
        assert_eq!(served.counts.at_present().closed, 1);
    });
}

fn request(body: Body) -> http::Request<Body> {
    let head = http::Request::post("https://leek/leek.rpc.v1.Peer/Call");
    head.header("content-type", "application/grpc")
        .body(body)
        .unwrap()
}

fn message(request: &Request) -> Body {
    let mut message = vec![0; 5];
    leek_wire::encode_request_into(request, &mut message);
    message[4] = u8::try_from(message.len() - 5).unwrap();
    Body::new(Full::new(Bytes::from(message)))
}

/// A gRPC message around bytes that are no request: refused, and so a complete exchange.
async fn ask(sender: &mut SendRequest<Body>) -> u16 {
    let message = Full::new(Bytes::from_static(&[0, 0, 0, 0, 1, 255]));
    let response = sender
        .send_request(request(Body::new(message)))
        .await
        .unwrap();
    let status = tonic::Status::from_header_map(response.headers());
    response.into_body().collect().await.unwrap();
    u16::from_be_bytes(status.unwrap().details().try_into().unwrap())
}

#[test]
fn an_idle_connection_is_cut_after_its_time() {
    let site = Site::new(Limits::default());
    site.run(async {
        let served = site.serve(1).await;
        let dialer = site.dialer(None, from(7, 1));
        let mut held = dialer.connect(node(1).id(), served.at).await.unwrap();
        for _ in 0..3 {
            assert_eq!(ask(&mut held).await, 400);
            after(299).await;
            assert!(!held.is_closed());
        }
        assert_eq!(ask(&mut held).await, 400);
        after(301).await;
        assert!(held.is_closed());
        assert_eq!(served.refused("idle"), 1);
    });
}

#[test]
fn a_body_that_does_not_come_ends_its_request_and_nothing_else() {
    let site = Site::new(Limits::default());
    site.run(async {
        let served = site.serve(1).await;
        let dialer = site.dialer(None, from(7, 1));
        let mut held = dialer.connect(node(1).id(), served.at).await.unwrap();
        let (sender, body) = slow_body();
        let began = Instant::now();
        let response = held.send_request(request(body)).await.unwrap();
        assert_eq!(began.elapsed(), site.limits.request_body);
        let status = tonic::Status::from_header_map(response.headers()).unwrap();
        assert_eq!(status.code(), tonic::Code::DeadlineExceeded);
        assert_eq!(served.refused("slow-body"), 1);
        drop(sender);
        assert_eq!(ask(&mut held).await, 400);
        assert_eq!(served.answered(), 0);
    });
}

/// A body whose length is announced as 1,000 bytes, and of which the sender decides.
fn slow_body() -> (Sender<Bytes>, Body) {
    let (sender, frames) = channel(4);
    sender
        .try_send(Bytes::from_static(&[0, 0, 0, 3, 232]))
        .unwrap();
    (sender, Body::new(Frames(frames)))
}

struct Frames(Receiver<Bytes>);

impl hyper::body::Body for Frames {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.0
            .poll_recv(cx)
            .map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}

#[test]
fn an_answer_that_nobody_takes_ends_its_connection() {
    let site = Site::new(Limits::default());
    site.run(async {
        let served = site.serve(1).await;
        let dialer = site.dialer(None, from(7, 1));
        let mut held = dialer.connect(node(1).id(), served.at).await.unwrap();
        let answer = held
            .send_request(request(message(&site::big())))
            .await
            .unwrap();
        tokio::time::sleep(site.limits.response - Duration::from_secs(1)).await;
        assert!(!held.is_closed());
        after(2).await;
        assert!(held.is_closed());
        assert_eq!(served.refused("answer-not-taken"), 1);
        drop(answer);
    });
}

#[test]
fn a_service_that_does_not_answer_is_given_up() {
    let site = Site::new(Limits::default());
    site.run(async {
        let served = site.serve(1).await;
        let dialer = site.dialer(None, from(7, 1));
        let began = Instant::now();
        let never = site::slow(site::LATE);
        let outcome = dialer
            .call(node(1).id(), served.at, never, site::LATE)
            .await;
        assert_eq!(outcome, Outcome::Lost);
        assert_eq!(began.elapsed(), site.limits.request);
    });
}

#[test]
fn an_old_connection_announces_its_end_and_one_that_stays_is_cut() {
    let site = Site::new(Limits {
        connection_age: Duration::from_secs(100),
        connection_age_grace: Duration::from_secs(20),
        idle: Duration::from_secs(10_000),
        request: Duration::from_secs(10_000),
        ..Limits::default()
    });
    site.run(async {
        let served = site.serve(1).await;
        let dialer = site.dialer(None, from(7, 1));
        let connect = || dialer.connect(node(1).id(), served.at);
        let (mut idle, mut busy) = (connect().await.unwrap(), connect().await.unwrap());
        assert_eq!(ask(&mut idle).await, 400);
        let hour = site::slow(Duration::from_secs(3_600));
        let asked = tokio::spawn(busy.send_request(request(message(&hour))));
        after(99).await;
        assert!(!idle.is_closed());
        after(2).await;
        assert!(idle.is_closed());
        assert!(!asked.is_finished());
        after(20).await;
        assert!(asked.await.unwrap().is_err());
        assert_eq!(served.refused("age"), 1);
    });
}

#[test]
fn pings_do_not_keep_a_connection() {
    let site = Site::new(Limits {
        keep_alive: Duration::from_secs(2),
        ..Limits::default()
    });
    site.run(async {
        let served = site.serve(1).await;
        let dialer = site.dialer(None, from(7, 1));
        let held = dialer.connect(node(1).id(), served.at).await.unwrap();
        after(11).await;
        assert!(held.is_closed());
        assert_eq!(served.refused("no-request"), 1);
    });
}
