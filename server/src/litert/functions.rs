use std::ffi::{c_char, c_int, c_void};
use std::path::Path;

use super::error::Error;

/// A handle of the C interface, whatever its type.
pub(super) type Raw = *mut c_void;
type Status = c_int;
type Destructor = unsafe extern "C" fn(*mut c_void);

/// `LiteRtEnvOption`.
#[repr(C)]
pub(super) struct EnvironmentOption {
    pub tag: c_int,
    pub value: AnyInteger,
}

/// `LiteRtAny` with an integer in its union.
#[repr(C)]
pub(super) struct AnyInteger {
    pub kind: c_int,
    pub value: i64,
}

/// `LiteRtRankedTensorType`.
#[repr(C)]
#[derive(Default)]
pub(super) struct RankedTensorType {
    pub element_type: c_int,
    pub layout: Layout,
}

/// `LiteRtLayout`.
#[repr(C)]
#[derive(Clone, Default)]
pub(super) struct Layout {
    /// The rank in 7 bits, then whether there are strides.
    rank: u32,
    dimensions: [i32; 8],
    strides: [u32; 8],
}

impl Layout {
    pub(super) fn shape(&self) -> &[i32] {
        self.dimensions.get(..(self.rank & 0x7F) as usize).unwrap_or_default()
    }

    /// Sets the sizes, of as many dimensions as there are.
    pub(super) fn resize(&mut self, shape: &[i32]) {
        self.dimensions[..shape.len()].copy_from_slice(shape);
    }
}

/// `LiteRtTensorDefiningOp`.
#[repr(C)]
pub(super) struct DefiningOperation {
    pub operation: Raw,
    pub output: usize,
}

macro_rules! functions {
    ($($field:ident = $symbol:ident($($argument:ty),*) -> $result:ty;)*) => {
        /// The library, loaded for the rest of the process: its threads would not survive that it is closed.
        pub struct Library {
            $(pub(super) $field: unsafe extern "C" fn($($argument),*) -> $result,)*
        }

        impl Library {
            fn resolve(library: &libloading::Library) -> Result<Self, Error> {
                Ok(Self {$(
                    // SAFETY: the signature is that of the function in litert/c.
                    $field: *unsafe { library.get(concat!(stringify!($symbol), "\0").as_bytes()) }
                        .map_err(|_| Error::Function(stringify!($symbol)))?,
                )*})
            }
        }

        /// The functions' names in C, for error messages.
        pub(super) mod name {
            #![allow(non_upper_case_globals, dead_code, reason = "made for all functions alike")]
            $(pub(in crate::litert) const $field: &str = stringify!($symbol);)*
        }
    };
}

