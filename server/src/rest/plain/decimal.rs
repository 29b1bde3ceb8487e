//! Numbers of JSON, rounded to float64 once.
//!
//! Nearly all are a `u64` and a power of ten that are float64 numbers, so that one division rounds them (William
//! Clinger, "How to read floating point numbers accurately", 1990). The standard library reads the others.

use super::digits::{digit, digits, many_digits};
use crate::model::Element;

/// Digits whose value a `u64` always holds.
const MOST_U64_DIGITS: usize = 19;
/// The largest integer up to which a float64 holds every one.
const LARGEST_EXACT_INTEGER: u64 = 1 << 53;
/// Powers of ten that a float64 holds.
pub(super) const TENS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// Reads the number at a place of a text.
///
/// # Returns
///
/// The number, and where it ends; `None` where it is not plain.
#[inline]
pub(super) fn number(text: &[u8], at: usize) -> Option<(Element, usize)> {
    let is_negative = *text.get(at)? == b'-';
    let start = at + usize::from(is_negative);
    let first = digit(text, start)?;
    let (whole, point) = if first == 0 { (0, start + 1) } else { digits(first, text, start + 1) };
    if text.get(point) == Some(&b'.') {
        let (mantissa, end) = many_digits(whole, text, point + 1);
        let places = end - point - 1;
        if places == 0 {
            return None;
        }
        if end - start <= MOST_U64_DIGITS + 1 && mantissa <= LARGEST_EXACT_INTEGER && !begins_exponent(text, end) {
            // Convert from a signed integer, which takes one instruction.
            let value = mantissa as i64 as f64 / TENS[places];
            return Some((Element::Float(if is_negative { -value } else { value }), end));
        }
        return other(text, at, end);
    }
    if begins_exponent(text, point) {
        return other(text, at, point);
    }
    let value = i64::try_from(whole).ok().filter(|_| point - start < MOST_U64_DIGITS)?;
    if first == 0 && digit(text, point).is_some() {
        return None;
    }
    Some((Element::Integer(if is_negative { -value } else { value }), point))
}

#[inline]
fn begins_exponent(text: &[u8], at: usize) -> bool {
    matches!(text.get(at), Some(b'e' | b'E'))
}

/// Reads the number from `at`, whose digits end at `end`, with the exponent that may stand there.
#[cold]
#[inline(never)]
fn other(text: &[u8], at: usize, mut end: usize) -> Option<(Element, usize)> {
    if begins_exponent(text, end) {
        let begin = end + 1 + usize::from(matches!(text.get(end + 1), Some(b'+' | b'-')));
        (_, end) = digits(0, text, begin);
        if end == begin {
            return None;
        }
    }
    let value: f64 = std::str::from_utf8(&text[at..end]).ok()?.parse().ok()?;
    // A number that no float64 holds is refused, not rounded: jiter's reader knows it from `Infinity`.
    value.is_finite().then_some((Element::Float(value), end))
}

#[cfg(test)]
pub(super) mod tests {
    use jiter::{Jiter, NumberAny, NumberInt};
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    /// Returns the bits of an element, so that -0 and 0 differ.
    fn bits(element: Element) -> (u8, u64) {
        match element {
            Element::Integer(value) => (0, value as u64),
            Element::Float(value) => (1, value.to_bits()),
            other => panic!("{other:?} is not plain"),
        }
    }

    fn assert_as_jiter(text: &str) {
        let (found, end) = number(text.as_bytes(), 0).unwrap_or_else(|| panic!("{text} is plain"));
        let mut jiter = Jiter::new(text.as_bytes());
        let peek = jiter.peek().unwrap();
        let expected = match jiter.known_number(peek).unwrap() {
            NumberAny::Int(NumberInt::Int(value)) => Element::Integer(value),
            NumberAny::Float(value) => Element::Float(value),
            other @ NumberAny::Int(NumberInt::BigInt(_)) => panic!("{other:?} is not plain"),
        };
        assert_eq!((bits(found), end), (bits(expected), jiter.current_index()), "{text}");
    }

