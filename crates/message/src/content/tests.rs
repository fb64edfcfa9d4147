use core::num::NonZeroU32;

use leek_identity::Prefix;
use leek_proto::session;
use prost::Message as _;

use super::*;
use crate::limits::{
    ATTACHMENTS_MAX, BODY_CHARS_MAX, BODY_CHARS_PRO_MAX, NAME_BYTES_MAX, RECEIPT_TIMESTAMPS_MAX,
};

const SENT_AT: Wall = Wall::from_ms(300);
const PEER: AccountId = AccountId::new(Prefix::User, [7; 32]);

fn encode(body: impl Into<ContentBody>) -> Result<Vec<u8>, EncodeError> {
    Content::new(SENT_AT, body.into()).encode()
}

/// What a client other than ours may write.
fn parse(content: session::Content) -> Result<Content, ContentError> {
    let content = session::Content {
        sig_timestamp: Some(SENT_AT.ms()),
        ..content
    };
    Content::parse(&content.encode_to_vec())
}

fn parse_data(data: session::DataMessage) -> Result<DataMessage, ContentError> {
    let content = parse(session::Content {
        data_message: Some(data),
        ..Default::default()
    })?;
    match content.body {
        ContentBody::Data(data) => Ok(*data),
        other => panic!("{other:?}"),
    }
}

/// Field numbers and order, written out by hand from crypto spec 2.3.
#[test]
fn encoding_is_pinned() {
    let typing = Content {
        expiry: Some(ExpiryTimer {
            mode: ExpiryMode::AfterSend,
            seconds: NonZeroU32::new(5).unwrap(),
        }),
        ..Content::new(SENT_AT, ContentBody::Typing(Typing::Stopped))
    };
    let expected = [
        0x32, 5, 0x08, 0xac, 0x02, 0x10, 1, // 6: typing {1: 300, 2: stopped}
        0x60, 2, // 12: after send
        0x68, 5, // 13: 5 s
        0x78, 0xac, 0x02, // 15: 300
    ];
    assert_eq!(typing.encode().unwrap(), expected);

    let text = encode(DataMessage::text("hi")).unwrap();
    assert_eq!(text, [0x0a, 4, 0x0a, 2, b'h', b'i', 0x78, 0xac, 0x02]);

    let receipt = Receipt {
        kind: ReceiptKind::Read,
        timestamps: vec![Wall::from_ms(1), Wall::from_ms(2)],
    };
    let expected = [0x2a, 6, 0x08, 1, 0x10, 1, 0x10, 2, 0x78, 0xac, 0x02];
    assert_eq!(encode(ContentBody::Receipt(receipt)).unwrap(), expected);
}

#[test]
fn limits_are_kept_when_writing() {
    let count = |result: Result<Vec<u8>, EncodeError>| match result {
        Err(EncodeError::TooMany { count, .. }) => Some(count),
        Err(other) => panic!("{other}"),
        Ok(_) => None,
    };
    // Characters, not bytes.
    let text = |len: usize| encode(DataMessage::text("\u{1f9c5}".repeat(len)));
    assert_eq!(count(text(BODY_CHARS_MAX)), None);
    assert_eq!(count(text(BODY_CHARS_MAX + 1)), Some(BODY_CHARS_MAX + 1));

    let files = |len| {
        encode(DataMessage {
            attachments: vec![Attachment::default(); len],
            ..DataMessage::default()
        })
    };
    assert_eq!(count(files(ATTACHMENTS_MAX)), None);
    assert_eq!(count(files(ATTACHMENTS_MAX + 1)), Some(ATTACHMENTS_MAX + 1));

    let receipt = |len| {
        encode(ContentBody::Receipt(Receipt {
            kind: ReceiptKind::Read,
            timestamps: vec![SENT_AT; len],
        }))
    };
    assert_eq!(count(receipt(RECEIPT_TIMESTAMPS_MAX)), None);
    assert!(count(receipt(RECEIPT_TIMESTAMPS_MAX + 1)).is_some());

    let name = |len| {
        encode(DataMessage {
            profile: Some(Profile {
                display_name: Some("n".repeat(len)),
                ..Profile::default()
            }),
            ..DataMessage::default()
        })
    };
    assert_eq!(count(name(NAME_BYTES_MAX)), None);
    assert!(count(name(NAME_BYTES_MAX + 1)).is_some());

    let long = DataMessage {
        attachments: vec![Attachment {
            caption: Some("c".repeat(80_000)),
            ..Attachment::default()
        }],
        ..DataMessage::default()
    };
    let too_long = encode(long).unwrap_err();
    assert!(matches!(too_long, EncodeError::TooLong { len: 80_001.. }));
}

