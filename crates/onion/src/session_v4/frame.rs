//! The framing that every layer shares: `LE32(N) || N bytes || JSON`.

use leek_machine::bug;

use crate::FrameError;

/// Bytes of the little-endian length in front.
pub(crate) const LEN_BYTES: usize = 4;

/// The length field for `len` bytes.
pub(crate) fn len_field(len: usize) -> [u8; LEN_BYTES] {
    match u32::try_from(len) {
        Ok(len) => len.to_le_bytes(),
        Err(_) => bug!("a frame of {len} bytes passed the cap of 10 MiB"),
    }
}

/// Appends the length field for `len` bytes.
pub(crate) fn push_len(out: &mut Vec<u8>, len: usize) {
    out.extend_from_slice(&len_field(len));
}

/// The bytes and the JSON of a frame.
pub(crate) fn split(frame: &[u8]) -> Result<(&[u8], &[u8]), FrameError> {
    let short = |need| FrameError::Short {
        len: frame.len(),
        need,
    };
    let (field, rest) = frame
        .split_first_chunk::<LEN_BYTES>()
        .ok_or(short(LEN_BYTES))?;
    // On a target with 16-bit addresses the length would not fit, and be too long anyway.
    let len = usize::try_from(u32::from_le_bytes(*field)).unwrap_or(usize::MAX);
    rest.split_at_checked(len)
        .ok_or(short(len.saturating_add(LEN_BYTES)))
}

/// Keeps `buffer[start..end]`, shifted to the front: one move, no new allocation.
pub(crate) fn keep(buffer: &mut Vec<u8>, start: usize, end: usize) {
    buffer.truncate(end);
    buffer.drain(..start);
}
