use super::request::Form;
use crate::model::{Description, Outputs, Tensor};
use crate::rest::{write_flat, write_string};

/// The answer to an inference request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer<B = Vec<u8>> {
    /// The body.
    pub body: B,
    /// Bytes of its JSON text, where tensors in binary form follow it.
    pub json_length: Option<usize>,
}

impl<B> Answer<B> {
    /// The type of the body.
    #[must_use]
    pub fn content_type(&self) -> &'static str {
        if self.json_length.is_some() { "application/octet-stream" } else { "application/json" }
    }

    /// Makes another body of it.
    pub fn map<T>(self, make: impl FnOnce(B) -> T) -> Answer<T> {
        Answer { body: make(self.body), json_length: self.json_length }
    }
}

impl Form {
    /// Writes the answer.
    ///
    /// # Arguments
    ///
    /// * `signature`: its position in the description.
    #[must_use]
    pub fn answer(&self, description: &Description, signature: usize, outputs: &Outputs) -> Answer {
        let signature = &description.signatures[signature];
        let rows = signature.batched.then_some(outputs.rows);
        let wanted = || {
            let of = |&(position, is_binary)| (&signature.outputs[position], &outputs.columns[position], is_binary);
            self.outputs.iter().map(of)
        };
        let binary_size = |tensor: &Tensor| tensor.count() * tensor.dtype.size() * rows.unwrap_or(1);
        let size = |(tensor, stored, is_binary): (&Tensor, &Vec<u8>, bool)| {
            128 + if is_binary { binary_size(tensor) } else { 3 * stored.len() }
        };
        let mut text = Vec::with_capacity(128 + wanted().map(size).sum::<usize>());
        text.extend_from_slice(b"{\"model_name\":");
        write_string(&description.model, &mut text);
        text.extend_from_slice(format!(",\"model_version\":\"{}\"", description.version).as_bytes());
        if let Some(id) = &self.id {
            text.extend_from_slice(b",\"id\":");
            write_string(id, &mut text);
        }
        text.extend_from_slice(b",\"outputs\":");
        for (index, (tensor, stored, is_binary)) in wanted().enumerate() {
            text.push(if index > 0 { b',' } else { b'[' });
            write_head(tensor, rows, &mut text);
            if is_binary {
                let size = binary_size(tensor);
                text.extend_from_slice(format!(",\"parameters\":{{\"binary_data_size\":{size}}}").as_bytes());
            } else {
                text.extend_from_slice(b",\"data\":");
                write_flat(tensor, stored, &mut text);
            }
            text.push(b'}');
        }
        text.extend_from_slice(b"]}");
        let json_length = text.len();
        let mut has_binary = false;
        for (tensor, stored, _) in wanted().filter(|&(.., is_binary)| is_binary) {
            text.extend_from_slice(&tensor.dequantized(stored));
            has_binary = true;
        }
        Answer { body: text, json_length: has_binary.then_some(json_length) }
    }
}

fn write_head(tensor: &Tensor, rows: Option<usize>, text: &mut Vec<u8>) {
    text.extend_from_slice(b"{\"name\":");
    write_string(&tensor.name, text);
    text.extend_from_slice(b",\"datatype\":\"");
    text.extend_from_slice(tensor.dtype.inference().as_bytes());
    text.extend_from_slice(b"\",\"shape\":[");
    for (index, size) in rows.into_iter().chain(tensor.item_shape().iter().copied()).enumerate() {
        if index > 0 {
            text.push(b',');
        }
        text.extend_from_slice(itoa::Buffer::new().format(size).as_bytes());
    }
    text.push(b']');
}
