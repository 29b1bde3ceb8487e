//! Nested lists of plain numbers, which nearly all of a request consists of, with less work than jiter has with them.
//!
//! Whatever is not plain (`NaN`, `true`, an integer of more than 18 digits, a mistake) is left to jiter, which decides.

use crate::model::Element;

/// Digits whose value a `u64` always holds.
const DIGITS: usize = 19;
/// The largest integer up to which a float64 holds every one.
const EXACT: u64 = 1 << 53;
/// Powers of ten.
const POWERS: [u64; DIGITS] = {
    let mut powers = [1; DIGITS];
    let mut index = 1;
    while index < DIGITS {
        powers[index] = powers[index - 1] * 10;
        index += 1;
    }
    powers
};

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
    let Some((&size, inner)) = shape.split_first() else {
        return one(text, take);
    };
    let mut rest = text.strip_prefix(b"[")?;
    for index in 0..size {
        if index > 0 {
            rest = space(rest).strip_prefix(b",")?;
        }
        rest = space(rest);
        rest = if inner.is_empty() { one(rest, take)? } else { nested(rest, inner, take)? };
    }
    space(rest).strip_prefix(b"]")
}

#[inline]
fn one<'t>(text: &'t [u8], take: &mut impl FnMut(Element) -> Option<()>) -> Option<&'t [u8]> {
    let (element, rest) = number(text)?;
    take(element)?;
    Some(rest)
}

#[inline]
fn number(text: &[u8]) -> Option<(Element, &[u8])> {
    let unsigned = text.strip_prefix(b"-");
    let start = unsigned.unwrap_or(text);
    let (whole, rest) = digits(0, start);
    let count = start.len() - rest.len();
    if count == 0 || (count > 1 && start[0] == b'0') {
        return None;
    }
    if let [b'.', fraction @ ..] = rest {
        let (mantissa, rest) = many_digits(whole, fraction);
        let places = fraction.len() - rest.len();
        if places == 0 {
            return None;
        }
        if count + places <= DIGITS && !matches!(rest, [b'e' | b'E', ..]) {
            let value = quotient(mantissa, places);
            return Some((Element::Float(if unsigned.is_some() { -value } else { value }), rest));
        }
        return written(text, rest);
    }
    if matches!(rest, [b'e' | b'E', ..]) {
        return written(text, rest);
    }
    let value = i64::try_from(whole).ok().filter(|_| count < DIGITS)?;
    Some((Element::Integer(if unsigned.is_some() { -value } else { value }), rest))
}

/// Reads a number that has an exponent or many digits.
///
/// # Arguments
///
/// * `rest`: what stands behind the digits.
#[cold]
fn written<'t>(text: &'t [u8], mut rest: &'t [u8]) -> Option<(Element, &'t [u8])> {
    if let [b'e' | b'E', exponent @ ..] = rest {
        let exponent = if let [b'+' | b'-', unsigned @ ..] = exponent { unsigned } else { exponent };
        rest = digits(0, exponent).1;
        if rest.len() == exponent.len() {
            return None;
        }
    }
    let number = std::str::from_utf8(&text[..text.len() - rest.len()]).ok()?;
    Some((Element::Float(number.parse().ok()?), rest))
}

/// Divides by a power of ten, rounded once, as the text is.
#[inline]
fn quotient(mantissa: u64, places: usize) -> f64 {
    if mantissa <= EXACT {
        // Both are exact, also as signed integers, which take one instruction.
        return mantissa as i64 as f64 / POWERS[places] as i64 as f64;
    }
    // With all 64 bits the quotient has 63 or 64: more than a float64 keeps, so that one bit stands for the remainder.
    let (left, right) = (mantissa.leading_zeros(), POWERS[places].leading_zeros());
    let dividend = u128::from(mantissa << left) << 63;
    let divisor = u128::from(POWERS[places] << right);
    let quotient = dividend / divisor;
    let bits = quotient as u64 | u64::from(quotient * divisor != dividend);
    bits as f64 * f64::from_bits(u64::from(1023 - 63 + right - left) << 52)
}

/// Appends the digits at the beginning of a text to `value`, which only `DIGITS` of them leave right.
#[inline]
fn digits(mut value: u64, mut text: &[u8]) -> (u64, &[u8]) {
    while let [digit @ b'0'..=b'9', rest @ ..] = text {
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
        text = rest;
    }
    (value, text)
}

/// Does the same, faster where there are many.
#[inline]
fn many_digits(mut value: u64, mut text: &[u8]) -> (u64, &[u8]) {
    while let Some((chunk, rest)) = text.split_first_chunk()
        && let Some(eight) = eight_digits(*chunk)
    {
        value = value.wrapping_mul(100_000_000).wrapping_add(eight);
        text = rest;
    }
    digits(value, text)
}

