//! Reads protobuf in its one canonical encoding, and refuses every other.

/// Bytes are not what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("read {message}: {field}: {problem}")]
pub struct Malformed {
    /// Which message.
    pub message: &'static str,
    /// Which of its fields; `"message"` when it is the message as a whole.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// More bytes than such a message can have.
    #[error("more than {max} bytes")]
    TooLong {
        /// The limit.
        max: usize,
    },
    /// It ends inside a field, or is not protobuf at all.
    #[error("cut off or not protobuf")]
    Cut,
    /// Another field than the ones expected in this place: unknown, given twice, out of order, or
    /// of another wire type.
    #[error("a field that is unknown, given twice, or out of order")]
    Unexpected,
    /// A number in more bytes than it needs, or a default value written out.
    #[error("not in its shortest form")]
    NotShortest,
    /// A field that must be there is not.
    #[error("missing")]
    Missing,
    /// Bytes of the wrong length.
    #[error("{found} bytes instead of {expected}")]
    Length {
        /// The field's length.
        expected: usize,
        /// The length found.
        found: usize,
    },
    /// A number outside its range.
    #[error("{found} is outside {min} to {max}")]
    Range {
        /// The number found.
        found: u64,
        /// The smallest allowed.
        min: u64,
        /// The largest allowed.
        max: u64,
    },
    /// More entries than allowed.
    #[error("more than {max} entries")]
    TooMany {
        /// The limit.
        max: usize,
    },
    /// Entries are not in ascending order, or one comes twice.
    #[error("entries are not in ascending order")]
    Order,
    /// The value cannot mean anything.
    #[error("{0}")]
    Value(&'static str),
}

/// The fields of one message, taken off in ascending order.
///
/// Every method looks at the next field only: if that is another one, the field asked for is
/// absent. What nobody took is found by [`Reader::end`].
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    message: &'static str,
    rest: &'a [u8],
}

const VARINT: u64 = 0;
const FIXED64: u64 = 1;
const LEN: u64 = 2;
const FIXED32: u64 = 5;

impl<'a> Reader<'a> {
    /// Reads `bytes`, of which there are at most `max`.
    pub(crate) const fn new(
        message: &'static str,
        bytes: &'a [u8],
        max: usize,
    ) -> Result<Self, Malformed> {
        if bytes.len() > max {
            return Err(Malformed {
                message,
                field: "message",
                problem: Problem::TooLong { max },
            });
        }
        Ok(Self {
            message,
            rest: bytes,
        })
    }

    /// An error at `field` of this message.
    pub(crate) const fn wrong(&self, field: &'static str, problem: Problem) -> Malformed {
        Malformed {
            message: self.message,
            field,
            problem,
        }
    }

