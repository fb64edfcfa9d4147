//! Secrets show nothing and wipe themselves.

use leek_crypto::{
    AccountKey, AeadKey, DhSecret, NodeKey, OnionHop, RawDh, RawEd, SharedSecret, SigningKey,
};
use subtle::ConstantTimeEq as _;
use zeroize::ZeroizeOnDrop;

#[test]
fn debug_shows_the_purpose_only() {
    let dh = DhSecret::<OnionHop>::from_scalar([0x77; 32]);
    assert_eq!(format!("{dh:?}"), "DhSecret<OnionHop>(..)");
    assert_eq!(format!("{dh:#?}"), "DhSecret<OnionHop>(..)");
    let signing = SigningKey::<NodeKey>::from_seed([0x77; 32]);
    assert_eq!(format!("{signing:?}"), "SigningKey<NodeKey>(..)");
    assert_eq!(format!("{signing:#?}"), "SigningKey<NodeKey>(..)");
    assert_eq!(
        format!("{:?}", AeadKey::from_bytes([0x77; 32])),
        "AeadKey(..)"
    );
    let shared = SharedSecret::from_bytes([0x77; 32]);
    assert_eq!(format!("{shared:?}"), "SharedSecret(..)");
}

#[test]
fn debug_of_public_values_is_short() {
    let signing = SigningKey::<AccountKey>::from_seed([1; 32]);
    let ed = format!("{:?}", signing.public());
    let x = format!("{:?}", signing.to_dh::<AccountKey>().public());
    let signature = signing.sign(&*leek_crypto::pure().suite(), b"m");
    assert_eq!(ed.len(), "ed25519:00112233..".len());
    assert_eq!(x.len(), "x25519:00112233..".len());
    assert_eq!(format!("{signature:?}").len(), "sig:00112233..".len());
}

#[test]
fn secrets_are_wiped_on_drop() {
    const fn wiped<T: ZeroizeOnDrop>() {}
    const {
        wiped::<RawDh>();
        wiped::<RawEd>();
        wiped::<SharedSecret>();
        wiped::<AeadKey>();
    }
}

#[test]
fn shared_secrets_compare_in_constant_time() {
    let a = SharedSecret::from_bytes([1; 32]);
    assert!(bool::from(a.ct_eq(&SharedSecret::from_bytes([1; 32]))));
    assert!(!bool::from(a.ct_eq(&SharedSecret::from_bytes([2; 32]))));
}
