//! The list of English words.

/// Words in the list.
pub(super) const COUNT: usize = 1626;

/// Letters of a word that matter; no two words share them.
pub(super) const PREFIX_LEN: usize = 3;

const TEXT: &str = include_str!("english.txt");

/// The list, sorted, so that an index is found by binary search.
static LIST: [&str; COUNT] = split(TEXT);

/// The word at `index`, which is below [`COUNT`].
pub(super) fn word(index: u32) -> &'static str {
    LIST[index as usize]
}

/// The letters that matter of the word at `index`.
pub(super) fn prefix(index: u32) -> &'static [u8] {
    word(index).as_bytes().split_at(PREFIX_LEN).0
}

/// The index of the word that begins with the same letters as `text`, in either case.
pub(super) fn index(text: &str) -> Option<u32> {
    let mut wanted = [0; PREFIX_LEN];
    let mut letters = text.chars();
    for slot in &mut wanted {
        *slot = letters.next().and_then(lower_ascii)?;
    }
    let found = LIST.binary_search_by(|word| word.as_bytes().split_at(PREFIX_LEN).0.cmp(&wanted));
    found.ok().and_then(|index| u32::try_from(index).ok())
}

/// The lower-case ASCII letter that `letter` folds to, if it is one.
fn lower_ascii(letter: char) -> Option<u8> {
    let mut folded = letter.to_lowercase();
    match (folded.next(), folded.next()) {
        (Some(letter), None) => u8::try_from(letter).ok().filter(u8::is_ascii_lowercase),
        _ => None,
    }
}

/// Splits `text` into its lines, at compile time.
const fn split(text: &str) -> [&str; COUNT] {
    let mut words = [""; COUNT];
    let mut rest = text.as_bytes();
    let mut index = 0;
    while index < COUNT {
        let mut len = 0;
        while rest[len] != b'\n' {
            len += 1;
        }
        assert!(len >= PREFIX_LEN, "every word has the letters that matter");
        let (word, tail) = rest.split_at(len);
        words[index] = match core::str::from_utf8(word) {
            Ok(word) => word,
            Err(_) => panic!("the list is ASCII"),
        };
        rest = tail.split_at(1).1;
        index += 1;
    }
    assert!(rest.is_empty(), "the list has exactly COUNT words");
    words
}
