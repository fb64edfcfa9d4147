use data_encoding::HEXLOWER;

use super::Seeds;

/// Encoded by another implementation; see the README beside it.
const PINNED: &str = include_str!("../../../../../crates/wire/testdata/wire_v1.txt");

pub(super) fn request(seeds: &mut Seeds) {
    pinned(seeds, "request");
    // A packet of the first format, with the field's length cut.
    seeds.bad("onion-length", b"\x0a\x7f\x08\x01");
    seeds.bad("nothing", b"");
    seeds.bad("both", b"\x0a\x02\x08\x02\x12\x00");
    seeds.bad("pull-after-short", b"\x1a\x03\x0a\x01\xa1");
    seeds.bad("pull-and-snapshot", b"\x1a\x00\x2a\x00");
    // 1,025 bytes of descriptor.
    seeds.bad(
        "announce-long",
        [&b"\x22\x81\x08"[..], &[1; 1_025]].concat(),
    );
}

pub(super) fn response(seeds: &mut Seeds) {
    pinned(seeds, "response");
    seeds.bad("length", b"\x0a\xff\xff\xff\xff\x0f");
    seeds.bad("varint", [0xff; 11]);
    // A page of 1000 rows without names.
    let rows = b"\x0a\x00".repeat(1000);
    seeds.bad("page-of-1000", [&b"\x1a\xd0\x0f"[..], &rows].concat());
    seeds.bad("page-next-short", b"\x1a\x03\x12\x01\xa1");
}

pub(super) fn storage_request(seeds: &mut Seeds) {
    pinned(seeds, "storage_request");
    seeds.bad("nested-batch", b"\x5a\x06\x0a\x04\x5a\x02\x0a\x00");
    // 1000 empty subrequests.
    let many = b"\x0a\x02\x52\x00".repeat(1000);
    seeds.bad("batch-of-1000", [&b"\x5a\xa0\x1f"[..], &many].concat());
    seeds.bad("group", b"\x0b\x0c");
    seeds.bad("quorum-of-none", b"\x0a\x02\x50\x00");
    seeds.bad("two-levels", b"\x0a\x04\x42\x00\x4a\x00");
}

pub(super) fn storage_reply(seeds: &mut Seeds) {
    pinned(seeds, "storage_reply");
    seeds.bad("status", b"\x08\xe7\x07\x10\x01\x4a\x00");
    seeds.bad("no-body", b"\x08\xc8\x01\x10\x01");
}

/// The lines of one kind: valid as they are; cut, whatever a reader makes of it.
fn pinned(seeds: &mut Seeds, wanted: &str) {
    for line in PINNED.lines() {
        let mut words = line.split(' ');
        let (Some(kind), Some(name), Some(hex)) = (words.next(), words.next(), words.next()) else {
            continue;
        };
        let Ok(bytes) = HEXLOWER.decode(hex.as_bytes()) else {
            continue;
        };
        if kind == wanted {
            seeds.valid(name, &bytes);
            if let Some((_, cut)) = bytes.split_last() {
                seeds.any(&format!("{name}-cut"), cut);
            }
            seeds.any(&format!("{name}-twice"), bytes.repeat(2));
        }
    }
}
