//! Nested lists of plain numbers, which nearly all of a request consists of, with less work than jiter has with them.
//!
//! Whatever is not plain (`NaN`, `true`, an integer of more than 18 digits, a mistake) is left to jiter, which decides.

mod decimal;

use self::decimal::number;
use crate::model::Element;

/// Reads the nested lists of `shape` at the beginning of a text, and gives each number to `take` in its order.
///
/// # Returns
///
/// The text behind them; `None` where they are not plain, or where `take` returns `None`.
pub(super) fn nested<'t>(
    text: &'t [u8],
    shape: &[usize],
    take: &mut impl FnMut(Element) -> Option<()>,
) -> Option<&'t [u8]> {
    let end = match *shape {
        [] => one(text, 0, take)?,
        [size] => numbers(text, 0, size, take)?,
        [size, ref inner @ ..] => lists(text, 0, size, inner, take)?,
    };
    Some(&text[end..])
}

/// Reads a list of `size` lists of the shape `inner` from `at`. Returns where it ends.
fn lists(
    text: &[u8],
    at: usize,
    size: usize,
    inner: &[usize],
    take: &mut impl FnMut(Element) -> Option<()>,
) -> Option<usize> {
    let mut at = expect(text, at, b'[')?;
    for index in 0..size {
        if index > 0 {
            at = expect(text, at, b',')?;
        }
        at = match *inner {
            // Without a call: an image of one channel consists of lists of one number.
            [size] => numbers(text, at, size, take)?,
            [size, ref inner @ ..] => lists(text, at, size, inner, take)?,
            [] => return None,
        };
    }
    expect(text, at, b']')
}

/// Reads a list of `size` numbers.
#[inline]
fn numbers(text: &[u8], at: usize, size: usize, take: &mut impl FnMut(Element) -> Option<()>) -> Option<usize> {
    let mut at = expect(text, at, b'[')?;
    for index in 0..size {
        if index > 0 {
            at = expect(text, at, b',')?;
        }
        while matches!(text.get(at)?, b' ' | b'\n' | b'\r' | b'\t') {
            at += 1;
        }
        at = one(text, at, take)?;
    }
    expect(text, at, b']')
}

#[inline]
fn one(text: &[u8], at: usize, take: &mut impl FnMut(Element) -> Option<()>) -> Option<usize> {
    let (element, end) = number(text, at)?;
    take(element)?;
    Some(end)
}

/// Reads one byte, and the white space before it.
#[inline]
fn expect(text: &[u8], mut at: usize, byte: u8) -> Option<usize> {
    loop {
        let found = *text.get(at)?;
        at += 1;
        if found == byte {
            return Some(at);
        }
        if !matches!(found, b' ' | b'\n' | b'\r' | b'\t') {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str, shape: &[usize]) -> Option<(Vec<Element>, usize)> {
        let mut taken = Vec::new();
        let rest = nested(text.as_bytes(), shape, &mut |element| {
            taken.push(element);
            Some(())
        })?;
        Some((taken, text.len() - rest.len()))
    }

    #[test]
    fn reads_the_lists_of_a_shape_and_says_where_they_end() {
        let expected = [1, 2, 3, 4].map(Element::Integer).to_vec();
        assert_eq!(plain("[[1,2],[3,4]]}", &[2, 2]), Some((expected.clone(), 13)));
        assert_eq!(plain("[ [1 ,\t2 ]\n, [ 3,\r4] ] ", &[2, 2]), Some((expected.clone(), 22)));
        assert_eq!(plain("[[[1],[2]],[[3],[4]]]", &[2, 2, 1]), Some((expected, 21)));
        assert_eq!(plain("[]", &[0]), Some((Vec::new(), 2)));
        assert_eq!(plain("7]", &[]), Some((vec![Element::Integer(7)], 1)));
    }

    #[test]
    fn leaves_everything_else_to_jiter() {
        for text in
            ["1", "[1", "[1,", "[1,2", "[1,2,3]", "[1]", "[1 2]", "[,1]", "[1,]", "[1,2}", "[[1],[2]]", "[1,true]"]
        {
            assert_eq!(plain(text, &[2]), None, "{text}");
        }
        for text in ["[1,2]", "[[1,2]]", "[[1,2],[3]]", "[[1,2],[3,4],[5,6]]", "[[1,2] [3,4]]", "[[1,2],[3,[4]]]"] {
            assert_eq!(plain(text, &[2, 2]), None, "{text}");
        }
        assert_eq!(nested(b"[1,2]", &[2], &mut |_| None), None);
    }
}
