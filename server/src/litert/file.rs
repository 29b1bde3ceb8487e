use std::ffi::{CStr, CString, c_char, c_int};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr::null_mut;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::error::Error;
use super::functions::{AnyInteger, EnvironmentOption, Library, Raw, ask};
use super::handle::Handle;
use super::packing::PackedWeights;
use super::standard_error::DivertedStandardError;

pub(super) const CPU: c_int = 1;
const ANY_INT: c_int = 2;
const OPTION_AUTO_REGISTER_ACCELERATORS: c_int = 24;
const OPTION_MIN_LOGGER_SEVERITY: c_int = 25;
const SEVERITY_ERROR: i64 = 2;

/// A signature as the caller expects it of the file.
#[derive(Clone, Debug)]
pub struct SignatureSpec<'a> {
    /// Key of the signature in the file.
    pub name: &'a str,
    /// Rows of one run: dimension 0 of each tensor, where it is not 1, as in the file.
    pub rows: usize,
    /// Inputs in the caller's own order, which `CompiledModel::run` keeps.
    pub inputs: Vec<TensorSpec<'a>>,
    /// Outputs in the caller's own order, which `CompiledModel::run` keeps.
    pub outputs: Vec<TensorSpec<'a>>,
}

/// An input or output as the caller expects it of the file.
#[derive(Clone, Debug)]
pub struct TensorSpec<'a> {
    /// Name of the tensor in the signature.
    pub name: &'a str,
    /// A `LiteRtElementType`.
    pub element_type: i32,
    /// Static, as the file has it.
    pub shape: &'a [usize],
    /// Bytes of all elements of that shape.
    pub bytes: usize,
}

impl TensorSpec<'_> {
    /// The shape with so many rows, as the library has it.
    pub(super) fn resized(&self, rows: usize) -> Vec<i32> {
        let size = |&size: &usize| i32::try_from(size).unwrap_or(-1);
        let mut shape: Vec<i32> = self.shape.iter().map(size).collect();
        if rows != 1
            && let Some(first) = shape.first_mut()
        {
            *first = size(&rows);
        }
        shape
    }
}

/// Inputs or outputs of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The tensors that a run takes.
    Input,
    /// The tensors that a run makes.
    Output,
}

/// A .tflite file in memory, of which any number of compiled models can be made.
pub struct ModelFile {
    pub(super) library: &'static Library,
    /// The loaded model and its environment, freed in this order.
    loaded: Mutex<Loaded>,
}

pub(super) struct Loaded {
    pub(super) model: Handle,
    pub(super) environment: Handle,
    pub(super) packing: Packing,
}

/// The packed weights that compiled models share.
pub(super) enum Packing {
    /// No compiled model has shared weights yet.
    Untried,
    Shared(PackedWeights),
    /// The kernel or the library refused, in the words that it printed.
    Refused(String),
}

impl ModelFile {
    /// Reads a .tflite file.
    pub fn open(library: &'static Library, path: &Path) -> Result<Arc<Self>, Error> {
        diverting(|_| {
            let environment = environment(library)?;
            let path = CString::new(path.as_os_str().as_bytes())
                .map_err(|_| Error::Mismatch("the path has a zero byte".to_owned()))?;
            let model = ask!(library, create_model_from_file(environment.raw(), path.as_ptr()), null_mut())?;
            let model = Handle::new(model, library.destroy_model);
            Ok(Arc::new(Self { library, loaded: Mutex::new(Loaded { model, environment, packing: Packing::Untried }) }))
        })
    }

    /// Bytes of memory that packed weights take which compiled models share.
    #[must_use]
    pub fn shared_bytes(&self) -> u64 {
        if let Packing::Shared(packed) = &self.lock().packing { packed.bytes() } else { 0 }
    }

    /// The words of the library when compiled models could not share packed weights.
    #[must_use]
    pub fn packing_problem(&self) -> Option<String> {
        if let Packing::Refused(problem) = &self.lock().packing { Some(problem.clone()) } else { None }
    }

    /// Compiling reads the model and the environment, which the library does not promise to be safe from several
    /// threads.
    pub(super) fn lock(&self) -> MutexGuard<'_, Loaded> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Loaded {
    /// The signatures' handles and keys, in the order of the file.
    pub(super) fn signatures(&self, library: &Library) -> Result<Vec<(Raw, String)>, Error> {
        let count = ask!(library, signature_count(self.model.raw()), 0)?;
        (0..count)
            .map(|index| {
                let signature = ask!(library, signature(self.model.raw(), index), null_mut())?;
                let key = ask!(library, signature_key(signature), std::ptr::null())?;
                Ok((signature, text(key)))
            })
            .collect()
    }
}

/// Copies a string that the library owns.
pub(super) fn text(pointer: *const c_char) -> String {
    if pointer.is_null() {
        return String::new();
    }
    // SAFETY: the library's strings end with a zero byte and live as long as the model.
    unsafe { CStr::from_ptr(pointer) }.to_string_lossy().into_owned()
}

fn environment(library: &'static Library) -> Result<Handle, Error> {
    let option = |tag, value| EnvironmentOption { tag, value: AnyInteger { kind: ANY_INT, value } };
    let options = [
        // Without this LiteRT looks for GPU and NPU libraries at every start, and says so on standard error.
        option(OPTION_AUTO_REGISTER_ACCELERATORS, i64::from(CPU)),
        option(OPTION_MIN_LOGGER_SEVERITY, SEVERITY_ERROR),
    ];
    let environment = ask!(library, create_environment(options.len() as c_int, options.as_ptr()), null_mut())?;
    Ok(Handle::new(environment, library.destroy_environment))
}

/// Runs `load`; where it fails, the error says what LiteRT printed.
pub(super) fn diverting<T>(load: impl FnOnce(&mut DivertedStandardError) -> Result<T, Error>) -> Result<T, Error> {
    let mut diverted = DivertedStandardError::start();
    load(&mut diverted).map_err(|reason| Error::Load { reason: Box::new(reason), output: diverted.text() })
}
