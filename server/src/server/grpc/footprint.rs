//! The memory that a message can take, known before it is taken: a value of one byte can become one of eight, and a tensor
//! without anything hundreds.

use prost::encoding::{WireType, decode_key, decode_varint};

use crate::model::{ElementType, Signature};

/// Bytes of a tensor in a map, with its name.
const TENSOR_BYTES: usize = 1024;
/// Bytes of a string, a list of bytes, or the size of a dimension, besides its content.
const ITEM_BYTES: usize = 96;
/// Bytes of a number.
const NUMBER_BYTES: usize = 8;

/// Returns the bytes of memory that a `PredictRequest` takes when it is decoded, besides the message, or more. Of other
/// requests it returns more, too.
pub(super) fn request(message: &[u8]) -> usize {
    sum(message, |field, inner| match field {
        2 => {
            TENSOR_BYTES + sum(inner, |field, inner| if field == 2 { tensor(inner) } else { ITEM_BYTES + inner.len() })
        }
        _ => ITEM_BYTES + inner.len(),
    })
}

fn tensor(message: &[u8]) -> usize {
    sum(message, |field, inner| match field {
        // The shape.
        2 => sum(inner, |_, dimension| ITEM_BYTES + dimension.len()),
        // The content is a part of the message.
        4 => 0,
        // float_val and double_val.
        5 | 6 => inner.len(),
        // string_val.
        8 => ITEM_BYTES + inner.len(),
        // The others, whose numbers end with a byte without the highest bit.
        _ => NUMBER_BYTES * inner.iter().filter(|&&byte| byte < 0x80).count(),
    })
}

/// Returns the bytes of memory that a `ModelInferRequest` takes when it is decoded, besides the message, or more.
pub(super) fn infer_request(message: &[u8]) -> usize {
    sum(message, |field, inner| match field {
        // An input.
        5 => {
            TENSOR_BYTES
                + sum(inner, |field, inner| match field {
                    3 => NUMBER_BYTES * inner.len(),
                    4 => TENSOR_BYTES + inner.len(),
                    5 => contents(inner),
                    _ => ITEM_BYTES + inner.len(),
                })
        }
        // An output, or a parameter.
        4 | 6 => TENSOR_BYTES + 2 * inner.len() + sum(inner, |_, inner| TENSOR_BYTES + inner.len()),
        // Raw contents are parts of the message.
        7 => ITEM_BYTES,
        _ => ITEM_BYTES + inner.len(),
    })
}

fn contents(message: &[u8]) -> usize {
    sum(message, |field, inner| match field {
        // fp32_contents and fp64_contents.
        6 | 7 => inner.len(),
        // bytes_contents.
        8 => ITEM_BYTES,
        // The others, whose numbers end with a byte without the highest bit.
        _ => NUMBER_BYTES * inner.iter().filter(|&&byte| byte < 0x80).count(),
    })
}

/// Adds up what the fields of a message take, up to the first that cannot be decoded. A group is read as what is in it.
fn sum(mut message: &[u8], mut of: impl FnMut(u32, &[u8]) -> usize) -> usize {
    let mut bytes = 0_usize;
    while let Ok((field, wire_type)) = decode_key(&mut message) {
        let size = match wire_type {
            WireType::Varint => decode_varint(&mut message).map(|_| 0),
            WireType::LengthDelimited => decode_varint(&mut message).map(|size| size as usize),
            WireType::SixtyFourBit => Ok(8),
            WireType::ThirtyTwoBit => Ok(4),
            WireType::StartGroup | WireType::EndGroup => Ok(0),
        };
        let Some((inner, rest)) = size.ok().and_then(|size| message.split_at_checked(size)) else { break };
        bytes += if wire_type == WireType::LengthDelimited { of(field, inner) } else { NUMBER_BYTES };
        message = rest;
    }
    bytes
}

/// Returns the bytes of memory that the outputs of so many rows take with their message, and the most that the message can
/// have of them.
///
/// # Arguments
///
/// * `is_raw`: the message has bytes, not numbers.
pub(super) fn answer(signature: &Signature, wanted: &[usize], rows: usize, is_raw: bool) -> (usize, usize) {
    let (mut memory, mut wire) = (0_usize, 64_usize);
    for (position, tensor) in signature.outputs.iter().enumerate() {
        let count = tensor.count().saturating_mul(rows);
        memory = memory.saturating_add(count.saturating_mul(tensor.stored.size()));
        if wanted.contains(&position) {
            let size = tensor.dtype.size();
            let (values, encoded) = if is_raw {
                (size, size)
            } else {
                let (number, encoded) = sizes(tensor.dtype);
                let real = if tensor.quantization.is_some() { size } else { 0 };
                (real + number, encoded)
            };
            let encoded = count.saturating_mul(encoded);
            wire = wire.saturating_add(encoded).saturating_add(tensor.name.len() + ITEM_BYTES);
            memory = memory.saturating_add(count.saturating_mul(values)).saturating_add(encoded);
        }
    }
    (memory, wire)
}

