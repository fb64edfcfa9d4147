//! HTTP/2 frames by hand (RFC 9113), for what no client library would send.

use std::{io, net::Ipv4Addr, time::Duration};

use leek_identity::NodeAddress;

use super::raw::{Tls, drain, push, tls};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// The path of the one method there is.
const CALL_PATH: &[u8] = b"/leek.rpc.v1.Peer/Call";

pub(super) const DATA: u8 = 0x0;
pub(super) const HEADERS: u8 = 0x1;
pub(super) const RST_STREAM: u8 = 0x3;
pub(super) const SETTINGS: u8 = 0x4;
pub(super) const CONTINUATION: u8 = 0x9;

pub(super) const END_HEADERS: u8 = 0x4;
pub(super) const END_STREAM: u8 = 0x1;

/// RST_STREAM with the code CANCEL.
pub(super) const CANCEL: [u8; 4] = [0, 0, 0, 8];

/// A frame: length, kind, flags, stream, payload.
pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len())
        .unwrap_or(u32::MAX)
        .to_be_bytes();
    let mut out = vec![len[1], len[2], len[3], kind, flags];
    out.extend_from_slice(&stream.to_be_bytes());
    out.extend_from_slice(payload);
    out
}

/// The header block of a gRPC call: HPACK literals without indexing and without Huffman coding.
pub(super) fn call_headers() -> Vec<u8> {
    // POST and https stand in the static table.
    let mut out = vec![0x83, 0x87];
    literal(&mut out, 4, CALL_PATH);
    literal(&mut out, 1, b"node");
    literal(&mut out, 31, b"application/grpc");
    header(&mut out, b"te", b"trailers");
    out
}

/// One header of our own.
pub(super) fn header(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.push(0x00);
    text(out, name);
    text(out, value);
}

/// A header whose name stands in the static table at `index`.
fn literal(out: &mut Vec<u8>, index: u8, value: &[u8]) {
    if index < 15 {
        out.push(index);
    } else {
        out.extend([0x0f, index - 15]);
    }
    text(out, value);
}

/// A string of fewer than 127 bytes, or a longer one in HPACK's seven-bit groups.
fn text(out: &mut Vec<u8>, bytes: &[u8]) {
    if let Ok(len @ 0..127) = u8::try_from(bytes.len()) {
        out.push(len);
    } else {
        out.push(127);
        let mut rest = bytes.len() - 127;
        while rest >= 128 {
            out.push(u8::try_from(rest % 128).unwrap_or(0) | 0x80);
            rest /= 128;
        }
        out.push(u8::try_from(rest).unwrap_or(0));
    }
    out.extend_from_slice(bytes);
}

/// The gRPC prefix of a message of `len` bytes.
pub(super) fn grpc_prefix(len: u32) -> [u8; 5] {
    let [a, b, c, d] = len.to_be_bytes();
    [0, a, b, c, d]
}

/// An HTTP/2 connection of an attacker.
pub(super) struct H2 {
    tls: Tls,
    next: u32,
}

impl H2 {
    pub(super) fn open(source: Ipv4Addr, to: NodeAddress) -> io::Result<Self> {
        let mut tls = tls(source, to)?;
        let mut hello = PREFACE.to_vec();
        hello.extend(frame(SETTINGS, 0, 0, &[]));
        if !push(&mut tls, &hello) {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        Ok(Self { tls, next: 1 })
    }

    /// The number of a new stream.
    pub(super) const fn stream(&mut self) -> u32 {
        let stream = self.next;
        self.next += 2;
        stream
    }

    /// Sends bytes. `false` when the connection is gone.
    pub(super) fn push(&mut self, bytes: &[u8]) -> bool {
        push(&mut self.tls, bytes)
    }

    /// Reads and drops what came. `false` when the connection is gone.
    pub(super) fn drain(&mut self, wait: Duration) -> bool {
        drain(&mut self.tls, wait)
    }

    /// A call with this message, whole.
    pub(super) fn call(&mut self, message: &[u8]) -> bool {
        let stream = self.stream();
        let mut bytes = frame(HEADERS, END_HEADERS, stream, &call_headers());
        let len = u32::try_from(message.len()).unwrap_or(u32::MAX);
        let body = [&grpc_prefix(len), message].concat();
        bytes.extend(frame(DATA, END_STREAM, stream, &body));
        self.push(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_as_the_standard_says() {
        assert_eq!(
            frame(RST_STREAM, 0, 3, &CANCEL),
            [0, 0, 4, 3, 0, 0, 0, 0, 3, 0, 0, 0, 8]
        );
    }

    /// RFC 7541, C.1.2: 1337 with a prefix of five bits is 31, 154, 10; here the prefix has seven.
    #[test]
    fn long_strings_have_their_length_in_groups() {
        let mut out = Vec::new();
        text(&mut out, &[b'a'; 1_337]);
        // 1337 - 127 = 1210 = 9 * 128 + 58.
        assert_eq!(out[..3], [127, 58 | 0x80, 9]);
        assert_eq!(out.len(), 3 + 1_337);
    }

    #[test]
    fn the_header_block_names_the_method() {
        let block = call_headers();
        assert_eq!(block[..2], [0x83, 0x87]);
        assert_eq!(block[2], 4);
        assert_eq!(usize::from(block[3]), CALL_PATH.len());
    }
}
