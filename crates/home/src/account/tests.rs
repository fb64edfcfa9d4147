use leek_crypto::{
    fast,
    hash::sha256,
    password::{PasswordCost, PasswordCostError},
    pure,
};
use leek_identity::{AccountSeed, SEED_LONG_LEN};
use leek_machine::Seed;
use proptest::prelude::*;
use zeroize::Zeroizing;

use super::{
    layout::{PLAIN_LEN, SEALED_LEN},
    *,
};
use crate::Passphrase;

/// The least that Argon2 takes: these tests are not about cost.
const TINY: PasswordCost = match PasswordCost::new(8, 1, 1) {
    Ok(cost) => cost,
    Err(_) => panic!("in bounds"),
};

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(Zeroizing::new(text.to_owned())).unwrap()
}

fn sealed(seed: &AccountSeed) -> AccountFile {
    let mut entropy = Seed::from_u64(7).stream();
    AccountFile::seal(seed, &passphrase("leek soup"), TINY, &fast(), &mut entropy).unwrap()
}

fn unlock(file: AccountFile, with: &str) -> Result<Unlocked, UnlockError> {
    match file {
        AccountFile::Plain(plain) => Ok(plain.unlock()),
        AccountFile::Sealed(sealed) => sealed.unlock(&passphrase(with), &fast()),
    }
}

/// The same content with the hash it should have: what somebody does who means to cheat.
fn rehashed(bytes: &[u8]) -> Vec<u8> {
    let (content, _) = bytes.split_at(bytes.len() - 32);
    [content, &sha256(&[content])].concat()
}

#[test]
fn both_kinds_of_seed_come_back_from_both_kinds_of_file() {
    let long: [u8; SEED_LONG_LEN] = core::array::from_fn(|i| u8::try_from(i).unwrap());
    for seed in [AccountSeed::short(&[5; 16]), AccountSeed::long(&long)] {
        let id = Account::from_seed(&seed).id();
        let spelled = phrase::encode(&seed).dangerously_expose().to_owned();
        let files = [
            sealed(&seed),
            AccountFile::plain(AccountSeed::import(seed.dangerously_expose()).unwrap()),
        ];
        for (file, len) in files.into_iter().zip([SEALED_LEN, PLAIN_LEN]) {
            let bytes = file.to_bytes();
            assert_eq!(bytes.len(), len);
            assert_eq!(
                bytes.capacity(),
                SEALED_LEN,
                "grown, and a copy left behind"
            );
            let read = AccountFile::parse(&bytes).unwrap();
            assert_eq!(read.id(), id);
            assert_eq!(read.to_bytes(), bytes);
            let unlocked = unlock(read, "leek soup").unwrap();
            assert_eq!(unlocked.account().id(), id);
            assert_eq!(unlocked.phrase().dangerously_expose(), spelled);
        }
    }
}

#[test]
fn the_layout_is_the_one_described() {
    let bytes = sealed(&AccountSeed::short(&[5; 16])).to_bytes();
    assert_eq!(
        SEALED_LEN,
        12 + 1 + 1 + 33 + 4 + 4 + 4 + 16 + 24 + 33 + 16 + 32
    );
    assert_eq!(PLAIN_LEN, 12 + 1 + 1 + 33 + 33 + 32);
    assert_eq!(&bytes[..14], b"leek-account\x01\x01");
    assert_eq!(bytes[47..59], [8, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]);
    // Any program with Argon2id, HKDF-SHA256 and XChaCha20-Poly1305 opens it: spelled out here.
    let key = leek_crypto::password::PasswordKey::derive(
        b"leek soup",
        bytes[59..75].try_into().unwrap(),
        TINY,
    );
    let key = key.unwrap().aead_key(&bytes[..99]);
    let mut body: [u8; 33] = bytes[99..132].try_into().unwrap();
    let tag = bytes[132..148].try_into().unwrap();
    let cipher = leek_crypto::Aead::XChaCha20Poly1305;
    let opened = pure()
        .suite()
        .open(cipher, &key, &bytes[75..99], &mut body, tag);
    assert_eq!(opened, Ok(()));
    assert_eq!(body[0], 16);
    assert_eq!(body[1..17], [5; 16]);
    assert_eq!(body[17..], [0; 16]);
}

/// A file of version 1 must stay readable: these bytes were written by the first version.
#[test]
fn the_format_does_not_drift() {
    let bytes = sealed(&AccountSeed::short(&[5; 16])).to_bytes();
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(text, include_str!("../../testdata/account-v1.hex").trim());
}

#[test]
fn the_wrong_passphrase_is_told_from_damage() {
    let bytes = sealed(&AccountSeed::short(&[5; 16])).to_bytes();
    for wrong in ["leek soup ", "Leek soup", "x"] {
        let file = AccountFile::parse(&bytes).unwrap();
        assert_eq!(
            unlock(file, wrong).unwrap_err(),
            UnlockError::WrongPassphrase
        );
    }
    let (short, _) = bytes.split_at(bytes.len() - 1);
    assert_eq!(
        AccountFile::parse(short).unwrap_err(),
        AccountFileError::Damaged
    );
    let long = [&bytes[..], b"\n"].concat();
    assert_eq!(
        AccountFile::parse(&long).unwrap_err(),
        AccountFileError::Damaged
    );
}

