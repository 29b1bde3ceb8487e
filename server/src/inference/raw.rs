//! Tensors in binary form: little-endian values of the clients' type, row by row, without anything between them.

use std::borrow::Cow;

use super::inputs::Place;
use crate::model::{ElementType, half, texts_of};
use crate::rest::Refusal;

/// Returns the stored bytes of values, of which there are as many as the tensor needs.
pub(crate) fn stored(place: Place<'_>, values: Cow<'_, [u8]>) -> Result<Vec<u8>, Refusal> {
    let tensor = place.tensor;
    if tensor.has_strings() {
        let mut texts = texts_of(&values);
        let count = texts.by_ref().count();
        if count != place.count || !texts.rest().is_empty() {
            return Err(Refusal::bad_request(format!(
                "input '{}': {count} elements of BYTES, each with its length before it, where {} are expected",
                tensor.name, place.count
            )));
        }
        return Ok(values.into_owned());
    }
    if tensor.dtype == ElementType::Bool && values.iter().any(|&byte| byte > 1) {
        return Err(Refusal::bad_request(format!("input '{}': a byte is neither 0 nor 1", tensor.name)));
    }
    if tensor.quantization.is_some() && has_nan(tensor.dtype, &values) {
        return Err(Refusal::bad_request(format!(
            "input '{}' holds NaN, for which the model's integers have no value",
            tensor.name
        )));
    }
    Ok(match tensor.quantized(&values) {
        Cow::Borrowed(_) => values.into_owned(),
        Cow::Owned(stored) => stored,
    })
}

/// Tells whether a value is not a number.
pub(crate) fn has_nan(element: ElementType, values: &[u8]) -> bool {
    match element {
        ElementType::Float32 => any(values, |bytes| f32::from_le_bytes(bytes).is_nan()),
        ElementType::Float64 => any(values, |bytes| f64::from_le_bytes(bytes).is_nan()),
        ElementType::Float16 => any(values, |bytes| half::to_f32(u16::from_le_bytes(bytes)).is_nan()),
        _ => false,
    }
}

fn any<const N: usize>(values: &[u8], is: impl Fn([u8; N]) -> bool) -> bool {
    values.as_chunks::<N>().0.iter().any(|chunk| is(*chunk))
}
