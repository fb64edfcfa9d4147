//! Nodes and directories that are gone.

use crate::town::Town;

pub(crate) fn leaves_a_way(town: &Town) {
    town.leek(&["net", "kill", "3"]).fine();
    let mut expected = Vec::new();
    for i in 0..5 {
        let text = format!("message {i}");
        let sent = town.alice_sends(&text, &[]);
        assert_eq!(sent.code, Some(0), "{sent:?}");
        expected.push(text);
    }
    assert_eq!(town.texts_for_bob(), expected);
}

pub(crate) fn of_all_directories_needs_a_snapshot(town: &Town) {
    let doctor = town.leek(&["doctor", "--home", "bob"]);
    assert_eq!(doctor.code, Some(0), "{doctor:?}");
    assert!(
        doctor.stdout.contains("directories   3 of 3 answer"),
        "{doctor:?}"
    );

    for i in 0..3 {
        town.leek(&["net", "kill", &format!("directory-{i}")])
            .fine();
    }
    // Who was here before has a snapshot, and goes by it as long as it is valid.
    town.alice_sends("without directories", &[]).fine();
    assert_eq!(town.texts_for_bob(), ["without directories"]);

    town.new_account("late", &["--no-passphrase"]);
    let args = ["send", &town.bob, "hi", "--home", "late", "--timeout", "2"];
    let late = town.leek(&args);
    assert_eq!(late.code, Some(3), "{late:?}");
    assert!(late.stderr.contains("no directory answers"), "{late:?}");
    assert!(late.stdout.starts_with("unknown  to "), "{late:?}");
    let late = town.leek(&["receive", "--home", "late", "--timeout", "2"]);
    assert_eq!(late.code, Some(3), "{late:?}");
    assert!(
        late.stderr
            .starts_with("error: no node answered within 2 s\n"),
        "{late:?}"
    );

    let doctor = town.leek(&["doctor", "--home", "bob"]);
    assert_eq!(doctor.code, Some(1), "{doctor:?}");
    assert!(
        doctor.stdout.contains("fail  directories   0 of 3 answer"),
        "{doctor:?}"
    );
}
