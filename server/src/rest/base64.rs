//! The text of an image in JSON.

use data_encoding::BASE64;

/// Fewest bytes of a JPEG or PNG: a shorter text holds none, which also limits how many images a request can have.
const SMALLEST_IMAGE_BYTES: usize = 48;

/// Returns the bytes of a text.
///
/// # Errors
///
/// A few words for the text.
pub(crate) fn bytes(text: &str) -> Result<Vec<u8>, &'static str> {
    BASE64.decode(text.as_bytes()).map_err(|_| "bytes that are not valid base64 stand")
}

/// Returns the bytes of an image that is sent as text.
///
/// # Errors
///
/// A few words for the text.
pub(crate) fn encoded(text: &str) -> Result<Vec<u8>, &'static str> {
    let bytes = bytes(text)?;
    if is_long_enough(&bytes) { Ok(bytes) } else { Err("too few bytes for an image stand") }
}

/// Tells whether bytes can be an image.
pub(crate) fn is_long_enough(bytes: &[u8]) -> bool {
    bytes.len() >= SMALLEST_IMAGE_BYTES
}

/// Returns the body of the request that an image alone is.
pub(crate) fn body(encoded: &[u8]) -> Vec<u8> {
    let mut text = br#"{"instances":["#.to_vec();
    write(encoded, &mut text);
    text.extend_from_slice(b"]}");
    text
}

/// Appends an image as JSON has it.
pub(crate) fn write(encoded: &[u8], text: &mut Vec<u8>) {
    text.extend_from_slice(br#"{"b64":""#);
    text.extend_from_slice(BASE64.encode(encoded).as_bytes());
    text.extend_from_slice(br#""}"#);
}
