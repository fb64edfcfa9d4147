/// Padded content is a multiple of this many bytes (crypto spec 2.1).
pub const PADDING_BLOCK: usize = 160;

/// Marks the end of the content; zero bytes follow.
const END: u8 = 0x80;

/// Length of the padded form of `len` bytes of content: the rule of libsession since 2025.
///
/// With `t = len + 1` it adds `160 - t % 160` zeros, so that a `t` that is a multiple of the block
/// gains a whole block.
pub const fn padded_len(len: usize) -> usize {
    let marked = len + 1;
    marked + PADDING_BLOCK - marked % PADDING_BLOCK
}

/// Length of the padded form of `len` bytes of content as older clients wrote it. It differs from
/// [`padded_len`] only when `len + 1` is a multiple of the block.
pub const fn old_client_len(len: usize) -> usize {
    (len / PADDING_BLOCK + 1) * PADDING_BLOCK
}

/// Pads `content` by the rule of [`padded_len`].
pub fn pad(mut content: Vec<u8>) -> Vec<u8> {
    let len = padded_len(content.len());
    content.push(END);
    content.resize(len, 0);
    content
}

/// The content in `padded`: trailing zeros and one 0x80 taken off. Bytes without a 0x80 before
/// their trailing zeros are taken as never padded and returned whole, as deployed clients do.
pub fn unpad(padded: &[u8]) -> &[u8] {
    let last = padded.iter().rposition(|&byte| byte != 0);
    match last.map(|at| padded.split_at(at)) {
        Some((content, [END, ..])) => content,
        _ => padded,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_two_rules_differ_only_where_the_mark_fills_a_block() {
        for len in 0..1_000 {
            let extra = if (len + 1) % 160 == 0 { 160 } else { 0 };
            assert_eq!(padded_len(len), old_client_len(len) + extra, "{len}");
        }
        assert_eq!((old_client_len(159), padded_len(159)), (160, 320));
    }

    #[test]
    fn unmarked_bytes_stay_whole() {
        for bytes in [&b""[..], b"\0\0", b"abc", b"abc\0\0", b"\x80a\0"] {
            assert_eq!(unpad(bytes), bytes);
        }
        // Only one mark is taken off.
        assert_eq!(unpad(b"a\x80\x80\0"), b"a\x80");
    }

    proptest! {
        #[test]
        fn both_rules_unpad(content in prop::collection::vec(any::<u8>(), 0..700)) {
            let padded = pad(content.clone());
            prop_assert_eq!(padded.len(), padded_len(content.len()));
            prop_assert_eq!(padded.len() % PADDING_BLOCK, 0);
            prop_assert!(padded.len() - content.len() <= PADDING_BLOCK + 1);
            prop_assert_eq!(unpad(&padded), content.as_slice());

            let mut old = content.clone();
            old.push(END);
            old.resize(old_client_len(content.len()), 0);
            prop_assert_eq!(unpad(&old), content.as_slice());
        }

        #[test]
        fn unpad_takes_any_bytes(bytes in prop::collection::vec(
            prop_oneof![Just(0), Just(END), any::<u8>()], 0..64,
        )) {
            prop_assert!(bytes.starts_with(unpad(&bytes)));
        }
    }
}
