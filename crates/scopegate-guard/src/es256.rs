//! The two signatures of ECDSA: (r, s) and (r, n - s) hold for the same message. Of
//! them one is taken, so that nobody can make a second text of a token.

/// The order n of the P-256 group (SP 800-186 §3.2.1.3).
///
/// ```
/// assert_eq!(scopegate_guard::es256::ORDER[..4], [0xff; 4]);
/// ```
pub const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// Half of it, rounded down: the highest s that is taken.
///
/// ```
/// use scopegate_guard::es256::{HALF_ORDER, ORDER};
///
/// assert_eq!(HALF_ORDER[0], ORDER[0] / 2);
/// ```
pub const HALF_ORDER: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0x80, 0x00, 0x00, 0x00, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xde, 0x73, 0x7d, 0x56, 0xd3, 0x8b, 0xcf, 0x42, 0x79, 0xdc, 0xe5, 0x61, 0x7e, 0x31, 0x92, 0xa8,
];

/// Whether a signature, r and s of 32 bytes each, is the one that is taken.
///
/// ```
/// use scopegate_guard::es256::{ORDER, is_canonical};
///
/// assert!(is_canonical(&[1; 64]));
/// assert!(!is_canonical(&[[1; 32], ORDER].concat()));
/// ```
pub fn is_canonical(signature: &[u8]) -> bool {
    signature.len() == 64 && signature[32..] <= HALF_ORDER[..]
}
