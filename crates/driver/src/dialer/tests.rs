//! Calls over real TLS and HTTP/2, on a network in memory and a paused clock.

use std::{sync::atomic::Ordering::Relaxed, time::Duration};

use leek_wire::{Outcome, Refusal, Request, Response, Status};
use tokio::time::{sleep, timeout};

use super::*;
use crate::{
    accept::tests::site::{self, Served, Site, from, node},
    network::{ByteStream, Pending},
    tls::{CertificateRefused, HandshakeError},
};

fn echo(text: &str) -> (Request, Outcome<Response>) {
    let bytes = text.as_bytes().to_vec();
    let request = Request::Announce(bytes.clone());
    (request, Outcome::Done(Response::Onion(bytes)))
}

async fn works(dialer: &Dialer, served: &Served) {
    let (request, expected) = echo("hello");
    let outcome = dialer
        .call(node(1).id(), served.at, request, site::SOON)
        .await;
    assert_eq!(outcome, expected);
}

fn opened(served: &Served) -> u64 {
    served.counts.at_present().opened
}

async fn error(dialer: &Dialer, served: &Served) -> DialError {
    let lease = dialer.lease(node(1).id(), served.at).await;
    lease.expect_err("the dial must fail")
}

#[test]
fn calls_share_one_connection() {
    let site = Site::new(Limits::default());
    site.run(async {
        let served = site.serve(1).await;
        let dialer = site.dialer(None, from(7, 1));
        let calls: Vec<_> = (0..50)
            .map(|i| {
                let dialer = dialer.clone();
                tokio::spawn(async move {
                    let (request, expected) = echo(&i.to_string());
                    let outcome = dialer.call(node(1).id(), served.at, request, site::SOON);
                    assert_eq!(outcome.await, expected);
                })
            })
            .collect();
        for call in calls {
            call.await.unwrap();
        }
        works(&dialer, &served).await;
        assert_eq!((opened(&served), dialer.peers()), (1, 1));
    });
}

#[test]
fn unused_and_old_connections_are_closed_and_replaced() {
    let site = Site::new(Limits {
        pool_idle: Duration::from_secs(120),
        pool_age: Duration::from_secs(400),
        ..Limits::default()
    });
    site.run(async {
        let served = site.serve(1).await;
        let dialer = site.dialer(None, from(7, 1));
        works(&dialer, &served).await;
        sleep(Duration::from_secs(119)).await;
        works(&dialer, &served).await;
        sleep(Duration::from_secs(119)).await;
        assert_eq!((opened(&served), dialer.peers()), (1, 1));
        sleep(Duration::from_secs(2)).await;
        assert_eq!((served.counts.at_present().closed, dialer.peers()), (1, 0));

        for _ in 0..6 {
            works(&dialer, &served).await;
            sleep(Duration::from_secs(90)).await;
        }
        let counts = served.counts.at_present();
        assert_eq!((counts.opened, counts.closed), (3, 2));
        assert!(
            counts.refused.is_empty(),
            "it is the caller who closes: {counts:?}"
        );
    });
}

#[test]
fn a_call_outlives_the_age_of_its_connection() {
    let site = Site::new(Limits {
        pool_age: Duration::from_secs(5),
        ..Limits::default()
    });
    site.run(async {
        let served = site.serve(1).await;
        let dialer = site.dialer(None, from(7, 1));
        let slow = site::slow(Duration::from_secs(20));
        let outcome = dialer.call(node(1).id(), served.at, slow, site::LATE).await;
        assert_eq!(outcome, Outcome::Done(Response::Onion(Vec::new())));
        sleep(Duration::from_millis(1)).await;
        assert_eq!(served.counts.at_present().closed, 1);
    });
}

#[test]
fn the_pool_is_bounded_and_gives_up_who_was_left_alone_longest() {
    let site = Site::new(Limits {
        pool: 2,
        ..Limits::default()
    });
    site.run(async {
        let (a, b, c) = (
            site.serve(1).await,
            site.serve(2).await,
            site.serve(3).await,
        );
        let dialer = site.dialer(None, from(7, 1));
        let call = async |seed: u8, served: &Served| {
            let (request, expected) = echo("hello");
            let outcome = dialer
                .call(node(seed).id(), served.at, request, site::SOON)
                .await;
            assert_eq!(outcome, expected);
            sleep(Duration::from_millis(1)).await;
        };
        call(1, &a).await;
        call(2, &b).await;
        call(1, &a).await;
        call(3, &c).await;
        assert_eq!(dialer.peers(), 2);
        let closed = [&a, &b, &c].map(|served| served.counts.at_present().closed);
        assert_eq!(closed, [0, 1, 0]);

        // Those with calls under way are not given up.
        let hold = |seed: u8, served: &Served| {
            let (dialer, at) = (dialer.clone(), served.at);
            tokio::spawn(async move {
                let slow = site::slow(Duration::from_secs(1));
                dialer.call(node(seed).id(), at, slow, site::SOON).await
            })
        };
        let held = [hold(1, &a), hold(3, &c)];
        sleep(Duration::from_millis(1)).await;
        let (request, _) = echo("too many");
        let refused = dialer.call(node(2).id(), b.at, request, site::SOON).await;
        assert_eq!(refused, Outcome::Refused(Refusal::busy()));
        for call in held {
            assert_eq!(
                call.await.unwrap(),
                Outcome::Done(Response::Onion(Vec::new()))
            );
        }
    });
}

