//! What a node, a peer or a stranger may try.

use leek_crypto::seal_box;
use leek_identity::{AccountId, Prefix};
use leek_machine::Wall;
use leek_message::{
    ConfigKind, Content, ContentBody, DataMessage, DecryptError, Envelope, EnvelopeError,
    OpenError, STORED_MAX, SealError, Typing, Unsend, UnwrapConfigError, V1_OVERHEAD,
    WrapConfigError, decrypt, encrypt_padded, open, pad, seal, seal_encoded, signed_plaintext,
    unwrap_config, wrap_config,
};
use leek_proto::session;
use proptest::{collection::vec, prelude::*};
use prost::Message as _;

use crate::support::{SENT_AT, account, entropy, pure, suites, text};

fn sealed_to_bob() -> Vec<u8> {
    let sealed = seal(
        pure().as_ref(),
        &mut entropy(1),
        &account(1),
        &account(2).id(),
        &text("hi"),
    );
    sealed.unwrap().into_bytes()
}

#[test]
fn every_flipped_bit_of_the_encryption_is_refused() {
    let (alice, bob) = (account(1), account(2));
    for suite in suites() {
        let suite = suite.as_ref();
        let key = bob.dh().public();
        let message = encrypt_padded(suite, &mut entropy(1), alice.signing(), key, b"x").unwrap();
        assert_eq!(message.len(), V1_OVERHEAD + 1);
        for at in 0..message.len() * 8 {
            let mut bad = message.clone();
            bad[at / 8] ^= 1 << (at % 8);
            assert!(
                decrypt(suite, bob.dh(), &bad).is_err(),
                "{} bit {at}",
                suite.name()
            );
        }
        for len in 0..message.len() {
            assert!(decrypt(suite, bob.dh(), &message[..len]).is_err());
        }
    }
}

/// The frame, the device and the decoy are not authenticated: a change there may go unnoticed, but
/// never changes what is read.
#[test]
fn a_flipped_byte_anywhere_never_changes_what_is_read() {
    let (suite, bob, stored) = (pure(), account(2), sealed_to_bob());
    let expected = open(suite.as_ref(), &bob, &stored).unwrap();
    let encrypted = Envelope::parse(&stored).unwrap().content;
    let start = stored
        .windows(encrypted.len())
        .position(|window| window == encrypted)
        .unwrap();
    for at in 0..stored.len() {
        let mut bad = stored.clone();
        bad[at] ^= 0x01;
        match open(suite.as_ref(), &bob, &bad) {
            Ok(opened) => {
                assert_eq!(opened, expected);
                assert!(!(start..start + encrypted.len()).contains(&at));
            }
            Err(OpenError::Envelope(_) | OpenError::Decrypt(_)) => {}
            Err(OpenError::TimestampMismatch { .. }) => assert!(at < start),
            Err(other) => panic!("byte {at}: {other}"),
        }
    }
}

#[test]
fn a_message_sealed_again_to_a_third_party_is_refused() {
    let (alice, bob, carol) = (account(1), account(2), account(3));
    for suite in suites() {
        let suite = suite.as_ref();
        // What Bob finds in the box from Alice, he seals to Carol.
        let inside = signed_plaintext(suite, alice.signing(), bob.dh().public(), &pad(vec![1]));
        let again = seal_box(suite, carol.dh().public(), [9; 32], &inside).unwrap();
        let refused = decrypt(suite, carol.dh(), &again).unwrap_err();
        assert!(
            matches!(refused, DecryptError::Signature(_)),
            "{}",
            suite.name()
        );
        // To Bob himself the same inside is good.
        let back = seal_box(suite, bob.dh().public(), [9; 32], &inside).unwrap();
        assert_eq!(decrypt(suite, bob.dh(), &back).unwrap().sender, alice.id());
    }
}

#[test]
fn a_node_cannot_date_a_message_anew() {
    let (suite, bob) = (pure(), account(2));
    let mut envelope = Envelope::parse(&sealed_to_bob()).unwrap();
    envelope.timestamp = SENT_AT.after_ms(1);
    assert_eq!(
        open(suite.as_ref(), &bob, &envelope.encode()),
        Err(OpenError::TimestampMismatch {
            envelope: SENT_AT.after_ms(1),
            signed: SENT_AT,
        })
    );
}

#[test]
fn only_oneself_may_sync_and_unsend() {
    let (suite, alice, bob) = (pure(), account(1), account(2));
    let say = |from: &_, to: AccountId, body| {
        let content = Content::new(SENT_AT, body);
        seal(suite.as_ref(), &mut entropy(1), from, &to, &content).unwrap()
    };
    let sync = ContentBody::from(DataMessage {
        sync_target: Some(account(3).id()),
        ..DataMessage::text("to carol")
    });
    let foreign = say(&alice, bob.id(), sync.clone());
    assert_eq!(
        open(suite.as_ref(), &bob, foreign.as_bytes()),
        Err(OpenError::ForeignSync)
    );
    let own = say(&bob, bob.id(), sync.clone());
    let own = open(suite.as_ref(), &bob, own.as_bytes()).unwrap();
    assert_eq!(own.content.body, sync);

    let unsend = |author| {
        ContentBody::Unsend(Unsend {
            timestamp: SENT_AT,
            author,
        })
    };
    let foreign = say(&alice, bob.id(), unsend(bob.id()));
    assert_eq!(
        open(suite.as_ref(), &bob, foreign.as_bytes()),
        Err(OpenError::ForeignUnsend)
    );
    let own = say(&alice, bob.id(), unsend(alice.id()));
    assert!(open(suite.as_ref(), &bob, own.as_bytes()).is_ok());
}