#[test]
fn limits_are_kept_when_reading() {
    let text = |len: usize| {
        parse_data(session::DataMessage {
            body: Some("x".repeat(len)),
            ..Default::default()
        })
    };
    assert!(text(BODY_CHARS_PRO_MAX).is_ok());
    assert!(matches!(
        text(BODY_CHARS_PRO_MAX + 1),
        Err(ContentError::TooMany { .. })
    ));

    let files = |len| session::DataMessage {
        attachments: vec![session::AttachmentPointer::default(); len],
        ..Default::default()
    };
    assert_eq!(parse_data(files(32)).unwrap().attachments.len(), 32);
    let too_many = parse_data(files(33)).unwrap_err();
    let expected = ContentError::TooMany {
        what: "attachments",
        count: 33,
        max: 32,
    };
    assert_eq!(too_many, expected);

    // The same, spread over two data messages, which protobuf readers merge.
    let half = session::Content {
        data_message: Some(files(20)),
        ..Default::default()
    };
    let twice = [half.encode_to_vec(), half.encode_to_vec()].concat();
    let too_many = Content::parse(&twice).unwrap_err();
    assert!(matches!(too_many, ContentError::TooMany { count: 40, .. }));

    let times = session::ReceiptMessage {
        r#type: Some(1),
        timestamp: vec![0; RECEIPT_TIMESTAMPS_MAX + 1],
    };
    let too_many = parse(session::Content {
        receipt_message: Some(times),
        ..Default::default()
    });
    assert!(matches!(too_many, Err(ContentError::TooMany { .. })));

    let long = vec![0; 76_801];
    assert_eq!(
        Content::parse(&long),
        Err(ContentError::TooLong { len: 76_801 })
    );
}

#[test]
fn unknown_kinds_are_reported() {
    let call = session::Content {
        call_message: Some(session::CallMessage::default()),
        ..Default::default()
    };
    let call = parse(call).unwrap();
    assert_eq!(call.body, ContentBody::Unsupported(FieldTag(3)));
    assert_eq!(call.ttl_ms(), 300_000);
    assert_eq!(
        call.encode(),
        Err(EncodeError::Unsupported { tag: FieldTag(3) })
    );

    // Field 200, which nobody knows yet, and the sent time.
    let later = Content::parse(&[0xc2, 0x0c, 0, 0x78, 1]).unwrap();
    assert_eq!(later.body, ContentBody::Unsupported(FieldTag(200)));

    // Beside a known kind it changes nothing.
    let beside = [
        encode(DataMessage::text("hi")).unwrap(),
        vec![0xc2, 0x0c, 0],
    ]
    .concat();
    assert_eq!(
        Content::parse(&beside).unwrap().body,
        DataMessage::text("hi").into()
    );

    let group = parse_data(session::DataMessage {
        group_update_message: Some(session::GroupUpdateMessage::default()),
        preview: vec![session::Preview::default(); 2],
        body: Some("hi".to_owned()),
        ..Default::default()
    })
    .unwrap();
    assert_eq!(group.unsupported, [FieldTag(10), FieldTag(120)]);
    let tag = FieldTag(10);
    assert_eq!(encode(group), Err(EncodeError::Unsupported { tag }));
}

