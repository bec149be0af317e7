//! Bytes as hexadecimal digits.

/// Two lower-case digits for each byte.
pub fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |half: u8| char::from(DIGITS[usize::from(half)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The bytes of exactly `2 * N` digits, of either case.
pub fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() != 2 * N || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_read_as_they_were_written_and_nothing_else_is() {
        assert_eq!(to_hex(&[0, 0x7f, 0xab]), "007fab");
        assert_eq!(from_hex("007fAB"), Some([0, 0x7f, 0xab]));
        for other in ["", "007fa", "007fab0", "+07fab", "007fag", "007fé"] {
            assert_eq!(from_hex::<3>(other), None, "{other}");
        }
    }
}