#[test]
fn unfit_recipients_and_lengths_are_refused() {
    let (suite, alice) = (pure(), account(1));
    let to = |prefix, key| {
        let recipient = AccountId::new(prefix, key);
        seal(
            suite.as_ref(),
            &mut entropy(1),
            &alice,
            &recipient,
            &text("hi"),
        )
        .unwrap_err()
    };
    assert_eq!(to(Prefix::Group, [1; 32]), SealError::NotAUser);
    // The zero key has small order: everybody would know the shared secret.
    assert!(matches!(to(Prefix::User, [0; 32]), SealError::Encrypt(_)));

    let long = vec![0; leek_message::CONTENT_MAX + 1];
    let long = seal_encoded(
        suite.as_ref(),
        &mut entropy(1),
        &alice,
        &alice.id(),
        SENT_AT,
        long,
    );
    assert!(matches!(long, Err(SealError::Encode(_))));
}

#[test]
fn what_is_no_envelope_is_named() {
    let good = session::WebSocketMessage::decode(sealed_to_bob().as_slice()).unwrap();
    let envelope = |change: &dyn Fn(&mut session::Envelope)| {
        let mut frame = good.clone();
        let request = frame.request.as_mut().unwrap();
        let body = request.body.as_mut().unwrap();
        let mut envelope = session::Envelope::decode(body.as_slice()).unwrap();
        change(&mut envelope);
        *body = envelope.encode_to_vec();
        Envelope::parse(&frame.encode_to_vec())
    };
    assert!(envelope(&|_| {}).is_ok());
    assert!(envelope(&|e| e.pro_sig = None).is_ok());
    assert_eq!(
        envelope(&|e| e.r#type = Some(7)),
        Err(EnvelopeError::NotOneToOne { kind: 7 })
    );
    let field = "timestamp";
    assert_eq!(
        envelope(&|e| e.timestamp = None),
        Err(EnvelopeError::Missing { field })
    );
    let field = "content";
    assert_eq!(
        envelope(&|e| e.content = None),
        Err(EnvelopeError::Missing { field })
    );
    assert_eq!(
        envelope(&|e| e.pro_sig = Some(vec![0; 63])),
        Err(EnvelopeError::ProSignature { len: 63 })
    );

    let response = session::WebSocketMessage {
        r#type: Some(2),
        request: None,
    };
    assert_eq!(
        Envelope::parse(&response.encode_to_vec()),
        Err(EnvelopeError::NotARequest { kind: 2 })
    );
    assert!(matches!(
        Envelope::parse(b"no protobuf"),
        Err(EnvelopeError::Malformed { part: "frame", .. })
    ));
    assert_eq!(
        Envelope::parse(&[0; STORED_MAX + 1]),
        Err(EnvelopeError::TooLong {
            len: STORED_MAX + 1
        })
    );
}

#[test]
fn configs_come_from_oneself_and_fit() {
    let (suite, alice, bob) = (pure(), account(1), account(2));
    let suite = suite.as_ref();
    let wrap = |data: &[u8]| wrap_config(suite, &alice, ConfigKind::Contacts, 3, data);
    let wrapped = wrap(b"data").unwrap();
    assert_eq!(wrap(b"data").unwrap(), wrapped);
    assert!(matches!(
        unwrap_config(suite, &bob, &wrapped),
        Err(UnwrapConfigError::Decrypt(_))
    ));

    // Bob writes to Alice what looks like her config.
    let content = session::Content {
        shared_config_message: Some(session::SharedConfigMessage {
            kind: Some(2),
            seqno: Some(4),
            data: Some(b"data".to_vec()),
        }),
        ..Default::default()
    };
    let forged = seal_encoded(
        suite,
        &mut entropy(1),
        &bob,
        &alice.id(),
        Wall::from_ms(1),
        content.encode_to_vec(),
    );
    assert_eq!(
        unwrap_config(suite, &alice, forged.unwrap().as_bytes()),
        Err(UnwrapConfigError::Foreign)
    );

    // Around the data stand 144 bytes of encryption, the mark, and protobuf keys and lengths: 12 of
    // the content, 8 of the envelope, 16 of its frame.
    let longest = STORED_MAX - 144 - 1 - (12 + 8 + 16);
    assert_eq!(wrap(&vec![0; longest]).unwrap().len(), STORED_MAX);
    let len = STORED_MAX + 1;
    assert_eq!(
        wrap(&vec![0; longest + 1]),
        Err(WrapConfigError::TooLong { len })
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_bytes_are_taken(bytes in vec(any::<u8>(), 0..300)) {
        let _ = Content::parse(&bytes);
        let _ = Envelope::parse(&bytes);
        prop_assert!(open(pure().as_ref(), &account(2), &bytes).is_err());
    }

    /// Closer to home: damaged encodings of real content.
    #[test]
    fn damaged_content_is_taken(damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..5)) {
        let content = Content::new(SENT_AT, ContentBody::from(DataMessage {
            sync_target: Some(account(3).id()),
            attachments: vec![leek_message::Attachment::default(); 3],
            ..DataMessage::text("hello")
        }));
        let mut bytes = content.encode().unwrap();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        // What still reads can be written, or says why not.
        if let Ok(content) = Content::parse(&bytes)
            && let Ok(again) = content.encode()
        {
            prop_assert_eq!(Content::parse(&again).unwrap(), content);
        }
        let typing = Content::new(SENT_AT, ContentBody::Typing(Typing::Started)).encode().unwrap();
        let _ = Content::parse(&[typing, bytes].concat());
    }
}
