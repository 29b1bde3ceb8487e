use std::borrow::Cow;

use bytes::Bytes;

use super::proto::tensor_shape_proto::Dim;
use super::proto::{TensorProto, TensorShapeProto};
use crate::inference;
use crate::model::{ElementType, LENGTH_BYTES, Tensor, push_text, texts_of};
use crate::server::budget::Shared;
use crate::server::failure::Failure;

/// The number of a type in TensorFlow's `DataType`.
pub(super) fn data_type(element: ElementType) -> i32 {
    match element {
        ElementType::Float32 => 1,
        ElementType::Float64 => 2,
        ElementType::String => STRING,
        ElementType::Int32 => 3,
        ElementType::UInt8 => 4,
        ElementType::Int16 => 5,
        ElementType::Int8 => 6,
        ElementType::Int64 => 9,
        ElementType::Bool => 10,
        ElementType::UInt16 => 17,
        ElementType::Float16 => 19,
        ElementType::UInt32 => 22,
        ElementType::UInt64 => 23,
    }
}

/// The number of values that a tensor says to have, which may be more than were sent.
pub(super) fn size(proto: &TensorProto) -> usize {
    let shape = proto.tensor_shape.iter().flat_map(|shape| &shape.dim);
    let values = shape.map(|dim| usize::try_from(dim.size).unwrap_or(usize::MAX)).fold(1, usize::saturating_mul);
    // A string takes time for each of its bytes.
    values.saturating_add(proto.string_val.iter().map(Bytes::len).sum())
}

/// Reads an input.
///
/// # Returns
///
/// The number of rows, 1 where the signature has no batch, and the stored bytes.
///
/// # Errors
///
/// Its type, shape or values are not the input's.
pub(super) fn read(
    tensor: &Tensor,
    batched: bool,
    proto: &TensorProto,
    share: &Shared,
) -> Result<(usize, Vec<u8>), Failure> {
    if proto.dtype != data_type(tensor.dtype) {
        return Err(Failure::invalid(format!(
            "input '{}' has the DataType {}; {} ({}) is expected",
            tensor.name,
            proto.dtype,
            data_type(tensor.dtype),
            tensor.dtype.tensorflow()
        )));
    }
    let rows = rows(tensor, batched, proto.tensor_shape.as_ref())?;
    let count = rows.checked_mul(tensor.count()).ok_or_else(|| Failure::invalid("the shape is too large"))?;
    if tensor.has_strings() {
        return Ok((rows, texts(tensor, count, &proto.string_val, share)?));
    }
    let real = values(tensor, count, proto, share)?;
    if tensor.quantization.is_some() && inference::has_nan(tensor.dtype, &real) {
        return Err(Failure::invalid(format!(
            "input '{}' holds NaN, for which the model's integers have no value",
            tensor.name
        )));
    }
    let stored = match tensor.quantized(&real) {
        Cow::Borrowed(_) => real.into_owned(),
        Cow::Owned(stored) => stored,
    };
    Ok((rows, stored))
}

/// Returns the column of strings.
pub(super) fn texts(tensor: &Tensor, count: usize, given: &[Bytes], share: &Shared) -> Result<Vec<u8>, Failure> {
    if given.len() != count {
        return Err(Failure::invalid(format!(
            "input '{}' has {} strings; its shape has {count}",
            tensor.name,
            given.len()
        )));
    }
    let size = given.iter().map(|text| LENGTH_BYTES + text.len()).sum();
    share.take(size)?;
    let mut column = Vec::with_capacity(size);
    for text in given {
        push_text(text, &mut column);
    }
    Ok(column)
}

/// Tells whether a tensor has strings.
pub(super) fn has_strings(proto: &TensorProto) -> bool {
    proto.dtype == STRING
}