#[test]
fn what_is_wrong_is_named() {
    let bytes = sealed(&AccountSeed::short(&[5; 16])).to_bytes();
    let with = |at: usize, new: &[u8]| {
        let mut bytes = bytes.to_vec();
        bytes[at..at + new.len()].copy_from_slice(new);
        AccountFile::parse(&rehashed(&bytes)).unwrap_err()
    };
    assert_eq!(with(0, b"x"), AccountFileError::NotAnAccount);
    assert_eq!(with(12, &[2]), AccountFileError::Version { version: 2 });
    assert_eq!(with(13, &[0]), AccountFileError::Nonsense);
    assert_eq!(with(13, &[2]), AccountFileError::Nonsense);
    let prefix = ParseAccountIdError::Prefix { byte: 9 };
    assert_eq!(with(14, &[9]), AccountFileError::Id(prefix));
    let passes = PasswordCostError::Passes { passes: u32::MAX };
    assert_eq!(with(51, &[0xff; 4]), AccountFileError::Cost(passes));
    assert_eq!(
        AccountFile::parse(b"").unwrap_err(),
        AccountFileError::NotAnAccount
    );
    let (intro, _) = bytes.split_at(12);
    assert_eq!(
        AccountFile::parse(intro).unwrap_err(),
        AccountFileError::Damaged
    );
}

#[test]
fn a_plain_file_with_another_id_is_refused() {
    let file = AccountFile::plain(AccountSeed::short(&[5; 16]));
    let mut bytes = file.to_bytes().to_vec();
    bytes[20] ^= 1;
    let error = AccountFile::parse(&rehashed(&bytes)).unwrap_err();
    assert_eq!(error, AccountFileError::OtherSeed);
}

#[test]
fn every_flipped_byte_is_refused() {
    let seed = || AccountSeed::short(&[5; 16]);
    for file in [sealed(&seed()), AccountFile::plain(seed())] {
        let bytes = file.to_bytes();
        for at in 0..bytes.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut bytes = bytes.to_vec();
                bytes[at] ^= flip;
                assert!(AccountFile::parse(&bytes).is_err(), "byte {at} ^ {flip:#x}");
            }
        }
    }
}

#[test]
fn every_byte_in_front_of_the_seed_is_authenticated() {
    let bytes = sealed(&AccountSeed::short(&[5; 16])).to_bytes();
    for at in 0..bytes.len() - 32 {
        let mut bytes = bytes.to_vec();
        bytes[at] ^= 1;
        // With a hash that matches, so that only the passphrase's key can notice.
        let read = AccountFile::parse(&rehashed(&bytes));
        let refused = read.map_or(true, |file| unlock(file, "leek soup").is_err());
        assert!(refused, "byte {at}");
    }
}

#[test]
fn debug_shows_no_secret() {
    let seed = || AccountSeed::short(&[0xab; 16]);
    let plain = AccountFile::plain(seed());
    let id = plain.id();
    assert_eq!(format!("{plain:?}"), format!("AccountFile::Plain({id:?})"));
    let sealed = sealed(&seed());
    assert_eq!(
        format!("{sealed:?}"),
        format!("AccountFile::Sealed({id:?})")
    );
    let AccountFile::Plain(plain) = plain else {
        panic!()
    };
    assert_eq!(format!("{plain:#?}"), format!("PlainAccount({id:?})"));
    let unlocked = plain.unlock();
    assert_eq!(format!("{unlocked:?}"), "Unlocked(..)");
    assert_eq!(format!("{:?}", unlocked.state_key()), "StateKey(..)");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn strangers_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), head in any::<bool>()) {
        let mut bytes = bytes;
        if head {
            bytes.splice(0..0, *b"leek-account\x01");
            bytes.extend([0; 32]);
            bytes = rehashed(&bytes);
        }
        if let Ok(file) = AccountFile::parse(&bytes) {
            prop_assert_eq!(&file.to_bytes()[..], &bytes[..]);
        }
    }

    #[test]
    fn files_come_back(seed in any::<[u8; 16]>(), secret in "\\PC{1,40}", stream in any::<u64>()) {
        let seed = AccountSeed::short(&seed);
        let mut entropy = Seed::from_u64(stream).stream();
        let file = AccountFile::seal(&seed, &passphrase(&secret), TINY, &pure(), &mut entropy);
        let read = AccountFile::parse(&file.unwrap().to_bytes()).unwrap();
        let unlocked = unlock(read, &secret).unwrap();
        prop_assert_eq!(unlocked.account().id(), Account::from_seed(&seed).id());
        prop_assert!(unlock(sealed(&seed), &(secret + "!")).is_err());
    }
}
