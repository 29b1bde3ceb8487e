//! `StaticRegexReplace` and `StaticRegexFullMatch`, as RE2 does them.
//!
//! The job writes patterns with explicit ranges: what RE2 and `regex` both read, and read differently, is not in them.

use regex::bytes::{Captures, Regex, RegexBuilder};

use super::strings::Strings;

/// Most bytes of a compiled pattern.
const MOST_COMPILED_BYTES: usize = 1 << 20;
/// Most bytes of a pattern.
const LONGEST_PATTERN_BYTES: usize = 64 << 10;

/// A replacement of what a pattern matches.
#[derive(Debug)]
pub(super) struct Replacement {
    matcher: Matcher,
    rewrite: Vec<Piece>,
    is_global: bool,
}

#[derive(Debug)]
enum Matcher {
    /// One byte of a set, as the punctuation of Keras is.
    Byte(Box<[bool; 256]>),
    Pattern(Regex),
}

#[derive(Debug)]
enum Piece {
    Literal(Vec<u8>),
    Group(usize),
}

impl Replacement {
    /// Compiles a pattern.
    ///
    /// # Errors
    ///
    /// A few words.
    pub(super) fn new(pattern: &str, rewrite: &[u8], is_global: bool) -> Result<Self, String> {
        let rewrite = pieces(rewrite)?;
        let matcher = match byte_set(pattern) {
            Some(set) => Matcher::Byte(Box::new(set)),
            None => Matcher::Pattern(compiled(pattern)?),
        };
        let groups = if let Matcher::Pattern(regex) = &matcher { regex.captures_len() } else { 1 };
        let last =
            rewrite.iter().filter_map(|piece| if let Piece::Group(group) = piece { Some(*group) } else { None }).max();
        if let Some(last) = last.filter(|&last| last >= groups) {
            return Err(format!("rewrite names the group {last}, and the pattern has {}", groups - 1));
        }
        if is_global && matches!(&matcher, Matcher::Pattern(regex) if regex.is_match(b"")) {
            return Err("the pattern matches nothing at all, where RE2 and this program replace differently".to_owned());
        }
        Ok(Self { matcher, rewrite, is_global })
    }

    /// Appends a string with its matches replaced, as long as it has no more than so many bytes.
    ///
    /// # Returns
    ///
    /// False where it has more.
    pub(super) fn append(&self, string: &[u8], replaced: &mut Strings, most: usize) -> bool {
        let limit = replaced.bytes().len().saturating_add(most);
        match &self.matcher {
            Matcher::Byte(set) => self.bytes(set, string, replaced, limit),
            Matcher::Pattern(regex) => self.matches(regex, string, replaced, limit),
        }
        let fits = replaced.bytes().len() <= limit;
        replaced.finish();
        fits
    }

    fn bytes(&self, set: &[bool; 256], string: &[u8], replaced: &mut Strings, limit: usize) {
        let mut start = 0;
        for (at, &byte) in string.iter().enumerate() {
            if set[usize::from(byte)] && replaced.bytes().len() <= limit {
                replaced.extend(&string[start..at]);
                self.write(|_| &string[at..=at], replaced);
                start = at + 1;
                if !self.is_global {
                    break;
                }
            }
        }
        replaced.extend(&string[start..]);
    }

    fn matches(&self, regex: &Regex, string: &[u8], replaced: &mut Strings, limit: usize) {
        let mut at = 0;
        for found in regex.captures_iter(string).take(if self.is_global { usize::MAX } else { 1 }) {
            let (start, end) = found.get(0).map_or((at, at), |whole| (whole.start(), whole.end()));
            replaced.extend(&string[at..start]);
            self.write(|group| group_of(&found, group), replaced);
            at = end;
            if replaced.bytes().len() > limit {
                return;
            }
        }
        replaced.extend(&string[at..]);
    }

    fn write<'s>(&self, group: impl Fn(usize) -> &'s [u8], replaced: &mut Strings) {
        for piece in &self.rewrite {
            match piece {
                Piece::Literal(bytes) => replaced.extend(bytes),
                Piece::Group(number) => replaced.extend(group(*number)),
            }
        }
    }
}

/// Compiles a pattern that is to match a whole string.
pub(super) fn whole(pattern: &str) -> Result<Regex, String> {
    compiled(&format!(r"\A(?:{pattern})\z"))
}

fn compiled(pattern: &str) -> Result<Regex, String> {
    if pattern.len() > LONGEST_PATTERN_BYTES {
        return Err(format!("the pattern has more than {LONGEST_PATTERN_BYTES} bytes"));
    }
    check(pattern)?;
    let regex = RegexBuilder::new(pattern).size_limit(MOST_COMPILED_BYTES).build();
    regex.map_err(|error| {
        // Lines before the last one show where it is.
        let error = error.to_string();
        let last = error.lines().next_back().unwrap_or_default();
        format!("the pattern cannot be compiled: {}", last.trim_start_matches("error: ").escape_debug())
    })
}

fn group_of<'s>(captures: &Captures<'s>, group: usize) -> &'s [u8] {
    captures.get(group).map_or(&[], |matched| matched.as_bytes())
}

/// Checks that a pattern has nothing that RE2 and `regex` read differently, whatever tables other crates brought.
fn check(pattern: &str) -> Result<(), String> {
    let mut rest = pattern;
    while let Some(at) = rest.find(['\\', '(']) {
        let (special, behind) = (rest.as_bytes()[at], &rest[at + 1..]);
        let next = behind.chars().next().unwrap_or(' ');
        let is_right = if special == b'(' {
            next != '?' || behind.starts_with("?:") || behind.starts_with("?-u:")
        } else {
            matches!(next, 'x' | 'A' | 'z') || next.is_ascii_punctuation()
        };
        if !is_right {
            return Err(format!(
                "the pattern has '{}{}', which is not read here",
                char::from(special),
                next.escape_debug()
            ));
        }
        rest = if special == b'(' { behind } else { &behind[next.len_utf8()..] };
    }
    Ok(())
}

fn pieces(rewrite: &[u8]) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut literal = Vec::new();
    let mut bytes = rewrite.iter();
    while let Some(&byte) = bytes.next() {
        if byte != b'\\' {
            literal.push(byte);
            continue;
        }
        match bytes.next() {
            Some(b'\\') => literal.push(b'\\'),
            Some(digit @ b'0'..=b'9') => {
                pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                pieces.push(Piece::Group(usize::from(digit - b'0')));
            }
            _ => return Err("rewrite has a backslash before neither a digit nor a backslash".to_owned()),
        }
    }
    pieces.push(Piece::Literal(literal));
    Ok(pieces)
}

/// Reads a pattern that is one class of ASCII; `None` where it is another.
fn byte_set(pattern: &str) -> Option<[bool; 256]> {
    let mut rest = pattern.strip_prefix('[')?.strip_suffix(']')?;
    let mut set = [false; 256];
    while !rest.is_empty() {
        let (first, others) = escaped(rest)?;
        let (last, others) = match others.strip_prefix('-') {
            Some(others) => escaped(others)?,
            None => (first, others),
        };
        set[usize::from(first)..=usize::from(last).max(usize::from(first))].fill(true);
        rest = others;
    }
    Some(set)
}

/// Reads `\x{…}` of ASCII.
fn escaped(text: &str) -> Option<(u8, &str)> {
    let (digits, rest) = text.strip_prefix(r"\x{")?.split_once('}')?;
    let byte = u8::from_str_radix(digits, 16).ok().filter(u8::is_ascii)?;
    Some((byte, rest))
}
