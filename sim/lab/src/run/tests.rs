use std::path::{Path, PathBuf};

use super::*;
use crate::scenario::{Loader, load};

/// No files: shipped scenarios and overrides only.
struct NoFiles;

impl Loader for NoFiles {
    fn read(&self, _: &Path) -> Result<String, String> {
        Err("no files here".to_owned())
    }

    fn absolute(&self, path: &Path) -> PathBuf {
        path.to_owned()
    }
}

/// A network small enough for the test profile, with everything random switched on.
const SMALL: [&str; 6] = [
    "duration=40s",
    "network.nodes=30",
    "clients.count=8",
    "workload.poisson.messages=20",
    "workload.poisson.over=10s",
    "expect.late_after=30s",
];

fn small(sets: &[&str], seed: u64) -> Loaded {
    let sets: Vec<String> =
        SMALL.iter().chain(sets).map(|set| (*set).to_owned()).collect();
    load(&NoFiles, "hundred", &sets, Some(seed)).unwrap()
}

fn ran(sets: &[&str], seed: u64, threads: usize) -> Ran {
    let threads = NonZeroUsize::new(threads).unwrap();
    run(&small(sets, seed), threads, &mut |_| Control::Continue).unwrap()
}

fn digest_and_shape(ran: &Ran) -> (u64, u64) {
    (ran.header.digest, ran.header.shape)
}

#[test]
fn every_message_of_a_small_network_is_delivered_once() {
    let ran = ran(&[], 1, 1);
    assert_eq!(ran.header.verdict, Verdict::Pass, "{:#?}", ran.header);
    assert_eq!(ran.messages.len(), 20);
    assert!(ran.requests.iter().all(|request| request.hops == 3), "three relays each");
}

#[test]
fn one_and_two_threads_give_the_same_digest_and_seeds_differ() {
    let one = digest_and_shape(&ran(&["network.loss=0.01"], 1, 1));
    assert_eq!(one, digest_and_shape(&ran(&["network.loss=0.01"], 1, 2)));
    assert_eq!(one, digest_and_shape(&ran(&["network.loss=0.01"], 1, 3)));
    assert_ne!(one, digest_and_shape(&ran(&["network.loss=0.01"], 2, 1)));
}

#[test]
fn real_and_sized_cryptography_give_the_same_shape() {
    let real = ran(&[], 3, 1);
    let pure = ran(&["crypto.mode=real-pure"], 3, 1);
    let sized = ran(&["crypto.mode=sized"], 3, 1);
    assert_eq!(digest_and_shape(&real), digest_and_shape(&pure));
    assert_eq!(real.header.shape, sized.header.shape);
    assert_ne!(real.header.digest, sized.header.digest);
}
