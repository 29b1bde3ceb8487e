//! Numbers of JSON, rounded to float64 once.
//!
//! Nearly all are a `u64` and a power of ten. Where both are float64 numbers, one operation rounds them (William
//! Clinger, "How to read floating point numbers accurately", 1990). Otherwise the `u64` is divided by the power of five
//! exactly, by a multiplication with its reciprocal (Niels Möller and Torbjörn Granlund, "Improved division by invariant
//! integers", 2011), and the quotient is rounded. The standard library reads the few that remain.

use super::digits::{digit, digits, many_digits};
use crate::model::Element;

/// Digits whose value a `u64` always holds.
const DIGITS: usize = 19;
/// The largest integer up to which a float64 holds every one.
const EXACT: u64 = 1 << 53;
/// Powers of ten that a float64 holds.
pub(super) const TENS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];
/// Powers of five that a `u64` holds.
const FIVES: [Divisor; 28] = {
    let mut divisors = [Divisor::new(1); 28];
    let (mut index, mut power) = (1, 1);
    while index < divisors.len() {
        power *= 5;
        divisors[index] = Divisor::new(power);
        index += 1;
    }
    divisors
};

/// An integer to divide by.
#[derive(Clone, Copy)]
struct Divisor {
    /// With the highest bit set.
    normalized: u64,
    /// By which it was shifted.
    shift: u32,
    /// (2^128 - 1) / `normalized` - 2^64.
    reciprocal: u64,
}

impl Divisor {
    const fn new(divisor: u64) -> Self {
        let shift = divisor.leading_zeros();
        let normalized = divisor << shift;
        Self { normalized, shift, reciprocal: (u128::MAX / normalized as u128 - (1 << 64)) as u64 }
    }

    /// Divides `high` * 2^64 + `low` by the normalized divisor, where `high` is less than it.
    ///
    /// # Returns
    ///
    /// The quotient, and whether there is a remainder.
    #[inline]
    fn divide(&self, high: u64, low: u64) -> (u64, bool) {
        let estimate = u128::from(self.reciprocal) * u128::from(high) + (u128::from(high) << 64 | u128::from(low));
        let mut quotient = ((estimate >> 64) as u64).wrapping_add(1);
        let mut remainder = low.wrapping_sub(quotient.wrapping_mul(self.normalized));
        if remainder > estimate as u64 {
            quotient = quotient.wrapping_sub(1);
            remainder = remainder.wrapping_add(self.normalized);
        }
        if remainder >= self.normalized {
            quotient += 1;
            remainder -= self.normalized;
        }
        (quotient, remainder != 0)
    }
}

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
        if end - start <= DIGITS + 1 && !begins_exponent(text, end) {
            return Some((Element::Float(signed(is_negative, quotient(mantissa, places))), end));
        }
        let (value, end) = long(text, at, mantissa, places, end)?;
        return Some((Element::Float(value), end));
    }
    if begins_exponent(text, point) {
        let (value, end) = long(text, at, whole, 0, point)?;
        return Some((Element::Float(value), end));
    }
    let value = i64::try_from(whole).ok().filter(|_| point - start < DIGITS)?;
    if first == 0 && digit(text, point).is_some() {
        return None;
    }
    Some((Element::Integer(if is_negative { -value } else { value }), point))
}

#[inline]
fn begins_exponent(text: &[u8], at: usize) -> bool {
    matches!(text.get(at), Some(b'e' | b'E'))
}

#[inline]
fn signed(is_negative: bool, value: f64) -> f64 {
    f64::from_bits(value.to_bits() | u64::from(is_negative) << 63)
}

