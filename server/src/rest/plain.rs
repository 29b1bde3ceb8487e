//! Nested lists of plain numbers, which nearly all of a request consists of, with less work than jiter has with them.
//!
//! Whatever is not plain (`NaN`, `true`, an integer of more than 18 digits, a mistake) is left to jiter, which decides.

mod decimal;
mod digits;
mod single;
mod taker;

use self::taker::{Others, Singles, Taker};
use crate::model::Tensor;

/// Reads the nested lists of `shape` at the beginning of a text, and appends the stored bytes of their numbers.
///
/// # Returns
///
/// The text behind them; `None` where they are not plain, or where the tensor cannot take one. `stored` has more bytes
/// then, of no meaning.
pub(super) fn nested<'t>(text: &'t [u8], shape: &[usize], tensor: &Tensor, stored: &mut Vec<u8>) -> Option<&'t [u8]> {
    let end = if tensor.stores_float32() {
        lists(text, 0, shape, &mut Singles::new(shape.iter().product(), stored))
    } else {
        lists(text, 0, shape, &mut Others { tensor, stored })
    };
    Some(&text[end?..])
}

/// Reads nested lists from `at`. Returns where they end.
fn lists(text: &[u8], at: usize, shape: &[usize], numbers: &mut impl Taker) -> Option<usize> {
    match *shape {
        [] => numbers.take(text, at),
        [size] => list(text, at, size, numbers),
        [size, 1] => lists_of_one(text, at, size, numbers),
        [size, ref inner @ ..] => {
            let mut at = expect(text, at, b'[')?;
            for index in 0..size {
                if index > 0 {
                    at = expect(text, at, b',')?;
                }
                at = lists(text, at, inner, numbers)?;
            }
            expect(text, at, b']')
        }
    }
}

/// Reads a list of `size` numbers.
fn list(text: &[u8], at: usize, size: usize, numbers: &mut impl Taker) -> Option<usize> {
    let mut at = space(text, expect(text, at, b'[')?);
    for left in (0..size).rev() {
        at = numbers.take(text, at)?;
        if left > 0 {
            let comma = || expect(text, at, b',').map(|at| space(text, at));
            at = written(text, at, b", ").or_else(comma)?;
        }
    }
    expect(text, at, b']')
}

/// Reads a list of `size` lists of one number, of which an image of one channel consists.
fn lists_of_one(text: &[u8], at: usize, size: usize, numbers: &mut impl Taker) -> Option<usize> {
    let at = expect(text, at, b'[')?;
    let mut at = space(text, expect(text, at, b'[')?);
    for left in (0..size).rev() {
        at = numbers.take(text, at)?;
        if left > 0 {
            at = written(text, at, b"], [").or_else(|| between(text, at))?;
        }
    }
    let at = expect(text, at, b']')?;
    expect(text, at, b']')
}

/// Reads these bytes, as most programs write what is between two numbers.
#[inline]
fn written<const SIZE: usize>(text: &[u8], at: usize, bytes: &[u8; SIZE]) -> Option<usize> {
    (text.get(at..at + SIZE)? == bytes).then_some(at + SIZE)
}

/// Reads the end of a list, a comma and the beginning of the next list.
#[inline(never)]
fn between(text: &[u8], at: usize) -> Option<usize> {
    let at = expect(text, at, b']')?;
    let at = expect(text, at, b',')?;
    expect(text, at, b'[').map(|at| space(text, at))
}

/// Reads one byte, and the white space before it.
fn expect(text: &[u8], at: usize, byte: u8) -> Option<usize> {
    let at = space(text, at);
    (*text.get(at)? == byte).then_some(at + 1)
}

/// Reads white space.
fn space(text: &[u8], mut at: usize) -> usize {
    while matches!(text.get(at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Description;

    fn tensor(dtype: &str) -> Tensor {
        let tensors = format!(r#"{{"x": {{"dtype": "{dtype}", "shape": [1]}}}}"#);
        let signature = format!(r#"{{"batched": false, "inputs": {tensors}, "outputs": {tensors}}}"#);
        let text = format!(
            r#"{{"schemaVersion": 1, "model": "m", "version": 1, "defaultSignature": "s", "signatures": {{"s": {signature}}}}}"#
        );
        Description::parse(text.as_bytes()).unwrap().signatures.remove(0).inputs.remove(0)
    }

    fn plain(text: &str, shape: &[usize]) -> Option<(Vec<u8>, usize)> {
        let mut stored = Vec::new();
        let rest = nested(text.as_bytes(), shape, &tensor("int8"), &mut stored)?;
        Some((stored, text.len() - rest.len()))
    }

    #[test]
    fn reads_the_lists_of_a_shape_and_says_where_they_end() {
        assert_eq!(plain("[[1,2],[3,4]]}", &[2, 2]), Some((vec![1, 2, 3, 4], 13)));
        assert_eq!(plain("[ [1 ,\t2 ]\n, [ 3,\r4] ] ", &[2, 2]), Some((vec![1, 2, 3, 4], 22)));
        assert_eq!(plain("[[[1],[2]],[[3],[4]]]", &[2, 2, 1]), Some((vec![1, 2, 3, 4], 21)));
        assert_eq!(plain("[]", &[0]), Some((Vec::new(), 2)));
        assert_eq!(plain("7]", &[]), Some((vec![7], 1)));
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
        assert_eq!(plain("[1,128]", &[2]), None, "int8 ends at 127");
    }

    #[test]
    fn a_float32_is_read_in_every_form_of_a_number() {
        let written =
            "[0.3294117748737335, -0.25, 7, -12, 255.0, 1e-05, 0.12345678901234567e3, 1.000000059604644775, 0.1]";
        let mut stored = Vec::new();
        assert_eq!(nested(written.as_bytes(), &[9], &tensor("float32"), &mut stored), Some(&b""[..]));
        let numbers = written.trim_matches(['[', ']']).split(", ");
        let expected: Vec<u8> = numbers.flat_map(|text| (text.parse::<f64>().unwrap() as f32).to_le_bytes()).collect();
        assert_eq!(stored, expected);
        assert_eq!(nested(b"[1e39]", &[1], &tensor("float32"), &mut stored), None);
    }
}
