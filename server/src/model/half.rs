//! IEEE 754 numbers of 16 bits, for which Rust has no stable type.

/// The least that is nearer to infinity than to the largest finite number, 65504.
const LEAST_INFINITE: f64 = 65520.0;

/// Returns the bits of the nearest number; halfway between two, of the even one.
pub(super) fn from_f64(value: f64) -> u16 {
    let sign = u16::from(value.is_sign_negative()) << 15;
    if value.is_nan() {
        return sign | 0x7E00;
    }
    if value.abs() >= LEAST_INFINITE {
        return sign | 0x7C00;
    }
    // Below 2^-14, numbers are as far apart as above it.
    let exponent = (((value.to_bits() >> 52) & 0x7FF) as i64 - 1023).max(-14);
    let steps = (value.abs() * power_of_two(10 - exponent)).round_ties_even() as u16;
    // The steps of a normal number begin at 1024, which adds one to the exponent.
    sign | ((((exponent + 14) as u16) << 10) + steps)
}

/// Returns the value of bits, exactly.
pub(crate) fn to_f32(bits: u16) -> f32 {
    let magnitude = match ((bits >> 10) & 0x1F, bits & 0x3FF) {
        (0, fraction) => f64::from(fraction) * power_of_two(-24),
        (0x1F, 0) => f64::INFINITY,
        (0x1F, _) => f64::NAN,
        (exponent, fraction) => f64::from(0x400 + fraction) * power_of_two(i64::from(exponent) - 25),
    };
    let magnitude = magnitude as f32;
    if bits >> 15 == 0 { magnitude } else { -magnitude }
}

fn power_of_two(exponent: i64) -> f64 {
    f64::from_bits(((exponent + 1023) as u64) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LARGEST_FINITE_BITS: u16 = 0x7BFF;

    #[test]
    fn bits_stand_for_the_values_of_the_standard() {
        for (bits, value) in [
            (0x3C00, 1.0),
            (0xC000, -2.0),
            (LARGEST_FINITE_BITS, 65504.0),
            (1, 2f32.powi(-24)),
            (0x400, 2f32.powi(-14)),
        ] {
            assert_eq!(to_f32(bits).to_bits(), value.to_bits());
        }
        assert_eq!(to_f32(0x7C00).to_bits(), f32::INFINITY.to_bits());
        assert!(to_f32(0x7C01).is_nan() && to_f32(0xFE00).is_nan());
        assert!(to_f32(0x8000).is_sign_negative());
    }

    #[test]
    fn every_value_comes_back_and_those_between_go_to_the_nearest() {
        for bits in 0..LARGEST_FINITE_BITS {
            let (low, high) = (f64::from(to_f32(bits)), f64::from(to_f32(bits + 1)));
            let middle = low.midpoint(high);
            let even = bits + (bits & 1);
            let found = [low, middle.next_down(), middle, middle.next_up(), high].map(from_f64);
            assert_eq!(found, [bits, bits, even, bits + 1, bits + 1]);
            assert_eq!(from_f64(-middle), even | 0x8000);
        }
    }

    #[test]
    fn what_has_no_neighbour_is_infinite_or_no_number() {
        assert_eq!(
            [from_f64(LEAST_INFINITE.next_down()), from_f64(LEAST_INFINITE), from_f64(f64::INFINITY)],
            [LARGEST_FINITE_BITS, 0x7C00, 0x7C00]
        );
        assert_eq!([from_f64(f64::NEG_INFINITY), from_f64(-1e300)], [0xFC00; 2]);
        assert!(to_f32(from_f64(f64::NAN)).is_nan());
    }
}
