//! A real server behind the acceptor, on a network in memory and a paused clock.

mod bounds;
mod hostile;
pub(crate) mod site;
mod times;

use std::time::Duration;

use leek_wire::{Outcome, Request, Response};
use tokio::{io::AsyncReadExt, time::Instant};

use self::site::{Site, client, from, node};
use super::*;
use crate::{Network, dialer::Dialer};

#[test]
fn the_service_is_told_who_asks() {
    let site = Site::new(Limits::default());
    site.run(async {
        let served = site.serve(1).await;
        let (to, at) = (node(1).id(), served.at);
        for (dialer, expected) in [
            (site.dialer(Some(2), from(7, 1)), Peer::Node(node(2).id())),
            (site.dialer(None, from(7, 2)), client(7, 2, 49_152)),
        ] {
            let echo = Request::Announce(b"?".to_vec());
            let outcome = dialer.call(to, at, echo, site::SOON).await;
            assert_eq!(outcome, Outcome::Done(Response::Onion(b"?".to_vec())));
            assert_eq!(served.seen(), [expected]);
        }
        let counts = served.counts.at_present();
        assert_eq!((counts.opened, counts.requests), (2, 2));
        assert!(counts.refused.is_empty(), "{counts:?}");
    });
}

#[test]
fn a_place_is_free_again_when_its_connection_ends() {
    let site = Site::new(Limits {
        connections: 2,
        handshakes: 1,
        ..Limits::default()
    });
    site.run(async {
        let served = site.serve(1).await;
        let dialer = site.dialer(None, from(7, 1));
        let connect = || dialer.connect(node(1).id(), served.at);
        let first = connect().await.unwrap();
        let second = connect().await.unwrap();
        assert!(connect().await.is_err());
        assert_eq!(served.refused("full"), 1);
        drop(first);
        // Closing takes the scheduler a few turns, and no time.
        tokio::time::sleep(Duration::from_millis(1)).await;
        let third = connect().await.unwrap();
        drop((second, third));
        tokio::time::sleep(Duration::from_millis(1)).await;
        let counts = served.counts.at_present();
        assert_eq!((counts.opened, counts.closed), (3, 3));
    });
}

#[test]
fn a_flood_from_one_network_leaves_the_others_served_at_once() {
    let limits = Limits {
        accept_burst_per_prefix: 1_000,
        ..Limits::default()
    };
    let site = Site::new(limits);
    site.run(async {
        let served = site.serve(1).await;
        // Opens connections and says nothing, from many addresses of one network.
        let mut flood = Vec::new();
        for host in 0..250 {
            for _ in 0..3 {
                flood.push(
                    site.network
                        .connect(Some(from(66, host)), served.at)
                        .await
                        .unwrap(),
                );
            }
        }
        let before = Instant::now();
        for host in 0..50 {
            let dialer = site.dialer(None, from(host, 1));
            let echo = Request::Announce(vec![host]);
            let outcome = dialer.call(node(1).id(), served.at, echo, site::SOON).await;
            assert_eq!(outcome, Outcome::Done(Response::Onion(vec![host])));
        }
        assert_eq!(before.elapsed(), Duration::ZERO);
        let turned = 750 - limits.handshakes_per_prefix as u64;
        assert_eq!(served.refused("prefix-handshakes"), turned);
        // The flood's own handshakes are cut in their time, and its places are free again.
        tokio::time::sleep(limits.handshake_timeout).await;
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(
            served.refused("timeout"),
            limits.handshakes_per_prefix as u64
        );
        drop(flood);
        let reformed = site.dialer(None, from(66, 1));
        let echo = Request::Announce(vec![1]);
        let outcome = reformed
            .call(node(1).id(), served.at, echo, site::SOON)
            .await;
        assert_eq!(outcome, Outcome::Done(Response::Onion(vec![1])));
    });
}

#[test]
fn connecting_too_fast_is_refused_by_network() {
    let site = Site::new(Limits {
        accepts_per_prefix_s: 10,
        accept_burst_per_prefix: 5,
        ..Limits::default()
    });
    site.run(async {
        let served = site.serve(1).await;
        for _ in 0..9 {
            drop(
                site.network
                    .connect(Some(from(66, 1)), served.at)
                    .await
                    .unwrap(),
            );
        }
        let other = site.dialer(None, from(7, 1));
        assert!(other.connect(node(1).id(), served.at).await.is_ok());
        assert_eq!(served.refused("prefix-rate"), 4);
        tokio::time::sleep(Duration::from_millis(100)).await;
        let again = site.dialer(None, from(66, 2));
        assert!(again.connect(node(1).id(), served.at).await.is_ok());
        assert!(again.connect(node(1).id(), served.at).await.is_err());
    });
}

