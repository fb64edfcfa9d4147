//! The client's state on disk: guards, cursors, and what was delivered.
//!
//! Version 1, integers little-endian: `"leek-state"`, version 1 (1 byte), nonce (24), then sealed
//! with XChaCha20-Poly1305 under a key of the account (tag last, 16): three lists, each a count
//! (4 bytes) and its entries: guards (node id, 32), cursors (node id, namespace 2, hash 32), messages
//! (hash 32, expiry in Unix ms 8).
//!
//! Sealed, since it tells how many messages came and which nodes know our address. It can be
//! replaced by an older copy of itself: messages are then shown again.

use core::fmt;

use leek_client::{
    ClientState, Cursor, SeenMessage,
    limits::{CURSORS_MAX, SEEN_MAX},
};
use leek_crypto::{Aead, AeadKey, Approved, TAG_LEN, Tag, hash::hkdf_sha256};
use leek_identity::{AccountSeed, MessageHash, Namespace, NodeId};
use leek_machine::{Entropy, Wall};
use leek_onion::GUARDS_MAX;

use crate::bytes::{Fields, Short};

const MAGIC: &[u8; 10] = b"leek-state";
const VERSION: u8 = 1;
/// Goes into the key, so that the header is authenticated with it.
const HEADER: &[u8; 11] = b"leek-state\x01";
const CIPHER: Aead = Aead::XChaCha20Poly1305;
const NONCE_LEN: usize = CIPHER.nonce_len();

const NODE_LEN: usize = 32;
const CURSOR_LEN: usize = NODE_LEN + 2 + 32;
const SEEN_LEN: usize = 32 + 8;
const COUNT_LEN: usize = 4;

/// Bytes of the longest file: a client's lists at their limits.
pub(crate) const STATE_FILE_BYTES_MAX: usize = HEADER.len()
    + NONCE_LEN
    + TAG_LEN
    + 3 * COUNT_LEN
    + GUARDS_MAX as usize * NODE_LEN
    + CURSORS_MAX * CURSOR_LEN
    + SEEN_MAX * SEEN_LEN;

/// The key of an account's client state. No `Clone`, no `Debug` of it; zeroized on drop.
pub struct StateKey(AeadKey);

impl StateKey {
    /// HKDF-SHA256 of the padded seed, with the file's header as info.
    pub(crate) fn of(seed: &AccountSeed) -> Self {
        let key = hkdf_sha256(&[], seed.dangerously_expose_padded(), HEADER);
        Self(AeadKey::from_bytes(key))
    }

    /// The bytes of the file.
    pub(crate) fn seal(
        &self,
        state: &ClientState,
        suite: &Approved,
        entropy: &mut dyn Entropy,
    ) -> Vec<u8> {
        let mut nonce = [0; NONCE_LEN];
        entropy.fill_bytes(&mut nonce);
        let mut sealed = encode(state);
        let tag = suite
            .suite()
            .seal(CIPHER, &self.0, &nonce, sealed.as_mut_slice());
        [&HEADER[..], &nonce, &sealed, &tag].concat()
    }

    /// Reads a file.
    pub(crate) fn open(&self, bytes: &[u8], suite: &Approved) -> Result<ClientState, StateError> {
        let mut fields = Fields(bytes);
        if fields.array() != Ok(*MAGIC) {
            return Err(StateError::NotAState);
        }
        let version = fields.u8()?;
        if version != VERSION {
            return Err(StateError::Version { version });
        }
        let nonce: [u8; NONCE_LEN] = fields.array()?;
        let (sealed, tag): (&[u8], &Tag) =
            fields.0.split_last_chunk().ok_or(StateError::Damaged)?;
        let mut content = sealed.to_vec();
        suite
            .suite()
            .open(CIPHER, &self.0, &nonce, &mut content, tag)
            .map_err(|_| StateError::Damaged)?;
        decode(Fields(&content)).map_err(|Short| StateError::Nonsense)
    }
}

impl fmt::Debug for StateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StateKey(..)")
    }
}

/// Bytes are no state of this account's client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// It does not begin as one.
    #[error("it is not a client's state")]
    NotAState,
    /// Another version.
    #[error("it is of version {version}, and this program reads version 1")]
    Version {
        /// The version found.
        version: u8,
    },
    /// The tag does not match: damaged, cut off, or of another account.
    #[error("it is damaged, or another account's")]
    Damaged,
    /// The tag matches and the lists do not add up: made by another program.
    #[error("it says nothing that this program understands")]
    Nonsense,
}

impl From<Short> for StateError {
    fn from(Short: Short) -> Self {
        Self::Damaged
    }
}

fn encode(state: &ClientState) -> Vec<u8> {
    let mut out = Vec::new();
    push_count(&mut out, state.guards.len());
    for guard in &state.guards {
        out.extend_from_slice(guard.as_bytes());
    }
    push_count(&mut out, state.cursors.len());
    for cursor in &state.cursors {
        out.extend_from_slice(cursor.node.as_bytes());
        out.extend_from_slice(&cursor.namespace.number().to_le_bytes());
        out.extend_from_slice(cursor.last.as_bytes());
    }
    push_count(&mut out, state.seen.len());
    for seen in &state.seen {
        out.extend_from_slice(seen.hash.as_bytes());
        out.extend_from_slice(&seen.expiry.ms().to_le_bytes());
    }
    out
}