#[test]
fn incomplete_and_contradictory_content_is_refused() {
    assert_eq!(Content::parse(&[]), Err(ContentError::Empty));
    assert_eq!(Content::parse(&[0x78, 1]), Err(ContentError::Empty));
    assert_eq!(Content::parse(&[0x78]), Err(ContentError::NotFields));
    // A data message that is a number.
    assert!(matches!(
        Content::parse(&[0x08, 1, 0x78, 1]),
        Err(ContentError::Malformed(_))
    ));
    // No sent time.
    assert_eq!(
        Content::parse(&[0x0a, 0]),
        Err(ContentError::Missing { field: "sent time" })
    );
    let both = session::Content {
        data_message: Some(session::DataMessage::default()),
        typing_message: Some(session::TypingMessage::default()),
        ..Default::default()
    };
    let (first, second) = (FieldTag(1), FieldTag(6));
    assert_eq!(parse(both), Err(ContentError::Several { first, second }));

    let typing = |action| {
        parse(session::Content {
            typing_message: Some(session::TypingMessage {
                timestamp: None,
                action,
            }),
            ..Default::default()
        })
    };
    assert!(typing(Some(1)).is_ok());
    assert!(matches!(typing(None), Err(ContentError::Missing { .. })));
    let (field, value) = ("typing action", -1);
    assert_eq!(
        typing(Some(value)),
        Err(ContentError::UnknownValue { field, value })
    );

    let quote = |author: &str| {
        parse_data(session::DataMessage {
            quote: Some(session::Quote {
                id: Some(1),
                author: Some(author.to_owned()),
                ..Default::default()
            }),
            ..Default::default()
        })
    };
    assert_eq!(quote(&PEER.to_hex()).unwrap().quote.unwrap().author, PEER);
    assert!(matches!(quote("05"), Err(ContentError::Account { .. })));

    let digest = parse_data(session::DataMessage {
        attachments: vec![session::AttachmentPointer {
            digest: Some(vec![0; 31]),
            ..Default::default()
        }],
        ..Default::default()
    });
    assert_eq!(digest, Err(ContentError::Digest { len: 31 }));
}

#[test]
fn expiry_without_a_time_is_none() {
    let expiry = |kind, seconds| {
        let content = parse(session::Content {
            typing_message: Some(session::TypingMessage {
                timestamp: None,
                action: Some(0),
            }),
            expiration_type: kind,
            expiration_timer: seconds,
            ..Default::default()
        });
        content.map(|content| content.expiry)
    };
    let seconds = NonZeroU32::new(9).unwrap();
    let mode = ExpiryMode::AfterRead;
    assert_eq!(
        expiry(Some(1), Some(9)),
        Ok(Some(ExpiryTimer { mode, seconds }))
    );
    for (kind, seconds) in [(Some(1), Some(0)), (Some(1), None), (Some(0), Some(9))] {
        assert_eq!(expiry(kind, seconds), Ok(None));
    }
    assert!(matches!(
        expiry(Some(3), Some(9)),
        Err(ContentError::UnknownValue { .. })
    ));
}

#[test]
fn empty_parts_are_read_as_absent() {
    let data = parse_data(session::DataMessage {
        profile_key: Some(Vec::new()),
        profile: Some(session::LokiProfile {
            display_name: Some("n".to_owned()),
            profile_picture: Some(String::new()),
            last_update_seconds: None,
        }),
        sync_target: Some(String::new()),
        attachments: vec![session::AttachmentPointer {
            key: Some(Vec::new()),
            digest: Some(Vec::new()),
            ..Default::default()
        }],
        ..Default::default()
    })
    .unwrap();
    assert_eq!(data.profile.unwrap().picture, None);
    assert_eq!(data.sync_target, None);
    assert_eq!(data.attachments, [Attachment::default()]);
}

#[test]
fn keys_show_nothing_of_themselves() {
    let key = ProfileKey::from_bytes(&[0xab; 32]).unwrap();
    let file = AttachmentKey::from_bytes(&[0xab; 64]).unwrap();
    assert_eq!(
        format!("{key:?} {file:?}"),
        "ProfileKey(..) AttachmentKey(..)"
    );
    assert_eq!(
        AttachmentKey::from_bytes(&[0; 48]),
        Err(KeyLengthError { len: 48 })
    );
}
