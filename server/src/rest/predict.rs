use super::answer;
use super::explain;
use super::need::Need;
use super::read;
use super::refusal::Refusal;
use super::request::{Caller, Form, PredictRequest};
use super::sentence::inputs;
use super::texts::prepare;
use crate::model::{Call, Description, Outputs, SentImage, Signature};

/// TensorFlow Serving ignores it at the beginning of a body.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

impl PredictRequest {
    /// Reads a request body.
    ///
    /// # Arguments
    ///
    /// * `take`: takes what each image needs, before it is decoded.
    ///
    /// # Errors
    ///
    /// It is not one that the model can answer, and why; or the error of `take`.
    pub fn read<E: From<Refusal>>(
        description: &Description,
        body: &[u8],
        caller: Caller,
        take: impl FnMut(Need) -> Result<(), E>,
    ) -> Result<Self, E> {
        Self::parse(description, body, caller)?.decoded(description, take)
    }

    /// Reads a body that is one image, for the default signature.
    ///
    /// # Arguments
    ///
    /// * `take`: as of [`Self::read`].
    pub fn of_image<E: From<Refusal>>(
        description: &Description,
        body: &[u8],
        take: impl FnMut(Need) -> Result<(), E>,
    ) -> Result<Self, E> {
        let index = description.signature("").unwrap_or(0);
        let signature = &description.signatures[index];
        let is_one = matches!(&signature.inputs[..], [tensor] if tensor.image.is_some() && tensor.stored_shape[0] == 1);
        if !is_one {
            let message = format!(
                "a body that is an image is for a model with one input, which takes images; the signature '{}' takes \
                 {}, so send JSON",
                signature.name,
                inputs(signature)
            );
            return Err(Refusal::bad_request(message).into());
        }
        let images = vec![SentImage { input: 0, row: 0, encoded: body.to_vec() }];
        let call = Call { signature: index, rows: 1, columns: vec![Vec::new()], images, sent_columns: None };
        Self { call, form: Form::Instances }.fitting(description)?.decoded(description, take)
    }

    fn decoded<E: From<Refusal>>(
        mut self,
        description: &Description,
        take: impl FnMut(Need) -> Result<(), E>,
    ) -> Result<Self, E> {
        prepare(description, &mut self.call, take)?;
        Ok(self)
    }

    fn parse(description: &Description, body: &[u8], caller: Caller) -> Result<Self, Refusal> {
        let body = match caller {
            Caller::Http => body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body),
            Caller::Direct => body,
        };
        // Only a wrong request needs the words for it, so the reader that makes tensors has none.
        match read::read(description, body, caller) {
            Some(request) => request.fitting(description),
            None => Err(explain::explain(description, body, caller)),
        }
    }

    /// Writes the answer's body.
    #[must_use]
    pub fn answer(&self, description: &Description, outputs: &Outputs) -> Vec<u8> {
        self.form.answer(description, self.call.signature, outputs)
    }

    fn fitting(self, description: &Description) -> Result<Self, Refusal> {
        let signature = &description.signatures[self.call.signature];
        if self.form == Form::Instances && !answers_rows(signature) {
            // Only without a batch. TensorFlow Serving cannot answer it in rows either.
            return Err(Refusal::bad_request(format!(
                "the outputs of the signature '{}' do not share a batch dimension, so they cannot be answered row by \
                 row; send 'inputs' instead of 'instances'",
                signature.name
            )));
        }
        Ok(self)
    }
}

impl Form {
    /// Writes the answer's body.
    ///
    /// # Arguments
    ///
    /// * `signature`: its position in the description.
    #[must_use]
    pub fn answer(self, description: &Description, signature: usize, outputs: &Outputs) -> Vec<u8> {
        answer::answer(description, &description.signatures[signature], self, outputs)
    }
}

fn answers_rows(signature: &Signature) -> bool {
    let mut sizes = signature.outputs.iter().map(|tensor| tensor.stored_shape.first());
    signature.batched || sizes.next().flatten().is_some_and(|first| sizes.all(|size| size == Some(first)))
}
