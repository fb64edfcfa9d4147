use subtle::ConstantTimeEq as _;

/// Compares without revealing where two strings differ; only unequal lengths show.
pub fn ct_eq(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}
