//! Looks at the fields of an encoded message without decoding it: the generated types drop fields
//! they do not know, and allocate for every repeated message before anybody can count.

/// The bytes are no fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadField;

/// One field: its number, and its bytes when it is length-delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Field<'a> {
    pub(crate) tag: u32,
    pub(crate) bytes: Option<&'a [u8]>,
}

/// The fields of an encoded message, in order; ends after the first error.
pub(crate) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub(crate) const fn new(message: &'a [u8]) -> Self {
        Self(message)
    }

    fn read(&mut self) -> Result<Field<'a>, BadField> {
        let key = self.varint()?;
        let tag = u32::try_from(key >> 3).map_err(|_| BadField)?;
        // Field numbers are 1 to 2^29 - 1.
        if tag == 0 || tag >> 29 != 0 {
            return Err(BadField);
        }
        let bytes = match key & 7 {
            0 => {
                self.varint()?;
                None
            }
            1 => {
                self.take(8)?;
                None
            }
            2 => {
                let len = usize::try_from(self.varint()?).map_err(|_| BadField)?;
                Some(self.take(len)?)
            }
            5 => {
                self.take(4)?;
                None
            }
            // Groups (3 and 4) stand in no message of this format.
            _ => return Err(BadField),
        };
        Ok(Field { tag, bytes })
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], BadField> {
        let (front, rest) = self.0.split_at_checked(len).ok_or(BadField)?;
        self.0 = rest;
        Ok(front)
    }

    fn varint(&mut self) -> Result<u64, BadField> {
        let mut value = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let (&byte, rest) = self.0.split_first().ok_or(BadField)?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                // The tenth byte holds bit 63 alone.
                return if shift == 63 && byte > 1 {
                    Err(BadField)
                } else {
                    Ok(value)
                };
            }
        }
        Err(BadField)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, BadField>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.read();
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

/// How often the field at `path` occurs: the last number counts fields, those before it name the
/// messages to look into, all occurrences of each.
pub(crate) fn count(message: &[u8], path: &[u32]) -> Result<usize, BadField> {
    let Some((&first, rest)) = path.split_first() else {
        return Ok(0);
    };
    let mut total = 0;
    for field in Fields::new(message) {
        let field = field?;
        if field.tag == first {
            total += match (rest, field.bytes) {
                ([], _) => 1,
                (_, Some(inner)) => count(inner, rest)?,
                (_, None) => 0,
            };
        }
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn fields_of_every_wire_type_are_read() {
        let message = [
            0x08, 0x96, 0x01, // 1: varint
            0x11, 1, 2, 3, 4, 5, 6, 7, 8, // 2: fixed64
            0x1a, 2, 0xaa, 0xbb, // 3: bytes
            0x25, 1, 2, 3, 4, // 4: fixed32
            0xc2, 0x07, 0, // 120: empty bytes
        ];
        let fields: Vec<_> = Fields::new(&message).map(Result::unwrap).collect();
        let tags: Vec<_> = fields.iter().map(|field| field.tag).collect();
        assert_eq!(tags, [1, 2, 3, 4, 120]);
        assert_eq!(fields[2].bytes, Some(&[0xaa, 0xbb][..]));
        assert_eq!(fields[4].bytes, Some(&[][..]));
    }

    #[test]
    fn what_is_no_field_is_refused() {
        let overlong = [0x08, 255, 255, 255, 255, 255, 255, 255, 255, 255, 2];
        let bad: [&[u8]; 8] = [
            &[0x08],                            // no value
            &[0x00, 0],                         // field number 0
            &[0x1a, 2, 0],                      // shorter than it says
            &[0x0b],                            // a group
            &[0x0f],                            // no such wire type
            &[0x08, 0x80],                      // a varint without end
            &[0x80, 0x80, 0x80, 0x80, 0x10, 0], // field number 2^29
            &overlong,
        ];
        for bytes in bad {
            let fields: Vec<_> = Fields::new(bytes).collect();
            assert_eq!(fields.last(), Some(&Err(BadField)), "{bytes:?}");
        }
    }

    #[test]
    fn counting_sums_over_repeated_parents() {
        // Twice field 1, with two and one fields 2.
        let message = [0x0a, 4, 0x12, 0, 0x12, 0, 0x0a, 2, 0x12, 0];
        assert_eq!(count(&message, &[1, 2]), Ok(3));
        assert_eq!(count(&message, &[1]), Ok(2));
        assert_eq!(count(&message, &[2]), Ok(0));
    }

    proptest! {
        #[test]
        fn any_bytes_end(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(Fields::new(&bytes).count() <= bytes.len());
            let _ = count(&bytes, &[1, 8, 4]);
        }
    }
}