/// Reads a number that has an exponent or many digits.
///
/// # Arguments
///
/// * `at`: where the number begins.
/// * `mantissa`: of its digits, as far as they fit, and `places`: how many of them are behind the point.
/// * `end`: where its digits end.
#[cold]
#[inline(never)]
fn long(text: &[u8], at: usize, mantissa: u64, places: usize, mut end: usize) -> Option<(f64, usize)> {
    let leading = text[at..end].iter().take_while(|letter| matches!(letter, b'-' | b'0' | b'.')).count();
    let mut is_exact = end - at - leading <= DIGITS;
    let mut exponent = -(places as i64);
    if begins_exponent(text, end) {
        let sign = text.get(end + 1).filter(|letter| matches!(letter, b'+' | b'-'));
        let begin = end + 1 + usize::from(sign.is_some());
        let value;
        (value, end) = digits(0, text, begin);
        if end == begin {
            return None;
        }
        if end - begin <= DIGITS / 2 {
            exponent += if sign == Some(&b'-') { -(value as i64) } else { value as i64 };
        } else {
            is_exact = false;
        }
    }
    let value = match scaled(mantissa, exponent).filter(|_| is_exact) {
        Some(value) => signed(text[at] == b'-', value),
        None => std::str::from_utf8(&text[at..end]).ok()?.parse().ok()?,
    };
    Some((value, end))
}

/// Multiplies by a power of ten, rounded once; `None` where that takes more than a `u64` and a table.
fn scaled(mantissa: u64, exponent: i64) -> Option<f64> {
    if let Ok(power) = usize::try_from(exponent) {
        return TENS.get(power).filter(|_| mantissa <= EXACT).map(|ten| mantissa as f64 * ten);
    }
    let places = usize::try_from(exponent.unsigned_abs()).ok()?;
    (places < FIVES.len()).then(|| quotient(mantissa, places))
}

/// Divides by a power of ten, of which `FIVES` has the power of five, rounded once.
#[inline]
fn quotient(mantissa: u64, places: usize) -> f64 {
    if mantissa <= EXACT && places < TENS.len() {
        // As a signed integer, which takes one instruction.
        return mantissa as i64 as f64 / TENS[places];
    }
    long_quotient(mantissa, places)
}

#[inline(never)]
fn long_quotient(mantissa: u64, places: usize) -> f64 {
    if mantissa == 0 {
        return 0.0;
    }
    let divisor = &FIVES[places];
    let shift = mantissa.leading_zeros();
    let normalized = mantissa << shift;
    // The quotient has 62 or 63 bits: more than a float64 keeps, so that one bit stands for the remainder.
    let (quotient, has_remainder) = divisor.divide(normalized >> 2, normalized << 62);
    let bits = quotient | u64::from(has_remainder);
    let power = 1023 - 62 + u64::from(divisor.shift) - u64::from(shift) - places as u64;
    bits as i64 as f64 * f64::from_bits(power << 52)
}

#[cfg(test)]
pub(super) mod tests {
    use jiter::Jiter;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;
    use crate::rest::number::element;

    /// Its bits, so that -0 and 0 differ.
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
        let expected = element(jiter.known_number(peek).unwrap());
        assert_eq!((bits(found), end), (bits(expected), jiter.current_index()), "{text}");
    }

    /// With something behind the number and without.
    fn assert_as_the_standard_library(written: &str) {
        let expected: f64 = written.parse().unwrap();
        for behind in ["", "]", ",1.23456789", "        "] {
            let (found, end) = number(format!("{written}{behind}").as_bytes(), 0).unwrap();
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
            "1e400",
            "1.7976931348623157e308",
            "0.12345678901234567890123456789",
            "9007199254740992.5",
            "-0.000012345678901234567",
            "9.313225746154785e-10",
            "0.00000000000000000000000000018446744073709551615",
            "0e5",
            "-0e-5",
            "1e00000000000000000000000000001",
            "1e-99999999999999999999",
            "18446744073709551615e-27",
            "18446744073709551616e-27",
            "9007199254740993e22",
        ] {
            assert_as_jiter(text);
        }
    }

    #[test]
    fn an_exponent_beyond_a_u64_is_not_taken_for_a_small_one() {
        // 2^64 + 1, which wraps to 1.
        assert_as_jiter("1e18446744073709551617");
        // The least i64, whose negative is none.
        assert_as_jiter("5e-9223372036854775808");
        assert_as_jiter(&format!("0.{}1e18446744073709551617", "0".repeat(10)));
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

    /// The same numbers in every run.
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
