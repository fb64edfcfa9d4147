//! The endpoint for operators, over real loopback sockets. One process has one recorder, so what
//! is counted here is only looked for, never compared with a total.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, outside test functions"
)]

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use leek_driver::{
    Runtime,
    ops::{self, Ops, OpsError, Readiness},
};

const FREE: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0);

fn serve(rt: &Runtime, ready: &Arc<AtomicBool>) -> Ops {
    let ready = Arc::clone(ready);
    let readiness = move || {
        if ready.load(Ordering::Relaxed) {
            Readiness::Ready
        } else {
            Readiness::NotReady("no membership yet")
        }
    };
    ops::serve(rt, FREE, Arc::new(readiness)).unwrap()
}

/// The whole answer to one request.
fn fetch(address: SocketAddrV4, head: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn get(address: SocketAddrV4, path: &str) -> (u16, String) {
    let answer = fetch(address, &format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}

#[test]
fn readiness_is_asked_each_time() {
    let rt = Runtime::new(1).unwrap();
    let ready = Arc::new(AtomicBool::new(false));
    let ops = serve(&rt, &ready);
    let address = ops.address();
    assert_eq!(
        get(address, "/readyz"),
        (503, "not ready: no membership yet\n".to_owned())
    );
    assert_eq!(get(address, "/healthz"), (200, "ok\n".to_owned()));
    ready.store(true, Ordering::Relaxed);
    assert_eq!(get(address, "/readyz"), (200, "ready\n".to_owned()));
    assert_eq!(get(address, "/").0, 404);
    let post = fetch(
        address,
        "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
    );
    assert!(post.starts_with("HTTP/1.1 405 "), "{post}");
    drop(ops);
    // The runtime drops the listener as soon as it comes to it.
    let end = Instant::now() + Duration::from_secs(5);
    while TcpStream::connect(address).is_ok() {
        assert!(Instant::now() < end, "it still listens");
        thread::yield_now();
    }
}

#[test]
fn metrics_come_with_help_and_buckets() {
    let rt = Runtime::new(1).unwrap();
    let ops = serve(&rt, &Arc::default());
    metrics::counter!("leek_commits_total", "role" => "test", "status" => "ok").increment(3);
    metrics::histogram!("leek_commit_seconds", "role" => "test").record(0.003);
    let (status, page) = get(ops.address(), "/metrics");
    assert_eq!(status, 200);
    for line in [
        "# HELP leek_commits_total commits, by role and status",
        "leek_commits_total{role=\"test\",status=\"ok\"} 3",
        "leek_commit_seconds_bucket{role=\"test\",le=\"0.0025\"} 0",
        "leek_commit_seconds_bucket{role=\"test\",le=\"0.005\"} 1",
    ] {
        assert!(
            page.lines().any(|found| found == line),
            "{line}\nin\n{page}"
        );
    }
    assert!(!ops::render().unwrap().is_empty());
}

#[test]
fn only_loopback_is_served() {
    let rt = Runtime::new(1).unwrap();
    for ip in [[0, 0, 0, 0], [192, 0, 2, 1], [10, 0, 0, 1]] {
        let address = SocketAddrV4::new(ip.into(), 0);
        let refused = ops::serve(&rt, address, Arc::new(|| Readiness::Ready));
        assert!(matches!(refused, Err(OpsError::NotLoopback(at)) if at == SocketAddr::V4(address)));
    }
}

#[test]
fn a_taken_port_is_told() {
    let rt = Runtime::new(1).unwrap();
    let ops = serve(&rt, &Arc::default());
    let again = ops::serve(&rt, ops.address(), Arc::new(|| Readiness::Ready));
    let Err(OpsError::Listen { cause, .. }) = again else {
        panic!("{again:?}");
    };
    assert_eq!(cause.kind(), std::io::ErrorKind::AddrInUse);
}
