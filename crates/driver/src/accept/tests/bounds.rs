//! How much requests may take, and that it is given back.

use leek_wire::{Refusal, Status};

use super::*;
use crate::dialer::Dialer;

const MIB: usize = 1_024 * 1_024;

fn busy() -> Outcome<Response> {
    Outcome::Refused(Refusal::new(Status::UNAVAILABLE, "busy"))
}

async fn call(dialer: &Dialer, at: NodeAddress, request: Request) -> Outcome<Response> {
    dialer.call(node(1).id(), at, request, site::LATE).await
}

fn bytes(n: usize) -> Request {
    Request::Cosign(vec![7; n])
}

#[test]
fn requests_under_way_are_bounded_for_each_network_and_in_all() {
    let site = Site::new(Limits {
        serving: 5,
        serving_per_prefix: 3,
        ..Limits::default()
    });
    site.run(async {
        let served = site.serve(1).await;
        let callers = [(7, 1), (7, 2), (8, 1)].map(|(n, h)| site.dialer(None, from(n, h)));
        let second = site::slow(Duration::from_secs(1));
        let ask = |caller: usize| {
            let (dialer, request) = (callers[caller].clone(), second.clone());
            tokio::spawn(async move { call(&dialer, served.at, request).await })
        };
        let first: Vec<_> = [0, 0, 1].map(ask).into();
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(ask(1).await.unwrap(), busy());
        assert_eq!(served.refused("prefix-serving"), 1);
        let others: Vec<_> = [2, 2].map(ask).into();
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(ask(2).await.unwrap(), busy());
        assert_eq!(served.refused("serving"), 1);
        for asked in first.into_iter().chain(others) {
            assert_eq!(
                asked.await.unwrap(),
                Outcome::Done(Response::Onion(Vec::new()))
            );
        }
        assert_eq!(
            ask(1).await.unwrap(),
            Outcome::Done(Response::Onion(Vec::new()))
        );
    });
}

#[test]
fn bytes_of_requests_are_bounded_for_each_network() {
    let site = Site::new(Limits {
        receiving_bytes_per_prefix: 3 * MIB,
        ..Limits::default().with_client_bytes_per_s(100 * MIB as u64)
    });
    site.run(async {
        let served = site.serve(1).await;
        let near = site.dialer(None, from(7, 1));
        let far = site.dialer(None, from(8, 1));
        for _ in 0..4 {
            // One after the other each has room, as what went before was given back.
            let Outcome::Done(Response::Onion(echo)) = call(&near, served.at, bytes(2 * MIB)).await
            else {
                panic!("a request within the bound was refused");
            };
            assert_eq!(echo.len(), 2 * MIB);
        }
        let request = bytes(2 * MIB);
        let (a, b, other) = tokio::join!(
            call(&near, served.at, request.clone()),
            call(&near, served.at, request.clone()),
            call(&far, served.at, request),
        );
        assert!(matches!(other, Outcome::Done(_)));
        let refused = [a, b].iter().filter(|outcome| **outcome == busy()).count();
        assert!(refused >= 1, "both at once are over the bound");
        assert!(served.refused("prefix-receiving-bytes") >= 1);
        assert!(matches!(
            call(&near, served.at, bytes(2 * MIB)).await,
            Outcome::Done(_)
        ));
    });
}

#[test]
fn a_request_over_the_size_limit_is_refused_and_the_connection_goes_on() {
    let site = Site::new(Limits {
        message_bytes: MIB,
        ..Limits::default()
    });
    site.run(async {
        let served = site.serve(1).await;
        let generous = Limits::default();
        let network: Arc<dyn Network> = Arc::new(site.network.clone());
        let dialer = Dialer::new(network, None, &site.clock, None, &generous);
        let outcome = call(&dialer, served.at, bytes(MIB + 1)).await;
        let Outcome::Refused(refusal) = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!(refusal.status, Status::BAD_REQUEST);
        let echo = call(&dialer, served.at, bytes(1_000)).await;
        assert_eq!(echo, Outcome::Done(Response::Onion(vec![7; 1_000])));
        assert_eq!(served.counts.at_present().opened, 1);
    });
}

