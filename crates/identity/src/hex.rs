use data_encoding::HEXLOWER;

/// A text is not the hexadecimal form of the bytes expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseHexError {
    /// Another number of digits.
    #[error("read hexadecimal text: {digits} bytes of text instead of {expected} digits")]
    Length {
        /// Bytes of text given.
        digits: usize,
        /// Digits expected.
        expected: usize,
    },
    /// A byte that is no hexadecimal digit.
    #[error("read hexadecimal text: byte {at} is no hexadecimal digit")]
    Digit {
        /// Where, counted from 0.
        at: usize,
    },
}

/// Exactly `N` bytes from `2 * N` digits of either case, into `out`.
///
/// Written in place, so that secrets leave no second copy.
pub(crate) fn parse_into(text: &str, out: &mut [u8]) -> Result<(), ParseHexError> {
    let digits = text.as_bytes();
    let expected = out.len() * 2;
    if digits.len() != expected {
        return Err(ParseHexError::Length {
            digits: digits.len(),
            expected,
        });
    }
    for (index, (pair, byte)) in digits.chunks_exact(2).zip(out.iter_mut()).enumerate() {
        let high = nibble(pair[0]).ok_or(ParseHexError::Digit { at: 2 * index })?;
        let low = nibble(pair[1]).ok_or(ParseHexError::Digit { at: 2 * index + 1 })?;
        *byte = high << 4 | low;
    }
    Ok(())
}

/// Exactly `N` bytes from `2 * N` digits of either case.
pub(crate) fn parse<const N: usize>(text: &str) -> Result<[u8; N], ParseHexError> {
    let mut out = [0; N];
    parse_into(text, &mut out)?;
    Ok(out)
}

/// Lower-case hexadecimal digits.
pub(crate) fn encode(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

const fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_cases_are_read_and_lower_case_is_written() {
        assert_eq!(parse::<3>("0aF9eC"), Ok([0x0a, 0xf9, 0xec]));
        assert_eq!(encode(&[0x0a, 0xf9, 0xec]), "0af9ec");
    }

    #[test]
    fn errors_name_the_place() {
        assert_eq!(parse::<2>("0g00"), Err(ParseHexError::Digit { at: 1 }));
        assert_eq!(
            parse::<2>("00f"),
            Err(ParseHexError::Length {
                digits: 3,
                expected: 4
            })
        );
        // Four bytes of text, but not four digits: multi-byte characters never split.
        assert_eq!(parse::<2>("0é0"), Err(ParseHexError::Digit { at: 1 }));
    }
}
