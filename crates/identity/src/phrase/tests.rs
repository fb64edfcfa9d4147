use serde_json::Value;

use super::{
    codec::{decode_into, encode as encode_words, indices_of, number_of, triplet_of},
    words::{COUNT, PREFIX_LEN, index, prefix, word},
    *,
};

fn cases(file: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(file).unwrap();
    let cases = file["cases"].as_array().unwrap().iter();
    let cases: Vec<_> = cases.filter(|c| c["area"] == "mnemonic").cloned().collect();
    assert!(!cases.is_empty());
    cases
}

fn hex(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap()
}

fn phrase_of(bytes: &[u8]) -> String {
    let seed = AccountSeed::import(bytes).unwrap();
    encode(&seed).dangerously_expose().to_owned()
}

fn seed_of(phrase: &Value) -> Result<Vec<u8>, PhraseError> {
    decode(phrase.as_str().unwrap()).map(|seed| seed.dangerously_expose().to_vec())
}

#[test]
fn every_word_is_found_by_its_prefix_and_no_two_share_one() {
    for at in 0..u32::try_from(COUNT).unwrap() {
        assert!(word(at).bytes().all(|letter| letter.is_ascii_lowercase()));
        assert_eq!(index(word(at)), Some(at));
        let three = core::str::from_utf8(prefix(at)).unwrap();
        assert_eq!(three.len(), PREFIX_LEN);
        assert_eq!(index(&three.to_uppercase()), Some(at));
    }
    for unknown in ["", "ab", "zzz", "Ωab", "a1b", "ab\u{df}"] {
        assert_eq!(index(unknown), None, "{unknown}");
    }
    // The Kelvin sign folds to an ASCII k.
    assert_eq!(index("\u{212a}ickoff"), index("kickoff"));
    assert!(index("kickoff").is_some());
}

#[test]
fn reference_cases() {
    for case in cases(include_str!("../../testdata/formats.json")) {
        let name = &case["name"];
        let (seed, out) = (hex(&case["inputs"]["seed"]), &case["outputs"]);
        assert_eq!(phrase_of(&seed), out["phrase"], "{name}");
        assert_eq!(seed_of(&out["phrase"]), Ok(seed.clone()), "{name}");
        assert_eq!(seed_of(&out["prefix_only_phrase"]), Ok(seed), "{name}");
        let corrupted = out["corrupted_phrase"].as_str().unwrap();
        let strict = decode(corrupted).is_err();
        assert_eq!(strict, out["corrupted_rejected_strict_u32"], "{name}");
        let reference = decode_reference(corrupted).is_err();
        assert_eq!(reference, out["corrupted_rejected_reference"], "{name}");
    }
}

#[test]
fn published_cases() {
    for case in cases(include_str!("../../testdata/published.json")) {
        let (inputs, out) = (&case["inputs"], &case["outputs"]);
        match case["name"].as_str().unwrap() {
            "13-words" | "25-words" | "all-zero" => {
                let seed = hex(&inputs["seed"]);
                assert_eq!(phrase_of(&seed), out["phrase"]);
                assert_eq!(seed_of(&out["phrase"]), Ok(seed));
            }
            "48-words-no-checksum" => {
                let words = encode_words(&hex(&inputs["seed"]));
                let (without_checksum, _) = words.rsplit_once(' ').unwrap();
                assert_eq!(without_checksum, out["words_without_checksum"]);
            }
            "word-indices-01020304" => {
                let indices: Vec<u32> = serde_json::from_value(out["indices"].clone()).unwrap();
                assert_eq!(*indices_of(&hex(&inputs["bytes"])), indices);
            }
            "prefix-typo" | "prefix-only" => {
                assert_eq!(seed_of(&inputs["phrase"]), Ok(hex(&out["seed"])));
            }
            "wrong-checksum" | "transposed" | "altered" => {
                assert_eq!(seed_of(&inputs["phrase"]), Err(PhraseError::Checksum));
            }
            "unknown-word" => {
                let error = PhraseError::UnknownWord { position: 13 };
                assert_eq!(seed_of(&inputs["phrase"]), Err(error));
            }
            "triplet-overflow" => overflow_case(inputs["words"].as_str().unwrap()),
            "docs-example" => {
                assert_eq!(seed_of(&inputs["phrase"]), Ok(hex(&out["seed16"])));
                let seed = decode(inputs["phrase"].as_str().unwrap()).unwrap();
                let account = crate::Account::from_seed(&seed);
                assert_eq!(account.id().to_hex(), out["account_id"]);
            }
            name => panic!("a case without a test: {name}"),
        }
    }
}

/// The three words in every place of a phrase, with either checksum word that could be right.
fn overflow_case(words: &str) {
    let indices: Vec<u32> = words.split(' ').map(|word| index(word).unwrap()).collect();
    let number = number_of([indices[0], indices[1], indices[2]]);
    assert_eq!(number, 4_296_298_500);
    for place in 0..4 {
        let mut triplets = ["abbey abbey abbey"; 4];
        triplets[place] = words;
        let phrases = ["abbey", "zoom"].map(|last| format!("{} {last}", triplets.join(" ")));
        let position = 3 * place + 1;
        for phrase in &phrases {
            let error = decode(phrase).err();
            assert_eq!(error, Some(PhraseError::Overflow { position }));
        }
        let accepted = phrases
            .iter()
            .filter_map(|phrase| decode_reference(phrase).ok());
        let accepted: Vec<_> = accepted.collect();
        assert_eq!(accepted.len(), 1);
        let mut expected = [0; SEED_SHORT_LEN];
        let wrapped = u32::try_from(number - (1 << 32)).unwrap();
        expected[4 * place..][..4].copy_from_slice(&wrapped.to_le_bytes());
        assert_eq!(accepted[0].dangerously_expose(), expected);
    }
}

#[test]
fn triplets_of_the_largest_numbers_are_inverted() {
    for number in [
        0,
        1,
        1625,
        1626,
        1626 * 1626 - 1,
        1626 * 1626,
        u32::MAX - 1,
        u32::MAX,
    ] {
        assert_eq!(number_of(triplet_of(number)), u64::from(number));
    }
}

#[test]
fn other_counts_of_words_are_refused() {
    for words in (0..60).filter(|words| ![WORDS_SHORT, WORDS_LONG].contains(words)) {
        let phrase = "abbey ".repeat(words);
        let error = PhraseError::WordCount { words };
        assert_eq!(decode(&phrase).err(), Some(error));
        assert_eq!(decode_reference(&phrase).err(), Some(error));
    }
    let empty = decode_into("", codec::Overflow::Refuse, &mut []);
    assert_eq!(empty, Err(PhraseError::WordCount { words: 0 }));
}

#[test]
fn messages_tell_places_and_no_words() {
    let messages = [
        PhraseError::WordCount { words: 12 },
        PhraseError::UnknownWord { position: 3 },
        PhraseError::Overflow { position: 4 },
        PhraseError::Checksum,
    ]
    .map(|error| error.to_string());
    let expected = [
        "read recovery phrase: 12 words, not 13 or 25",
        "read recovery phrase: word 3 is not in the list",
        "read recovery phrase: words 4 to 6 stand for no 4 bytes",
        "read recovery phrase: the last word does not match the others",
    ];
    assert_eq!(messages, expected);
    let phrase = encode(&AccountSeed::short(&[5; SEED_SHORT_LEN]));
    assert_eq!(format!("{phrase:?}"), "Phrase(..)");
}
