use jiter::{JsonValue, NumberAny, NumberInt};
use num_traits::ToPrimitive;

use crate::model::Element;

/// A number as the tensors take it.
///
/// # Arguments
///
/// * `text`: that ends with the number, which is infinite as a word, or because no float64 holds it.
pub(super) fn element(number: NumberAny, text: &[u8]) -> Element {
    match number {
        NumberAny::Float(value) => float(value, text),
        NumberAny::Int(NumberInt::Int(value)) => Element::Integer(value),
        NumberAny::Int(NumberInt::BigInt(value)) => large(&value),
    }
}

/// A value as the tensors take it; `None` where it is neither a number nor true or false.
pub(super) fn of_value(value: &JsonValue<'_>, text: &[u8]) -> Option<Element> {
    match value {
        JsonValue::Bool(value) => Some(Element::Bool(*value)),
        JsonValue::Int(value) => Some(Element::Integer(*value)),
        JsonValue::BigInt(value) => Some(large(value)),
        JsonValue::Float(value) => Some(float(*value, text)),
        JsonValue::Null | JsonValue::Str(_) | JsonValue::Array(_) | JsonValue::Object(_) => None,
    }
}

fn float(value: f64, text: &[u8]) -> Element {
    if value.is_infinite() && !text.ends_with(b"Infinity") { Element::Huge(value) } else { Element::Float(value) }
}

fn large(value: &impl ToPrimitive) -> Element {
    value.to_u64().map_or_else(|| Element::Huge(value.to_f64().unwrap_or(f64::INFINITY)), Element::Unsigned)
}
