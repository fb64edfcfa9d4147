//! Every 32-byte string that decodes to a point of small order (1, 2, 4 or 8).
//!
//! Both decoders read 255 bits, so bit 255 is masked before the comparison: it is ignored by
//! X25519 (RFC 7748 section 5) and is the sign of x in Ed25519 (RFC 8032 section 5.1.3). The
//! coordinates at or above 2^255-19 are the encodings that are not reduced. Public data, so the
//! comparison need not be in constant time.

/// Whether an X25519 public key has small order: exactly then the agreement is all zero.
pub(super) fn is_small_order_u(encoding: &[u8; 32]) -> bool {
    SMALL_ORDER_U.contains(&masked(encoding))
}

/// Whether 32 bytes are an Ed25519 point of small order, in any encoding a lenient decoder takes.
pub(super) fn is_small_order_y(encoding: &[u8; 32]) -> bool {
    SMALL_ORDER_Y.contains(&masked(encoding))
}

const fn masked(encoding: &[u8; 32]) -> [u8; 32] {
    let mut out = *encoding;
    out[31] &= 0x7f;
    out
}

/// The u-coordinates, with bit 255 clear.
pub(crate) const SMALL_ORDER_U: [[u8; 32]; 7] = [
    // 0: order 2
    unhex(b"0000000000000000000000000000000000000000000000000000000000000000"),
    // 1: order 4
    unhex(b"0100000000000000000000000000000000000000000000000000000000000000"),
    // the two of order 8
    unhex(b"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    unhex(b"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    // p-1: order 4, on the twist
    unhex(b"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    // p and p+1: 0 and 1, not reduced
    unhex(b"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    unhex(b"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
];

/// The y-coordinates, with bit 255 clear.
pub(crate) const SMALL_ORDER_Y: [[u8; 32]; 7] = [
    // 0: order 4
    unhex(b"0000000000000000000000000000000000000000000000000000000000000000"),
    // 1: the identity
    unhex(b"0100000000000000000000000000000000000000000000000000000000000000"),
    // the two of order 8
    unhex(b"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    unhex(b"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
    // p-1: order 2
    unhex(b"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    // p and p+1: 0 and 1, not reduced
    unhex(b"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    unhex(b"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
];

/// Lower-case hex, at compile time.
const fn unhex(hex: &[u8; 64]) -> [u8; 32] {
    const fn digit(c: u8) -> u8 {
        match c {
            b'0'..=b'9' => c - b'0',
            b'a'..=b'f' => c - b'a' + 10,
            _ => panic!("a lower-case hex digit"),
        }
    }
    let mut out = [0; 32];
    let mut i = 0;
    while i < 32 {
        out[i] = (digit(hex[2 * i]) << 4) | digit(hex[2 * i + 1]);
        i += 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use curve25519_dalek::{
        constants::EIGHT_TORSION, edwards::CompressedEdwardsY, montgomery::MontgomeryPoint,
    };

    use super::*;

    /// With bit 255 clear and set.
    fn both_signs(list: [[u8; 32]; 7]) -> Vec<[u8; 32]> {
        let set = |mut e: [u8; 32]| {
            e[31] |= 0x80;
            e
        };
        list.into_iter().flat_map(|e| [e, set(e)]).collect()
    }

    #[test]
    fn every_listed_point_has_small_order() {
        for e in both_signs(SMALL_ORDER_Y) {
            let point = CompressedEdwardsY(e).decompress().unwrap();
            assert!(point.is_small_order(), "{e:02x?}");
            assert!(is_small_order_y(&e));
        }
        for e in both_signs(SMALL_ORDER_U) {
            assert_eq!(
                MontgomeryPoint(e).mul_clamped([1; 32]).0,
                [0; 32],
                "{e:02x?}"
            );
            assert!(is_small_order_u(&e));
        }
    }

    #[test]
    fn the_lists_are_complete() {
        // The torsion subgroup has eight points; an encoding that is not reduced exists only for
        // a coordinate below 19, and of those only 0 and 1 belong to it.
        for point in EIGHT_TORSION {
            assert!(is_small_order_y(&point.compress().0));
            assert!(is_small_order_u(&point.to_montgomery().0));
        }
        for low in 0..19u8 {
            let mut e = [0xff; 32];
            e[0] = 0xed + low;
            e[31] = 0x7f;
            let small = CompressedEdwardsY(e)
                .decompress()
                .is_some_and(|point| point.is_small_order());
            assert_eq!(is_small_order_y(&e), small, "y = p + {low}");
            let zero = MontgomeryPoint(e).mul_clamped([1; 32]).0 == [0; 32];
            assert_eq!(is_small_order_u(&e), zero, "u = p + {low}");
        }
    }
}