    /// Compares the numbers read with something behind them and without.
    fn assert_as_the_standard_library(written: &str) {
        let expected: f64 = written.parse().unwrap();
        for behind in ["", "]", ",1.23456789", "        "] {
            let found = number(format!("{written}{behind}").as_bytes(), 0);
            if expected.is_infinite() {
                assert_eq!(found, None, "{written}{behind}");
                continue;
            }
            let (found, end) = found.unwrap();
            assert_eq!((bits(found), end), (bits(Element::Float(expected)), written.len()), "{written}{behind}");
        }
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
            "1.7976931348623157e308",
            "0.12345678901234567890123456789",
            "9007199254740992.5",
            "-0.000012345678901234567",
            "9.313225746154785e-10",
            "0e5",
            "-0e-5",
            "1e00000000000000000000000000001",
            "1e-99999999999999999999",
        ] {
            assert_as_jiter(text);
        }
    }

    #[test]
    fn an_exponent_beyond_a_u64_is_not_taken_for_a_small_one() {
        // 2^64 + 1, which wraps to 1.
        assert_eq!(number(b"1e18446744073709551617", 0), None);
        assert_as_jiter("1e-18446744073709551617");
    }

    #[test]
    fn leaves_everything_else_to_jiter() {
        for text in [
            "",
            "-",
            "--1",
            "01",
            "-01",
            "00.5",
            "1.",
            "1.e5",
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
            "1e309",
            "-1.8e308",
        ] {
            assert_eq!(number(text.as_bytes(), 0), None, "{text}");
        }
    }

    #[test]
    fn a_decimal_ends_at_the_first_byte_that_is_no_digit() {
        for byte in (0..=255_u8).filter(|byte| !byte.is_ascii_digit() && !matches!(byte, b'e' | b'E')) {
            for count in 1..=16 {
                let mut text = b"0.".to_vec();
                text.extend(b"1234567890123456".iter().take(count));
                text.push(byte);
                text.extend(b"99999999");
                let expected: f64 = std::str::from_utf8(&text[..2 + count]).unwrap().parse().unwrap();
                assert_eq!(number(&text, 0), Some((Element::Float(expected), 2 + count)), "{byte} behind {count}");
            }
        }
    }

    /// Returns a configuration that makes the same numbers in every run.
    pub(in crate::rest::plain) fn cases() -> ProptestConfig {
        ProptestConfig {
            cases: 4096,
            failure_persistence: None,
            rng_seed: RngSeed::Fixed(7),
            ..ProptestConfig::default()
        }
    }

    proptest! {
        #![proptest_config(cases())]

        #[test]
        fn digits_of_any_number_are_rounded_once(
            written in "-?(0|[1-9][0-9]{0,19})\\.(0{0,20}[0-9]{1,25})([eE][+-]?[0-9]{1,3})?"
        ) {
            assert_as_the_standard_library(&written);
        }

        #[test]
        fn seventeen_digits_are_rounded_once(digits in 0..10_u64.pow(17), places in 1..=17_usize, is_negative: bool) {
            let (whole, fraction) = (digits / 10_u64.pow(places as u32), digits % 10_u64.pow(places as u32));
            let sign = if is_negative { "-" } else { "" };
            assert_as_the_standard_library(&format!("{sign}{whole}.{fraction:0places$}"));
        }

        #[test]
        fn what_programs_write_of_a_float_is_that_float(value in any::<f64>(), single in any::<f32>()) {
            for value in [value, f64::from(single)].into_iter().filter(|value| value.is_finite()) {
                assert_as_the_standard_library(&format!("{value:?}"));
                assert_as_the_standard_library(&format!("{value:e}"));
            }
        }

        #[test]
        fn a_number_between_two_floats_becomes_the_even_one(half in (1_u64 << 52)..(1 << 53), places in 0..=2_u32, more in 0..=1_u64) {
            // 54 bits of which the last one is set, divided by 2^places; and the next larger decimal, which is nearer.
            let digits = (2 * half + 1) * 5_u64.pow(places) * 10 + more;
            let scale = 10_u64.pow(places + 1);
            assert_as_the_standard_library(&format!("{}.{:0width$}", digits / scale, digits % scale, width = places as usize + 1));
        }
    }
}