#[test]
fn calls_under_way_are_bounded_for_each_peer_and_in_all() {
    let site = Site::new(Limits {
        calls: 5,
        calls_per_peer: 3,
        ..Limits::default()
    });
    site.run(async {
        let (a, b) = (site.serve(1).await, site.serve(2).await);
        let dialer = site.dialer(None, from(7, 1));
        let ask = |seed: u8, served: &Served| {
            let (dialer, at) = (dialer.clone(), served.at);
            tokio::spawn(async move {
                let slow = site::slow(Duration::from_secs(1));
                dialer.call(node(seed).id(), at, slow, site::SOON).await
            })
        };
        let done = Outcome::Done(Response::Onion(Vec::new()));
        let busy = Outcome::Refused(Refusal::busy());
        let calls: Vec<_> = (0..4).map(|_| ask(1, &a)).collect();
        sleep(Duration::from_millis(1)).await;
        let others: Vec<_> = (0..3).map(|_| ask(2, &b)).collect();
        let mut outcomes = Vec::new();
        for call in calls.into_iter().chain(others) {
            outcomes.push(call.await.unwrap());
        }
        let expected = [&done, &done, &done, &busy, &done, &done, &busy];
        assert_eq!(outcomes.iter().collect::<Vec<_>>(), expected);
        works(&dialer, &a).await;
    });
}

#[test]
fn a_peer_that_cannot_be_reached_rests_longer_each_time() {
    let site = Site::new(Limits {
        dial_backoff: Duration::from_millis(200),
        dial_backoff_max: Duration::from_secs(1),
        ..Limits::default()
    });
    site.run(async {
        let mut served = site.serve(1).await;
        let dialer = site.dialer(None, from(7, 1));
        works(&dialer, &served).await;
        served.stop();
        served.ended().await;
        let refused = DialError::Connect(std::io::ErrorKind::ConnectionRefused);
        for pause_ms in [200, 400, 800, 1_000, 1_000] {
            assert_eq!(error(&dialer, &served).await, refused);
            sleep(Duration::from_millis(pause_ms - 1)).await;
            assert_eq!(error(&dialer, &served).await, DialError::Resting);
            sleep(Duration::from_millis(1)).await;
        }
        let listener = site.network.listen(served.at).await.unwrap();
        let served = site.serve_on(1, listener);
        works(&dialer, &served).await;
    });
}

#[test]
fn a_wrong_node_at_the_address_is_not_asked() {
    let site = Site::new(Limits::default());
    site.run(async {
        let served = site.serve(2).await;
        let dialer = site.dialer(None, from(7, 1));
        let wrong = HandshakeError::Certificate(CertificateRefused::OtherKey);
        assert_eq!(error(&dialer, &served).await, DialError::Handshake(wrong));
        let (request, _) = echo("secret");
        let outcome = dialer
            .call(node(1).id(), served.at, request, site::SOON)
            .await;
        assert_eq!(outcome, Outcome::Lost);
        assert!(served.seen().is_empty());
    });
}

#[test]
fn a_peer_that_closes_what_it_accepted_rests() {
    let site = Site::new(Limits {
        connections_per_address: 1,
        ..Limits::default()
    });
    site.run(async {
        let served = site.serve(1).await;
        let first = site.dialer(None, from(7, 1));
        works(&first, &served).await;
        let second = site.dialer(None, from(7, 1));
        let closed = error(&second, &served).await;
        assert!(
            matches!(closed, DialError::Handshake(HandshakeError::Broken(_))),
            "{closed}"
        );
        assert_eq!(error(&second, &served).await, DialError::Resting);
        assert_eq!(served.refused("address-full"), 1);
    });
}

/// The node's clock is a day behind ours: it refuses our certificate, which TLS 1.3 lets us notice
/// only after our own handshake has succeeded.
#[test]
fn a_peer_that_will_not_have_us_rests_too() {
    let site = Site::new(Limits::default());
    site.run(async {
        let served = site.serve(1).await;
        let network: Arc<dyn Network> = Arc::new(site.network.clone());
        let us = Arc::new(Identity::new(node(2), &leek_crypto::fast()));
        let clock = site.clock_ahead(26);
        let dialer = Dialer::new(network, Some(us), &clock, None, &site.limits);
        for failed in 1..=3 {
            let (request, _) = echo("hello");
            let outcome = dialer
                .call(node(1).id(), served.at, request, site::SOON)
                .await;
            assert_eq!(outcome, Outcome::Lost);
            sleep(Duration::from_millis(1)).await;
            assert_eq!(served.refused("certificate-time"), failed);
            assert_eq!(error(&dialer, &served).await, DialError::Resting);
            sleep(site.limits.dial_backoff_max).await;
        }
        assert_eq!(opened(&served), 0);
    });
}

