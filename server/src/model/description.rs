use std::path::Path;
use std::sync::Arc;

use memchr::{memchr, memmem};
use serde::Deserialize;

use super::digest::Digest;
use super::error::{FILE_NAME, LoadError};
use super::regular;
use super::regular::is_beside;
use super::signature::{Signature, SignatureData};
use super::tensor::Tensor;
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
            signature.check_steps(part.and_then(|part| part.steps(&signature.name)))?;
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

fn default_file() -> String {
    "model.tflite".to_owned()
}
