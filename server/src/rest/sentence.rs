//! Pieces of the sentences that clients are told.

use std::fmt::Write;

use crate::model::{Signature, Tensor};

/// Returns a name in quotes, cut to `most` characters, on one line.
pub(crate) fn quoted(name: &str, most: usize) -> String {
    format!("'{}'", printable(name, most))
}

/// Returns the first `most` characters, on one line.
pub(crate) fn printable(text: &str, most: usize) -> String {
    text.chars().take(most).map(|letter| if is_printable(letter) { letter } else { '?' }).collect()
}

/// Returns names in quotes, separated by commas.
pub(crate) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = String::new();
    for name in names {
        let separator = if text.is_empty() { "" } else { ", " };
        let _ = write!(text, "{separator}{}", quoted(name, 100));
    }
    text
}

pub(super) fn input_names(signature: &Signature) -> String {
    listed(signature.inputs.iter().map(|tensor| tensor.name.as_str()))
}

/// Returns what a signature takes: names, types and shapes.
pub(crate) fn inputs(signature: &Signature) -> String {
    let input = |tensor: &Tensor| format!("'{}' ({} {:?})", tensor.name, tensor.dtype, tensor.shape);
    signature.inputs.iter().map(input).collect::<Vec<_>>().join(", ")
}

fn is_printable(letter: char) -> bool {
    // Besides control characters those that turn or hide text: a log must show what a client sent.
    !letter.is_control()
        && !matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
