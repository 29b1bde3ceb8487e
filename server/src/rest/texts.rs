//! Texts and categories in the place of numbers: the one place where those of a request become what the file takes.

use super::images;
use super::need::Need;
use super::refusal::Refusal;
use super::sentence::quoted;
use crate::model::{Call, Description, ElementType, Signature, Tensor, texts_of};
use crate::text::{Data, Fault, Meter, Steps, Strings, Value};

/// Makes the columns that the file takes of what was sent: images, texts and categories.
///
/// # Arguments
///
/// * `take`: takes what each image and each step needs, before it is done.
pub(crate) fn prepare<E: From<Refusal>>(
    description: &Description,
    call: &mut Call,
    mut take: impl FnMut(Need) -> Result<(), E>,
) -> Result<(), E> {
    images::decode(description, call, &mut take)?;
    let signature = &description.signatures[call.signature];
    let Some(file_inputs) = &signature.file_inputs else { return Ok(()) };
    let steps = description.text.as_ref().and_then(|text| text.steps(&signature.name));
    let steps = steps.ok_or_else(|| Refusal::bad_request("the description of this model's text was not read"))?;
    // The columns, and one row more before it is stored.
    let row_bytes = file_inputs.iter().map(Tensor::stored_bytes).fold(0, usize::saturating_add);
    let real_bytes = file_inputs.iter().map(|tensor| tensor.count().saturating_mul(tensor.dtype.size()));
    let real_bytes = real_bytes.fold(row_bytes, usize::saturating_add);
    take(Need { bytes: row_bytes.saturating_mul(call.rows).saturating_add(real_bytes), pixels: 0 })?;
    let mut refused = None;
    let mut grant = |bytes| match take(Need { bytes, pixels: 0 }) {
        Ok(()) => true,
        Err(error) => {
            refused = Some(error);
            false
        }
    };
    let columns = columns(signature, file_inputs, steps, call, &mut Meter::new(&mut grant));
    match columns {
        Ok(columns) => {
            call.sent_columns = Some(std::mem::replace(&mut call.columns, columns));
            Ok(())
        }
        Err((row, fault)) => Err(refused.unwrap_or_else(|| {
            let row = if signature.batched { format!("row {row} (the first is 0): ") } else { String::new() };
            Refusal::bad_request(format!("the text part of the model cannot take the request: {row}{fault}")).into()
        })),
    }
}

/// Runs the steps for each row alone, so that no row depends on others.
fn columns(
    signature: &Signature,
    file_inputs: &[Tensor],
    steps: &Steps,
    call: &Call,
    meter: &mut Meter<'_>,
) -> Result<Vec<Vec<u8>>, (usize, Fault)> {
    let mut columns: Vec<Vec<u8>> =
        file_inputs.iter().map(|tensor| Vec::with_capacity(tensor.stored_bytes() * call.rows)).collect();
    let given = steps.inputs.iter().map(|given| signature.inputs.iter().position(|tensor| tensor.name == given.name));
    let missing = || (0, Fault::Values("the description of its text does not fit".into()));
    let given: Vec<usize> = given.collect::<Option<_>>().ok_or_else(missing)?;
    let fed = steps.fed.iter().map(|(name, _)| file_inputs.iter().position(|tensor| tensor.name == *name));
    let fed: Vec<usize> = fed.collect::<Option<_>>().ok_or_else(missing)?;
    let mut rests: Vec<&[u8]> = call.columns.iter().map(Vec::as_slice).collect();
    for row in 0..call.rows {
        let failed = |fault| (row, fault);
        let needed = given.iter().map(|&position| needed(&signature.inputs[position], rests[position]));
        meter.next_row(needed.sum()).map_err(failed)?;
        let value = |(input, &position): (usize, &usize)| {
            value(&signature.inputs[position], steps.inputs[input].shape, &mut rests[position])
        };
        let values = given.iter().enumerate().map(value).collect::<Option<Vec<_>>>().ok_or_else(missing)?;
        let values = steps.run(values, meter).map_err(failed)?;
        for (value, &position) in values.iter().zip(&fed) {
            append(&file_inputs[position], value, &mut columns[position]).map_err(failed)?;
        }
    }
    Ok(columns)
}

