//! What is left of secrets in memory when nobody uses them any more: nothing on the heap.
//!
//! Stacks are not looked at: values that move leave copies there until the space is used again, and
//! safe Rust has no way to wipe them.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::{
    fs::{self, File},
    io::{Read as _, Seek as _, SeekFrom},
};

use leek_crypto::{fast, hash, password::PasswordCost};
use leek_home::{AccountFile, Home, Passphrase};
use leek_identity::{AccountSeed, phrase};
use leek_machine::Seed;
use zeroize::{Zeroize as _, Zeroizing};

/// Flips every bit, so that what is looked for is not found where it is kept for looking.
const MASK: u8 = 0xff;

/// Bytes that must not be found, masked.
struct Needle {
    name: &'static str,
    masked: Vec<u8>,
}

impl Needle {
    fn new(name: &'static str, secret: &[u8]) -> Self {
        let masked = secret.iter().map(|byte| byte ^ MASK).collect();
        Self { name, masked }
    }

    fn count_in(&self, bytes: &[u8]) -> usize {
        let is_it = |window: &&[u8]| {
            window
                .iter()
                .zip(&self.masked)
                .all(|(byte, masked)| byte ^ MASK == *masked)
        };
        bytes.windows(self.masked.len()).filter(is_it).count()
    }
}

/// How often each needle is in writable memory of this process outside of stacks.
fn found(needles: &[Needle]) -> Vec<(&'static str, usize)> {
    let on_this_stack = 0_u8;
    let here = std::ptr::from_ref(&on_this_stack).addr();
    let mut counts: Vec<_> = needles.iter().map(|needle| (needle.name, 0)).collect();
    let mut memory = File::open("/proc/self/mem").unwrap();
    for line in fs::read_to_string("/proc/self/maps").unwrap().lines() {
        let mut words = line.split_whitespace();
        let (range, rights) = (words.next().unwrap(), words.next().unwrap());
        let (from, to) = range.split_once('-').unwrap();
        let [from, to] = [from, to].map(|hex| usize::from_str_radix(hex, 16).unwrap());
        let is_stack = (from..to).contains(&here) || line.ends_with("[stack]");
        if !rights.starts_with("rw") || is_stack {
            continue;
        }
        let mut bytes = vec![0; to - from];
        memory.seek(SeekFrom::Start(from as u64)).unwrap();
        // A region may have gone since.
        if memory.read_exact(&mut bytes).is_err() {
            continue;
        }
        for (needle, (_, count)) in needles.iter().zip(&mut counts) {
            *count += needle.count_in(&bytes);
        }
        // Else the copy would be found in a later region.
        bytes.zeroize();
    }
    counts
}

/// Secrets made here, so that they are in no constant of the program.
fn secret(label: &[u8]) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(hash::sha256(&[b"a secret of this test only", label]))
}

#[test]
fn nothing_of_an_account_stays_on_the_heap() {
    let bytes = secret(b"seed");
    let seed = AccountSeed::long(&bytes);
    let words = phrase::encode(&seed);
    let passphrase_text = Zeroizing::new(format!("{:x?}", *secret(b"passphrase")));
    let needles = [
        Needle::new("seed", &bytes[..]),
        Needle::new("phrase", words.dangerously_expose().as_bytes()),
        Needle::new("passphrase", passphrase_text.as_bytes()),
    ];
    // The search finds what is there.
    let there = found(&needles);
    assert!(
        there.iter().skip(1).all(|(_, count)| *count > 0),
        "{there:?}"
    );
    drop(words);

    let dir = tempfile::tempdir().unwrap();
    let home = Home::create(&dir.path().join("home"))
        .unwrap()
        .lock()
        .unwrap();
    let passphrase = Passphrase::new(passphrase_text).unwrap();
    let cost = PasswordCost::new(64, 1, 1).unwrap();
    let mut entropy = Seed::from_u64(1).stream();
    let file = AccountFile::seal(&seed, &passphrase, cost, &fast(), &mut entropy).unwrap();
    home.create_account(&file).unwrap();
    let AccountFile::Sealed(sealed) = home.home().account().unwrap() else {
        panic!("made with a passphrase")
    };
    let unlocked = sealed.unlock(&passphrase, &fast()).unwrap();
    let account = unlocked.account();
    let state = home.client_state(&unlocked.state_key(), &fast()).unwrap();
    home.save_client_state(&state, &unlocked.state_key(), &fast(), &mut entropy)
        .unwrap();
    drop(unlocked.phrase());
    drop((account, unlocked, passphrase, file, sealed));

    // And an account without a passphrase, whose file holds the seed.
    let open = Home::create(&dir.path().join("open"))
        .unwrap()
        .lock()
        .unwrap();
    open.create_account(&AccountFile::plain(seed)).unwrap();
    let AccountFile::Plain(plain) = open.home().account().unwrap() else {
        panic!("made without a passphrase")
    };
    drop(plain.unlock().account());
    drop(bytes);

    for (name, count) in found(&needles) {
        assert_eq!(count, 0, "{name}");
    }
}
