//! Whom to believe, and what.

use std::collections::BTreeMap;

use leek_directory::{
    Listing, NetworkName, SnapshotRefused, Trust, TrustError, assemble, limits::EARLY_TOLERANCE_MS,
    sign_listing,
};
use leek_identity::{NodeId, NodeKeys};
use leek_machine::Wall;
use leek_proto::directory::v1 as proto;
use leek_swarm::Epoch;
use prost::Message as _;

use crate::support::{
    BEGIN, address, directory_address, directory_keys, listing, signed_by, suite, trust,
};

fn verify(bytes: &[u8], now: Wall, newest: Option<u64>) -> Result<Epoch, SnapshotRefused> {
    let verified = trust(3, 2).verify(&*suite(), bytes, now, newest.map(Epoch))?;
    Ok(verified.epoch())
}

fn name(result: Result<Epoch, SnapshotRefused>) -> &'static str {
    result.unwrap_err().name()
}

#[test]
fn enough_signatures_of_the_right_ones_are_believed() {
    let good = listing(5, 6, BEGIN);
    for signers in [&[0, 1][..], &[0, 2], &[1, 2], &[0, 1, 2]] {
        let bytes = signed_by(&good, 3, signers);
        assert_eq!(verify(&bytes, BEGIN, None), Ok(Epoch(5)), "{signers:?}");
        assert_eq!(verify(&bytes, BEGIN, Some(4)), Ok(Epoch(5)));
    }
    let trust = trust(3, 2);
    let bytes = signed_by(&good, 3, &[0, 2]);
    let verified = trust.verify(&*suite(), &bytes, BEGIN, None).unwrap();
    let ids: Vec<NodeId> = [0, 2].map(|n| directory_keys(3, n).id()).to_vec();
    assert_eq!(verified.signers, ids);
    assert_eq!(verified.valid_until(), good.valid_until);
    assert_eq!(verified.snapshot.nodes().len(), 6);
}

#[test]
fn every_way_to_be_no_good_has_its_name() {
    let good = listing(5, 6, BEGIN);
    let bytes = signed_by(&good, 3, &[0, 1]);
    assert_eq!(
        name(verify(&signed_by(&good, 3, &[]), BEGIN, None)),
        "unsigned snapshot"
    );
    let few = SnapshotRefused::TooFewSignatures {
        found: 1,
        threshold: 2,
    };
    assert_eq!(verify(&signed_by(&good, 3, &[2]), BEGIN, None), Err(few));
    assert_eq!(name(verify(&bytes, BEGIN, Some(5))), "older snapshot");
    assert_eq!(name(verify(&bytes, BEGIN, Some(6))), "older snapshot");
    assert_eq!(name(verify(&bytes[1..], BEGIN, None)), "malformed snapshot");

    let end = good.valid_until;
    assert!(verify(&bytes, end.before_ms(1), None).is_ok());
    assert_eq!(name(verify(&bytes, end, None)), "expired snapshot");
    let early = BEGIN.before_ms(EARLY_TOLERANCE_MS);
    assert!(verify(&bytes, early, None).is_ok());
    assert_eq!(
        name(verify(&bytes, early.before_ms(1), None)),
        "snapshot not yet valid"
    );

    let network = NetworkName::parse("other").unwrap();
    let foreign = Listing { network, ..good };
    let foreign = signed_by(&foreign, 3, &[0, 1]);
    assert_eq!(
        name(verify(&foreign, BEGIN, None)),
        "snapshot of another network"
    );
}