fn push_count(out: &mut Vec<u8>, count: usize) {
    let Ok(count) = u32::try_from(count) else {
        leek_machine::bug!("a client's lists are bounded")
    };
    out.extend_from_slice(&count.to_le_bytes());
}

fn decode(mut fields: Fields<'_>) -> Result<ClientState, Short> {
    let guards = list(&mut fields, |entry| entry.array().map(NodeId::from_bytes))?;
    let cursors = list(&mut fields, |entry| {
        Ok(Cursor {
            node: NodeId::from_bytes(entry.array()?),
            namespace: Namespace::new(i16::from_le_bytes(entry.array()?)),
            last: MessageHash::from_bytes(entry.array()?),
        })
    })?;
    let seen = list(&mut fields, |entry| {
        Ok(SeenMessage {
            hash: MessageHash::from_bytes(entry.array()?),
            expiry: Wall::from_ms(entry.u64()?),
        })
    })?;
    if !fields.is_empty() {
        return Err(Short);
    }
    Ok(ClientState {
        guards,
        cursors,
        seen,
    })
}

/// Grows with what is there, never with what a count promises.
fn list<T>(
    fields: &mut Fields<'_>,
    mut entry: impl FnMut(&mut Fields<'_>) -> Result<T, Short>,
) -> Result<Vec<T>, Short> {
    let count = fields.u32()?;
    let mut out = Vec::new();
    for _ in 0..count {
        out.push(entry(fields)?);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use leek_crypto::{fast, pure};
    use leek_machine::Seed;
    use proptest::prelude::*;

    use super::*;

    fn key(byte: u8) -> StateKey {
        StateKey::of(&AccountSeed::short(&[byte; 16]))
    }

    fn state(len: u8) -> ClientState {
        let node = |i: u8| NodeId::from_bytes([i; 32]);
        let hash = |i: u8| MessageHash::from_bytes([i ^ 0xff; 32]);
        let seen = |i: u8| SeenMessage {
            hash: hash(i),
            expiry: Wall::from_ms(u64::from(i) << 40),
        };
        let cursor = |i: u8| Cursor {
            node: node(i),
            namespace: Namespace::new(-i16::from(i)),
            last: hash(i),
        };
        ClientState {
            guards: (0..len.min(2)).map(node).collect(),
            cursors: (0..len).map(cursor).collect(),
            seen: (0..len).map(seen).collect(),
        }
    }

    fn sealed(state: &ClientState) -> Vec<u8> {
        key(1).seal(state, &fast(), &mut Seed::from_u64(1).stream())
    }

    #[test]
    fn states_come_back() {
        for len in [0, 1, 2, 200] {
            let state = state(len);
            assert_eq!(key(1).open(&sealed(&state), &pure()), Ok(state));
        }
    }

    #[test]
    fn every_flipped_byte_is_refused() {
        let bytes = sealed(&state(2));
        for at in 0..bytes.len() {
            let mut bytes = bytes.clone();
            bytes[at] ^= 0x10;
            assert!(key(1).open(&bytes, &fast()).is_err(), "byte {at}");
        }
        for len in 0..bytes.len() {
            assert!(key(1).open(&bytes[..len], &fast()).is_err(), "{len} bytes");
        }
        let error = key(2).open(&bytes, &fast());
        assert_eq!(error, Err(StateError::Damaged), "another account");
        let mut newer = bytes;
        newer[10] = 2;
        let error = key(1).open(&newer, &fast());
        assert_eq!(error, Err(StateError::Version { version: 2 }));
    }

    #[test]
    fn two_saves_have_different_nonces() {
        let mut entropy = Seed::from_u64(1).stream();
        let [a, b] = [(); 2].map(|()| key(1).seal(&state(1), &fast(), &mut entropy));
        assert_ne!(a[11..35], b[11..35]);
    }

    #[test]
    fn the_longest_file_is_the_longest_state() {
        let full = ClientState {
            guards: vec![NodeId::from_bytes([0; 32]); usize::from(GUARDS_MAX)],
            cursors: vec![state(1).cursors[0]; CURSORS_MAX],
            seen: vec![state(1).seen[0]; SEEN_MAX],
        };
        assert_eq!(sealed(&full).len(), STATE_FILE_BYTES_MAX);
    }

    #[test]
    fn counts_that_promise_more_are_nonsense() {
        let seal = |content: &[u8]| {
            let mut content = content.to_vec();
            let tag = pure()
                .suite()
                .seal(CIPHER, &key(1).0, &[0; 24], &mut content);
            [&HEADER[..], &[0; 24], &content, &tag].concat()
        };
        for content in [&[][..], &[0xff; 4], &[0xff; 40], &[0; 13], &[0; 11]] {
            let error = key(1).open(&seal(content), &pure());
            assert_eq!(error, Err(StateError::Nonsense), "{content:?}");
        }
        assert_eq!(key(1).open(&seal(&[0; 12]), &pure()), Ok(state(0)));
    }

    proptest! {
        #[test]
        fn strangers_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(Fields(&bytes));
            prop_assert!(key(1).open(&[HEADER, &bytes[..]].concat(), &pure()).is_err());
        }
    }
}