/// Reads eight digits at once.
#[inline]
fn eight_digits(chunk: [u8; 8]) -> Option<u64> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let text = u64::from_le_bytes(chunk);
    let digits = text.wrapping_sub(ONES * 0x30);
    // A byte below '0' has borrowed, one above '9' carries.
    if (digits | text.wrapping_add(ONES * 0x46)) & (ONES * 0x80) != 0 {
        return None;
    }
    // Neighbours are joined: to two digits, to four, to eight.
    let pairs = digits.wrapping_mul(10) + (digits >> 8);
    let low = (pairs & 0x0000_00ff_0000_00ff).wrapping_mul(100 + (1_000_000 << 32));
    let high = ((pairs >> 16) & 0x0000_00ff_0000_00ff).wrapping_mul(1 + (10_000 << 32));
    Some(low.wrapping_add(high) >> 32)
}

#[inline]
fn space(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\n' | b'\r' | b'\t', rest @ ..] = text {
        text = rest;
    }
    text
}

#[cfg(test)]
mod tests {
    use jiter::Jiter;

    use super::*;
    use crate::rest::number::element;

    fn plain(text: &str, shape: &[usize]) -> Option<(Vec<Element>, usize)> {
        let mut taken = Vec::new();
        let rest = nested(text.as_bytes(), shape, &mut |element| {
            taken.push(element);
            Some(())
        })?;
        Some((taken, text.len() - rest.len()))
    }

    /// Its bits, so that -0 and 0 differ.
    fn bits(element: Element) -> (u8, u64) {
        match element {
            Element::Integer(value) => (0, value as u64),
            Element::Float(value) => (1, value.to_bits()),
            other => panic!("{other:?} is not plain"),
        }
    }

    fn assert_as_jiter(text: &str) {
        let (taken, end) = plain(text, &[]).unwrap_or_else(|| panic!("{text} is plain"));
        let mut jiter = Jiter::new(text.as_bytes());
        let peek = jiter.peek().unwrap();
        let expected = element(jiter.known_number(peek).unwrap());
        assert_eq!((bits(taken[0]), end), (bits(expected), jiter.current_index()), "{text}");
    }

    #[test]
    fn a_number_is_the_one_that_jiter_reads() {
        for text in [
            "0",
            "-0",
            "7",
            "-12",
            "999999999999999999",
            "0.0",
            "-0.0",
            "1.5",
            "0.1",
            "123456789012345678.9",
            "0.3294117748737335",
            "9007199254740993.0",
            "0.0000000000000000000001",
            "1e3",
            "1E+3",
            "-1.5e-7",
            "5e-324",
            "1e400",
            "1.7976931348623157e308",
            "0.12345678901234567890123456789",
            "9007199254740992.5",
        ] {
            assert_as_jiter(text);
        }
    }

    #[test]
    fn random_numbers_are_those_that_jiter_reads() {
        // xorshift64: the same numbers in every run.
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut random = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        for _ in 0..20_000 {
            let value = f64::from_bits(random());
            if value.is_finite() {
                assert_as_jiter(&format!("{value:e}"));
            }
            let short = f32::from_bits(random() as u32);
            if short.is_finite() && short.abs() < 1e15 && short.abs() > 1e-15 {
                assert_as_jiter(&format!("{short:?}"));
                assert_as_jiter(&format!("{:?}", f64::from(short)));
            }
            let digits = random() % 18 + 1;
            let whole = random() % 10_u64.pow(digits as u32);
            assert_as_jiter(&format!("-{whole}.{:0width$}", random() % 1000, width = (random() % 6 + 3) as usize));
            assert_as_jiter(&whole.to_string());
        }
    }

    #[test]
    fn reads_the_lists_of_a_shape_and_says_where_they_end() {
        let expected = [1, 2, 3, 4].map(Element::Integer).to_vec();
        assert_eq!(plain("[[1,2],[3,4]]}", &[2, 2]), Some((expected.clone(), 13)));
        assert_eq!(plain("[ [1 ,\t2 ]\n, [ 3,\r4] ] ", &[2, 2]), Some((expected, 22)));
        assert_eq!(plain("[]", &[0]), Some((Vec::new(), 2)));
    }

    #[test]
    fn eight_digits_are_eight_digits_and_nothing_else() {
        for (text, value) in [(b"00000000", 0), (b"12345678", 12_345_678), (b"99999999", 99_999_999)] {
            assert_eq!(eight_digits(*text), Some(value));
        }
        for position in 0..8 {
            for byte in (0..=255_u8).filter(|byte| !byte.is_ascii_digit()) {
                let mut text = *b"12345678";
                text[position] = byte;
                assert_eq!(eight_digits(text), None, "{byte} at {position}");
            }
        }
    }

    #[test]
    fn leaves_everything_else_to_jiter() {
        for text in [
            "",
            "-",
            "01",
            "-01",
            "1.",
            ".5",
            "+1",
            "1e",
            "1e+",
            "NaN",
            "Infinity",
            "-Infinity",
            "true",
            "null",
            "\"1\"",
            "[1]",
            "1000000000000000000",
            "{}",
        ] {
            assert_eq!(plain(text, &[]), None, "{text}");
        }
        for text in
            ["1", "[1", "[1,", "[1,2", "[1,2,3]", "[1]", "[1 2]", "[,1]", "[1,]", "[1,2}", "[[1],[2]]", "[1,true]"]
        {
            assert_eq!(plain(text, &[2]), None, "{text}");
        }
        assert_eq!(nested(b"[1,2]", &[2], &mut |_| None), None);
    }
}