functions! {
    create_environment = LiteRtCreateEnvironment(c_int, *const EnvironmentOption, *mut Raw) -> Status;
    destroy_environment = LiteRtDestroyEnvironment(Raw) -> ();
    create_model_from_file = LiteRtCreateModelFromFile(Raw, *const c_char, *mut Raw) -> Status;
    destroy_model = LiteRtDestroyModel(Raw) -> ();
    create_options = LiteRtCreateOptions(*mut Raw) -> Status;
    destroy_options = LiteRtDestroyOptions(Raw) -> ();
    set_hardware_accelerators = LiteRtSetOptionsHardwareAccelerators(Raw, c_int) -> Status;
    create_opaque_options =
        LiteRtCreateOpaqueOptions(*const c_char, *mut c_void, Destructor, *mut Raw) -> Status;
    add_opaque_options = LiteRtAddOpaqueOptions(Raw, Raw) -> Status;
    create_compiled_model = LiteRtCreateCompiledModel(Raw, Raw, Raw, *mut Raw) -> Status;
    destroy_compiled_model = LiteRtDestroyCompiledModel(Raw) -> ();
    run_compiled_model =
        LiteRtRunCompiledModel(Raw, usize, usize, *const Raw, usize, *const Raw) -> Status;
    input_buffer_requirements =
        LiteRtGetCompiledModelInputBufferRequirements(Raw, usize, usize, *mut Raw) -> Status;
    output_buffer_requirements =
        LiteRtGetCompiledModelOutputBufferRequirements(Raw, usize, usize, *mut Raw) -> Status;
    output_layouts =
        LiteRtGetCompiledModelOutputTensorLayouts(Raw, usize, usize, *mut Layout, bool) -> Status;
    resize_input = LiteRtCompiledModelResizeInputTensorNonStrict(Raw, usize, usize, *const c_int, usize) -> Status;
    signature_count = LiteRtGetNumModelSignatures(Raw, *mut usize) -> Status;
    signature = LiteRtGetModelSignature(Raw, usize, *mut Raw) -> Status;
    signature_key = LiteRtGetSignatureKey(Raw, *mut *const c_char) -> Status;
    signature_subgraph = LiteRtGetSignatureSubgraph(Raw, *mut Raw) -> Status;
    input_count = LiteRtGetNumSignatureInputs(Raw, *mut usize) -> Status;
    input_name = LiteRtGetSignatureInputName(Raw, usize, *mut *const c_char) -> Status;
    input_tensor = LiteRtGetSignatureInputTensorByIndex(Raw, usize, *mut Raw) -> Status;
    output_count = LiteRtGetNumSignatureOutputs(Raw, *mut usize) -> Status;
    output_name = LiteRtGetSignatureOutputName(Raw, usize, *mut *const c_char) -> Status;
    output_tensor = LiteRtGetSignatureOutputTensorByIndex(Raw, usize, *mut Raw) -> Status;
    ranked_tensor_type = LiteRtGetRankedTensorType(Raw, *mut RankedTensorType) -> Status;
    defining_operation =
        LiteRtGetTensorDefiningOp(Raw, *mut bool, *mut DefiningOperation) -> Status;
    tensor_weights = LiteRtGetTensorWeights(Raw, *mut Raw) -> Status;
    weights_bytes = LiteRtGetWeightsBytes(Raw, *mut *const c_void, *mut usize) -> Status;
    create_buffer = LiteRtCreateManagedTensorBufferFromRequirements(
        Raw, *const RankedTensorType, Raw, *mut Raw) -> Status;
    destroy_buffer = LiteRtDestroyTensorBuffer(Raw) -> ();
    buffer_packed_size = LiteRtGetTensorBufferPackedSize(Raw, *mut usize) -> Status;
    lock_buffer = LiteRtLockTensorBuffer(Raw, *mut *mut c_void, c_int) -> Status;
    unlock_buffer = LiteRtUnlockTensorBuffer(Raw) -> Status;
}

impl Library {
    /// Loads the library and finds its functions.
    pub fn open(path: &Path) -> Result<&'static Self, Error> {
        // SAFETY: the library's initializers are those of LiteRT and XNNPACK, which ask nothing of the caller.
        let library = unsafe { libloading::Library::new(path) }
            .map_err(|error| Error::Library { path: path.to_owned(), reason: error.to_string() })?;
        let functions = Self::resolve(&library)?;
        std::mem::forget(library);
        Ok(Box::leak(Box::new(functions)))
    }
}

/// Turns a status into a result.
pub(super) fn check(function: &'static str, status: Status) -> Result<(), Error> {
    match status {
        0 => Ok(()),
        status => Err(Error::Status { function, status }),
    }
}

/// Calls a function that writes its result through its last argument.
macro_rules! ask {
    ($library:expr, $function:ident($($argument:expr),*), $initial:expr) => {{
        let mut result = $initial;
        // SAFETY: the handles are alive, and `result` is of the type that the function writes.
        let status = unsafe { ($library.$function)($($argument,)* &raw mut result) };
        $crate::litert::functions::check($crate::litert::functions::name::$function, status).map(|()| result)
    }};
}
pub(super) use ask;
