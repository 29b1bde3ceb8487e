use std::borrow::Cow;

use super::header;
use super::images::elements;
use super::inputs::Inputs;
use super::json::{self, Parsed};
use super::metadata::default_signature;
use super::outputs::Wanted;
use super::raw;
use crate::model::{Call, Description};
use crate::rest::texts::prepare;
use crate::rest::{Need, Refusal};

/// An inference request that the model can answer.
#[derive(Clone, Debug, PartialEq)]
pub struct InferRequest {
    /// The values, and which signature they are for.
    pub call: Call,
    /// Form of the answer.
    pub form: Form,
}

/// The form of the answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    pub(super) id: Option<String>,
    /// The positions of the outputs that the request wants, and whether in binary form.
    pub(super) outputs: Vec<(usize, bool)>,
}

impl InferRequest {
    /// Reads a body.
    ///
    /// # Arguments
    ///
    /// * `json_length`: what the header says; 0 where the body is the only input in binary form.
    /// * `take`: takes what each image needs, before it is decoded.
    ///
    /// # Errors
    ///
    /// It is not one that the model can answer, and why; or the error of `take`.
    pub fn read<E: From<Refusal>>(
        description: &Description,
        body: Cow<'_, [u8]>,
        json_length: Option<usize>,
        take: impl FnMut(Need) -> Result<(), E>,
    ) -> Result<Self, E> {
        let mut request = Self::parse(description, body, json_length)?;
        prepare(description, &mut request.call, take)?;
        Ok(request)
    }

    fn parse(description: &Description, body: Cow<'_, [u8]>, json_length: Option<usize>) -> Result<Self, Refusal> {
        let length = json_length.unwrap_or(body.len());
        if json_length == Some(0) {
            return Self::bare(description, body);
        }
        let Some(json) = body.get(..length) else {
            return Err(Refusal::bad_request(format!(
                "the header {} is {length}, but the body has {} bytes",
                header::NAME,
                body.len()
            )));
        };
        let parsed = json::parse(description, json, json_length.is_some())?;
        Self::complete(description, parsed, body, length)
    }

    /// Adds the tensors that follow the JSON.
    fn complete(
        description: &Description,
        parsed: Parsed<'_>,
        body: Cow<'_, [u8]>,
        json_length: usize,
    ) -> Result<Self, Refusal> {
        let Parsed { signature, mut inputs, binary, id, outputs, binary_output, .. } = parsed;
        let all = binary.iter().try_fold(0_usize, |sum, &(_, size)| sum.checked_add(size));
        let follow = body.len() - json_length;
        if all != Some(follow) {
            return Err(Refusal::bad_request(format!(
                "the binary_data_size of all inputs {}, but {follow} bytes follow the JSON",
                all.map_or_else(|| "is too large".to_owned(), |all| format!("is {all} bytes together"))
            )));
        }
        for &(place, size) in &binary {
            if !place.has_images && !place.tensor.has_strings() && size != place.bytes() {
                return Err(Refusal::bad_request(format!(
                    "input '{}' has a binary_data_size of {size}; {} values of {} have {} bytes",
                    place.tensor.name,
                    place.count,
                    place.tensor.dtype.inference(),
                    place.bytes()
                )));
            }
        }
        if let &[(place, _)] = &binary[..]
            && !place.has_images
        {
            inputs.put(place, raw::stored(place, after(body, json_length))?);
        } else {
            let mut rest = &body[json_length..];
            for (place, size) in binary {
                let (values, others) = rest.split_at(size);
                if place.has_images {
                    inputs.put_images(place, elements(place, values)?);
                } else {
                    inputs.put(place, raw::stored(place, Cow::Borrowed(values))?);
                }
                rest = others;
            }
        }
        let call = inputs.finish(signature)?;
        let outputs = if outputs.is_empty() {
            (0..description.signatures[signature].outputs.len()).map(|position| (position, binary_output)).collect()
        } else {
            let chosen = |wanted: &Wanted| (wanted.position, wanted.is_binary.unwrap_or(binary_output));
            outputs.iter().map(chosen).collect()
        };
        Ok(Self { call, form: Form { id, outputs } })
    }

    /// Reads a body that is the only input in binary form, which is answered in binary form.
    fn bare(description: &Description, body: Cow<'_, [u8]>) -> Result<Self, Refusal> {
        let signature = default_signature(description);
        let [tensor] = &signature.inputs[..] else {
            return Err(Refusal::bad_request(format!(
                "a body without JSON is for a model with one input; the signature '{}' has {}",
                signature.name,
                signature.inputs.len()
            )));
        };
        if tensor.has_strings() {
            return Err(Refusal::bad_request("a body without JSON is for a model whose input is numbers; send JSON"));
        }
        let row = tensor.count() * tensor.dtype.size();
        let rows = body.len() / row;
        if rows == 0 || !body.len().is_multiple_of(row) || (!signature.batched && rows != 1) {
            return Err(Refusal::bad_request(format!(
                "the body has {} bytes; {} {row} bytes of input '{}' are expected",
                body.len(),
                if signature.batched { "rows of" } else { "the" },
                tensor.name
            )));
        }
        let shape: Vec<i64> = signature
            .batched
            .then_some(rows)
            .into_iter()
            .chain(tensor.item_shape().iter().copied())
            .map(|size| size as i64)
            .collect();
        let mut inputs = Inputs::new(signature);
        let place = inputs.place(&tensor.name, tensor.dtype.inference(), &shape)?;
        inputs.put(place, raw::stored(place, body)?);
        let outputs = (0..signature.outputs.len()).map(|position| (position, true)).collect();
        let call = inputs.finish(description.signature("").unwrap_or(0))?;
        Ok(Self { call, form: Form { id: None, outputs } })
    }
}

/// Returns what is behind the first bytes. Bytes that are owned stay where they are.
fn after(body: Cow<'_, [u8]>, length: usize) -> Cow<'_, [u8]> {
    match body {
        Cow::Borrowed(bytes) => Cow::Borrowed(&bytes[length..]),
        Cow::Owned(mut bytes) => {
            bytes.drain(..length);
            Cow::Owned(bytes)
        }
    }
}