/// Returns the bytes of a number in a message, decoded and at most encoded.
fn sizes(dtype: ElementType) -> (usize, usize) {
    match dtype {
        ElementType::Bool | ElementType::String => (1, 1),
        ElementType::Float32 => (4, 4),
        ElementType::Float64 => (8, 8),
        ElementType::UInt8 | ElementType::UInt16 | ElementType::Float16 => (4, 3),
        ElementType::UInt32 => (4, 5),
        // Negative ones have ten bytes, whatever their type.
        ElementType::Int8 | ElementType::Int16 | ElementType::Int32 => (4, 10),
        ElementType::Int64 | ElementType::UInt64 => (8, 10),
    }
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::super::proto::TensorProto;
    use super::super::proto::inference::model_infer_request::InferInputTensor;
    use super::super::proto::inference::{InferParameter, InferTensorContents, ModelInferRequest};
    use super::super::proto::serving::PredictRequest;
    use super::*;

    fn encoded(name: &str, tensor: TensorProto) -> Vec<u8> {
        PredictRequest { inputs: [(name.to_owned(), tensor)].into(), ..PredictRequest::default() }.encode_to_vec()
    }

    #[test]
    fn content_takes_no_memory_besides_the_message() {
        let tensor = TensorProto { tensor_content: vec![1; 1 << 20].into(), ..TensorProto::default() };
        assert!(request(&encoded("x", tensor)) < 2 * TENSOR_BYTES);
    }

    #[test]
    fn numbers_of_a_byte_take_eight() {
        let tensor = TensorProto { int64_val: vec![0; 1000], float_val: vec![0.0; 1000], ..TensorProto::default() };
        let taken = request(&encoded("x", tensor));
        assert!((12_000..12_000 + 2 * TENSOR_BYTES).contains(&taken), "{taken}");
    }

    #[test]
    fn the_smallest_parts_take_what_their_structures_do() {
        assert!(size_of::<TensorProto>() * 2 < TENSOR_BYTES, "{}", size_of::<TensorProto>());
        // Inputs, names of outputs, and dimensions without anything in them, two bytes each.
        assert_eq!(request(&b"\x12\x00".repeat(1000)), 1000 * TENSOR_BYTES);
        assert_eq!(request(&b"\x1a\x00".repeat(1000)), 1000 * ITEM_BYTES);
        let shape = b"\x12\x00".repeat(50);
        let tensor = [&b"\x12\x64"[..], &shape].concat();
        let entry = [&[0x12, tensor.len() as u8][..], &tensor].concat();
        assert_eq!(request(&[&[0x12, entry.len() as u8][..], &entry].concat()), TENSOR_BYTES + 50 * ITEM_BYTES);
    }

    #[test]
    fn an_inference_request_takes_what_its_parts_do() {
        // The contents are a part of the tensor. A list has room for twice as many.
        let structures = [size_of::<InferInputTensor>(), size_of::<InferParameter>()];
        assert!(structures.iter().all(|size| size * 2 < TENSOR_BYTES), "{structures:?}");
        let input = |contents| InferInputTensor { contents: Some(contents), ..InferInputTensor::default() };
        let message = |contents| ModelInferRequest { inputs: vec![input(contents)], ..ModelInferRequest::default() };
        let numbers =
            InferTensorContents { int64_contents: vec![0; 1000], fp32_contents: vec![0.0; 1000], ..Default::default() };
        let taken = infer_request(&message(numbers).encode_to_vec());
        assert!((12_000..12_000 + 2 * TENSOR_BYTES).contains(&taken), "{taken}");
        let raw = ModelInferRequest { raw_input_contents: vec![vec![1; 1 << 20].into()], ..Default::default() };
        assert!(infer_request(&raw.encode_to_vec()) < TENSOR_BYTES);
        // Inputs, outputs and parameters without anything in them, two bytes each, and dimensions of one byte.
        for part in [b"\x2a\x00", b"\x32\x00", b"\x22\x00"] {
            assert_eq!(infer_request(&part.repeat(1000)), 1000 * TENSOR_BYTES);
        }
        assert!(
            infer_request(&[b"\x2a\x66\x1a\x64".as_slice(), &[1; 100]].concat()) >= TENSOR_BYTES + 100 * NUMBER_BYTES
        );
    }

    #[test]
    fn what_stands_in_or_behind_a_group_counts() {
        assert_eq!(request(b"\x4b\x12\x00\x4c\x12\x00"), 2 * TENSOR_BYTES + 2 * NUMBER_BYTES);
    }

    #[test]
    fn what_cannot_be_decoded_ends_the_sum() {
        assert_eq!(request(b"\x1a\x00\x1a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), ITEM_BYTES);
        assert_eq!(request(b"\x1a"), 0);
    }
}
