//! What holds for every message, under every suite.

use core::num::NonZeroU32;

use leek_crypto::EdPublic;
use leek_identity::{AccountId, Prefix};
use leek_machine::Wall;
use leek_message::{
    Attachment, AttachmentKey, CONTENT_MAX, Content, ContentBody, DataMessage, Envelope,
    ExpiryMode, ExpiryTimer, PADDING_BLOCK, Profile, ProfileKey, ProfilePicture, Quote, Reaction,
    ReactionAction, Receipt, ReceiptKind, STORED_MAX, Typing, Unsend, V1_OVERHEAD, decrypt,
    encrypt_padded, encrypted_len, open, seal, seal_encoded, sealed_len, unpad,
};
use proptest::{collection::vec, option, prelude::*};

use crate::support::{SENT_AT, account, entropy, pure, suites, text};

/// The sender of generated content: what only it may say then opens.
const ALICE: u8 = 1;
const BOB: u8 = 2;

fn wall() -> impl Strategy<Value = Wall> {
    any::<u64>().prop_map(Wall::from_ms)
}

fn account_id() -> impl Strategy<Value = AccountId> {
    any::<[u8; 32]>().prop_map(|key| AccountId::new(Prefix::User, key))
}

fn attachment() -> impl Strategy<Value = Attachment> {
    let key = prop_oneof![vec(any::<u8>(), 32), vec(any::<u8>(), 64)]
        .prop_map(|bytes| AttachmentKey::from_bytes(&bytes).unwrap());
    (
        (
            option::of(".{0,40}"),
            option::of(any::<u64>()),
            option::of("[a-z]{1,9}/[a-z]{1,9}"),
        ),
        (
            option::of(key),
            option::of(any::<u32>()),
            option::of(any::<[u8; 32]>()),
        ),
        (option::of(".{0,20}"), option::of(".{0,20}"), any::<bool>()),
        (option::of(any::<u32>()), option::of(any::<u32>())),
    )
        .prop_map(
            |((url, id, content_type), (key, size, digest), (file_name, caption, voice), area)| {
                Attachment {
                    url,
                    id,
                    content_type,
                    key,
                    size,
                    digest,
                    file_name,
                    caption,
                    voice,
                    width: area.0,
                    height: area.1,
                }
            },
        )
}

fn profile() -> impl Strategy<Value = Profile> {
    let key = any::<[u8; 32]>().prop_map(|bytes| ProfileKey::from_bytes(&bytes).unwrap());
    let picture = (".{1,40}", key).prop_map(|(url, key)| ProfilePicture { url, key });
    let updated = option::of(any::<u64>());
    (option::of("[a-z]{0,100}"), option::of(picture), updated).prop_map(
        |(display_name, picture, updated_s)| Profile {
            display_name,
            picture,
            updated_s,
        },
    )
}

fn data() -> impl Strategy<Value = DataMessage> {
    let quote = (wall(), account_id()).prop_map(|(timestamp, author)| Quote { timestamp, author });
    let reaction = (wall(), account_id(), ".{0,4}", any::<bool>()).prop_map(
        |(timestamp, author, emoji, react)| Reaction {
            timestamp,
            author,
            emoji,
            action: if react {
                ReactionAction::React
            } else {
                ReactionAction::Remove
            },
        },
    );
    (
        option::of(".{0,400}"),
        option::of(quote),
        option::of(reaction),
        vec(attachment(), 0..4),
        option::of(profile()),
        any::<bool>(),
    )
        .prop_map(
            |(body, quote, reaction, attachments, profile, expiry_update)| DataMessage {
                body,
                quote,
                reaction,
                attachments,
                profile,
                sync_target: None,
                expiry_update,
                unsupported: Vec::new(),
            },
        )
}

fn body() -> impl Strategy<Value = ContentBody> {
    let receipt = (any::<bool>(), vec(wall(), 0..20)).prop_map(|(read, timestamps)| Receipt {
        kind: if read {
            ReceiptKind::Read
        } else {
            ReceiptKind::Delivery
        },
        timestamps,
    });
    prop_oneof![
        4 => data().prop_map(ContentBody::from),
        1 => Just(ContentBody::Typing(Typing::Started)),
        1 => Just(ContentBody::Typing(Typing::Stopped)),
        1 => receipt.prop_map(ContentBody::Receipt),
        1 => wall().prop_map(|timestamp| ContentBody::Unsend(Unsend {
            timestamp,
            author: account(ALICE).id(),
        })),
    ]
}

