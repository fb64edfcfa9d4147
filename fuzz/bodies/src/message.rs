//! What clients read of stored messages.

use std::sync::OnceLock;

use leek_crypto::{Suite, fast};
use leek_identity::{Account, AccountSeed};
use leek_machine::{Seed, Wall};
use leek_message::{
    Content, Envelope, encrypt_deterministic, pad, seal_encoded, unwrap_config, wrap_config,
};

use crate::Verdict;

/// First byte of inputs that are read as they are; with any other the target encrypts the rest.
pub const AS_IT_IS: u8 = 0;

/// The time of what the targets encrypt.
pub const SENT_AT: Wall = Wall::from_ms(1_700_000_000_000);

/// Who reads.
pub fn recipient() -> &'static Account {
    static ACCOUNT: OnceLock<Account> = OnceLock::new();
    ACCOUNT.get_or_init(|| Account::from_seed(&AccountSeed::short(&[1; 16])))
}

/// Who writes.
pub fn sender() -> &'static Account {
    static ACCOUNT: OnceLock<Account> = OnceLock::new();
    ACCOUNT.get_or_init(|| Account::from_seed(&AccountSeed::short(&[2; 16])))
}

/// The frame around a stored message.
pub fn envelope(data: &[u8]) -> Verdict {
    let read = Envelope::parse(data).ok();
    if let Some(envelope) = &read {
        let again = Envelope::parse(&envelope.clone().encode());
        assert_eq!(again.as_ref(), Ok(envelope));
    }
    Verdict::of(&read)
}

/// The encrypted part.
pub fn decrypt(data: &[u8]) -> Verdict {
    let suite = fast().suite();
    let read = leek_message::decrypt(&*suite, recipient().dh(), data).ok();
    if let Some(decrypted) = &read {
        assert_eq!(
            decrypted.padded.len() + leek_message::V1_OVERHEAD,
            data.len()
        );
    }
    Verdict::of(&read)
}

/// A stored message, or content that the target seals first.
pub fn open(data: &[u8]) -> Verdict {
    let Some((mode, rest)) = data.split_first() else {
        return Verdict::Refused;
    };
    let suite = fast().suite();
    let stored = if *mode == AS_IT_IS {
        Some(rest.to_vec())
    } else {
        seal(&*suite, rest)
    };
    let read = stored.and_then(|stored| leek_message::open(&*suite, recipient(), &stored).ok());
    if let Some(opened) = &read {
        assert_eq!(opened.content.sent_at, opened.envelope_timestamp);
    }
    Verdict::of(&read)
}

fn seal(suite: &dyn Suite, content: &[u8]) -> Option<Vec<u8>> {
    let sent_at = Content::parse(content).map_or(SENT_AT, |content| content.sent_at);
    let mut entropy = Seed::from_u64(0).stream();
    let to = recipient().id();
    let sealed = seal_encoded(
        suite,
        &mut entropy,
        sender(),
        &to,
        sent_at,
        content.to_vec(),
    );
    sealed.ok().map(leek_message::Sealed::into_bytes)
}

/// What a message says, decrypted and unpadded.
pub fn content(data: &[u8]) -> Verdict {
    let read = Content::parse(data).ok();
    if let Some(content) = &read
        && let Ok(written) = content.encode()
    {
        assert_eq!(Content::parse(&written).as_ref(), Ok(content));
    }
    Verdict::of(&read)
}

/// A stored config message, or its inside, which the target encrypts first.
pub fn config(data: &[u8]) -> Verdict {
    let Some((mode, rest)) = data.split_first() else {
        return Verdict::Refused;
    };
    let suite = fast().suite();
    let stored = if *mode == AS_IT_IS {
        Some(rest.to_vec())
    } else {
        wrap(&*suite, rest)
    };
    let read = stored.and_then(|stored| unwrap_config(&*suite, recipient(), &stored).ok());
    if let Some(config) = &read
        && let Ok(wrapped) = wrap_config(
            &*suite,
            recipient(),
            config.kind,
            config.seqno,
            &config.data,
        )
    {
        let again = unwrap_config(&*suite, recipient(), &wrapped);
        assert_eq!(again.as_ref(), Ok(config));
    }
    Verdict::of(&read)
}

fn wrap(suite: &dyn Suite, content: &[u8]) -> Option<Vec<u8>> {
    let (signing, own) = (recipient().signing(), recipient().dh().public());
    let content = encrypt_deterministic(suite, signing, own, &pad(content.to_vec())).ok()?;
    let envelope = Envelope {
        timestamp: SENT_AT,
        source_device: None,
        content,
        pro_signature: None,
    };
    Some(envelope.encode())
}
