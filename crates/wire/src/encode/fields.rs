//! Puts protobuf fields, or only counts their bytes: one description of a message gives both.

use prost::encoding::{WireType, encode_varint, encoded_len_varint};

use crate::limits;

/// Takes the fields of one message in tag order.
pub(super) struct Fields<'a> {
    /// `None` while measuring.
    bytes: Option<&'a mut Vec<u8>>,
    len: usize,
}

impl<'a> Fields<'a> {
    /// Appends to `bytes`.
    pub(super) const fn into_bytes(bytes: &'a mut Vec<u8>) -> Self {
        Self {
            bytes: Some(bytes),
            len: 0,
        }
    }

    /// The bytes that `put` would append.
    pub(super) fn measure(put: impl FnOnce(&mut Fields<'_>)) -> usize {
        let mut fields = Fields {
            bytes: None,
            len: 0,
        };
        put(&mut fields);
        fields.len
    }

    /// A number that is left out when 0.
    pub(super) fn uint(&mut self, tag: u32, value: u64) {
        if value != 0 {
            self.some_uint(tag, value);
        }
    }

    /// A number that is present even when 0.
    pub(super) fn some_uint(&mut self, tag: u32, value: u64) {
        self.key(tag, WireType::Varint);
        self.varint(value);
    }

    /// A signed number that is left out when 0.
    pub(super) fn sint(&mut self, tag: u32, value: i64) {
        self.uint(tag, zigzag(value));
    }

    /// A signed number that is present even when 0.
    pub(super) fn some_sint(&mut self, tag: u32, value: i64) {
        self.some_uint(tag, zigzag(value));
    }

    /// A flag that is left out when false.
    pub(super) fn flag(&mut self, tag: u32, value: bool) {
        self.uint(tag, u64::from(value));
    }

    /// One of a generated enumeration.
    pub(super) fn enumeration(&mut self, tag: u32, value: impl Into<i32>) {
        // Protobuf widens the sign.
        self.uint(tag, i64::from(value.into()).cast_unsigned());
    }

    /// Four bytes that are left out when 0.
    pub(super) fn fixed32(&mut self, tag: u32, value: u32) {
        if value != 0 {
            self.key(tag, WireType::ThirtyTwoBit);
            self.raw(&value.to_le_bytes());
        }
    }

    /// Eight bytes that are left out when 0.
    pub(super) fn fixed64(&mut self, tag: u32, value: u64) {
        if value != 0 {
            self.key(tag, WireType::SixtyFourBit);
            self.raw(&value.to_le_bytes());
        }
    }

    /// Bytes that are left out when empty.
    pub(super) fn bytes(&mut self, tag: u32, value: &[u8]) {
        if !value.is_empty() {
            self.some_bytes(tag, value);
        }
    }

    /// Bytes that are present even when empty.
    pub(super) fn some_bytes(&mut self, tag: u32, value: &[u8]) {
        self.key(tag, WireType::LengthDelimited);
        self.varint(value.len() as u64);
        self.raw(value);
    }

    /// A refusal's text, cut to its limit; left out when empty.
    pub(super) fn reason(&mut self, tag: u32, text: &str) {
        self.bytes(tag, limits::cut_reason(text).as_bytes());
    }

    /// The same, present even when empty.
    pub(super) fn some_reason(&mut self, tag: u32, text: &str) {
        self.some_bytes(tag, limits::cut_reason(text).as_bytes());
    }

    /// Numbers, packed; left out when there are none.
    pub(super) fn packed(&mut self, tag: u32, values: impl Iterator<Item = u64> + Clone) {
        let len: usize = values.clone().map(encoded_len_varint).sum();
        if len != 0 {
            self.key(tag, WireType::LengthDelimited);
            self.varint(len as u64);
            for value in values {
                self.varint(value);
            }
        }
    }

    /// A message, present even when empty. `put` runs twice while encoding: to count, to append.
    pub(super) fn message(&mut self, tag: u32, put: impl Fn(&mut Fields<'_>)) {
        let len = Fields::measure(&put);
        self.key(tag, WireType::LengthDelimited);
        self.varint(len as u64);
        match &mut self.bytes {
            Some(bytes) => put(&mut Fields::into_bytes(bytes)),
            None => self.len += len,
        }
    }

    fn key(&mut self, tag: u32, wire_type: WireType) {
        self.varint(u64::from((tag << 3) | wire_type as u32));
    }

    fn varint(&mut self, value: u64) {
        match &mut self.bytes {
            Some(bytes) => encode_varint(value, *bytes),
            None => self.len += encoded_len_varint(value),
        }
    }

    fn raw(&mut self, value: &[u8]) {
        match &mut self.bytes {
            Some(bytes) => bytes.extend_from_slice(value),
            None => self.len += value.len(),
        }
    }
}

/// Small magnitudes as small numbers: 0, -1, 1, -2, ... as 0, 1, 2, 3, ...
const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}
