//! Tensors in the fields of their types, as the Open Inference Protocol has them beside bytes.

use super::proto::inference::InferTensorContents;
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
        ElementType::String => filler.fill(&[], |value: u8| Some([value])),
        ElementType::Bool => filler.fill(&given.bool_contents, |value| Some([u8::from(value)])),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inference::Inputs;
    use crate::model::Description;

    /// Reads contents for an input of two values.
    fn read(dtype: &str, contents: &InferTensorContents) -> Result<Vec<u8>, Failure> {
        let tensor = format!(r#"{{"x": {{"dtype": "{dtype}", "shape": [2]}}}}"#);
        let text = format!(
            r#"{{"schemaVersion": 1, "model": "m", "version": 1, "defaultSignature": "s",
                "signatures": {{"s": {{"batched": false, "inputs": {tensor}, "outputs": {tensor}}}}}}}"#
        );
        let description = Description::parse(text.as_bytes()).unwrap();
        let signature = &description.signatures[0];
        let place = Inputs::new(signature).place("x", signature.inputs[0].dtype.inference(), &[2]).unwrap();
        let mut taken = 0;
        let values = super::read(place, Some(contents), |bytes| {
            taken += bytes;
            Ok(())
        })?;
        assert_eq!(values.len(), taken);
        Ok(values)
    }

    fn int(values: [i32; 2]) -> InferTensorContents {
        InferTensorContents { int_contents: values.into(), ..Default::default() }
    }

    fn uint(values: [u32; 2]) -> InferTensorContents {
        InferTensorContents { uint_contents: values.into(), ..Default::default() }
    }

    #[test]
    fn every_type_has_its_field() {
        for (dtype, contents, bytes) in [
            ("int8", int([-128, 127]), vec![0x80, 0x7F]),
            ("int16", int([-2, 0x102]), vec![0xFE, 0xFF, 2, 1]),
            ("int32", int([-2, 1 << 24]), vec![0xFE, 0xFF, 0xFF, 0xFF, 0, 0, 0, 1]),
            ("uint8", uint([0, 255]), vec![0, 0xFF]),
            ("uint16", uint([1, 0xFF00]), vec![1, 0, 0, 0xFF]),
            ("uint32", uint([1, u32::MAX]), vec![1, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]),
            (
                "int64",
                InferTensorContents { int64_contents: vec![-1, 1], ..Default::default() },
                [[0xFF; 8], 1_i64.to_le_bytes()].concat(),
            ),
            (
                "uint64",
                InferTensorContents { uint64_contents: vec![u64::MAX, 1], ..Default::default() },
                [[0xFF; 8], 1_u64.to_le_bytes()].concat(),
            ),
            (
                "float32",
                InferTensorContents { fp32_contents: vec![1.0, -2.0], ..Default::default() },
                vec![0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0],
            ),
            (
                "float64",
                InferTensorContents { fp64_contents: vec![1.0, -2.0], ..Default::default() },
                [1_f64.to_le_bytes(), (-2_f64).to_le_bytes()].concat(),
            ),
            ("bool", InferTensorContents { bool_contents: vec![true, false], ..Default::default() }, vec![1, 0]),
        ] {
            assert_eq!(read(dtype, &contents), Ok(bytes), "{dtype}");
        }
    }

    #[test]
    fn a_value_beyond_its_type_or_in_another_field_is_refused() {
        for (dtype, contents, sentence) in [
            ("int8", int([0, 128]), "has a value beyond INT8"),
            ("int16", int([0, -32_769]), "has a value beyond INT16"),
            ("uint8", uint([0, 256]), "has a value beyond UINT8"),
            ("uint16", uint([0, 65_536]), "has a value beyond UINT16"),
            ("uint32", int([0, 1]), "has 0 values in the contents of UINT32; its shape has 2"),
            ("float16", int([0, 1]), "no contents of FP16; send raw_input_contents"),
        ] {
            let problem = read(dtype, &contents).unwrap_err();
            assert!(problem.message.contains(sentence), "{dtype}: {problem:?}");
        }
    }
}
