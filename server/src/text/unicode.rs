//! Code points of UTF-8, as the converter of TensorFlow reads and writes them.

/// Replacement of bytes that are no UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Invalid {
    /// A code point for each part that is invalid.
    Replace(char),
    /// Nothing.
    Ignore,
}

/// Passes each code point of a string to `take`.
pub(super) fn decode(string: &[u8], invalid: Invalid, mut take: impl FnMut(char)) {
    for chunk in string.utf8_chunks() {
        chunk.valid().chars().for_each(&mut take);
        if !chunk.invalid().is_empty()
            && let Invalid::Replace(replacement) = invalid
        {
            take(replacement);
        }
    }
}

/// Appends a code point; what is none is `invalid`.
pub(super) fn encode(code_point: i64, invalid: Invalid, bytes: &mut Vec<u8>) {
    let valid = u32::try_from(code_point).ok().and_then(char::from_u32);
    let replaced = match invalid {
        Invalid::Replace(replacement) => Some(replacement),
        Invalid::Ignore => None,
    };
    if let Some(character) = valid.or(replaced) {
        bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    }
}
