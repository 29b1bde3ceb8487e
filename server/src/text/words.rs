//! Splitting and stripping, as TensorFlow does them.

use memchr::memmem;

/// Tells whether C's `isspace` is true of a byte, in the locale of TensorFlow.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, 9..=13 | b' ')
}

/// Returns a string without the white space around it.
pub(super) fn stripped(string: &[u8]) -> &[u8] {
    let start = string.iter().position(|&byte| !is_space(byte)).unwrap_or(string.len());
    let end = string.iter().rposition(|&byte| !is_space(byte)).map_or(start, |last| last + 1);
    &string[start..end]
}

/// Passes the parts of a string to `take`.
///
/// # Arguments
///
/// * `separator`: white space, any number of bytes together, where it is empty.
/// * `most`: splits that are made; any number where it is negative.
pub(super) fn split<'s>(string: &'s [u8], separator: &[u8], most: i64, mut take: impl FnMut(&'s [u8])) {
    if most == 0 {
        return take(string);
    }
    if separator.is_empty() {
        return split_at_spaces(string, most, take);
    }
    let (finder, mut start, mut splits) = (memmem::Finder::new(separator), 0, 0);
    while splits != most
        && let Some(at) = finder.find(&string[start..])
    {
        take(&string[start..start + at]);
        start += at + separator.len();
        splits += 1;
    }
    take(&string[start..]);
}

fn split_at_spaces<'s>(string: &'s [u8], most: i64, mut take: impl FnMut(&'s [u8])) {
    let (mut rest, mut splits) = (string, 0);
    loop {
        let start = rest.iter().position(|&byte| !is_space(byte)).unwrap_or(rest.len());
        rest = &rest[start..];
        if most > 0 && splits == most {
            // What is left is a part, even where nothing is.
            return take(rest);
        }
        if rest.is_empty() {
            return;
        }
        let end = rest.iter().position(|&byte| is_space(byte)).unwrap_or(rest.len());
        take(&rest[..end]);
        rest = &rest[end..];
        splits += 1;
    }
}

/// Unit in which lengths and positions of a string are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Byte,
    /// Bytes that do not continue a character of UTF-8, whatever is around them.
    Character,
}

/// Returns the length of a string.
pub(super) fn length(string: &[u8], unit: Unit) -> usize {
    match unit {
        Unit::Byte => string.len(),
        Unit::Character => string.iter().filter(|&&byte| begins(byte)).count(),
    }
}

/// Tells whether a byte does not continue a character of UTF-8.
fn begins(byte: u8) -> bool {
    byte & 0xC0 != 0x80
}

/// Returns a part of a string; `None` where the position is outside of it.
///
/// # Arguments
///
/// * `position`: counted from the end where it is negative.
pub(super) fn part(string: &[u8], position: i64, length: i64, unit: Unit) -> Option<&[u8]> {
    match unit {
        Unit::Byte => {
            let start = usize::try_from(if position < 0 { position + string.len() as i64 } else { position }).ok()?;
            let rest = string.get(start..)?;
            // A negative length is the largest there is, as TensorFlow reads it.
            Some(&rest[..rest.len().min(length as u64 as usize)])
        }
        Unit::Character => characters(string, position, length),
    }
}

fn characters(string: &[u8], position: i64, length: i64) -> Option<&[u8]> {
    let start = if position >= 0 { forward(string, 0, position)? } else { backward(string, position)? };
    let end = if length <= 0 { start } else { forward(string, start, length).unwrap_or(string.len()) };
    Some(&string[start..end])
}

/// Returns the place so many characters behind another; `None` where the string ends before.
fn forward(string: &[u8], mut at: usize, count: i64) -> Option<usize> {
    for _ in 0..count {
        if at >= string.len() {
            return None;
        }
        at += 1;
        while string.get(at).is_some_and(|&byte| !begins(byte)) {
            at += 1;
        }
    }
    Some(at)
}

/// Returns the place so many characters before the end; `None` where the string begins behind it.
fn backward(string: &[u8], position: i64) -> Option<usize> {
    let mut left = position.unsigned_abs();
    let mut at = string.len();
    while left > 0 {
        at = string[..at].iter().rposition(|&byte| begins(byte))?;
        left -= 1;
    }
    Some(at)
}