/// Returns the memory of the value of one row, which begins the bytes of an input.
fn needed(tensor: &Tensor, rest: &[u8]) -> usize {
    if tensor.dtype != ElementType::String {
        return tensor.stored_bytes();
    }
    texts_of(rest).take(tensor.count()).map(|text| text.len() + size_of::<usize>()).sum()
}

/// Takes the value of one row from the bytes of an input.
fn value(tensor: &Tensor, shape: crate::text::Shape, rest: &mut &[u8]) -> Option<Value> {
    let data = if tensor.dtype == ElementType::String {
        let bytes = texts_of(rest).take(tensor.count()).map(<[u8]>::len).sum();
        let mut texts = texts_of(rest);
        let mut strings = Strings::with_capacity(tensor.count(), bytes);
        texts.by_ref().take(tensor.count()).for_each(|text| strings.push(text));
        *rest = texts.rest();
        Data::Strings(strings)
    } else {
        let (bytes, others) = rest.split_at_checked(tensor.stored_bytes())?;
        *rest = others;
        match tensor.dtype {
            ElementType::Int64 => Data::Int64(numbers(bytes, i64::from_le_bytes)),
            ElementType::Int32 => Data::Int32(numbers(bytes, i32::from_le_bytes)),
            ElementType::Float32 => Data::Float32(numbers(bytes, f32::from_le_bytes)),
            ElementType::Float64 => Data::Float64(numbers(bytes, f64::from_le_bytes)),
            ElementType::Bool => Data::Bool(numbers(bytes, |[byte]| byte != 0)),
            ElementType::UInt8 => Data::UInt8(bytes.to_vec()),
            _ => return None,
        }
    };
    Value::checked(shape, data)
}

fn numbers<T, const N: usize>(bytes: &[u8], number: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks::<N>().0.iter().map(|chunk| number(*chunk)).collect()
}

/// Appends what the file stores of a value.
fn append(tensor: &Tensor, value: &Value, column: &mut Vec<u8>) -> Result<(), Fault> {
    let dtype = match &value.data {
        Data::Strings(_) => ElementType::String,
        Data::Int64(_) => ElementType::Int64,
        Data::Int32(_) => ElementType::Int32,
        Data::Float32(_) => ElementType::Float32,
        Data::Float64(_) => ElementType::Float64,
        Data::Bool(_) => ElementType::Bool,
        Data::UInt8(_) => ElementType::UInt8,
    };
    let wrong =
        |problem: &str| Fault::Values(format!("input {} of the file: {problem}", quoted(&tensor.name, 100)).into());
    if dtype != tensor.dtype || value.shape[..] != tensor.stored_shape[..] {
        let problem = format!(
            "{dtype} of the shape {:?} instead of {} of {:?}",
            &*value.shape, tensor.dtype, tensor.stored_shape
        );
        return Err(wrong(&problem));
    }
    let bytes: Vec<u8> = match &value.data {
        Data::Strings(_) => Vec::new(),
        Data::Int64(elements) => elements.iter().flat_map(|element| element.to_le_bytes()).collect(),
        Data::Int32(elements) => elements.iter().flat_map(|element| element.to_le_bytes()).collect(),
        Data::Float32(elements) => elements.iter().flat_map(|element| element.to_le_bytes()).collect(),
        Data::Float64(elements) => elements.iter().flat_map(|element| element.to_le_bytes()).collect(),
        Data::Bool(elements) => elements.iter().map(|&is| u8::from(is)).collect(),
        Data::UInt8(elements) => elements.clone(),
    };
    let has_nan = match &value.data {
        Data::Float32(elements) => elements.iter().any(|element| element.is_nan()),
        Data::Float64(elements) => elements.iter().any(|element| element.is_nan()),
        _ => false,
    };
    if tensor.quantization.is_some() && has_nan {
        return Err(wrong("NaN, for which the model's integers have no value"));
    }
    column.extend_from_slice(&tensor.quantized(&bytes));
    Ok(())
}
