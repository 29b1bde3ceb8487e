//! Writes the text of an answer from the bytes of the outputs.

use super::base64;
use super::request::Form;
use crate::model::{Call, Description, ElementType, Outputs, Signature, Tensor, half, texts_of};

/// Classes that an answer names of each row.
pub(super) const MOST_CLASSES: usize = 5;

/// Writes the answer's body.
pub(super) fn answer(description: &Description, signature: &Signature, form: Form, outputs: &Outputs) -> Vec<u8> {
    let values: Vec<Values<'_>> =
        signature.outputs.iter().zip(&outputs.columns).map(|(tensor, stored)| Values::new(tensor, stored)).collect();
    let rows = signature.batched.then_some(outputs.rows);
    let mut text = Vec::with_capacity(32 + values.iter().map(|values| 12 * values.count()).sum::<usize>());
    text.extend_from_slice(match form {
        Form::Instances => b"{\"predictions\":",
        Form::Inputs => b"{\"outputs\":",
        Form::Data => b"{\"prediction\":",
    });
    match (form, &values[..]) {
        (_, [only]) => only.write(rows, &mut text),
        (Form::Instances, _) => write_rows(&values, rows, &mut text),
        (Form::Inputs | Form::Data, _) => {
            write_members(&values, &mut text, |values, text| values.write(rows, text));
        }
    }
    if let (Some(labels), Some(rows)) = (&description.labels, rows)
        && let Some(scores) = values.iter().find(|values| values.tensor.item_shape() == [labels.len()])
    {
        text.extend_from_slice(b",\"classes\":");
        write_list(rows, &mut text, |row, text| write_classes(labels, scores, row, text));
    }
    text.push(b'}');
    text
}

/// Writes the bodies that a call and its outputs have in column format, with images for inputs that have them.
#[must_use]
pub fn bodies(description: &Description, call: &Call, outputs: &Outputs) -> (Vec<u8>, Vec<u8>) {
    let signature = &description.signatures[call.signature];
    let values: Vec<Values<'_>> =
        signature.inputs.iter().zip(call.sent_columns()).map(|(tensor, stored)| Values::new(tensor, stored)).collect();
    let rows = signature.batched.then_some(call.rows);
    let mut request = b"{\"signature_name\":".to_vec();
    write_string(&signature.name, &mut request);
    request.extend_from_slice(b",\"inputs\":");
    write_members(&values, &mut request, |values, text| {
        let input = signature.inputs.iter().position(|tensor| tensor.name == values.tensor.name);
        let images: Vec<_> = call.images.iter().filter(|image| Some(image.input) == input).collect();
        if images.is_empty() {
            values.write(rows, text);
        } else {
            // Write the images as they were sent: the values of one alone can be more than is captured.
            write_list(images.len(), text, |index, text| base64::write(&images[index].encoded, text));
        }
    });
    request.push(b'}');
    (request, answer(description, signature, Form::Inputs, outputs))
}

/// Appends the values of stored bytes as one list, whatever their shape.
pub(crate) fn write_flat(tensor: &Tensor, stored: &[u8], text: &mut Vec<u8>) {
    let values = Values::new(tensor, stored);
    let count = values.count();
    values.write_nested(&[count], 0, count, text);
}

/// Appends a JSON string.
pub(crate) fn write_string(string: &str, text: &mut Vec<u8>) {
    serde_json::to_writer(text, string).expect("a Vec takes all that is written");
}

/// Appends a string, or the object that stands for its bytes where they are no text.
fn write_text(bytes: &[u8], text: &mut Vec<u8>) {
    match std::str::from_utf8(bytes) {
        Ok(string) => write_string(string, text),
        Err(_) => base64::write(bytes, text),
    }
}

fn write_list(count: usize, text: &mut Vec<u8>, mut write: impl FnMut(usize, &mut Vec<u8>)) {
    text.push(b'[');
    for index in 0..count {
        if index > 0 {
            text.push(b',');
        }
        write(index, text);
    }
    text.push(b']');
}

fn write_members(values: &[Values<'_>], text: &mut Vec<u8>, mut write: impl FnMut(&Values<'_>, &mut Vec<u8>)) {
    for (index, values) in values.iter().enumerate() {
        text.push(if index > 0 { b',' } else { b'{' });
        write_string(&values.tensor.name, text);
        text.push(b':');
        write(values, text);
    }
    text.push(b'}');
}

/// Row format of several outputs: an object for each row.
fn write_rows(values: &[Values<'_>], rows: Option<usize>, text: &mut Vec<u8>) {
    // Without a batch the rows are those of dimension 0, which all outputs share.
    let rows_of = |values: &Values<'_>| rows.unwrap_or_else(|| values.tensor.stored_shape[0]);
    write_list(rows_of(&values[0]), text, |row, text| {
        write_members(values, text, |values, text| {
            let shape = &values.tensor.stored_shape[1..];
            let size = values.count() / rows_of(values);
            values.write_nested(shape, row * size, size, text);
        });
    });
}

fn write_classes(labels: &[String], scores: &Values<'_>, row: usize, text: &mut Vec<u8>) {
    let score = |label: usize| scores.number(row * labels.len() + label);
    let mut ranked: Vec<usize> = (0..labels.len()).collect();
    // NaN last; equal scores in the order of the labels.
    let key = |label: usize| Some(score(label)).filter(|score| !score.is_nan()).unwrap_or(f64::NEG_INFINITY);
    ranked.sort_by(|&left, &right| key(right).total_cmp(&key(left)));
    ranked.truncate(MOST_CLASSES);
    write_list(ranked.len(), text, |rank, text| {
        text.extend_from_slice(b"{\"label\":");
        write_string(&labels[ranked[rank]], text);
        text.extend_from_slice(b",\"score\":");
        scores.write_element(row * labels.len() + ranked[rank], text);
        text.push(b'}');
    });
}

/// The real values of an output.
struct Values<'a> {
    tensor: &'a Tensor,
    real: std::borrow::Cow<'a, [u8]>,
    /// The values, where they are strings.
    texts: Vec<&'a [u8]>,
}

