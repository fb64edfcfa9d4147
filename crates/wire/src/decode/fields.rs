//! Takes protobuf fields off a message, checked and typed.

use leek_crypto::Signature;
use leek_identity::{AccountId, MessageHash, Namespace};
use leek_machine::Wall;
use prost::encoding::{WireType, decode_key, decode_varint};

use super::error::{DecodeError, Problem};
use crate::{Status, limits};

/// The fields of one message as they stand in its bytes.
pub(super) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    fn read(&mut self) -> Result<Field<'a>, Problem> {
        let (tag, wire_type) = decode_key(&mut self.0).map_err(|_| Problem::Malformed)?;
        let value = match wire_type {
            WireType::Varint => Value::Varint(varint(&mut self.0)?),
            WireType::SixtyFourBit => Value::Fixed64(u64::from_le_bytes(*self.take_array()?)),
            WireType::ThirtyTwoBit => Value::Fixed32(u32::from_le_bytes(*self.take_array()?)),
            WireType::LengthDelimited => {
                let len = varint(&mut self.0)?;
                let len = usize::try_from(len).map_err(|_| Problem::Malformed)?;
                let (bytes, rest) = self.0.split_at_checked(len).ok_or(Problem::Malformed)?;
                self.0 = rest;
                Value::Bytes(bytes)
            }
            // Groups were dropped from protobuf before our format began.
            WireType::StartGroup | WireType::EndGroup => return Err(Problem::Malformed),
        };
        Ok(Field { tag, value })
    }

    fn take_array<const N: usize>(&mut self) -> Result<&'a [u8; N], Problem> {
        let (array, rest) = self.0.split_first_chunk().ok_or(Problem::Malformed)?;
        self.0 = rest;
        Ok(array)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, DecodeError>;

    /// After an error comes the end.
    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.read();
        if field.is_err() {
            self.0 = &[];
        }
        Some(field.map_err(Into::into))
    }
}

fn varint(bytes: &mut &[u8]) -> Result<u64, Problem> {
    decode_varint(bytes).map_err(|_| Problem::Malformed)
}

/// One field: its tag and what stands behind it.
#[derive(Clone, Copy)]
pub(super) struct Field<'a> {
    pub(super) tag: u32,
    value: Value<'a>,
}

#[derive(Clone, Copy)]
enum Value<'a> {
    Varint(u64),
    Fixed64(u64),
    Fixed32(u32),
    Bytes(&'a [u8]),
}

impl<'a> Field<'a> {
    /// A number.
    pub(super) const fn uint(self) -> Result<u64, Problem> {
        match self.value {
            Value::Varint(value) => Ok(value),
            _ => Err(Problem::WireType),
        }
    }

    /// A number of a smaller type.
    pub(super) fn small<T: TryFrom<u64>>(self, max: T) -> Result<T, Problem>
    where
        u64: From<T>,
    {
        let found = self.uint()?;
        T::try_from(found).map_err(|_| Problem::Range {
            found,
            min: 0,
            max: max.into(),
        })
    }

    /// A signed number.
    pub(super) fn sint(self) -> Result<i64, Problem> {
        let value = self.uint()?;
        Ok((value >> 1).cast_signed() ^ -((value & 1).cast_signed()))
    }

    /// A flag.
    pub(super) fn flag(self) -> Result<bool, Problem> {
        match self.uint()? {
            0 => Ok(false),
            1 => Ok(true),
            found => Err(Problem::Range {
                found,
                min: 0,
                max: 1,
            }),
        }
    }

    pub(super) const fn fixed32(self) -> Result<u32, Problem> {
        match self.value {
            Value::Fixed32(value) => Ok(value),
            _ => Err(Problem::WireType),
        }
    }

    pub(super) const fn fixed64(self) -> Result<u64, Problem> {
        match self.value {
            Value::Fixed64(value) => Ok(value),
            _ => Err(Problem::WireType),
        }
    }