/// Reads an input whose elements are images.
///
/// # Returns
///
/// The number of rows, 1 where the signature has no batch, and the images.
pub(super) fn images(
    tensor: &Tensor,
    batched: bool,
    proto: &TensorProto,
    share: &Shared,
) -> Result<(usize, Vec<Vec<u8>>), Failure> {
    let count = inference::image_count(tensor, batched, &sizes(proto.tensor_shape.as_ref()))?;
    let given = &proto.string_val;
    if given.len() != count {
        return Err(Failure::invalid(format!(
            "input '{}' has {} values of DT_STRING; its shape has {count}",
            tensor.name,
            given.len()
        )));
    }
    share.take(given.iter().map(|image| IMAGE + image.len()).sum())?;
    Ok((if batched { count } else { 1 }, given.iter().map(|image| image.to_vec()).collect()))
}

/// `DT_STRING`.
const STRING: i32 = 7;
/// Memory that an image takes besides its bytes, in bytes.
pub(super) const IMAGE: usize = 64;

/// Writes an output as TensorFlow Serving does: into the field of its type, not into `tensor_content`.
///
/// # Arguments
///
/// * `rows`: nothing where the signature has no batch.
pub(super) fn write(tensor: &Tensor, rows: Option<usize>, stored: &[u8]) -> TensorProto {
    let shape = rows.into_iter().chain(tensor.item_shape().iter().copied());
    let dim = shape.map(|size| Dim { size: size as i64, name: String::new() }).collect();
    let mut proto = TensorProto {
        dtype: data_type(tensor.dtype),
        tensor_shape: Some(TensorShapeProto { dim, unknown_rank: false }),
        ..TensorProto::default()
    };
    let bytes = tensor.dequantized(stored);
    match tensor.dtype {
        ElementType::Float32 => proto.float_val = numbers(&bytes, f32::from_le_bytes),
        ElementType::Float64 => proto.double_val = numbers(&bytes, f64::from_le_bytes),
        ElementType::Float16 => proto.half_val = numbers(&bytes, |two| i32::from(u16::from_le_bytes(two))),
        ElementType::Int8 => proto.int_val = numbers(&bytes, |byte| i32::from(i8::from_le_bytes(byte))),
        ElementType::Int16 => proto.int_val = numbers(&bytes, |two| i32::from(i16::from_le_bytes(two))),
        ElementType::Int32 => proto.int_val = numbers(&bytes, i32::from_le_bytes),
        ElementType::UInt8 => proto.int_val = numbers(&bytes, |[byte]| i32::from(byte)),
        ElementType::UInt16 => proto.int_val = numbers(&bytes, |two| i32::from(u16::from_le_bytes(two))),
        ElementType::Int64 => proto.int64_val = numbers(&bytes, i64::from_le_bytes),
        ElementType::UInt32 => proto.uint32_val = numbers(&bytes, u32::from_le_bytes),
        ElementType::UInt64 => proto.uint64_val = numbers(&bytes, u64::from_le_bytes),
        ElementType::String => proto.string_val = texts_of(stored).map(Bytes::copy_from_slice).collect(),
        ElementType::Bool => proto.bool_val = numbers(&bytes, |[byte]| byte != 0),
    }
    proto
}

fn rows(tensor: &Tensor, batched: bool, shape: Option<&TensorShapeProto>) -> Result<usize, Failure> {
    Ok(inference::rows(tensor, batched, &sizes(shape))?)
}

fn sizes(shape: Option<&TensorShapeProto>) -> Vec<i64> {
    shape.into_iter().flat_map(|shape| &shape.dim).map(|dim| dim.size).collect()
}

