//! The body of a v4 server request or reply: a bencoded list of a JSON head and, maybe, raw bytes,
//! `l<len>:<json>[<len>:<body>]e` (network spec 3.5). The head is not interpreted here.

use crate::limits::{REQUEST_BYTES_MAX, V4_HEAD_BYTES_MAX};

/// A parsed v4 body; borrows from the bytes it was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct V4Body<'a> {
    /// The JSON head: `{method, endpoint, headers}` of a request, `{code, headers}` of a reply.
    pub head: &'a [u8],
    /// The raw body, where there is one.
    pub body: Option<&'a [u8]>,
}

/// Bytes are no v4 body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum V4Error {
    /// The whole is over the cap of a request.
    #[error("read a v4 body of {len} bytes, {max} at most")]
    TooLarge {
        /// Bytes given.
        len: usize,
        /// [`REQUEST_BYTES_MAX`].
        max: usize,
    },
    /// The head is over its cap.
    #[error("read a v4 head of {len} bytes, {max} at most")]
    HeadTooLarge {
        /// Bytes announced.
        len: usize,
        /// [`V4_HEAD_BYTES_MAX`].
        max: usize,
    },
    /// Not a bencoded list of one or two strings, or not in canonical form.
    #[error("read a v4 body: byte {at} is unexpected")]
    Bencode {
        /// Where, counted from 0.
        at: usize,
    },
}

impl<'a> V4Body<'a> {
    /// The bencoded list.
    pub fn encode(&self) -> Vec<u8> {
        let parts = [Some(self.head), self.body];
        let mut out = Vec::with_capacity(self.encoded_len());
        out.push(b'l');
        for part in parts.into_iter().flatten() {
            out.extend_from_slice(part.len().to_string().as_bytes());
            out.push(b':');
            out.extend_from_slice(part);
        }
        out.push(b'e');
        out
    }

    /// Bytes [`V4Body::encode`] returns.
    pub fn encoded_len(&self) -> usize {
        let string = |part: &[u8]| digits(part.len()) + 1 + part.len();
        2 + string(self.head) + self.body.map_or(0, string)
    }

    /// Reads a bencoded list of one or two strings. Strict: no leading zeros, nothing behind.
    ///
    /// # Errors
    /// [`V4Error`] naming the place or the limit.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, V4Error> {
        if bytes.len() > REQUEST_BYTES_MAX {
            return Err(V4Error::TooLarge {
                len: bytes.len(),
                max: REQUEST_BYTES_MAX,
            });
        }
        let mut reader = Reader { bytes, at: 0 };
        reader.expect(b'l')?;
        let head = reader.string()?;
        if head.len() > V4_HEAD_BYTES_MAX {
            return Err(V4Error::HeadTooLarge {
                len: head.len(),
                max: V4_HEAD_BYTES_MAX,
            });
        }
        let body = match reader.peek() {
            Some(b'e') => None,
            _ => Some(reader.string()?),
        };
        reader.expect(b'e')?;
        match reader.peek() {
            None => Ok(Self { head, body }),
            Some(_) => Err(reader.unexpected()),
        }
    }
}

/// Decimal digits of `n`.
const fn digits(n: usize) -> usize {
    match n.checked_ilog10() {
        Some(log) => log as usize + 1,
        None => 1,
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    const fn unexpected(&self) -> V4Error {
        V4Error::Bencode { at: self.at }
    }

    fn expect(&mut self, byte: u8) -> Result<(), V4Error> {
        if self.peek() != Some(byte) {
            return Err(self.unexpected());
        }
        self.at += 1;
        Ok(())
    }

    fn string(&mut self) -> Result<&'a [u8], V4Error> {
        let first = self.at;
        let mut len = 0_usize;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            // A zero may only stand alone; and no length within the cap has more digits than it.
            if (self.at > first && len == 0) || len > REQUEST_BYTES_MAX {
                return Err(self.unexpected());
            }
            len = len * 10 + usize::from(digit - b'0');
            self.at += 1;
        }
        if self.at == first {
            return Err(self.unexpected());
        }
        self.expect(b':')?;
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let (string, _) = rest.split_at_checked(len).ok_or(self.unexpected())?;
        self.at += len;
        Ok(string)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_forms() {
        let request = V4Body {
            head: br#"{"method":"GET","endpoint":"/x"}"#,
            body: None,
        };
        assert_eq!(
            request.encode(),
            br#"l32:{"method":"GET","endpoint":"/x"}e"#
        );
        let reply = V4Body {
            head: br#"{"code":200}"#,
            body: Some(b"abc"),
        };
        assert_eq!(reply.encode(), br#"l12:{"code":200}3:abce"#);
        assert_eq!(
            V4Body::parse(br#"l12:{"code":200}0:e"#).unwrap().body,
            Some(&b""[..])
        );
    }

    #[test]
    fn malformed_bytes_are_refused_with_their_place() {
        for (bytes, at) in [
            (&b""[..], 0),
            (b"d2:{}e", 0),
            (b"le", 1),
            (b"l2:{}", 5),
            (b"l2:{}ee", 6),
            (b"l02:{}e", 2),
            (b"l3:{}", 3),
            (b"l2:{}2:xxi3ee", 9),
            (b"l99999999999999999999:", 9),
            (b"l-1:e", 1),
        ] {
            assert_eq!(
                V4Body::parse(bytes),
                Err(V4Error::Bencode { at }),
                "{bytes:?}"
            );
        }
        let head = vec![b'x'; V4_HEAD_BYTES_MAX + 1];
        let long = V4Body {
            head: &head,
            body: None,
        }
        .encode();
        assert!(matches!(
            V4Body::parse(&long),
            Err(V4Error::HeadTooLarge { .. })
        ));
        let huge = vec![b'l'; REQUEST_BYTES_MAX + 1];
        assert!(matches!(
            V4Body::parse(&huge),
            Err(V4Error::TooLarge { .. })
        ));
    }

    proptest! {
        #[test]
        fn round_trip(head: Vec<u8>, body: Option<Vec<u8>>) {
            let made = V4Body { head: &head, body: body.as_deref() };
            let bytes = made.encode();
            prop_assert_eq!(bytes.len(), made.encoded_len());
            prop_assert_eq!(V4Body::parse(&bytes), Ok(made));
        }

        #[test]
        fn whatever_parses_encodes_to_the_same_bytes(
            bytes in prop::collection::vec(prop_oneof![Just(b'l'), Just(b'e'), Just(b':'), b'0'..=b'4'], 0..12)
        ) {
            if let Ok(body) = V4Body::parse(&bytes) {
                prop_assert_eq!(body.encode(), bytes);
            }
        }
    }
}