#[test]
fn answers_not_yet_taken_are_bounded_for_each_network() {
    let site = Site::new(Limits {
        answering_bytes_per_prefix: site::BIG + MIB,
        ..Limits::default()
    });
    site.run(async {
        let served = site.serve(1).await;
        let near = site.dialer(None, from(7, 1));
        let far = site.dialer(None, from(8, 1));
        let mut stuck = hostile::Raw::connect(&site, &served, from(7, 2)).await;
        stuck.send_request(1, &site::big()).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(served.answered(), 1);
        // It reads nothing, so its answer is held, all of it: in the window it granted and before.
        assert_eq!(call(&near, served.at, site::big()).await, busy());
        assert_eq!(served.refused("prefix-answering-bytes"), 1);
        let small = call(&near, served.at, bytes(1_000)).await;
        assert!(matches!(small, Outcome::Done(_)));
        assert!(matches!(
            call(&far, served.at, site::big()).await,
            Outcome::Done(_)
        ));
        tokio::time::sleep(site.limits.response).await;
        assert_eq!(served.refused("answer-not-taken"), 1);
        assert!(matches!(
            call(&near, served.at, site::big()).await,
            Outcome::Done(_)
        ));
    });
}

#[test]
fn answers_that_were_taken_no_longer_count() {
    let site = Site::new(Limits {
        answering_bytes_per_prefix: site::BIG + MIB,
        ..Limits::default()
    });
    site.run(async {
        let served = site.serve(1).await;
        let dialer = site.dialer(None, from(7, 1));
        for _ in 0..5 {
            assert!(matches!(
                call(&dialer, served.at, site::big()).await,
                Outcome::Done(_)
            ));
            tokio::time::sleep(Duration::from_secs(30)).await;
        }
        let counts = served.counts.at_present();
        assert_eq!((counts.opened, counts.closed), (1, 0), "{counts:?}");
        assert!(counts.refused.is_empty(), "{counts:?}");
    });
}

fn too_fast() -> Outcome<Response> {
    let reason = "too many bytes from this network";
    Outcome::Refused(Refusal::new(Status::TOO_MANY_REQUESTS, reason))
}

fn metered() -> Site {
    Site::new(Limits {
        bytes_per_prefix_s: MIB as u64,
        byte_burst_per_prefix: 4 * MIB as u64,
        ..Limits::default()
    })
}

#[test]
fn clients_of_a_network_that_moved_too_many_bytes_wait_for_their_debt() {
    let site = metered();
    site.run(async {
        let served = site.serve(1).await;
        let near = site.dialer(None, from(7, 1));
        let next = site.dialer(None, from(7, 2));
        let far = site.dialer(None, from(8, 1));
        let node = site.dialer(Some(2), from(7, 3));
        let asked = |dialer: &Dialer, request: Request| {
            let dialer = dialer.clone();
            async move { call(&dialer, served.at, request).await }
        };
        // There and back: 6 MiB of a burst of 4, so 2 s of debt at 1 MiB/s.
        assert!(matches!(
            asked(&near, bytes(3 * MIB)).await,
            Outcome::Done(_)
        ));
        assert_eq!(asked(&near, bytes(1)).await, too_fast());
        assert_eq!(asked(&next, bytes(MIB)).await, too_fast());
        assert_eq!(served.refused("prefix-bytes"), 2);
        assert_eq!(served.answered(), 1, "the machine saw what was refused");
        assert!(matches!(asked(&far, bytes(MIB)).await, Outcome::Done(_)));
        for _ in 0..5 {
            // Nodes are exempt, wherever they are, and cost their network nothing.
            assert!(matches!(
                asked(&node, bytes(3 * MIB)).await,
                Outcome::Done(_)
            ));
        }
        tokio::time::sleep(Duration::from_millis(1_900)).await;
        assert_eq!(asked(&near, bytes(1)).await, too_fast());
        // The refused ones cost nothing either.
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(matches!(asked(&near, bytes(1)).await, Outcome::Done(_)));
        assert_eq!(served.refused("prefix-bytes"), 3);
        assert_eq!(
            served.counts.at_present().opened,
            4,
            "no connection was closed"
        );
    });
}

#[test]
fn answers_cost_as_requests_do_and_a_new_connection_does_not_help() {
    let site = metered();
    site.run(async {
        let served = site.serve(1).await;
        let mut served_at_once = 0;
        loop {
            let dialer = site.dialer(None, from(7, 1));
            match call(&dialer, served.at, site::big()).await {
                Outcome::Done(_) => served_at_once += 1,
                outcome => {
                    assert_eq!(outcome, too_fast());
                    break;
                }
            }
        }
        // 2 MB each: the third overdraws 4 MiB.
        assert_eq!(served_at_once, 3);
    });
}
