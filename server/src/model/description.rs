use std::ffi::OsStr;
use std::path::Path;

use std::sync::Arc;

use memchr::{memchr, memmem};
use serde::Deserialize;

use super::batch::Batch;
use super::digest::Digest;
use super::error::{FILE_NAME, LoadError};
use super::regular;
use super::tensor::{Tensor, TensorData};
use super::text_file;
use super::text_file::TextFile;
use crate::members::Members;
use crate::text::TextPart;

/// Directory into which Lambda puts the model's layer.
pub const DEFAULT_DIRECTORY: &str = "/opt/ml/model";
const SCHEMA_VERSION: u32 = 1;

/// model.json: all that this program knows of its model.
///
/// The schema is `ModelDescription` of the optimizer; its JSON Schema is published beside the optimizer.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// The name clients use.
    pub model: String,
    /// Positive.
    pub version: u64,
    /// Name of the model's file, in the same directory.
    pub file: String,
    /// SHA-256 of the file; none in versions that were published without it.
    pub sha256: Option<Digest>,
    /// In the order of the document.
    pub signatures: Vec<Signature>,
    /// Names of the classes, by their index.
    pub labels: Option<Vec<String>>,
    /// Steps from texts and categories to numbers, of the signatures that have file inputs; none where no file was read.
    pub text: Option<Arc<TextPart>>,
    text_file: Option<TextFile>,
    default_signature: usize,
    takes_images: bool,
    takes_texts: bool,
}

