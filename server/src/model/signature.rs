use serde::Deserialize;

use super::batch::Batch;
use super::error::{FILE_NAME, LoadError};
use super::tensor::{Tensor, TensorData};
use crate::members::Members;
use crate::text::Steps;

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
    /// Tensors that the file takes, where steps make them of the inputs that clients send.
    pub file_inputs: Option<Vec<Tensor>>,
    /// In the order of the document.
    pub outputs: Vec<Tensor>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SignatureData {
    batched: bool,
    batch: Option<Batch>,
    file_signature: Option<String>,
    #[serde(default = "default_method")]
    method_name: String,
    inputs: Members<TensorData>,
    file_inputs: Option<Members<TensorData>>,
    outputs: Members<TensorData>,
}

impl Signature {
    /// Returns how many of so many rows the next run computes.
    #[must_use]
    pub fn next_rows(&self, left: usize) -> usize {
        self.batch.as_ref().map_or(1, |batch| batch.next(left))
    }

    /// Tensors that the file takes.
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

    pub(super) fn new(name: String, data: SignatureData) -> Result<Self, LoadError> {
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

    /// Checks that steps take what clients send, and make what the file takes.
    pub(super) fn check_steps(&self, steps: Option<&Steps>) -> Result<(), LoadError> {
        let name = &self.name;
        let invalid =
            |problem: String| Err(LoadError::Invalid(format!("the text part of the signature '{name}': {problem}")));
        let (steps, file_inputs) = match (steps, &self.file_inputs) {
            (None, None) => return Ok(()),
            (Some(steps), Some(file_inputs)) => (steps, file_inputs),
            (Some(_), None) => return invalid("it has steps, but no fileInputs".to_owned()),
            (None, Some(_)) => return invalid("it has fileInputs, but no steps".to_owned()),
        };
        for given in &steps.inputs {
            let fits = |tensor: &&Tensor| {
                tensor.name == given.name
                    && tensor.dtype.name() == given.dtype.to_string()
                    && tensor.stored_shape[..] == given.shape[..]
            };
            if !self.inputs.iter().any(|tensor| fits(&tensor)) {
                return invalid(format!("its input '{}' is none of the signature", given.name.escape_debug()));
            }
        }
        let is_given = |name: &str| steps.inputs.iter().filter(|given| given.name == name).count() == 1;
        if let Some(tensor) = self.inputs.iter().find(|tensor| !is_given(&tensor.name)) {
            return invalid(format!("it does not take the input '{}' exactly once", tensor.name));
        }
        let is_fed = |name: &str| steps.fed.iter().any(|(fed, _)| fed == name);
        if steps.fed.len() != file_inputs.len() || !file_inputs.iter().all(|tensor| is_fed(&tensor.name)) {
            return invalid("'fed' does not have the inputs of the file".to_owned());
        }
        Ok(())
    }
}

fn default_method() -> String {
    "tensorflow/serving/predict".to_owned()
}
