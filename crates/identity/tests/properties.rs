//! Properties of ids, phrases, names and hashes.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail the test that calls them"
)]

use leek_crypto::pure;
use leek_identity::{
    Account, AccountId, AccountSeed, MessageHash, Name, NameValue, NodeId, OpenNameError, Prefix,
    message_hash,
    phrase::{self, PhraseError, WORDS_LONG, WORDS_SHORT},
    signed_text,
};
use proptest::prelude::*;

fn seeds() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 16),
        proptest::collection::vec(any::<u8>(), 32),
    ]
}

fn account_ids() -> impl Strategy<Value = AccountId> {
    let prefixes = [
        Prefix::Group,
        Prefix::User,
        Prefix::Blinded15,
        Prefix::Blinded25,
    ];
    let prefix = proptest::sample::select(prefixes.to_vec());
    (prefix, any::<[u8; 32]>()).prop_map(|(prefix, key)| AccountId::new(prefix, key))
}

fn spelled(seed: &[u8]) -> String {
    let seed = AccountSeed::import(seed).unwrap();
    phrase::encode(&seed).dangerously_expose().to_owned()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn phrases_round_trip(seed in seeds()) {
        let words = spelled(&seed);
        let count = words.split(' ').count();
        prop_assert_eq!(count, if seed.len() == 16 { WORDS_SHORT } else { WORDS_LONG });
        let decoded = phrase::decode(&words).unwrap();
        prop_assert_eq!(decoded.dangerously_expose(), seed.as_slice());
        let by_reference = phrase::decode_reference(&words).unwrap();
        prop_assert_eq!(by_reference.dangerously_expose(), seed.as_slice());
    }

    #[test]
    fn only_three_letters_of_each_word_matter(
        seed in seeds(),
        endings in proptest::collection::vec("[a-z]{0,5}", WORDS_LONG),
        spaces in proptest::collection::vec("[ \t\n\r\u{a0}]{1,3}", WORDS_LONG),
        upper in any::<u32>(),
    ) {
        let mut typed = String::from(" ");
        let words = spelled(&seed);
        for (at, (word, (ending, space))) in
            words.split(' ').zip(endings.iter().zip(&spaces)).enumerate()
        {
            let three: String = word.chars().take(3).collect();
            let three = if upper >> at & 1 == 1 { three.to_uppercase() } else { three };
            typed += &format!("{three}{ending}{space}");
        }
        let decoded = phrase::decode(&typed).unwrap();
        prop_assert_eq!(decoded.dangerously_expose(), seed.as_slice());
    }

    /// A word replaced by one that no list has is named by its place; swapped words are refused
    /// unless the checksum happens to agree, and then they give another seed.
    #[test]
    fn damaged_phrases_are_told_apart(seed in seeds(), at in any::<prop::sample::Index>()) {
        let words = spelled(&seed);
        let mut words: Vec<&str> = words.split(' ').collect();
        let at = at.index(words.len());
        let whole = core::mem::replace(&mut words[at], "qqq");
        let error = phrase::decode(&words.join(" ")).err();
        prop_assert_eq!(error, Some(PhraseError::UnknownWord { position: at + 1 }));

        words[at] = whole;
        let last = words.len() - 1;
        if at + 1 < last && words[at] != words[at + 1] {
            words.swap(at, at + 1);
            match phrase::decode(&words.join(" ")) {
                Ok(other) => prop_assert_ne!(other.dangerously_expose(), seed.as_slice()),
                Err(error) => {
                    use PhraseError::{Checksum, Overflow};
                    let told = matches!(error, Checksum | Overflow { .. });
                    prop_assert!(told, "{error}");
                }
            }
        }
    }

    #[test]
    fn account_ids_round_trip(id in account_ids(), other in account_ids()) {
        prop_assert_eq!(AccountId::from_bytes(id.to_bytes()), Ok(id));
        prop_assert_eq!(AccountId::parse_hex(&id.to_hex()), Ok(id));
        prop_assert_eq!(AccountId::parse_hex(&id.to_hex().to_uppercase()), Ok(id));
        prop_assert_eq!(id.cmp(&other), id.to_bytes().cmp(&other.to_bytes()));
    }

    #[test]
    fn message_hashes_round_trip(bytes in any::<[u8; 32]>()) {
        let hash = MessageHash::from_bytes(bytes);
        prop_assert_eq!(MessageHash::parse(&hash.to_string()), Ok(hash));
    }

    #[test]
    fn no_text_makes_a_parser_panic(text in any::<String>(), words in "([a-z]{2,4}\\PC? ){0,30}") {
        for text in [&text, &words] {
            let _ = AccountId::parse_hex(text);
            let _ = NodeId::parse_hex(text);
            let _ = AccountSeed::parse_hex(text);
            let _ = MessageHash::parse(text);
            let _ = Name::parse(text);
            let _ = NameValue::parse_hex(text, text);
            let _ = phrase::decode(text);
            let _ = phrase::decode_reference(text);
        }
    }

    #[test]
    fn names_open_their_own_values_only(
        name in "[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,20}[a-zA-Z0-9_])?",
        id in account_ids(),
        nonce in any::<[u8; 24]>(),
        flipped in 0_usize..49,
    ) {
        let suite = pure().suite();
        let name = Name::parse(&name).unwrap();
        let value = name.seal(&id, &*suite, nonce);
        prop_assert_eq!(name.open(&value, &*suite), Ok(id));
        let upper = Name::parse(&name.as_str().to_uppercase()).unwrap();
        prop_assert_eq!(upper.open(&value, &*suite), Ok(id));

        let other = Name::parse(&format!("{}x", name.as_str())).unwrap();
        let error = other.open(&value, &*suite).unwrap_err();
        prop_assert!(matches!(error, OpenNameError::Tag(_)));
        let mut damaged = value;
        damaged.ciphertext[flipped] ^= 1;
        let error = name.open(&damaged, &*suite).unwrap_err();
        prop_assert!(matches!(error, OpenNameError::Tag(_)));
    }

    /// A signature over one text holds for the account and for no other text.
    #[test]
    fn signatures_speak_for_their_account(seed in seeds(), now in any::<u64>()) {
        let suite = pure().suite();
        let account = Account::from_seed(&AccountSeed::import(&seed).unwrap());
        let key = account.signing().public();
        prop_assert!(account.id().is_key(key));
        let hash = message_hash(&account.id(), leek_identity::Namespace::DEFAULT, &seed);
        let text = signed_text::get_expiries(now, &[hash]);
        let signature = account.signing().sign(&*suite, text.as_bytes());
        prop_assert!(suite.verify(key, text.as_bytes(), &signature).is_ok());
        let other = signed_text::get_expiries(now ^ 1, &[hash]);
        prop_assert!(suite.verify(key, other.as_bytes(), &signature).is_err());
    }
}
