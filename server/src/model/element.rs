use super::element_type::{ElementType, Kind};
use super::half;
use super::quantization::push_integer;
use super::tensor::Tensor;

/// A value of JSON that can be an element of a tensor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Element {
    /// true or false.
    Bool(bool),
    /// A number without a fraction.
    Integer(i64),
    /// A number without a fraction, above `i64::MAX`.
    Unsigned(u64),
    /// A number without a fraction that no integer type can hold, as the nearest float64; infinite beyond its range.
    Huge(f64),
    /// A number with a fraction or an exponent, NaN or infinite.
    Float(f64),
}

/// The reason why a tensor cannot take an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// A number where true or false belongs, and so on.
    Kind,
    /// The type's range ends before it.
    Range,
    /// The model stores an integer, which cannot be NaN.
    NotANumber,
}

impl Tensor {
    /// Appends the stored bytes of one element.
    ///
    /// # Errors
    ///
    /// The tensor cannot take it; `bytes` is as it was.
    pub fn push(&self, element: Element, bytes: &mut Vec<u8>) -> Result<(), Misfit> {
        match self.dtype.kind() {
            Kind::Float => self.push_real(element.real()?, bytes),
            Kind::Integer => {
                let (low, high) = self.dtype.limits();
                let value = match element {
                    Element::Integer(value) if value < low || (value > 0 && value as u64 > high) => None,
                    Element::Integer(value) => Some(value),
                    // The bits are those of the unsigned value.
                    Element::Unsigned(value) if value <= high => Some(value as i64),
                    Element::Unsigned(_) | Element::Huge(_) => None,
                    Element::Bool(_) | Element::Float(_) => return Err(Misfit::Kind),
                };
                push_integer(self.dtype, value.ok_or(Misfit::Range)?, bytes);
                Ok(())
            }
            Kind::Bool => {
                let Element::Bool(value) = element else {
                    return Err(Misfit::Kind);
                };
                bytes.push(u8::from(value));
                Ok(())
            }
            Kind::Text => Err(Misfit::Kind),
        }
    }

    fn push_real(&self, value: f64, bytes: &mut Vec<u8>) -> Result<(), Misfit> {
        if let Some(quantization) = self.quantization {
            if value.is_nan() {
                return Err(Misfit::NotANumber);
            }
            let value = single(value)?;
            push_integer(self.stored, quantization.stored(value, self.stored), bytes);
            return Ok(());
        }
        match self.dtype {
            ElementType::Float64 => bytes.extend_from_slice(&value.to_le_bytes()),
            ElementType::Float16 => {
                let narrow = half::from_f64(value);
                if half::to_f32(narrow).is_infinite() && value.is_finite() {
                    return Err(Misfit::Range);
                }
                bytes.extend_from_slice(&narrow.to_le_bytes());
            }
            _ => bytes.extend_from_slice(&single(value)?.to_le_bytes()),
        }
        Ok(())
    }
}

impl Element {
    /// Returns the number as float32.
    ///
    /// # Errors
    ///
    /// It is none, or float32's range ends before it.
    pub(crate) fn float32(self) -> Result<f32, Misfit> {
        single(self.real()?)
    }

    fn real(self) -> Result<f64, Misfit> {
        match self {
            Self::Float(value) => Ok(value),
            Self::Integer(value) => Ok(value as f64),
            Self::Unsigned(value) => Ok(value as f64),
            Self::Huge(value) if value.is_finite() => Ok(value),
            Self::Huge(_) => Err(Misfit::Range),
            Self::Bool(_) => Err(Misfit::Kind),
        }
    }
}

/// Rounds to float32, which makes nothing infinite that was not.
fn single(value: f64) -> Result<f32, Misfit> {
    let single = value as f32;
    if single.is_infinite() && value.is_finite() { Err(Misfit::Range) } else { Ok(single) }
}
