use serde::Deserialize;

use super::element_type::ElementType;

/// `real = scale * (stored - zero_point)`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Quantization {
    /// Difference between two neighbouring stored values.
    pub scale: f64,
    /// The stored value of 0.
    pub zero_point: i64,
}

impl Quantization {
    pub(super) fn is_valid(self) -> bool {
        self.scale.is_finite() && self.scale > 0.0
    }

    /// Returns the stored value nearest to a real one; the nearest limit where that is outside of the stored type.
    ///
    /// As NumPy computes in float32: the quotient of two float32 values computed in float64 and rounded once is exactly
    /// the float32 quotient, and halves go to the even neighbour.
    pub(super) fn stored(self, real: f32, stored: ElementType) -> i64 {
        let (low, high) = stored.limits();
        let low = low.saturating_sub(self.zero_point) as f64;
        let high = (high.min(i64::MAX as u64) as i64).saturating_sub(self.zero_point) as f64;
        let quotient = f64::from((f64::from(real) / self.scale) as f32);
        // Only 64 bits can overflow.
        (quotient.clamp(low, high).round_ties_even() as i64).saturating_add(self.zero_point)
    }

    pub(super) fn real(self, stored: i64) -> f64 {
        self.scale * stored.saturating_sub(self.zero_point) as f64
    }
}

/// Appends the stored bytes of an integer that the type can hold.
pub(super) fn push_integer(element: ElementType, value: i64, bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(&value.to_le_bytes()[..element.size()]);
}

/// The integer of stored bytes; those above `i64::MAX` wrap.
pub(super) fn integer(element: ElementType, bytes: &[u8]) -> i64 {
    let mut wide = [0; 8];
    wide[..bytes.len()].copy_from_slice(bytes);
    let unsigned = i64::from_le_bytes(wide);
    if element.limits().0 == 0 {
        return unsigned;
    }
    let unused = 64 - 8 * bytes.len() as u32;
    unsigned << unused >> unused
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUANTIZATION: Quantization = Quantization { scale: 0.5, zero_point: -3 };

    #[test]
    fn halves_go_to_the_even_neighbour_and_what_is_outside_to_the_limit() {
        let stored = |real| QUANTIZATION.stored(real, ElementType::Int8);
        assert_eq!([stored(0.25), stored(0.75), stored(-0.25)], [-3, -1, -3]);
        assert_eq!([stored(1e30), stored(f32::NEG_INFINITY), stored(62.0)], [127, -128, 121]);
    }

    #[test]
    fn integers_of_64_bits_end_at_the_limit_instead_of_overflowing() {
        let below = Quantization { scale: 1.0, zero_point: -5 };
        assert_eq!(below.stored(f32::MIN, ElementType::Int64), i64::MIN);
        assert_eq!(below.stored(f32::MAX, ElementType::Int64), i64::MAX - 5);
        assert!((below.real(i64::MAX) - i64::MAX as f64).abs() < 1.0);
        let above = Quantization { scale: 1.0, zero_point: 5 };
        assert!((above.real(i64::MIN) - i64::MIN as f64).abs() < 1.0);
    }

    #[test]
    fn stored_integers_keep_their_sign() {
        assert_eq!(integer(ElementType::Int8, &[0xFF]), -1);
        assert_eq!(integer(ElementType::UInt8, &[0xFF]), 255);
        assert_eq!(integer(ElementType::Int16, &[0, 0x80]), -32768);
        assert_eq!(integer(ElementType::Int32, &[0xFE, 0xFF, 0xFF, 0xFF]), -2);
    }
}
