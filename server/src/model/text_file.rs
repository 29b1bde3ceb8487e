use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;

use super::description::{Signature, is_beside};
use super::digest::Digest;
use super::error::LoadError;
use super::regular;
use crate::text::{Steps, TextPart};

/// text.json, as model.json names it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct TextFile {
    file: String,
    sha256: String,
}

impl TextFile {
    /// Reads the file and its tables.
    pub(super) fn read(&self, directory: &Path) -> Result<Arc<TextPart>, LoadError> {
        let invalid = |problem: String| LoadError::Invalid(format!("{}: {problem}", self.file.escape_debug()));
        let text = whole(directory, &self.file, &self.sha256).map_err(invalid)?;
        let part = TextPart::read(&text, |table| whole(directory, &table.file, &table.sha256)).map_err(invalid)?;
        Ok(Arc::new(part))
    }
}

/// Reads a file and compares its digest.
fn whole(directory: &Path, file: &str, sha256: &str) -> Result<Vec<u8>, String> {
    if !is_beside(file) {
        return Err(format!("the file '{}' is not beside the description", file.escape_debug()));
    }
    let expected = Digest::parse(sha256)?;
    let bytes = regular::read(&directory.join(file)).map_err(|error| error.to_string())?;
    let found = Digest::of(&mut &bytes[..]).map_err(|error| error.to_string())?;
    if found == expected {
        return Ok(bytes);
    }
    Err(format!("it has the SHA-256 {found} instead of {expected}: it is damaged, or another file"))
}

/// Checks that steps take what clients send, and make what the file takes.
pub(super) fn check(signature: &Signature, steps: Option<&Steps>) -> Result<(), LoadError> {
    let name = &signature.name;
    let invalid =
        |problem: String| Err(LoadError::Invalid(format!("the text part of the signature '{name}': {problem}")));
    let (steps, file_inputs) = match (steps, &signature.file_inputs) {
        (None, None) => return Ok(()),
        (Some(steps), Some(file_inputs)) => (steps, file_inputs),
        (Some(_), None) => return invalid("it has steps, but no fileInputs".to_owned()),
        (None, Some(_)) => return invalid("it has fileInputs, but no steps".to_owned()),
    };
    for given in &steps.inputs {
        let fits = |tensor: &&super::tensor::Tensor| {
            tensor.name == given.name
                && tensor.dtype.name() == given.dtype.to_string()
                && tensor.stored_shape[..] == given.shape[..]
        };
        if !signature.inputs.iter().any(|tensor| fits(&tensor)) {
            return invalid(format!("its input '{}' is none of the signature", given.name.escape_debug()));
        }
    }
    let is_given = |name: &str| steps.inputs.iter().filter(|given| given.name == name).count() == 1;
    if let Some(tensor) = signature.inputs.iter().find(|tensor| !is_given(&tensor.name)) {
        return invalid(format!("the input '{}' is not there once", tensor.name));
    }
    let is_fed = |name: &str| steps.fed.iter().any(|(fed, _)| fed == name);
    if steps.fed.len() != file_inputs.len() || !file_inputs.iter().all(|tensor| is_fed(&tensor.name)) {
        return invalid("'fed' does not have the inputs of the file".to_owned());
    }
    Ok(())
}
