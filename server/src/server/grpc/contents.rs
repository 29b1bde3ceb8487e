//! Tensors in the fields of their types, as the Open Inference Protocol has them beside bytes.

use super::proto::inference::InferTensorContents;
use super::tensor::numbers;
use crate::inference::Place;
use crate::model::ElementType;
use crate::server::failure::Failure;

/// Returns the bytes of an input's values, of the clients' type.
///
/// # Arguments
///
/// * `take`: takes the memory for them.
pub(super) fn read(
    place: Place<'_>,
    contents: Option<&InferTensorContents>,
    take: impl FnOnce(usize) -> Result<(), Failure>,
) -> Result<Vec<u8>, Failure> {
    let none = InferTensorContents::default();
    let given = contents.unwrap_or(&none);
    let filler = Filler { place, take };
    match place.tensor.dtype {
        ElementType::Float32 => filler.fill(&given.fp32_contents, |value| Some(value.to_le_bytes())),
        ElementType::Float64 => filler.fill(&given.fp64_contents, |value| Some(value.to_le_bytes())),
        ElementType::Float16 => Err(Failure::invalid(format!(
            "input '{}': the protocol has no contents of FP16; send raw_input_contents",
            place.tensor.name
        ))),
        ElementType::Int8 => filler.fill(&given.int_contents, |value| i8::try_from(value).ok().map(i8::to_le_bytes)),
        ElementType::Int16 => filler.fill(&given.int_contents, |value| i16::try_from(value).ok().map(i16::to_le_bytes)),
        ElementType::Int32 => filler.fill(&given.int_contents, |value| Some(value.to_le_bytes())),
        ElementType::Int64 => filler.fill(&given.int64_contents, |value| Some(value.to_le_bytes())),
        ElementType::UInt8 => filler.fill(&given.uint_contents, |value| u8::try_from(value).ok().map(u8::to_le_bytes)),
        ElementType::UInt16 => {
            filler.fill(&given.uint_contents, |value| u16::try_from(value).ok().map(u16::to_le_bytes))
        }
        ElementType::UInt32 => filler.fill(&given.uint_contents, |value| Some(value.to_le_bytes())),
        ElementType::UInt64 => filler.fill(&given.uint64_contents, |value| Some(value.to_le_bytes())),
        ElementType::Bool => filler.fill(&given.bool_contents, |value| Some([u8::from(value)])),
    }
}

/// Returns the contents of values of the clients' type.
pub(super) fn write(dtype: ElementType, values: &[u8]) -> InferTensorContents {
    let mut contents = InferTensorContents::default();
    match dtype {
        ElementType::Float32 => contents.fp32_contents = numbers(values, f32::from_le_bytes),
        ElementType::Float64 => contents.fp64_contents = numbers(values, f64::from_le_bytes),
        // Only bytes can hold it.
        ElementType::Float16 => {}
        ElementType::Int8 => contents.int_contents = numbers(values, |byte| i32::from(i8::from_le_bytes(byte))),
        ElementType::Int16 => contents.int_contents = numbers(values, |two| i32::from(i16::from_le_bytes(two))),
        ElementType::Int32 => contents.int_contents = numbers(values, i32::from_le_bytes),
        ElementType::Int64 => contents.int64_contents = numbers(values, i64::from_le_bytes),
        ElementType::UInt8 => contents.uint_contents = numbers(values, |[byte]| u32::from(byte)),
        ElementType::UInt16 => contents.uint_contents = numbers(values, |two| u32::from(u16::from_le_bytes(two))),
        ElementType::UInt32 => contents.uint_contents = numbers(values, u32::from_le_bytes),
        ElementType::UInt64 => contents.uint64_contents = numbers(values, u64::from_le_bytes),
        ElementType::Bool => contents.bool_contents = numbers(values, |[byte]| byte != 0),
    }
    contents
}

/// The number of values.
#[cfg(feature = "fuzzing")]
pub(super) fn count(contents: &InferTensorContents) -> usize {
    contents.bool_contents.len()
        + contents.int_contents.len()
        + contents.int64_contents.len()
        + contents.uint_contents.len()
        + contents.uint64_contents.len()
        + contents.fp32_contents.len()
        + contents.fp64_contents.len()
}

struct Filler<'d, F> {
    place: Place<'d>,
    take: F,
}

impl<F: FnOnce(usize) -> Result<(), Failure>> Filler<'_, F> {
    fn fill<T: Copy, const N: usize>(
        self,
        given: &[T],
        bytes: impl Fn(T) -> Option<[u8; N]>,
    ) -> Result<Vec<u8>, Failure> {
        let Self { place, take } = self;
        let (name, dtype) = (&place.tensor.name, place.tensor.dtype.inference());
        if given.len() != place.count {
            return Err(Failure::invalid(format!(
                "input '{name}' has {} values in the contents of {dtype}; its shape has {}",
                given.len(),
                place.count
            )));
        }
        take(place.bytes())?;
        let mut all = Vec::with_capacity(place.bytes());
        for &value in given {
            let value =
                bytes(value).ok_or_else(|| Failure::invalid(format!("input '{name}' has a value beyond {dtype}")))?;
            all.extend_from_slice(&value);
        }
        Ok(all)
    }
}
