use jiter::{JsonValue, NumberAny, NumberInt};
use num_traits::ToPrimitive;

use crate::model::Element;

/// A number as the tensors take it.
pub(super) fn element(number: NumberAny) -> Element {
    match number {
        NumberAny::Float(value) => Element::Float(value),
        NumberAny::Int(NumberInt::Int(value)) => Element::Integer(value),
        NumberAny::Int(NumberInt::BigInt(value)) => large(&value),
    }
}

/// A value as the tensors take it; `None` where it is neither a number nor true or false.
pub(super) fn of_value(value: &JsonValue<'_>) -> Option<Element> {
    match value {
        JsonValue::Bool(value) => Some(Element::Bool(*value)),
        JsonValue::Int(value) => Some(Element::Integer(*value)),
        JsonValue::BigInt(value) => Some(large(value)),
        JsonValue::Float(value) => Some(Element::Float(*value)),
        JsonValue::Null | JsonValue::Str(_) | JsonValue::Array(_) | JsonValue::Object(_) => None,
    }
}

fn large(value: &impl ToPrimitive) -> Element {
    value.to_u64().map_or_else(|| Element::Huge(value.to_f64().unwrap_or(f64::INFINITY)), Element::Unsigned)
}