/// A listener whose next accepts fail with these before it works again.
#[derive(Debug)]
struct Failing(Vec<io::Error>, Box<dyn Listener>);

impl Listener for Failing {
    fn address(&self) -> NodeAddress {
        self.1.address()
    }

    fn accept(&mut self) -> crate::network::Pending<'_, (ByteStream, NodeAddress)> {
        match self.0.pop() {
            Some(error) => Box::pin(std::future::ready(Err(error))),
            None => self.1.accept(),
        }
    }
}

#[test]
fn failed_accepts_stop_nothing_and_only_a_lack_of_files_slows_us() {
    const NO_FILES: i32 = 24; // EMFILE
    let site = Site::new(Limits::default());
    site.run(async {
        let aborted = || io::Error::from(io::ErrorKind::ConnectionAborted);
        let files = || io::Error::from_raw_os_error(NO_FILES);
        for (errors, pauses) in [
            ((0..1_000).map(|_| aborted()).collect::<Vec<_>>(), 0),
            (vec![files(), aborted(), files(), files()], 3),
        ] {
            let at = NodeAddress {
                ip: from(1, 1),
                port: 0,
            };
            let failed = errors.len() as u64;
            let listener = Failing(errors, site.network.listen(at).await.unwrap());
            let served = site.serve_on(1, Box::new(listener));
            let began = Instant::now();
            let dialer = site.dialer(None, from(7, 1));
            let echo = Request::Announce(vec![1]);
            let outcome = dialer.call(node(1).id(), served.at, echo, site::SOON).await;
            assert_eq!(outcome, Outcome::Done(Response::Onion(vec![1])));
            assert_eq!(began.elapsed(), ACCEPT_PAUSE * pauses);
            assert_eq!(served.refused("accept-failed"), failed);
        }
    });
}

#[test]
fn over_tcp_it_is_the_same() {
    let rt = crate::Runtime::new(1).unwrap();
    let clock = Clock::system(&rt, 0);
    let tcp: Arc<dyn Network> = Arc::new(crate::Tcp);
    let site = Site::over(rt, clock, Limits::default());
    site.run(async {
        let at = NodeAddress {
            ip: [127, 0, 9, 1].into(),
            port: 0,
        };
        let served = site.serve_on(1, tcp.listen(at).await.unwrap());
        let source = Some([127, 0, 8, 5].into());
        let dialer = Dialer::new(Arc::clone(&tcp), None, &site.clock, source, &site.limits);
        let echo = Request::Announce(b"?".to_vec());
        let outcome = dialer.call(node(1).id(), served.at, echo, site::SOON).await;
        assert_eq!(outcome, Outcome::Done(Response::Onion(b"?".to_vec())));
        let seen = served.seen();
        assert!(
            matches!(&*seen, [Peer::Client { ip, .. }] if Some(*ip) == source),
            "{seen:?}"
        );
    });
}

#[test]
fn when_the_server_stops_nobody_can_connect_and_answers_under_way_arrive() {
    let site = Site::new(Limits::default());
    site.run(async {
        let mut served = site.serve(1).await;
        let dialer = site.dialer(None, from(7, 1));
        let slow = site::slow(Duration::from_secs(3));
        let asked = dialer.call(node(1).id(), served.at, slow, site::LATE);
        let stop = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            served.stop();
            tokio::time::sleep(Duration::from_secs(1)).await;
            let refused = site.network.connect(None, served.at).await.err().unwrap();
            assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        };
        let (outcome, ()) = tokio::join!(asked, stop);
        assert_eq!(outcome, Outcome::Done(Response::Onion(Vec::new())));
        served.ended().await;
    });
}

#[test]
fn a_handshake_under_way_is_dropped_when_listening_stops() {
    let site = Site::new(Limits::default());
    site.run(async {
        let mut served = site.serve(1).await;
        let mut silent = site.network.connect(None, served.at).await.unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
        served.stop();
        served.ended().await;
        let before = Instant::now();
        assert_eq!(silent.read(&mut [0]).await.unwrap(), 0);
        assert_eq!(before.elapsed(), Duration::ZERO);
    });
}