    /// A message or bytes that may be empty; `None` when the next field is another.
    pub(crate) fn part(
        &mut self,
        tag: u64,
        field: &'static str,
    ) -> Result<Option<&'a [u8]>, Malformed> {
        if !self.take_key(tag, LEN, field)? {
            return Ok(None);
        }
        let len = self.varint(field)?;
        let split = usize::try_from(len)
            .ok()
            .and_then(|len| self.rest.split_at_checked(len));
        let (part, rest) = split.ok_or_else(|| self.wrong(field, Problem::Cut))?;
        self.rest = rest;
        Ok(Some(part))
    }

    /// Bytes, of which there is at least one.
    pub(crate) fn bytes(
        &mut self,
        tag: u64,
        field: &'static str,
    ) -> Result<Option<&'a [u8]>, Malformed> {
        match self.part(tag, field)? {
            Some([]) => Err(self.wrong(field, Problem::NotShortest)),
            part => Ok(part),
        }
    }

    /// Bytes of one length, that must be there.
    pub(crate) fn array<const N: usize>(
        &mut self,
        tag: u64,
        field: &'static str,
    ) -> Result<[u8; N], Malformed> {
        let bytes = self.bytes(tag, field)?;
        let bytes = bytes.ok_or_else(|| self.wrong(field, Problem::Missing))?;
        self.sized(bytes, field)
    }

    /// Bytes of one length, if they are there.
    pub(crate) fn optional_array<const N: usize>(
        &mut self,
        tag: u64,
        field: &'static str,
    ) -> Result<Option<[u8; N]>, Malformed> {
        let bytes = self.bytes(tag, field)?;
        bytes.map(|bytes| self.sized(bytes, field)).transpose()
    }

    fn sized<const N: usize>(
        &self,
        bytes: &[u8],
        field: &'static str,
    ) -> Result<[u8; N], Malformed> {
        let problem = Problem::Length {
            expected: N,
            found: bytes.len(),
        };
        bytes.try_into().map_err(|_| self.wrong(field, problem))
    }

    /// A number; 0 when absent.
    pub(crate) fn uint(&mut self, tag: u64, field: &'static str) -> Result<u64, Malformed> {
        if !self.take_key(tag, VARINT, field)? {
            return Ok(0);
        }
        match self.varint(field)? {
            0 => Err(self.wrong(field, Problem::NotShortest)),
            number => Ok(number),
        }
    }

    /// A number from `min` to `max`; 0 when absent.
    pub(crate) fn ranged(
        &mut self,
        tag: u64,
        field: &'static str,
        min: u64,
        max: u64,
    ) -> Result<u64, Malformed> {
        let found = self.uint(tag, field)?;
        if found < min || found > max {
            return Err(self.wrong(field, Problem::Range { found, min, max }));
        }
        Ok(found)
    }

    /// A number of 16 bits; 0 when absent.
    pub(crate) fn u16(&mut self, tag: u64, field: &'static str) -> Result<u16, Malformed> {
        let found = self.uint(tag, field)?;
        let max = u16::MAX.into();
        let problem = Problem::Range { found, min: 0, max };
        u16::try_from(found).map_err(|_| self.wrong(field, problem))
    }

    /// A number in four bytes; 0 when absent.
    pub(crate) fn fixed32(&mut self, tag: u64, field: &'static str) -> Result<u32, Malformed> {
        if !self.take_key(tag, FIXED32, field)? {
            return Ok(0);
        }
        match u32::from_le_bytes(self.chunk(field)?) {
            0 => Err(self.wrong(field, Problem::NotShortest)),
            number => Ok(number),
        }
    }

    /// A number in eight bytes; 0 when absent.
    pub(crate) fn fixed64(&mut self, tag: u64, field: &'static str) -> Result<u64, Malformed> {
        if !self.take_key(tag, FIXED64, field)? {
            return Ok(0);
        }
        match u64::from_le_bytes(self.chunk(field)?) {
            0 => Err(self.wrong(field, Problem::NotShortest)),
            number => Ok(number),
        }
    }

    /// Nothing may be left.
    pub(crate) const fn end(self) -> Result<(), Malformed> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(self.wrong("message", Problem::Unexpected))
        }
    }

    /// Takes the next field's key if it is this one.
    fn take_key(
        &mut self,
        tag: u64,
        wire_type: u64,
        field: &'static str,
    ) -> Result<bool, Malformed> {
        if self.rest.is_empty() {
            return Ok(false);
        }
        let before = self.rest;
        if self.varint(field)? == tag << 3 | wire_type {
            return Ok(true);
        }
        self.rest = before;
        Ok(false)
    }

    fn chunk<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], Malformed> {
        let Some((chunk, rest)) = self.rest.split_first_chunk() else {
            return Err(self.wrong(field, Problem::Cut));
        };
        self.rest = rest;
        Ok(*chunk)
    }

    /// A number of at most 64 bits in as few bytes as it needs.
    fn varint(&mut self, field: &'static str) -> Result<u64, Malformed> {
        let mut number = 0_u64;
        for (at, byte) in self.rest.iter().enumerate() {
            let low = u64::from(byte & 0x7f);
            // Of the tenth byte one bit is left.
            if at == 9 && low > 1 || at > 9 {
                return Err(self.wrong(field, Problem::Cut));
            }
            number |= low << (7 * at);
            if byte & 0x80 == 0 {
                if at > 0 && low == 0 {
                    return Err(self.wrong(field, Problem::NotShortest));
                }
                self.rest = &self.rest[at + 1..];
                return Ok(number);
            }
        }
        Err(self.wrong(field, Problem::Cut))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(bytes: &[u8]) -> Reader<'_> {
        Reader::new("test", bytes, 64).unwrap()
    }

    fn uint(bytes: &[u8]) -> Result<u64, Problem> {
        let mut reader = reader(bytes);
        let number = reader.uint(1, "number").map_err(|error| error.problem)?;
        reader.end().map_err(|error| error.problem)?;
        Ok(number)
    }

    #[test]
    fn numbers_have_one_form() {
        assert_eq!(uint(&[]), Ok(0));
        assert_eq!(uint(&[8, 1]), Ok(1));
        assert_eq!(uint(&[8, 0x80, 1]), Ok(128));
        let all = [8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
        assert_eq!(uint(&all), Ok(u64::MAX));
        assert_eq!(uint(&[8, 0]), Err(Problem::NotShortest));
        assert_eq!(uint(&[8, 0x81, 0]), Err(Problem::NotShortest));
        assert_eq!(uint(&[0x88, 0, 1]), Err(Problem::NotShortest));
        let too_large = [8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2];
        assert_eq!(uint(&too_large), Err(Problem::Cut));
        assert_eq!(uint(&[8]), Err(Problem::Cut));
        assert_eq!(uint(&[8, 0x80]), Err(Problem::Cut));
    }

    #[test]
    fn other_fields_are_refused() {
        // Given twice, unknown, and of another wire type.
        for bytes in [&[8, 1, 8, 1][..], &[16, 1], &[9, 1, 0, 0, 0, 0, 0, 0, 0]] {
            assert_eq!(uint(bytes), Err(Problem::Unexpected), "{bytes:?}");
        }
    }

    #[test]
    fn bytes_are_bounded_by_what_is_there() {
        assert_eq!(reader(&[10, 2, 7, 8]).bytes(1, "b"), Ok(Some(&[7, 8][..])));
        assert_eq!(reader(&[10, 0]).part(1, "b"), Ok(Some(&[][..])));
        let problem = |bytes| reader(bytes).bytes(1, "b").unwrap_err().problem;
        assert_eq!(problem(&[10, 0]), Problem::NotShortest);
        assert_eq!(problem(&[10, 3, 7, 8]), Problem::Cut);
        let long = [10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
        assert_eq!(problem(&long), Problem::Cut);
        let length = Problem::Length {
            expected: 3,
            found: 2,
        };
        let error = reader(&[10, 2, 7, 8]).array::<3>(1, "b").unwrap_err();
        assert_eq!(error.problem, length);
        assert!(Reader::new("test", &[0; 65], 64).is_err());
    }

    #[test]
    fn fixed_numbers_are_little_endian() {
        assert_eq!(reader(&[13, 1, 2, 0, 0]).fixed32(1, "n"), Ok(0x201));
        assert_eq!(
            reader(&[9, 1, 0, 0, 0, 0, 0, 0, 0x80]).fixed64(1, "n"),
            Ok(1 << 63 | 1)
        );
        assert!(reader(&[13, 1, 2, 0]).fixed32(1, "n").is_err());
        assert!(reader(&[13, 0, 0, 0, 0]).fixed32(1, "n").is_err());
        assert!(
            reader(&[9, 0, 0, 0, 0, 0, 0, 0, 0])
                .fixed64(1, "n")
                .is_err()
        );
    }

    #[test]
    fn errors_name_message_and_field() {
        let error = reader(&[]).array::<32>(1, "id").unwrap_err();
        assert_eq!(error.to_string(), "read test: id: missing");
    }
}