fn content() -> impl Strategy<Value = Content> {
    let expiry = (any::<bool>(), any::<NonZeroU32>()).prop_map(|(read, seconds)| ExpiryTimer {
        mode: if read {
            ExpiryMode::AfterRead
        } else {
            ExpiryMode::AfterSend
        },
        seconds,
    });
    (wall(), option::of(expiry), body()).prop_map(|(sent_at, expiry, body)| Content {
        sent_at,
        expiry,
        body,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn content_comes_back(content in content()) {
        let encoded = content.encode().unwrap();
        prop_assert_eq!(Content::parse(&encoded).unwrap(), content);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn messages_arrive_under_every_suite(content in content(), seed in any::<u64>()) {
        let (alice, bob) = (account(ALICE), account(BOB));
        let len = sealed_len(content.encode().unwrap().len(), content.sent_at);
        for suite in suites() {
            let suite = suite.as_ref();
            let mut entropy = entropy(seed);
            let sealed = seal(suite, &mut entropy, &alice, &bob.id(), &content).unwrap();
            prop_assert_eq!(sealed.as_bytes().len(), len);
            let opened = open(suite, &bob, sealed.as_bytes()).unwrap();
            prop_assert_eq!(opened.sender, alice.id());
            prop_assert_eq!(opened.envelope_timestamp, content.sent_at);
            prop_assert_eq!(&opened.content, &content);
            prop_assert!(open(suite, &alice, sealed.as_bytes()).is_err());
        }
    }

    #[test]
    fn both_real_backends_write_the_same(content in content(), seed in any::<u64>()) {
        let (alice, bob) = (account(ALICE), account(BOB));
        let fast = leek_crypto::fast().suite();
        let [one, other] = [pure(), fast].map(|suite| {
            seal(suite.as_ref(), &mut entropy(seed), &alice, &bob.id(), &content).unwrap()
        });
        prop_assert_eq!(one, other);
    }

    /// The box carries any bytes, padded or not.
    #[test]
    fn the_box_keeps_what_it_is_given(
        padded in vec(any::<u8>(), 0..600), seed in any::<u64>(),
    ) {
        let (alice, bob) = (account(ALICE), account(BOB));
        for suite in suites() {
            let suite = suite.as_ref();
            let key = bob.dh().public();
            let sealed = encrypt_padded(suite, &mut entropy(seed), alice.signing(), key, &padded);
            let sealed = sealed.unwrap();
            prop_assert_eq!(sealed.len(), padded.len() + V1_OVERHEAD);
            let opened = decrypt(suite, bob.dh(), &sealed).unwrap();
            prop_assert_eq!(opened.sender, alice.id());
            prop_assert_eq!(&opened.padded, &padded);
        }
    }
}

#[test]
fn lengths_are_exact_at_every_edge() {
    let (alice, bob) = (account(ALICE), account(BOB));
    let suite = pure();
    let times = [0, 127, 128, SENT_AT.ms(), u64::MAX].map(Wall::from_ms);
    for len in [0, 158, 159, 160, 16_000, 16_400, CONTENT_MAX] {
        for at in times {
            let content = vec![1; len];
            let sealed = seal_encoded(
                suite.as_ref(),
                &mut entropy(1),
                &alice,
                &bob.id(),
                at,
                content,
            );
            let sealed = sealed.unwrap().into_bytes();
            assert_eq!(sealed.len(), sealed_len(len, at), "{len} at {at:?}");
            let encrypted = Envelope::parse(&sealed).unwrap().content;
            assert_eq!(encrypted.len(), encrypted_len(len));
            assert_eq!((encrypted.len() - V1_OVERHEAD) % PADDING_BLOCK, 0);
            let opened = decrypt(suite.as_ref(), bob.dh(), &encrypted).unwrap();
            assert_eq!(unpad(&opened.padded).len(), len);
        }
    }
}

#[test]
fn content_max_is_the_largest_that_fits() {
    let latest = Wall::from_ms(u64::MAX);
    assert!(sealed_len(CONTENT_MAX, latest) <= STORED_MAX);
    assert!(sealed_len(CONTENT_MAX + 1, latest) > STORED_MAX);
}

/// Every envelope ends alike, and nothing ties the decoy to the account.
#[test]
fn decoys_are_well_formed_and_fresh() {
    let (alice, bob) = (account(ALICE), account(BOB));
    let suite = pure();
    let mut entropy = entropy(5);
    let decoys: Vec<_> = (0..8)
        .map(|_| {
            let sealed = seal(suite.as_ref(), &mut entropy, &alice, &bob.id(), &text("hi"));
            let envelope = Envelope::parse(sealed.unwrap().as_bytes()).unwrap();
            let decoy = envelope.pro_signature.unwrap();
            let (point, _) = decoy.as_bytes().split_first_chunk::<32>().unwrap();
            EdPublic::parse(*point).unwrap();
            // The group order is a little above 2^252.
            assert!(decoy.as_bytes()[63] <= 0x10);
            let own = alice.signing().public();
            assert!(suite.verify(own, &envelope.content, &decoy).is_err());
            decoy
        })
        .collect();
    for (at, decoy) in decoys.iter().enumerate() {
        assert!(!decoys[..at].contains(decoy));
    }
}
