use leek_identity::{
    Account, AccountSeed,
    phrase::{self, PhraseError},
};

use crate::vectors::check::{Check, Field, Stop, chain};

/// Letters of a word that matter.
const PREFIX_LEN: usize = 3;

/// A seed and its phrase, or as published a phrase and what reading it gives.
pub(super) fn run(check: &mut Check<'_>) -> Result<(), Stop> {
    if check.gives("words_without_checksum") || check.gives("indices") {
        let why = "phrases of 64 bytes and the numbers of words are not offered".to_owned();
        return Err(Stop::Unsupported(why));
    }
    if check.has("words") {
        return overflow(check);
    }
    if check.has("phrase") {
        return read(check);
    }
    let field = check.input("seed")?;
    let seed = field.accept(AccountSeed::import(&field.bytes()?))?;
    let written = phrase::encode(&seed);
    let written = written.dangerously_expose();
    check.expect_text("phrase", written);
    let prefixes: Vec<String> = written
        .split(' ')
        .map(|word| word.chars().take(PREFIX_LEN).collect())
        .collect();
    check.expect_text("prefix_only_phrase", &prefixes.join(" "));
    for text in [written, &prefixes.join(" ")] {
        let read = field.accept(phrase::decode(text))?;
        if read.dangerously_expose() != seed.dangerously_expose() {
            return Err(field.stop("its phrase reads as another seed"));
        }
    }
    corrupted(check, written)
}

/// The phrase with one word replaced: who refuses it. One random word in twelve passes.
fn corrupted(check: &mut Check<'_>, written: &str) -> Result<(), Stop> {
    let Some(field) = check.output("corrupted_phrase") else {
        return Ok(());
    };
    let text = field.text()?;
    let words = text.split(' ').count() == written.split(' ').count();
    let pairs = text.split(' ').zip(written.split(' '));
    if !words || pairs.filter(|(corrupted, word)| corrupted != word).count() != 1 {
        check.wrong(
            &field,
            "it does not differ from the phrase in exactly one word",
        );
    }
    let strict = phrase::decode(text);
    if matches!(strict, Err(PhraseError::UnknownWord { .. })) {
        check.wrong(&field, "it has a word that is not in the list");
    }
    let reference = phrase::decode_reference(text);
    check.expect_bool("corrupted_rejected_reference", reference.is_err());
    check.expect_bool("corrupted_rejected_strict_u32", strict.is_err());
    Ok(())
}

/// A published phrase, accepted or refused for the reason given.
fn read(check: &mut Check<'_>) -> Result<(), Stop> {
    let field = check.input("phrase")?;
    let read = phrase::decode(field.text()?);
    if let Some(expect) = check.output("expect") {
        let got = match &read {
            Ok(_) => "accept".to_owned(),
            Err(PhraseError::Checksum) => "reject: checksum".to_owned(),
            Err(PhraseError::UnknownWord { .. }) => "reject: unknown word".to_owned(),
            Err(other) => chain(other),
        };
        check.compare(&expect, &got);
    }
    match read {
        Ok(seed) => {
            check.expect_hex("seed", seed.dangerously_expose());
            check.expect_hex("seed16", seed.dangerously_expose());
            check.expect_text("account_id", &Account::from_seed(&seed).id().to_hex());
        }
        Err(error) if check.gives("seed16") => return Err(field.stop(chain(&error))),
        Err(_) => check.expect_absent("seed"),
    }
    Ok(())
}

/// Three words that stand for no 4 bytes, in the first place of a phrase.
fn overflow(check: &mut Check<'_>) -> Result<(), Stop> {
    let field = check.input("words")?;
    let words = field.text()?;
    if words.split(' ').count() != 3 {
        return Err(field.stop("not three words"));
    }
    let phrase = format!("{words} {words} {words} {words} abbey");
    let Some(expect) = check.output("expect") else {
        return Ok(());
    };
    if !expect.text()?.starts_with("reject: ") {
        check.wrong(&expect, "no such expectation is known");
    }
    expect_overflow(&field, phrase::decode(&phrase))
}

fn expect_overflow(field: &Field<'_>, read: Result<AccountSeed, PhraseError>) -> Result<(), Stop> {
    match read {
        Err(PhraseError::Overflow { position: 1 }) => Ok(()),
        Err(other) => Err(field.stop(format!("refused, but: {}", chain(&other)))),
        Ok(_) => Err(field.stop("accepted")),
    }
}
