//! What a person writes.

use leek_directory::{NetworkFile, TrustError};

use crate::support::trust;

const A: &str =
    "leek://ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c@127.0.0.1:7001";
const B: &str =
    "leek://8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c@127.0.0.1:7002";

fn file(head: &str, directories: &[&str]) -> String {
    let urls: Vec<String> = directories.iter().map(|url| format!("\"{url}\"")).collect();
    format!("{head}\ndirectories = [{}]\n", urls.join(", "))
}

fn error(text: &str) -> (String, (usize, usize)) {
    let error = NetworkFile::parse(text).unwrap_err();
    (error.to_string(), error.place())
}

#[test]
fn a_file_says_whom_to_trust_and_is_written_again() {
    let written = NetworkFile::new(trust(3, 2)).to_toml();
    let read = NetworkFile::parse(&written).unwrap();
    assert_eq!(*read.trust(), trust(3, 2));
    assert_eq!(read.to_toml(), written);
    let short = NetworkFile::parse(&file("network = \"main\"", &[A, B])).unwrap();
    assert_eq!(short.trust().threshold(), 2);
    assert_eq!(short.trust().network().as_str(), "main");
    assert_eq!(short.into_trust().signers().len(), 2);
}

#[test]
fn errors_name_place_key_and_remedy() {
    let (text, place) = error(&file("network = \"Main\"", &[A]));
    assert_eq!(place, (1, 11));
    assert!(text.contains("line 1, column 11: `network`"), "{text}");
    assert!(text.contains("use lower-case letters"), "{text}");

    let (text, place) = error(&file("network = \"a\"\nthreshold = 1", &[A, B]));
    assert_eq!(place, (2, 13));
    assert!(text.contains("`threshold`"), "{text}");
    assert!(text.contains("write a number from 2 to 2"), "{text}");

    let (text, place) = error(&file("network = \"a\"", &[A, "leek://12@127.0.0.1:1"]));
    assert_eq!(place, (2, 16 + A.len() + 2 + 2));
    assert!(text.contains("64 hexadecimal digits"), "{text}");

    let (text, place) = error(&file("network = \"a\"", &[A, A]));
    assert_eq!(place, (2, 15));
    assert!(text.contains("list ea4a6c63"), "{text}");
    let (text, _) = error(&file("network = \"a\"", &[]));
    assert!(text.contains("list 1 to 16 directories"), "{text}");

    let (text, place) = error("network = \"a\"\ndirectory = []\n");
    assert_eq!(place, (2, 1));
    assert!(text.contains("unknown field"), "{text}");
    assert!(text.contains("directories = ["), "{text}");
    let (text, _) = error("network = \"a\"\n");
    assert!(text.contains("missing field `directories`"), "{text}");
    let (_, place) = error("network = \"a\"\ndirectories = [\n");
    assert!(place.0 >= 2, "{place:?}");
    let (text, _) = error(&"#".repeat(64 * 1024 + 1));
    assert!(text.contains("at most 65536 bytes"), "{text}");
    let twice = NetworkFile::parse(&file("network = \"a\"", &[A, A])).unwrap_err();
    assert_eq!(twice.key(), Some("directories"));
    assert!(twice.directory().is_some());
}

#[test]
fn a_threshold_must_be_a_majority() {
    let error = TrustError::Threshold {
        threshold: 1,
        count: 2,
    };
    let text = error.to_string();
    assert!(text.contains("more than half"), "{text}");
}
