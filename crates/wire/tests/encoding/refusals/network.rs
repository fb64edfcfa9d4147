//! What nodes and directories say to each other.

use leek_proto::wire::v1::{self, request, response};
use leek_wire::{
    PullPage, PulledRow, Request, Response, decode_request, decode_response, encode_response,
    limits, pulled_row_encoded_len,
};
use prost::Message as _;

use super::account;
use crate::sample::Sampler;

fn asked(body: request::Body) -> Result<Request, String> {
    let bytes = v1::Request { body: Some(body) }.encode_to_vec();
    decode_request(&bytes).map_err(|error| error.to_string())
}

fn answered(body: response::Body) -> Result<Response, String> {
    let bytes = v1::Response { body: Some(body) }.encode_to_vec();
    decode_response(&bytes).map_err(|error| error.to_string())
}

fn row() -> v1::PulledRow {
    v1::PulledRow {
        hash: vec![3; 32],
        account: account(),
        ..v1::PulledRow::default()
    }
}

fn page(rows: Vec<v1::PulledRow>) -> response::Body {
    response::Body::Pull(v1::PullPage { rows, next: None })
}

#[test]
fn pulls() {
    let after = |after| request::Body::Pull(v1::Pull { after });
    assert_eq!(asked(after(None)), Ok(Request::Pull { after: None }));
    for len in [0, 31, 33] {
        assert_eq!(
            asked(after(Some(vec![0; len]))),
            Err(format!("decode pull.after: {len} bytes instead of 32"))
        );
    }
}

#[test]
fn rows_of_a_page() {
    assert!(answered(page(vec![row()])).is_ok());
    let refused = |row| answered(page(vec![self::row(), row])).unwrap_err();
    assert_eq!(
        refused(v1::PulledRow {
            hash: vec![],
            ..row()
        }),
        "decode pull.rows[1].hash: missing"
    );
    assert_eq!(
        refused(v1::PulledRow {
            account: vec![7; 33],
            ..row()
        }),
        "decode pull.rows[1].account: read account id: no account has prefix 07"
    );
    assert_eq!(
        refused(v1::PulledRow {
            namespace: 40_000,
            ..row()
        }),
        "decode pull.rows[1].namespace: read namespace: 40000 is outside -32768 to 32767"
    );
    let data = |len| v1::PulledRow {
        data: vec![0; len],
        ..row()
    };
    assert!(answered(page(vec![data(limits::DATA_BYTES_MAX)])).is_ok());
    assert_eq!(
        refused(data(limits::DATA_BYTES_MAX + 1)),
        "decode pull.rows[1].data: more than 76800 bytes"
    );
    let next = response::Body::Pull(v1::PullPage {
        rows: vec![],
        next: Some(vec![0; 31]),
    });
    assert_eq!(
        answered(next).unwrap_err(),
        "decode pull.next: 31 bytes instead of 32"
    );
}

#[test]
fn pages_are_bounded() {
    assert!(answered(page(vec![row(); limits::PULL_ROWS_MAX])).is_ok());
    assert_eq!(
        answered(page(vec![row(); limits::PULL_ROWS_MAX + 1])).unwrap_err(),
        "decode pull.rows: more than 4096 entries"
    );
    let data = v1::PulledRow {
        data: vec![0; 74_500],
        ..row()
    };
    let largest = vec![data.clone(); 14];
    let len = v1::PullPage {
        rows: largest.clone(),
        next: None,
    }
    .encoded_len();
    let room = limits::PULL_PAGE_BYTES_MAX - len;
    assert!(room < 6_000, "{room}");
    let mut exact = largest;
    exact[0].data.extend(vec![0; room.min(2_300)]);
    exact[1].data.extend(vec![0; room - room.min(2_300)]);
    assert!(answered(page(exact.clone())).is_ok());
    exact[0].data.push(0);
    assert_eq!(
        answered(page(exact)).unwrap_err(),
        "decode pull: more than 1048576 bytes"
    );
}

#[test]
fn opaque_bytes_are_bounded() {
    let limits = [
        limits::DESCRIPTOR_BYTES_MAX,
        limits::COSIGN_BYTES_MAX,
        limits::COSIGN_BYTES_MAX,
        limits::SNAPSHOT_BYTES_MAX,
    ];
    for over in [0, 1] {
        let [announce, cosign, cosigned, signed] = limits.map(|limit| vec![0; limit + over]);
        let snapshot = v1::SnapshotReply {
            clock_ms: 0,
            signed: Some(signed),
        };
        let ends = [
            asked(request::Body::Announce(announce)).map(drop),
            asked(request::Body::Cosign(cosign)).map(drop),
            answered(response::Body::Cosigned(cosigned)).map(drop),
            answered(response::Body::Snapshot(snapshot)).map(drop),
        ];
        let names = ["announce", "cosign", "cosigned", "snapshot.signed"];
        for ((name, limit), end) in names.into_iter().zip(limits).zip(ends) {
            let expected = if over == 0 {
                Ok(())
            } else {
                Err(format!("decode {name}: more than {limit} bytes"))
            };
            assert_eq!(end, expected);
        }
    }
}

#[test]
fn one_thing_at_a_time() {
    // pull (3) and snapshot (5), both empty.
    let twice = |bytes: &[u8]| decode_request(bytes).unwrap_err().to_string();
    assert_eq!(twice(&[0x1a, 0, 0x2a, 0]), "decode snapshot: given twice");
    assert_eq!(
        decode_response(&[0x1a, 0, 0x22, 0])
            .unwrap_err()
            .to_string(),
        "decode announced: given twice"
    );
}

/// What a server counts while it fills a page is what the page takes.
#[test]
fn the_length_of_a_row_is_known_beforehand() {
    let mut sampler = Sampler::new(7);
    let mut page = PullPage::default();
    let len = |page: &PullPage| encode_response(&Response::Pull(page.clone())).len();
    for _ in 0..50 {
        let row: PulledRow = sampler.pulled_row();
        let before = len(&page);
        let grown = pulled_row_encoded_len(&row);
        page.rows.push(row);
        // The length in front of the page may take one byte more.
        let more = len(&page) - before - grown;
        assert!(more <= 1, "{more}");
    }
}
