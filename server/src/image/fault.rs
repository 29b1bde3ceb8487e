use super::limits::{LONGEST_SIDE, MOST_PIXELS};

/// The reason why bytes are not taken as an image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Bytes of another format, or of none.
    #[error("{0}; a JPEG or a PNG is needed")]
    Format(&'static str),
    /// Colors that only printers use.
    #[error("the JPEG has {0} channels, as CMYK; gray and RGB are decoded, so save it as RGB")]
    Channels(usize),
    /// More pixels than any model looks at.
    #[error(
        "the image has {0} x {1} pixels; at most {MOST_PIXELS} are allowed, and {LONGEST_SIDE} a side, so make it smaller"
    )]
    TooLarge(usize, usize),
    /// Fewer bytes than so many pixels need, however they are compressed.
    #[error("the {format} is damaged or not complete: it has {bytes} bytes, which hold no {width} x {height} pixels")]
    TooFewBytes {
        /// Format that the bytes say to have.
        format: &'static str,
        /// Number of the bytes.
        bytes: usize,
        /// In pixels.
        width: usize,
        /// In pixels.
        height: usize,
    },
    /// Bytes that end too early, or cannot be decoded.
    #[error("the {format} is damaged or not complete: {reason}")]
    Damaged {
        /// Format that the bytes say to have.
        format: &'static str,
        /// In the decoder's words.
        reason: String,
    },
}

/// Most characters of the decoder's words: none of them may repeat much of the image.
const MOST_REASON: usize = 120;

impl Fault {
    pub(super) fn damaged(format: &'static str, reason: &impl std::fmt::Display) -> Self {
        let reason = reason.to_string();
        let printable = |letter: char| if letter.is_ascii() && !letter.is_ascii_control() { letter } else { '?' };
        Self::Damaged { format, reason: reason.trim().chars().take(MOST_REASON).map(printable).collect() }
    }
}