    /// Bytes, or the fields of a message.
    pub(super) const fn bytes(self) -> Result<&'a [u8], Problem> {
        match self.value {
            Value::Bytes(bytes) => Ok(bytes),
            _ => Err(Problem::WireType),
        }
    }

    /// At most `max` bytes.
    pub(super) fn bounded(self, max: usize) -> Result<&'a [u8], Problem> {
        let bytes = self.bytes()?;
        if bytes.len() > max {
            return Err(Problem::TooLong { max });
        }
        Ok(bytes)
    }

    /// Bytes of one length.
    pub(super) fn array<const N: usize>(self) -> Result<[u8; N], Problem> {
        let bytes = self.bytes()?;
        bytes.try_into().map_err(|_| Problem::Length {
            expected: N,
            found: bytes.len(),
        })
    }

    pub(super) fn wall(self) -> Result<Wall, Problem> {
        self.uint().map(Wall::from_ms)
    }

    pub(super) fn account(self) -> Result<AccountId, Problem> {
        Ok(AccountId::from_bytes(self.array()?)?)
    }

    pub(super) fn namespace(self) -> Result<Namespace, Problem> {
        Ok(Namespace::try_from(self.sint()?)?)
    }

    pub(super) fn hash(self) -> Result<MessageHash, Problem> {
        self.array().map(MessageHash::from_bytes)
    }

    pub(super) fn signature(self) -> Result<Signature, Problem> {
        self.array().map(Signature::from_bytes)
    }

    /// A message's own bytes.
    pub(super) fn data(self) -> Result<Vec<u8>, Problem> {
        self.bounded(limits::DATA_BYTES_MAX).map(<[u8]>::to_vec)
    }

    /// A refusal's text.
    pub(super) fn reason(self) -> Result<String, Problem> {
        let bytes = self.bounded(limits::REASON_BYTES_MAX)?;
        core::str::from_utf8(bytes)
            .map(str::to_owned)
            .map_err(|_| Problem::Text)
    }

    pub(super) fn status(self) -> Result<Status, Problem> {
        let found = self.uint()?;
        match u16::try_from(found) {
            Ok(code @ limits::STATUS_MIN..=limits::STATUS_MAX) => Ok(Status(code)),
            _ => Err(Problem::Range {
                found,
                min: limits::STATUS_MIN.into(),
                max: limits::STATUS_MAX.into(),
            }),
        }
    }

    /// Numbers of a repeated field: packed together, or one alone.
    pub(super) fn each_uint(
        self,
        mut take: impl FnMut(u64) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        match self.value {
            Value::Varint(value) => take(value),
            Value::Bytes(mut packed) => {
                while !packed.is_empty() {
                    take(varint(&mut packed)?)?;
                }
                Ok(())
            }
            Value::Fixed32(_) | Value::Fixed64(_) => Err(Problem::WireType.into()),
        }
    }
}

/// A copy of at most `max` bytes.
pub(super) fn copied(field: Field<'_>, max: usize) -> Result<Vec<u8>, Problem> {
    field.bounded(max).map(<[u8]>::to_vec)
}

/// Reads a message that has no fields of its own.
pub(super) fn skip_all(field: Field<'_>) -> Result<(), DecodeError> {
    Fields::new(field.bytes()?).try_for_each(|field| field.map(drop))
}

/// A field that may be there once.
pub(super) struct Slot<T> {
    name: &'static str,
    value: Option<T>,
}

impl<T> Slot<T> {
    pub(super) const fn new(name: &'static str) -> Self {
        Self { name, value: None }
    }

    pub(super) fn set(
        &mut self,
        value: Result<T, impl Into<DecodeError>>,
    ) -> Result<(), DecodeError> {
        self.choose(self.name, value)
    }

    /// For a oneof: `name` is the choice that was found.
    pub(super) fn choose(
        &mut self,
        name: &str,
        value: Result<T, impl Into<DecodeError>>,
    ) -> Result<(), DecodeError> {
        if self.value.is_some() {
            return Err(DecodeError::from(Problem::Twice).within(name));
        }
        self.value = Some(value.map_err(|error| error.into().within(name))?);
        Ok(())
    }

    pub(super) fn optional(self) -> Option<T> {
        self.value
    }

    pub(super) fn required(self) -> Result<T, DecodeError> {
        self.value
            .ok_or_else(|| DecodeError::from(Problem::Missing).within(self.name))
    }

    pub(super) fn or_default(self) -> T
    where
        T: Default,
    {
        self.value.unwrap_or_default()
    }
}

/// A field that may be there many times.
pub(super) struct List<T> {
    name: &'static str,
    max: usize,
    pub(super) items: Vec<T>,
}

impl<T> List<T> {
    pub(super) const fn new(name: &'static str, max: usize) -> Self {
        Self {
            name,
            max,
            items: Vec::new(),
        }
    }

    pub(super) fn push(
        &mut self,
        item: Result<T, impl Into<DecodeError>>,
    ) -> Result<(), DecodeError> {
        let index = self.items.len();
        if index >= self.max {
            return Err(DecodeError::from(Problem::TooMany { max: self.max }).within(self.name));
        }
        let item = item.map_err(|error| error.into().at_index(index).within(self.name))?;
        self.items.push(item);
        Ok(())
    }
}
