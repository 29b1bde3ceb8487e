//! The memory that a request can take, known before it is taken.

use memchr::{memchr, memchr_iter};

use crate::model::{Description, ElementType, Signature, Tensor};

/// Bodies up to so many bytes are not looked at.
const LONGEST_UNCOUNTED_BODY: usize = 1 << 20;
/// Most bytes of an element, and of the fingerprint of a name.
const ELEMENT_BYTES: usize = 8;

/// Returns the bytes of memory that reading a body can take, besides itself.
///
/// A comma is between any two numbers or names, and a text has no escaped string without a backslash.
#[must_use]
pub fn reading(description: &Description, body: &[u8]) -> usize {
    if body.len() <= LONGEST_UNCOUNTED_BODY {
        return body.len().div_ceil(2) * ELEMENT_BYTES + body.len();
    }
    // A list of texts grows to twice what it needs.
    let texts = if description.takes_texts() { 2 * body.len() } else { 0 };
    let strings = memchr(b'\\', body).map_or(0, |_| body.len()) + texts;
    // Count the bytes of images, and what is known of each, which is less than its text.
    let images = if description.may_hold_images(body) { 2 * body.len() } else { 0 };
    (memchr_iter(b',', body).count() + 1) * ELEMENT_BYTES + strings + images
}

/// Returns the bytes of memory that the outputs of so many rows take, and the most that the text of their answer can have.
#[must_use]
pub fn answering(description: &Description, signature: &Signature, rows: usize) -> (usize, usize) {
    let (mut values, mut text) = (0_usize, 0_usize);
    for tensor in &signature.outputs {
        let real = if tensor.quantization.is_some() { tensor.dtype.size() } else { 0 };
        values = values.saturating_add(tensor.count().saturating_mul(tensor.stored.size() + real));
        text = text.saturating_add(text_of(tensor));
        if signature.outputs.len() > 1 {
            // In row format.
            text = text.saturating_add(string(&tensor.name));
        }
    }
    if let Some(labels) = &description.labels {
        let longest = labels.iter().map(|label| string(label)).max().unwrap_or(0);
        text = text.saturating_add(super::answer::MOST_CLASSES * (longest + 64) + 4);
    }
    (values.saturating_mul(rows), text.saturating_mul(rows).saturating_add(64))
}

/// Returns the most bytes that the text of one row takes: values with commas, and the brackets of its lists.
fn text_of(tensor: &Tensor) -> usize {
    let shape = tensor.item_shape();
    let lists = shape.iter().scan(1_usize, |lists, &size| {
        let before = *lists;
        *lists = lists.saturating_mul(size);
        Some(before)
    });
    let brackets = lists.fold(0, usize::saturating_add).saturating_mul(3);
    tensor.count().saturating_mul(digits(tensor.dtype) + 1).saturating_add(brackets)
}

/// Returns the most bytes of a name in quotes with what is around it: an escaped character has six.
pub(crate) fn string(text: &str) -> usize {
    6 * text.len() + 8
}

/// The most characters of a value.
pub(crate) fn digits(dtype: ElementType) -> usize {
    match dtype {
        ElementType::Float32 | ElementType::Float16 => 16,
        ElementType::Float64 => 25,
        ElementType::Int64 | ElementType::UInt64 => 20,
        ElementType::Int32 | ElementType::UInt32 => 11,
        ElementType::Int16 | ElementType::UInt16 => 6,
        ElementType::Bool => 5,
        ElementType::String => 2,
        ElementType::Int8 | ElementType::UInt8 => 4,
    }
}
