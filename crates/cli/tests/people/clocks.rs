//! A clock that is wrong at the first start: no snapshot is valid by it, until it is corrected by
//! what the directories say.

use crate::town::Town;

/// Hours. A snapshot is valid for 24; certificates begin 24 before they are made, and with a clock
/// further behind nobody can be spoken to.
const WRONG_H: [i64; 2] = [30, -20];
/// No snapshot is wrong by that; the client's own requests would be.
const LITTLE_H: i64 = 2;

pub(crate) fn may_be_wrong(town: &Town) {
    for (home, hours) in [
        ("ahead", WRONG_H[0]),
        ("behind", WRONG_H[1]),
        ("little", LITTLE_H),
    ] {
        town.new_account(home, &["--no-passphrase"]);
        let offset = (hours * 3_600_000).to_string();
        let args = [
            "send",
            &town.bob,
            home,
            "--home",
            home,
            "--clock-offset-ms",
            &offset,
        ];
        let sent = town.leek(&args);
        assert_eq!(sent.code, Some(0), "{sent:?}");
        let warned = sent.stderr.contains("clock is wrong");
        assert_eq!(warned, hours != LITTLE_H, "{sent:?}");
    }
    let received = town.leek(&[
        "receive",
        "--home",
        "bob",
        "--json",
        "--clock-offset-ms",
        "-72000000",
    ]);
    let received = received.fine();
    for text in ["ahead", "behind", "little"] {
        assert!(
            received.contains(&format!("\"text\":\"{text}\"")),
            "{received}"
        );
    }
}