#[test]
fn a_moved_node_is_found_at_its_new_address() {
    let site = Site::new(Limits::default());
    site.run(async {
        let (old, new) = (site.serve(1).await, site.serve(1).await);
        assert_ne!(old.at, new.at);
        let dialer = site.dialer(None, from(7, 1));
        works(&dialer, &old).await;
        works(&dialer, &new).await;
        sleep(Duration::from_millis(1)).await;
        assert_eq!((dialer.peers(), old.counts.at_present().closed), (1, 1));
    });
}

#[test]
fn a_late_answer_is_lost_and_the_connection_stays_while_others_are_answered() {
    let site = Site::new(Limits::default());
    site.run(async {
        let served = site.serve(1).await;
        let dialer = site.dialer(None, from(7, 1));
        let second = Duration::from_secs(1);
        let slow = dialer.call(node(1).id(), served.at, site::slow(4 * second), second);
        let (outcome, ()) = tokio::join!(slow, async {
            sleep(second / 2).await;
            works(&dialer, &served).await;
        });
        assert_eq!(outcome, Outcome::Lost);
        works(&dialer, &served).await;
        assert_eq!(opened(&served), 1);
        // Alone, silence counts against the connection.
        let slow = dialer.call(node(1).id(), served.at, site::slow(4 * second), second);
        assert_eq!(slow.await, Outcome::Lost);
        works(&dialer, &served).await;
        assert_eq!(opened(&served), 2);
    });
}

#[test]
fn an_answer_over_the_limit_is_refused_by_the_caller() {
    let site = Site::new(Limits {
        message_bytes: site::BIG / 2,
        ..Limits::default()
    });
    site.run(async {
        let served = site.serve(1).await;
        let dialer = site.dialer(None, from(7, 1));
        let outcome = dialer
            .call(node(1).id(), served.at, site::big(), site::SOON)
            .await;
        let Outcome::Refused(refusal) = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!(refusal.status, Status::BAD_REQUEST);
        works(&dialer, &served).await;
    });
}

#[test]
fn answers_on_their_way_in_are_bounded() {
    let site = Site::new(Limits {
        reply_bytes: site::BIG * 3,
        reply_bytes_per_peer: site::BIG * 3 / 2,
        ..Limits::default()
    });
    site.run(async {
        let (a, b) = (site.serve(1).await, site.serve(2).await);
        let dialer = site.dialer(None, from(7, 1));
        let big = |seed: u8, served: &Served| {
            let at = served.at;
            let dialer = &dialer;
            async move {
                dialer
                    .call(node(seed).id(), at, site::big(), site::SOON)
                    .await
            }
        };
        // One after the other there is room for each.
        for _ in 0..3 {
            assert!(matches!(big(1, &a).await, Outcome::Done(_)));
        }
        let (first, second, other) = tokio::join!(big(1, &a), big(1, &a), big(2, &b));
        let lost = [&first, &second].map(|outcome| *outcome == Outcome::Lost);
        assert!(lost.contains(&true), "two at once pass the peer's bound");
        assert!(
            matches!(other, Outcome::Done(_)),
            "the other peer has its own"
        );
        assert_eq!(dialer.0.incoming.load(Relaxed), 0);
        works(&dialer, &a).await;
    });
}

#[test]
fn connections_close_with_the_last_handle() {
    let site = Site::new(Limits::default());
    site.run(async {
        let served = site.serve(1).await;
        let dialer = site.dialer(None, from(7, 1));
        works(&dialer, &served).await;
        drop(dialer.clone());
        sleep(Duration::from_millis(1)).await;
        assert_eq!(served.counts.at_present().closed, 0);
        drop(dialer);
        sleep(Duration::from_millis(1)).await;
        assert_eq!(served.counts.at_present().closed, 1);
    });
}

/// A network on which nothing ever comes back.
#[derive(Debug)]
struct Hole;

impl Network for Hole {
    fn listen(&self, _at: NodeAddress) -> Pending<'_, Box<dyn crate::Listener>> {
        Box::pin(std::future::pending())
    }

    fn connect(&self, _from: Option<Ipv4Addr>, _to: NodeAddress) -> Pending<'_, ByteStream> {
        Box::pin(std::future::pending())
    }
}

#[test]
fn a_dial_ends_in_its_time_even_when_its_caller_has_gone() {
    let site = Site::new(Limits::default());
    site.run(async {
        let limits = &site.limits;
        let dialer = Dialer::new(Arc::new(Hole), None, &site.clock, None, limits);
        let at = NodeAddress {
            ip: Ipv4Addr::LOCALHOST,
            port: 1,
        };
        let lease = || dialer.lease(node(1).id(), at);
        let began = Instant::now();
        assert!(timeout(limits.dial_timeout / 2, lease()).await.is_err());
        assert_eq!(lease().await.err(), Some(DialError::Timeout));
        assert_eq!(began.elapsed(), limits.dial_timeout);
        assert_eq!(lease().await.err(), Some(DialError::Resting));
        assert_eq!(dialer.0.calls.available_permits(), limits.calls);
    });
}
