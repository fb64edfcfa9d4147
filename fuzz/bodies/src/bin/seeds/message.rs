use core::num::NonZeroU32;

use leek_crypto::pure;
use leek_fuzz_bodies::message::{AS_IT_IS, SENT_AT, recipient, sender};
use leek_machine::{Seed, Stream, Wall};
use leek_message::{
    Attachment, AttachmentKey, ConfigKind, Content, ContentBody, DataMessage, Envelope, ExpiryMode,
    ExpiryTimer, Profile, ProfileKey, ProfilePicture, Quote, Reaction, ReactionAction, Receipt,
    ReceiptKind, Typing, Unsend, encrypt_padded, pad, seal, wrap_config,
};

use super::Seeds;

/// Lets the target encrypt what follows.
const ENCRYPT: u8 = 1;

fn entropy() -> Stream {
    Seed::from_u64(2).stream()
}

/// Contents of every kind that is written.
fn contents() -> Vec<(&'static str, Content)> {
    let author = sender().id();
    let quote = Quote {
        timestamp: SENT_AT,
        author,
    };
    let attachment = Attachment {
        url: Some("http://files.example/file/1".into()),
        content_type: Some("image/png".into()),
        key: AttachmentKey::from_bytes(&[4; 64]).ok(),
        size: Some(1000),
        digest: Some([5; 32]),
        file_name: Some("picture.png".into()),
        voice: true,
        width: Some(10),
        ..Attachment::default()
    };
    let profile = Profile {
        display_name: Some("Someone".into()),
        picture: ProfileKey::from_bytes(&[6; 32])
            .ok()
            .map(|key| ProfilePicture {
                url: "http://files.example/file/2".into(),
                key,
            }),
        updated_s: Some(1_700_000_000),
    };
    let rich = DataMessage {
        body: Some("text".into()),
        quote: Some(quote),
        attachments: vec![attachment],
        profile: Some(profile),
        ..DataMessage::default()
    };
    let reaction = DataMessage {
        reaction: Some(Reaction {
            timestamp: SENT_AT,
            author,
            emoji: "🧅".into(),
            action: ReactionAction::React,
        }),
        ..DataMessage::default()
    };
    let receipt = Receipt {
        kind: ReceiptKind::Read,
        timestamps: vec![SENT_AT, Wall::from_ms(1)],
    };
    let unsend = Unsend {
        timestamp: SENT_AT,
        author,
    };
    let mut disappearing = Content::new(SENT_AT, DataMessage::text("soon gone").into());
    disappearing.expiry = NonZeroU32::new(60).map(|seconds| ExpiryTimer {
        mode: ExpiryMode::AfterRead,
        seconds,
    });
    let of = |body| Content::new(SENT_AT, body);
    vec![
        ("text", of(DataMessage::text("hello").into())),
        ("rich", of(rich.into())),
        ("reaction", of(reaction.into())),
        ("typing", of(ContentBody::Typing(Typing::Started))),
        ("receipt", of(ContentBody::Receipt(receipt))),
        ("unsend", of(ContentBody::Unsend(unsend))),
        ("disappearing", disappearing),
    ]
}

fn encoded() -> Vec<(&'static str, Vec<u8>)> {
    let contents = contents().into_iter();
    contents
        .filter_map(|(name, content)| Some((name, content.encode().ok()?)))
        .collect()
}

pub(super) fn content(seeds: &mut Seeds) {
    for (name, bytes) in encoded() {
        seeds.valid(name, &bytes);
        if name == "rich" {
            seeds.cuts(name, &bytes);
        }
    }
    // Field 15, the sent time, with kinds that are not read: a call, and one of the future.
    let sent = b"\x78\x01";
    seeds.valid("call", [&b"\x1a\x00"[..], sent].concat());
    seeds.any("unknown-kind", [&b"\xa2\x06\x01\x00"[..], sent].concat());
    seeds.any("group-wire-type", [&b"\x0b\x0c"[..], sent].concat());
    seeds.bad("no-sent-time", b"\x1a\x00");
    seeds.bad("overlong-varint", [0xff; 11]);
    // A data message with 1000 empty attachments.
    let many = b"\x12\x00".repeat(1000);
    seeds.bad("attachments", [&b"\x0a\xd0\x0f"[..], &many, sent].concat());
}

