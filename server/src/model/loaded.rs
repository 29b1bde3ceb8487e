use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::description::Description;
use super::digest::Digest;
use super::error::LoadError;
use super::regular;
use super::signature::Signature;
use super::tensor::Tensor;
use crate::litert::{CompiledModel, Error, Library, ModelFile, SignatureSpec, TensorSpec, Weights};

/// Path at which the runtime's layer has LiteRT.
pub const DEFAULT_LIBRARY: &str = "/opt/lib/libLiteRt.so";

/// Options of loading a model.
#[derive(Clone, Debug)]
pub struct Options {
    /// With model.json and the file that it names.
    pub directory: PathBuf,
    /// `libLiteRt.so`.
    pub library: PathBuf,
    /// The name clients use; that of model.json where there is none.
    pub name: Option<String>,
    /// Threads of one run.
    pub threads: usize,
    /// Is told what costs time or memory only: the model answers nevertheless.
    pub warn: fn(&str),
}

/// A loaded model, of which instances can be made: one for each thread that runs it.
#[derive(Clone)]
pub struct Model {
    /// Content of model.json.
    pub description: Arc<Description>,
    file: Arc<ModelFile>,
    threads: usize,
    pub(super) warn: fn(&str),
}

impl Model {
    /// Reads the description and the file.
    pub fn load(options: &Options) -> Result<Self, LoadError> {
        let mut description = Description::read(&options.directory)?;
        if let Some(name) = &options.name {
            description.model.clone_from(name);
        }
        let library = Library::open(Path::new(&options.library))?;
        let path = options.directory.join(&description.file);
        if let Some(expected) = description.sha256 {
            check(&path, expected)?;
        }
        regular::check(&path).map_err(|error| LoadError::Unreadable { path: path.clone(), error })?;
        let file = ModelFile::open(library, &path)?;
        Ok(Self { description: Arc::new(description), file, threads: options.threads, warn: options.warn })
    }

    /// Bytes of memory that instances share.
    #[must_use]
    pub fn shared_bytes(&self) -> u64 {
        self.file.shared_bytes()
    }

    /// Compiles the file.
    ///
    /// # Arguments
    ///
    /// * `rows`: that one run of a signature computes.
    pub(super) fn compiled(
        &self,
        weights: Weights,
        rows: impl Fn(&Signature) -> usize,
    ) -> Result<CompiledModel, Error> {
        let signatures = &self.description.signatures;
        let specs: Vec<_> = signatures.iter().map(|signature| spec(signature, rows(signature))).collect();
        let compiled = self.file.compile(self.threads, weights, &specs)?;
        if let Some(problem) = self.file.packing_problem().filter(|_| weights == Weights::Shared) {
            (self.warn)(&format!("copies of the model do not share their weights: {problem}"));
        }
        Ok(compiled)
    }

    /// Compiles one signature of the file.
    pub(super) fn compiled_signature(
        &self,
        signature: &Signature,
        rows: usize,
        threads: usize,
    ) -> Result<CompiledModel, Error> {
        self.file.compile(threads, Weights::Own, &[spec(signature, rows)])
    }
}

/// LiteRT does not survive every damaged file.
fn check(path: &Path, expected: Digest) -> Result<(), LoadError> {
    let path = path.to_owned();
    match Digest::of_file(&path) {
        Ok(found) if found == expected => Ok(()),
        Ok(found) => Err(LoadError::Differs { path, found, expected }),
        Err(error) => Err(LoadError::Unreadable { path, error }),
    }
}

fn spec(signature: &Signature, rows: usize) -> SignatureSpec<'_> {
    SignatureSpec {
        name: &signature.file_signature,
        rows,
        inputs: signature.file_inputs().iter().map(tensor_spec).collect(),
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
