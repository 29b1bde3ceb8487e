//! Decimals as float32, as what nearly all models take.
//!
//! A number is rounded to float64 and then to float32, as TensorFlow Serving and Python do. A float64 that is a few
//! units off rounds to the same float32, unless it lies that close to the middle between two of them: so one division
//! of rounded numbers does, where an exact float64 takes more.

use super::decimal::TENS;
use super::digits::Eight;

/// The bits of a float64 that a float32 does not have.
const EXTRA_BITS: u64 = (1 << 29) - 1;
/// Value of these bits in the middle between two float32.
const MIDPOINT_BITS: u64 = 1 << 28;
/// Possible error of a quotient, in units of its last place: two roundings make 2, and the one that is left out 0.5.
const QUOTIENT_ERROR: u64 = 4;

/// Reads a decimal of one digit before the point and at most 18 behind it.
///
/// # Returns
///
/// The number, and where it ends; `None` where it is of another form, stands at the end of the text, or takes more to
/// be rounded.
#[expect(clippy::inline_always, reason = "the body of the loop over the numbers of a request")]
#[inline(always)]
pub(super) fn single(text: &[u8], at: usize) -> Option<(f32, usize)> {
    let is_negative = *text.get(at)? == b'-';
    let start = at + usize::from(is_negative);
    let window = text.get(start..)?.first_chunk::<26>()?;
    let whole = u64::from(window[0].wrapping_sub(b'0'));
    if whole > 9 || window[1] != b'.' {
        return None;
    }
    let eight = |index: usize| Eight::new(*window[index..].first_chunk().expect("there are 24 bytes behind the point"));
    let (mut value, mut last, mut places) = (whole, eight(2), 0);
    if last.are_digits() {
        (value, last, places) = (last.append(value), eight(10), 8);
        if last.are_digits() {
            (value, last, places) = (last.append(value), eight(18), 16);
            if last.are_digits() {
                return None;
            }
        }
    }
    places += last.count();
    if places == 0 || places > 18 || matches!(last.behind(), b'e' | b'E') {
        return None;
    }
    // Convert from a signed integer, which takes one instruction.
    let quotient = i64::try_from(last.append_leading(value)).ok()? as f64 / TENS[places];
    if (quotient.to_bits() & EXTRA_BITS).wrapping_sub(MIDPOINT_BITS - QUOTIENT_ERROR) <= 2 * QUOTIENT_ERROR {
        return None;
    }
    let sign = u32::from(is_negative) << 31;
    Some((f32::from_bits((quotient as f32).to_bits() | sign), start + 2 + places))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rest::plain::decimal::tests::cases;

    /// Enough for the number to be no last one.
    const BEHIND: &str = "], [0.123456789012345678";

    fn read(written: &str) -> Option<(u32, usize)> {
        let (value, end) = single(format!("{written}{BEHIND}").as_bytes(), 0)?;
        Some((value.to_bits(), end))
    }

    fn expected(written: &str) -> (u32, usize) {
        ((written.parse::<f64>().unwrap() as f32).to_bits(), written.len())
    }

    #[test]
    fn reads_decimals_of_up_to_18_places() {
        for written in [
            "0.0",
            "-0.0",
            "0.5",
            "1.25",
            "9.999999",
            "0.12345678",
            "0.123456789",
            "-0.3294117748737335",
            "0.07058823853731155",
            "-9.123456789012345",
            "0.123456789012345678",
            "0.000000000000000001",
            "9.000000000000000000",
        ] {
            assert_eq!(read(written), Some(expected(written)), "{written}");
        }
    }

    #[test]
    fn leaves_everything_else() {
        for written in [
            "",
            "-",
            "7",
            "12",
            "12.5",
            "01.5",
            "-00.5",
            ".5",
            "1.",
            "1.e5",
            "1.5e5",
            "0.12345678E2",
            "0.1234567890123456e-7",
            "0.1234567890123456789",
            "9.999999999999999999",
            "--1.5",
            "NaN",
            "[1.5]",
        ] {
            assert_eq!(read(written), None, "{written}");
        }
        assert_eq!(single(b"0.5", 0), None);
        assert_eq!(single(b"0.5", 7), None);
    }

    #[test]
    fn leaves_a_number_in_the_middle_between_two() {
        // 1 + 2^-24 and its neighbours in float64, to 18 places.
        for written in ["1.000000059604644775", "1.000000059604644553", "1.000000059604644997"] {
            assert_eq!(read(written), None, "{written}");
        }
    }

    proptest! {
        #![proptest_config(cases())]

        #[test]
        fn is_the_float32_of_the_float64(written in "-?[0-9]{1,4}\\.[0-9]{1,18}") {
            if let Some(found) = read(&written) {
                prop_assert_eq!(found, expected(&written), "{}", written);
            }
        }

        #[test]
        fn is_the_float32_of_the_float64_near_the_middle(below in 0.0..9.9_f32, off in -40..40_i64, places in 15..=18_usize) {
            let middle = f64::from(below).to_bits() | MIDPOINT_BITS;
            let written = format!("{:.places$}", f64::from_bits(middle.wrapping_add_signed(off)));
            if let Some(found) = read(&written) {
                prop_assert_eq!(found, expected(&written), "{}", written);
            }
        }

        #[test]
        fn reads_what_programs_write_of_a_float32(value in 0.001..9.9_f32) {
            let written = format!("{:?}", f64::from(value));
            prop_assume!(written.len() <= 20);
            prop_assert_eq!(read(&written), Some(expected(&written)), "{}", written);
        }
    }
}