/// The bytes of `count` values of the client's type.
///
/// # Arguments
///
/// * `share`: takes the memory for these, and for those that the model stores.
fn values<'a>(tensor: &Tensor, count: usize, proto: &'a TensorProto, share: &Shared) -> Result<Cow<'a, [u8]>, Failure> {
    if !proto.tensor_content.is_empty() {
        let content = &proto.tensor_content[..];
        let expected = count.checked_mul(tensor.dtype.size());
        if expected != Some(content.len()) {
            return Err(Failure::invalid(format!(
                "input '{}': tensor_content has {} bytes; {count} values of {} bytes are expected",
                tensor.name,
                content.len(),
                tensor.dtype.size()
            )));
        }
        if tensor.dtype == ElementType::Bool && content.iter().any(|&byte| byte > 1) {
            return Err(Failure::invalid(format!("input '{}': a byte is neither 0 nor 1", tensor.name)));
        }
        share.take(count * tensor.stored.size())?;
        return Ok(Cow::Borrowed(content));
    }
    let fill = Fill { tensor, count, share };
    match tensor.dtype {
        ElementType::Float32 => fill.from(&proto.float_val, |value| Some(value.to_le_bytes())),
        ElementType::Float64 => fill.from(&proto.double_val, |value| Some(value.to_le_bytes())),
        ElementType::Float16 => fill.from(&proto.half_val, |value| u16::try_from(value).ok().map(u16::to_le_bytes)),
        ElementType::Int8 => fill.from(&proto.int_val, |value| i8::try_from(value).ok().map(i8::to_le_bytes)),
        ElementType::Int16 => fill.from(&proto.int_val, |value| i16::try_from(value).ok().map(i16::to_le_bytes)),
        ElementType::Int32 => fill.from(&proto.int_val, |value| Some(value.to_le_bytes())),
        ElementType::UInt8 => fill.from(&proto.int_val, |value| u8::try_from(value).ok().map(u8::to_le_bytes)),
        ElementType::UInt16 => fill.from(&proto.int_val, |value| u16::try_from(value).ok().map(u16::to_le_bytes)),
        ElementType::Int64 => fill.from(&proto.int64_val, |value| Some(value.to_le_bytes())),
        ElementType::UInt32 => fill.from(&proto.uint32_val, |value| Some(value.to_le_bytes())),
        ElementType::UInt64 => fill.from(&proto.uint64_val, |value| Some(value.to_le_bytes())),
        ElementType::String => Err(Failure::invalid("strings are no numbers")),
        ElementType::Bool => fill.from(&proto.bool_val, |value| Some([u8::from(value)])),
    }
    .map(Cow::Owned)
}

struct Fill<'a> {
    tensor: &'a Tensor,
    count: usize,
    share: &'a Shared,
}

impl Fill<'_> {
    /// Returns the bytes of all values. Where fewer are given than the shape has, TensorFlow repeats the last one.
    fn from<T: Copy, const N: usize>(
        &self,
        given: &[T],
        bytes: impl Fn(T) -> Option<[u8; N]>,
    ) -> Result<Vec<u8>, Failure> {
        let name = &self.tensor.name;
        let Some(&last) = given.last().filter(|_| given.len() <= self.count) else {
            return Err(Failure::invalid(format!(
                "input '{name}' has {} values of {}; its shape has {}",
                given.len(),
                self.tensor.dtype.tensorflow(),
                self.count
            )));
        };
        let size = self.count.checked_mul(N).filter(|&size| given.len() == self.count || size <= MOST_REPEATED);
        let size = size.ok_or_else(|| {
            Failure::invalid(format!("input '{name}' repeats a value into more than {MOST_REPEATED} bytes"))
        })?;
        self.share.take(size.saturating_add(self.count * self.tensor.stored.size()))?;
        let mut all = Vec::with_capacity(size);
        let repeated = std::iter::repeat_n(&last, self.count - given.len());
        for &value in given.iter().chain(repeated) {
            let value = bytes(value).ok_or_else(|| {
                Failure::invalid(format!("input '{name}' has a value that {} cannot hold", self.tensor.dtype))
            })?;
            all.extend_from_slice(&value);
        }
        Ok(all)
    }
}

/// A short request must not fill the memory.
const MOST_REPEATED: usize = 64 << 20;

/// Returns the numbers that bytes have.
pub(super) fn numbers<T, const N: usize>(bytes: &[u8], number: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks::<N>().0.iter().map(|chunk| number(*chunk)).collect()
}
