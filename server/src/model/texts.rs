//! Strings in a column: each is its length in four bytes, little-endian, and its bytes, as the Open Inference Protocol has them.

/// Bytes of the length before a string.
pub(crate) const LENGTH_BYTES: usize = 4;

/// Appends a string to a column. No request is as long as four bytes cannot say.
pub(crate) fn push_text(text: &[u8], column: &mut Vec<u8>) {
    column.extend_from_slice(&(text.len() as u32).to_le_bytes());
    column.extend_from_slice(text);
}

/// The strings of a column.
#[derive(Clone, Debug)]
pub(crate) struct Texts<'c>(&'c [u8]);

/// Returns the strings of a column, up to the first that it does not have whole.
pub(crate) fn texts_of(column: &[u8]) -> Texts<'_> {
    Texts(column)
}

impl<'c> Texts<'c> {
    /// The bytes that are not read yet.
    pub(crate) fn rest(&self) -> &'c [u8] {
        self.0
    }
}

impl<'c> Iterator for Texts<'c> {
    type Item = &'c [u8];

    fn next(&mut self) -> Option<&'c [u8]> {
        let (length, rest) = self.0.split_first_chunk::<LENGTH_BYTES>()?;
        let (text, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        self.0 = rest;
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_of_any_bytes_come_back() {
        let texts: [&[u8]; 4] = [b"", b"a", "\u{e4}\0".as_bytes(), b"\xff"];
        let mut column = Vec::new();
        for text in texts {
            push_text(text, &mut column);
        }
        assert!(texts_of(&column).eq(texts));
    }

    #[test]
    fn what_is_cut_is_left() {
        let mut texts = texts_of(b"\x01\0\0\0a\x02\0\0\0b");
        assert_eq!((texts.next(), texts.next()), (Some(&b"a"[..]), None));
        assert_eq!(texts.rest(), b"\x02\0\0\0b");
    }
}
