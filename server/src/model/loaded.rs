use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::call::{Call, Outputs};
use super::description::{Description, Signature};
use super::error::{LoadError, RunError};
use super::tensor::Tensor;
use crate::litert::{CompiledModel, Error, Library, ModelFile, SignatureSpec, TensorSpec};

/// Where the runtime's layer puts LiteRT.
pub const DEFAULT_LIBRARY: &str = "/opt/lib/libLiteRt.so";

/// How a model is loaded.
#[derive(Clone, Debug)]
pub struct Options {
    /// With model.json and the file that it names.
    pub directory: PathBuf,
    /// `libLiteRt.so`.
    pub library: PathBuf,
    /// The name clients use; that of model.json where there is none.
    pub name: Option<String>,
    /// Of one run.
    pub threads: usize,
}

/// A loaded model, of which instances can be made: one for each thread that runs it.
pub struct Model {
    /// Of model.json.
    pub description: Arc<Description>,
    file: Arc<ModelFile>,
    threads: usize,
}

/// A model that answers one call at a time.
pub struct Instance {
    description: Arc<Description>,
    compiled: CompiledModel,
}

impl Model {
    /// Reads the description and the file.
    pub fn load(options: &Options) -> Result<Self, LoadError> {
        let mut description = Description::read(&options.directory)?;
        if let Some(name) = &options.name {
            description.model.clone_from(name);
        }
        let library = Library::open(Path::new(&options.library))?;
        let file = ModelFile::open(library, &options.directory.join(&description.file))?;
        Ok(Self { description: Arc::new(description), file, threads: options.threads })
    }

    /// Compiles the model for one more thread.
    pub fn instance(&self) -> Result<Instance, LoadError> {
        let specs: Vec<_> = self.description.signatures.iter().map(signature_spec).collect();
        Ok(Instance { description: Arc::clone(&self.description), compiled: self.file.compile(self.threads, &specs)? })
    }
}

impl Instance {
    /// The description that model.json gives.
    #[must_use]
    pub fn description(&self) -> &Arc<Description> {
        &self.description
    }

    /// Answers a call, row by row: the file takes one at a time.
    pub fn run(&mut self, call: &Call) -> Result<Outputs, RunError> {
        self.run_while(call, || true)
    }

    /// Answers a call as long as it is wanted, which is asked before each row.
    pub fn run_while(&mut self, call: &Call, is_wanted: impl Fn() -> bool) -> Result<Outputs, RunError> {
        let signature = &self.description.signatures[call.signature];
        let fits = signature.inputs.len() == call.columns.len()
            && signature
                .inputs
                .iter()
                .zip(&call.columns)
                .all(|(tensor, column)| tensor.stored_bytes().checked_mul(call.rows) == Some(column.len()));
        if !fits {
            return Err(RunError::Fault(Error::Mismatch(format!(
                "the call's bytes do not fit the signature '{}'",
                signature.name
            ))));
        }
        let empty = |tensor: &Tensor| Vec::with_capacity(tensor.stored_bytes() * call.rows);
        let mut columns: Vec<Vec<u8>> = signature.outputs.iter().map(empty).collect();
        for row in 0..call.rows {
            if !is_wanted() {
                return Err(RunError::Abandoned);
            }
            let inputs = signature.inputs.iter().zip(&call.columns).map(|(tensor, column)| {
                let size = tensor.stored_bytes();
                &column[row * size..(row + 1) * size]
            });
            self.compiled.run(call.signature, inputs, &mut columns)?;
        }
        Ok(Outputs { rows: call.rows, columns })
    }
}

fn signature_spec(signature: &Signature) -> SignatureSpec<'_> {
    SignatureSpec {
        name: &signature.file_signature,
        inputs: signature.inputs.iter().map(tensor_spec).collect(),
        outputs: signature.outputs.iter().map(tensor_spec).collect(),
    }
}

fn tensor_spec(tensor: &Tensor) -> TensorSpec<'_> {
    TensorSpec {
        name: &tensor.name,
        element_type: tensor.stored.litert(),
        shape: &tensor.stored_shape,
        bytes: tensor.stored_bytes(),
    }
}