/// One callable of the model.
#[derive(Clone, Debug, PartialEq)]
pub struct Signature {
    /// Clients name it so.
    pub name: String,
    /// Name in the file, where several names of clients can stand for one.
    pub file_signature: String,
    /// Method name of the SavedModel's signature.
    pub method_name: String,
    /// Dimension 0 of each tensor is the number of rows, which is 1 in the file.
    pub batched: bool,
    /// Rows that one run computes: one where the job measured nothing.
    pub batch: Option<Batch>,
    /// In the order of the document.
    pub inputs: Vec<Tensor>,
    /// What the file takes, where steps make it of the inputs that clients send.
    pub file_inputs: Option<Vec<Tensor>>,
    /// In the order of the document.
    pub outputs: Vec<Tensor>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DescriptionData {
    schema_version: u32,
    model: String,
    version: u64,
    #[serde(default = "default_file")]
    file: String,
    sha256: Option<String>,
    #[serde(default)]
    reset_state: bool,
    default_signature: String,
    signatures: Members<SignatureData>,
    labels: Option<Vec<String>>,
    text: Option<TextFile>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SignatureData {
    batched: bool,
    batch: Option<Batch>,
    file_signature: Option<String>,
    #[serde(default = "default_method")]
    method_name: String,
    inputs: Members<TensorData>,
    file_inputs: Option<Members<TensorData>>,
    outputs: Members<TensorData>,
}

impl Description {
    /// Reads model.json of `directory`.
    pub fn read(directory: &Path) -> Result<Self, LoadError> {
        let path = directory.join(FILE_NAME);
        let text = match regular::read(&path) {
            Ok(text) => text,
            Err(error) => return Err(LoadError::Unreadable { path, error }),
        };
        match serde_json::from_slice::<DescriptionData>(&text) {
            Ok(data) => {
                let mut description = Self::checked(data)?;
                description.text = description.text_file.as_ref().map(|file| file.read(directory)).transpose()?;
                description.check_text()?;
                Ok(description)
            }
            Err(error) => Err(LoadError::NotADescription { path, error }),
        }
    }

    /// Checks the text of a model.json.
    pub fn parse(text: &[u8]) -> Result<Self, LoadError> {
        match serde_json::from_slice::<DescriptionData>(text) {
            Ok(data) => Self::checked(data),
            Err(error) => Err(LoadError::NotADescription { path: FILE_NAME.into(), error }),
        }
    }

    fn checked(data: DescriptionData) -> Result<Self, LoadError> {
        if data.schema_version != SCHEMA_VERSION {
            return Err(LoadError::Invalid(format!(
                "{FILE_NAME} has schema version {}, this program reads {SCHEMA_VERSION}",
                data.schema_version
            )));
        }
        if !is_beside(&data.file) {
            return Err(LoadError::Invalid(format!(
                "{FILE_NAME} names the file '{}', which is not beside it",
                data.file.escape_debug()
            )));
        }
        if data.reset_state {
            return Err(LoadError::Invalid(format!(
                "model '{}' starts every request from its initial state, which the native runtime cannot do; choose \
                 the numpy runtime",
                data.model
            )));
        }
        let signatures = data
            .signatures
            .0
            .into_iter()
            .map(|(name, signature)| Signature::new(name, signature))
            .collect::<Result<Vec<_>, _>>()?;
        let sha256 = data.sha256.as_deref().map(Digest::parse).transpose();
        let sha256 = sha256.map_err(|problem| LoadError::Invalid(format!("{FILE_NAME}: sha256: {problem}")))?;
        let Some(default_signature) = signatures.iter().position(|signature| signature.name == data.default_signature)
        else {
            return Err(LoadError::Invalid(format!(
                "{FILE_NAME} names the default signature '{}', which it lacks",
                data.default_signature
            )));
        };
        let inputs = || signatures.iter().flat_map(|signature| &signature.inputs);
        let takes_images = inputs().any(|tensor| tensor.image.is_some());
        let takes_texts = inputs().any(Tensor::has_strings);
        Ok(Self {
            model: data.model,
            version: data.version,
            file: data.file,
            sha256,
            signatures,
            labels: data.labels,
            text: None,
            text_file: data.text,
            default_signature,
            takes_images,
            takes_texts,
        })
    }

    /// Tells whether an input takes images.
    #[must_use]
    pub fn takes_images(&self) -> bool {
        self.takes_images
    }

    /// Tells whether an input takes strings.
    #[must_use]
    pub fn takes_texts(&self) -> bool {
        self.takes_texts
    }

    /// Checks that the steps are those of the signatures.
    fn check_text(&self) -> Result<(), LoadError> {
        let part = self.text.as_deref();
        for signature in &self.signatures {
            text_file::check(signature, part.and_then(|part| part.steps(&signature.name)))?;
        }
        let is_known = |name: &&str| self.signatures.iter().any(|signature| signature.name == **name);
        match part.into_iter().flat_map(TextPart::names).find(|name| !is_known(name)) {
            None => Ok(()),
            Some(name) => {
                Err(LoadError::Invalid(format!("the text part has steps for '{name}', which is no signature")))
            }
        }
    }

    /// Tells whether a body, which is JSON at its beginning, may hold images.
    #[must_use]
    pub fn may_hold_images(&self, body: &[u8]) -> bool {
        // A name can be written by escapes.
        let has = |text: &[u8]| memmem::find(body, text).is_some();
        self.takes_images && (has(b"\"b64\"") || has(b"\"BYTES\"") || memchr(b'\\', body).is_some())
    }

    /// The position of a signature, of the default one without a name; `None` where there is none of that name.
    #[must_use]
    pub fn signature(&self, name: &str) -> Option<usize> {
        // TensorFlow Serving falls back to the default for an empty name as well.
        if name.is_empty() {
            return Some(self.default_signature);
        }
        self.signatures.iter().position(|signature| signature.name == name)
    }
}

impl Signature {
    /// Returns how many of so many rows the next run computes.
    #[must_use]
    pub fn next_rows(&self, left: usize) -> usize {
        self.batch.as_ref().map_or(1, |batch| batch.next(left))
    }

    /// What the file takes.
    #[must_use]
    pub fn file_inputs(&self) -> &[Tensor] {
        self.file_inputs.as_ref().unwrap_or(&self.inputs)
    }

    /// The most rows that one run computes.
    #[must_use]
    pub fn most_rows(&self) -> usize {
        self.batch.as_ref().map_or(1, |batch| batch.rows)
    }

    /// Bytes of the outputs' values for so many rows, of the clients' types.
    #[must_use]
    pub fn output_bytes(&self, rows: usize) -> usize {
        let of_a_row = |tensor: &Tensor| tensor.count().saturating_mul(tensor.dtype.size());
        self.outputs.iter().map(of_a_row).fold(0, usize::saturating_add).saturating_mul(rows)
    }

    fn new(name: String, data: SignatureData) -> Result<Self, LoadError> {
        let batched = data.batched;
        let tensors = |members: Members<TensorData>| {
            let tensors = members.0.into_iter().map(|(name, tensor)| Tensor::new(name, tensor, batched));
            tensors.collect::<Result<Vec<_>, _>>()
        };
        let outputs = tensors(data.outputs)?;
        let (inputs, file_inputs) = match data.file_inputs {
            None => (tensors(data.inputs)?, None),
            Some(file_inputs) => {
                let inputs = data.inputs.0.into_iter().map(|(name, tensor)| Tensor::of_clients(name, tensor, batched));
                (inputs.collect::<Result<Vec<_>, _>>()?, Some(tensors(file_inputs)?))
            }
        };
        let for_file = file_inputs.as_ref().unwrap_or(&inputs).iter();
        if let Some(tensor) = for_file.chain(&outputs).find(|tensor| tensor.has_strings()) {
            return Err(LoadError::Invalid(format!(
                "{FILE_NAME}: signature '{name}': '{}' is of type string, which the file cannot have without steps",
                tensor.name
            )));
        }
        if inputs.is_empty() || outputs.is_empty() {
            return Err(LoadError::Invalid(format!(
                "{FILE_NAME}: signature '{name}' needs at least one input and one output"
            )));
        }
        if let Some(output) = outputs.iter().find(|output| output.image.is_some()) {
            return Err(LoadError::Invalid(format!(
                "{FILE_NAME}: output '{}' of signature '{name}' has 'image', which is for inputs",
                output.name
            )));
        }
        if let Some(batch) = &data.batch {
            batch.check(&name, batched)?;
        }
        Ok(Self {
            batch: data.batch,
            file_signature: data.file_signature.unwrap_or_else(|| name.clone()),
            name,
            method_name: data.method_name,
            batched,
            inputs,
            file_inputs,
            outputs,
        })
    }
}

/// Tells whether a file is named that can only be in the same directory.
pub(super) fn is_beside(file: &str) -> bool {
    !file.contains('\0') && Path::new(file).file_name() == Some(OsStr::new(file))
}

fn default_file() -> String {
    "model.tflite".to_owned()
}

fn default_method() -> String {
    "tensorflow/serving/predict".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_beside_the_description() {
        for file in ["model.tflite", "..tflite", "a b", "ä"] {
            assert!(is_beside(file), "{file:?}");
        }
        for file in
            ["", ".", "..", "../model.tflite", "/model.tflite", "a/model.tflite", "model.tflite/", "a/..", "a\0b"]
        {
            assert!(!is_beside(file), "{file:?}");
        }
    }
}
