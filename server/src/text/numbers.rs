//! Numbers from strings and to strings, as TensorFlow reads and writes them.

use super::words::stripped;

/// Reads a whole number; `None` where it is none, or 64 bits cannot hold it.
pub(super) fn whole(string: &[u8]) -> Option<i64> {
    std::str::from_utf8(stripped(string)).ok()?.parse().ok()
}

/// Reads a decimal number, an infinity or NaN. Hexadecimal numbers, which TensorFlow reads too, are none.
pub(super) fn real<R: std::str::FromStr>(string: &[u8]) -> Option<R> {
    std::str::from_utf8(stripped(string)).ok()?.parse().ok()
}

/// Appends a whole number in decimal.
pub(super) fn write_whole(value: i64, bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}