pub(super) fn open(seeds: &mut Seeds) {
    let suite = pure().suite();
    for (name, content) in contents() {
        let to = recipient().id();
        if let Ok(sealed) = seal(&*suite, &mut entropy(), sender(), &to, &content) {
            let stored = [&[AS_IT_IS][..], sealed.as_bytes()].concat();
            seeds.valid(&format!("{name}-stored"), &stored);
            if name == "text" {
                seeds.cuts(name, &stored);
            }
        }
    }
    for (name, bytes) in encoded() {
        seeds.valid(name, [&[ENCRYPT][..], &bytes].concat());
    }
    seeds.bad("nothing-sealed", [ENCRYPT]);
    let forged = Unsend {
        timestamp: SENT_AT,
        author: recipient().id(),
    };
    let forged = Content::new(SENT_AT, ContentBody::Unsend(forged));
    if let Ok(bytes) = forged.encode() {
        seeds.bad("forged-unsend", [&[ENCRYPT][..], &bytes].concat());
    }
}

pub(super) fn envelope(seeds: &mut Seeds) {
    let suite = pure().suite();
    let full = Envelope::for_message(&*suite, &mut entropy(), SENT_AT, b"sealed".to_vec());
    let plain = Envelope {
        timestamp: Wall::from_ms(1),
        source_device: None,
        content: Vec::new(),
        pro_signature: None,
    };
    let full = full.encode();
    seeds.valid("full", &full);
    seeds.valid("plain", plain.encode());
    seeds.cuts("full", &full);
    seeds.bad("response", [&b"\x08\x02"[..], full.split_at(2).1].concat());
    seeds.bad("no-request", b"\x08\x01");
    seeds.bad("length", b"\x08\x01\x12\xff\xff\xff\xff\x0f");
}

pub(super) fn decrypt(seeds: &mut Seeds) {
    let suite = pure().suite();
    for (name, message) in [
        ("nothing", Vec::new()),
        ("text", b"padded or not".to_vec()),
        ("block", pad(vec![1; 200])),
    ] {
        let (signing, key) = (sender().signing(), recipient().dh().public());
        let sealed = encrypt_padded(&*suite, &mut entropy(), signing, key, &message);
        if let Ok(sealed) = sealed {
            seeds.valid(name, &sealed);
            if name == "text" {
                seeds.cuts(name, &sealed);
            }
        }
    }
    // Signed to somebody else, then sealed to us.
    let other = sender().dh().public();
    let signed = leek_message::signed_plaintext(&*suite, sender().signing(), other, b"resealed");
    let ours = recipient().dh().public();
    if let Ok(sealed) = leek_crypto::seal_box(&*suite, ours, [8; 32], &signed) {
        seeds.bad("resealed", sealed);
    }
    seeds.bad("zeros", [0; 200]);
}

pub(super) fn config(seeds: &mut Seeds) {
    let suite = pure().suite();
    for (name, kind) in [
        ("profile", ConfigKind::UserProfile),
        ("groups", ConfigKind::UserGroups),
    ] {
        if let Ok(stored) = wrap_config(&*suite, recipient(), kind, 7, b"a bencoded dictionary") {
            let stored = [&[AS_IT_IS][..], &stored].concat();
            seeds.valid(name, &stored);
            if name == "profile" {
                seeds.cuts(name, &stored);
            }
        }
    }
    // Content { shared_config_message { kind, seqno, data } }.
    seeds.valid("inside", b"\x01\x5a\x07\x08\x02\x10\x07\x1a\x01d");
    seeds.bad("inside-kind", b"\x01\x5a\x07\x08\x63\x10\x07\x1a\x01d");
    seeds.bad("inside-no-data", b"\x01\x5a\x04\x08\x02\x10\x07");
    seeds.bad("inside-nothing", b"\x01");
}