#[test]
fn one_bad_signature_spoils_all() {
    let bytes = listing(5, 6, BEGIN).to_bytes();
    let sign = |keys: &NodeKeys, text: &[u8]| (keys.id(), sign_listing(&*suite(), keys, text));
    let [a, b, c] = [0, 1, 2].map(|number| directory_keys(3, number));
    let stranger = NodeKeys::from_seed([77; 32]);
    let with = |signatures: Vec<_>| assemble(&bytes, &signatures.into_iter().collect());

    // A stranger's, even beside enough others'.
    let strange = with(vec![
        sign(&a, &bytes),
        sign(&b, &bytes),
        sign(&stranger, &bytes),
    ]);
    let unknown = SnapshotRefused::UnknownSigner { id: stranger.id() };
    assert_eq!(verify(&strange, BEGIN, None), Err(unknown));
    // Of another text, in another's name, and by another domain.
    let other = with(vec![sign(&a, &bytes), sign(&b, &bytes), sign(&c, b"other")]);
    let bad = SnapshotRefused::BadSignature { id: c.id() };
    assert_eq!(verify(&other, BEGIN, None), Err(bad));
    let borrowed = with(vec![sign(&a, &bytes), (b.id(), sign(&a, &bytes).1)]);
    assert_eq!(name(verify(&borrowed, BEGIN, None)), "bad signature");
    let plain = a.signing().sign(&*suite(), &bytes);
    let undomained = with(vec![(a.id(), plain), sign(&b, &bytes)]);
    assert_eq!(name(verify(&undomained, BEGIN, None)), "bad signature");

    // One twice does not make two; another order is another encoding.
    let signed = with(vec![sign(&a, &bytes), sign(&b, &bytes)]);
    let mut message = proto::SignedSnapshot::decode(signed.as_slice()).unwrap();
    message.signatures.swap(0, 1);
    assert_eq!(
        name(verify(&message.encode_to_vec(), BEGIN, None)),
        "malformed snapshot"
    );
    message.signatures[0] = message.signatures[1].clone();
    let twice = SnapshotRefused::DuplicateSigner { id: a.id() };
    assert_eq!(verify(&message.encode_to_vec(), BEGIN, None), Err(twice));
}

#[test]
fn a_trust_is_a_majority_of_different_directories() {
    let signers: Vec<_> = (0..4)
        .map(|number| directory_address(&directory_keys(4, number), number))
        .collect();
    let new = |signers: &[_], threshold| {
        Trust::new(NetworkName::default(), signers.to_vec(), threshold)
            .map(|trust| trust.threshold())
    };
    for (threshold, good) in [
        (0, false),
        (1, false),
        (2, false),
        (3, true),
        (4, true),
        (5, false),
    ] {
        let trust = new(&signers, threshold);
        assert_eq!(trust.is_ok(), good, "{threshold}");
        if !good {
            let count = 4;
            assert_eq!(trust, Err(TrustError::Threshold { threshold, count }));
        }
    }
    let majority = |count: usize| {
        let signers = signers[..count].to_vec();
        Trust::majority(NetworkName::default(), signers).map(|trust| trust.threshold())
    };
    assert_eq!(
        [1, 2, 3, 4].map(|count| majority(count).unwrap()),
        [1, 2, 2, 3]
    );
    assert_eq!(majority(0), Err(TrustError::Count { count: 0 }));
    let many: Vec<_> = (0..17_u16)
        .map(|number| {
            let keys = NodeKeys::from_seed([u8::try_from(number).unwrap(); 32]);
            directory_address(&keys, usize::from(number))
        })
        .collect();
    assert_eq!(new(&many, 9), Err(TrustError::Count { count: 17 }));
    assert_eq!(new(&many[..16], 9), Ok(9));

    let id = signers[0].id;
    let mut twice = signers.clone();
    twice[1] = signers[0];
    assert_eq!(new(&twice, 3), Err(TrustError::TwiceKey { id }));
    let place = address(250, 7_001);
    twice[1] = signers[1];
    twice[1].address = place;
    assert_eq!(
        new(&twice, 3),
        Err(TrustError::TwiceAddress { address: place })
    );
    // The order in which they are given means nothing.
    let mut backwards = signers.clone();
    backwards.reverse();
    let trusts: BTreeMap<_, _> = [("a", signers), ("b", backwards)]
        .map(|(name, signers)| (name, Trust::new(NetworkName::default(), signers, 3)))
        .into();
    assert_eq!(trusts["a"], trusts["b"]);
}