impl<'a> Values<'a> {
    fn new(tensor: &'a Tensor, stored: &'a [u8]) -> Self {
        let texts = if tensor.has_strings() { texts_of(stored).collect() } else { Vec::new() };
        Self { tensor, real: tensor.dequantized(stored), texts }
    }

    fn count(&self) -> usize {
        if self.tensor.has_strings() { self.texts.len() } else { self.real.len() / self.tensor.dtype.size() }
    }

    /// Appends all values, with the rows as dimension 0 where there are rows.
    fn write(&self, rows: Option<usize>, text: &mut Vec<u8>) {
        let size = self.tensor.count();
        let shape = self.tensor.item_shape();
        match rows {
            Some(rows) => write_list(rows, text, |row, text| self.write_nested(shape, row * size, size, text)),
            None => self.write_nested(shape, 0, size, text),
        }
    }

    /// Appends the `count` values from `start`, nested in lists of `shape`.
    fn write_nested(&self, shape: &[usize], start: usize, count: usize, text: &mut Vec<u8>) {
        match shape.split_first() {
            None => self.write_element(start, text),
            Some((&size, inner)) => {
                let step = count / size;
                write_list(size, text, |index, text| self.write_nested(inner, start + index * step, step, text));
            }
        }
    }

    fn write_element(&self, index: usize, text: &mut Vec<u8>) {
        match self.tensor.dtype {
            ElementType::Float32 => write_f32(f32::from_le_bytes(self.bytes(index)), text),
            ElementType::Float16 => write_f32(half::to_f32(u16::from_le_bytes(self.bytes(index))), text),
            ElementType::Float64 => write_f64(f64::from_le_bytes(self.bytes(index)), text),
            ElementType::Int8 => write_integer(i8::from_le_bytes(self.bytes(index)), text),
            ElementType::Int16 => write_integer(i16::from_le_bytes(self.bytes(index)), text),
            ElementType::Int32 => write_integer(i32::from_le_bytes(self.bytes(index)), text),
            ElementType::Int64 => write_integer(i64::from_le_bytes(self.bytes(index)), text),
            ElementType::UInt8 => write_integer(u8::from_le_bytes(self.bytes(index)), text),
            ElementType::UInt16 => write_integer(u16::from_le_bytes(self.bytes(index)), text),
            ElementType::UInt32 => write_integer(u32::from_le_bytes(self.bytes(index)), text),
            ElementType::UInt64 => write_integer(u64::from_le_bytes(self.bytes(index)), text),
            ElementType::String => write_text(self.texts[index], text),
            ElementType::Bool => text.extend_from_slice(if self.bytes(index) == [0] { b"false" } else { b"true" }),
        }
    }

    /// A value to compare by.
    fn number(&self, index: usize) -> f64 {
        match self.tensor.dtype {
            ElementType::Float32 => f64::from(f32::from_le_bytes(self.bytes(index))),
            ElementType::Float16 => half::to_f32(u16::from_le_bytes(self.bytes(index))).into(),
            ElementType::Float64 => f64::from_le_bytes(self.bytes(index)),
            ElementType::Int8 => f64::from(i8::from_le_bytes(self.bytes(index))),
            ElementType::Int16 => f64::from(i16::from_le_bytes(self.bytes(index))),
            ElementType::Int32 => f64::from(i32::from_le_bytes(self.bytes(index))),
            ElementType::Int64 => i64::from_le_bytes(self.bytes(index)) as f64,
            ElementType::UInt8 | ElementType::Bool => f64::from(u8::from_le_bytes(self.bytes(index))),
            ElementType::UInt16 => f64::from(u16::from_le_bytes(self.bytes(index))),
            ElementType::UInt32 => f64::from(u32::from_le_bytes(self.bytes(index))),
            ElementType::UInt64 => u64::from_le_bytes(self.bytes(index)) as f64,
            ElementType::String => f64::NAN,
        }
    }

    fn bytes<const SIZE: usize>(&self, index: usize) -> [u8; SIZE] {
        let mut bytes = [0; SIZE];
        bytes.copy_from_slice(&self.real[index * SIZE..(index + 1) * SIZE]);
        bytes
    }
}

fn write_integer(value: impl itoa::Integer, text: &mut Vec<u8>) {
    text.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Appends the shortest text that reads back as the same float32, with a point or an exponent; NaN and the infinities
/// as TensorFlow Serving writes them.
fn write_f32(value: f32, text: &mut Vec<u8>) {
    if value.is_finite() {
        text.extend_from_slice(zmij::Buffer::new().format_finite(value).as_bytes());
    } else {
        write_non_finite(f64::from(value), text);
    }
}

fn write_f64(value: f64, text: &mut Vec<u8>) {
    if value.is_finite() {
        text.extend_from_slice(zmij::Buffer::new().format_finite(value).as_bytes());
    } else {
        write_non_finite(value, text);
    }
}

fn write_non_finite(value: f64, text: &mut Vec<u8>) {
    text.extend_from_slice(if value.is_nan() {
        b"NaN"
    } else if value > 0.0 {
        b"Infinity"
    } else {
        b"-Infinity"
    });
}
