use proptest::prelude::*;
use rustls::pki_types::CertificateDer;

use super::{
    super::{certificate, identity::Key},
    *,
};

const START_S: i64 = 1_800_000_000;

fn made() -> CertificateDer<'static> {
    let key = Key::new(keys(1), &leek_crypto::fast());
    certificate::make(&key, START).unwrap()
}

fn checked(bytes: &[u8], now_s: i64) -> Result<NodeId, CertificateRefused> {
    let suite = leek_crypto::pure().suite();
    certificate::check(&*suite, &CertificateDer::from(bytes), now_s)
}

#[test]
fn a_certificate_holds_from_its_first_to_its_last_second() {
    let made = made();
    let (from, until) = (START_S - 86_400, START_S + 7 * 86_400);
    for (now, expected) in [
        (from - 1, Err(CertificateRefused::NotYetValid)),
        (from, Ok(keys(1).id())),
        (until, Ok(keys(1).id())),
        (until + 1, Err(CertificateRefused::Expired)),
    ] {
        assert_eq!(checked(&made, now), expected);
    }
}

#[test]
fn a_certificate_is_short_and_names_its_key_only() {
    let made = made();
    assert!(made.len() < 300, "{} bytes", made.len());
    let key = keys(1).id();
    assert!(made.windows(32).any(|bytes| bytes == key.as_bytes()));
    assert_eq!(
        made,
        self::made(),
        "the same key at the same time has the same certificate"
    );
}

#[test]
fn wall_times_at_the_ends_of_the_calendar_make_certificates() {
    let key = Key::new(keys(1), &leek_crypto::fast());
    for ms in [0, u64::MAX] {
        certificate::make(&key, Wall::from_ms(ms)).unwrap();
    }
    let early = certificate::make(&key, Wall::from_ms(0)).unwrap();
    assert_eq!(checked(&early, 0), Ok(keys(1).id()));
}

#[test]
fn every_byte_counts() {
    let made = made();
    for at in 0..made.len() {
        for flip in [1, 2, 0x20, 0x40, 0x80, 0xff] {
            let mut bytes = made.to_vec();
            bytes[at] ^= flip;
            let refused = checked(&bytes, START_S);
            assert!(refused.is_err(), "byte {at} changed by {flip:02x}");
        }
    }
}

proptest! {
    /// No changed byte leaves an acceptable certificate, and none makes the parser fail otherwise
    /// than by refusing.
    #[test]
    fn changed_certificates_are_refused(
        changes in prop::collection::vec((any::<prop::sample::Index>(), 1..=255_u8), 1..4),
    ) {
        let original = made();
        let mut bytes = original.to_vec();
        for (at, flip) in changes {
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
        }
        prop_assume!(*bytes != *original);
        prop_assert!(checked(&bytes, START_S).is_err());
    }

    #[test]
    fn cut_certificates_are_refused(at: prop::sample::Index) {
        let bytes = made();
        let cut = &bytes[..at.index(bytes.len())];
        prop_assert_eq!(checked(cut, START_S), Err(CertificateRefused::Malformed));
    }

    #[test]
    fn arbitrary_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..1_500)) {
        prop_assert!(checked(&bytes, START_S).is_err());
    }
}
