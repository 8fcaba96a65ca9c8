//! What the stored formats are made of: separated fields, decimal numbers,
//! hexadecimal, and the dialects of base64. All of it strict: a number has no
//! sign, space or leading zero, and nothing may follow what was expected.

use aws_lc_rs::rand;
use base64::{
    Engine, alphabet,
    engine::{
        GeneralPurpose,
        general_purpose::{NO_PAD, STANDARD, STANDARD_NO_PAD},
    },
};

/// bcrypt's alphabet. A salt of 16 bytes and a digest of 23 leave spare bits in
/// their last character, which some libraries set and all ignore.
const BCRYPT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::BCRYPT,
    NO_PAD.with_decode_allow_trailing_bits(true),
);

pub(super) fn exactly<const N: usize>(text: &str, separator: char) -> Option<[&str; N]> {
    let fields: Vec<&str> = text.splitn(N + 1, separator).collect();
    fields.try_into().ok()
}

/// A decimal number; one too large for 64 bits is as large as can be, so that it
/// fails as over the limit and not as malformed.
pub(super) fn number(text: &str) -> Option<u64> {
    let digits_only = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let padded = text.len() > 1 && text.starts_with('0');
    (digits_only && !padded).then(|| text.parse().unwrap_or(u64::MAX))
}

pub(super) fn hex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs
        .iter()
        .map(|[high, low]| Some(nibble(*high)? << 4 | nibble(*low)?))
        .collect()
}

fn nibble(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        b'A'..=b'F' => Some(character - b'A' + 10),
        _ => None,
    }
}

pub(super) fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|nibble| char::from(DIGITS[usize::from(nibble)]))
        .collect()
}

pub(super) fn base64_padded(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

pub(super) fn to_base64_padded(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

pub(super) fn base64_unpadded(text: &str) -> Option<Vec<u8>> {
    STANDARD_NO_PAD.decode(text).ok()
}

pub(super) fn to_base64_unpadded(bytes: &[u8]) -> String {
    STANDARD_NO_PAD.encode(bytes)
}

/// passlib's dialect: `.` for `+`, unpadded.
pub(super) fn base64_adapted(text: &str) -> Option<Vec<u8>> {
    base64_unpadded(&text.replace('.', "+"))
}

pub(super) fn base64_bcrypt<const N: usize>(text: &str) -> Option<[u8; N]> {
    BCRYPT.decode(text).ok()?.try_into().ok()
}

pub(super) fn to_base64_bcrypt(bytes: &[u8]) -> String {
    BCRYPT.encode(bytes)
}

/// The same in the alphabet for URLs or in the other one, padded or not.
pub(super) fn base64_of_either_alphabet(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=');
    base64_unpadded(&text.replace('-', "+").replace('_', "/"))
}

/// crypt's base64 reads bits from the low end.
pub(super) const CRYPT_ALPHABET: &[u8; 64] =
    b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Appends the first characters of crypt's base64 of a number of three bytes.
pub(super) fn push_crypt_base64(
    text: &mut Vec<u8>,
    [high, middle, low]: [u8; 3],
    characters: usize,
) {
    let bits = u32::from_be_bytes([0, high, middle, low]);
    let sextets = (0..characters).map(|index| bits >> (6 * index) & 63);
    text.extend(sextets.map(|sextet| CRYPT_ALPHABET[sextet as usize]));
}

pub(super) fn random<const N: usize>() -> Option<[u8; N]> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).ok()?;
    Some(bytes)
}
