//! A signature's tensors in the file.

use std::ffi::c_void;
use std::ptr::{null, null_mut};

use super::error::Error;
use super::file::{Loaded, Side, TensorSpec, text};
use super::functions::{DefiningOperation, Library, Raw, ask};

impl Side {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Output => "output",
        }
    }
}

/// The tensors of one side in the order of the file, each with its position in the caller's order.
pub(super) fn tensors(
    library: &Library,
    side: Side,
    signature: Raw,
    specs: &[TensorSpec<'_>],
) -> Result<Vec<(Raw, usize)>, Error> {
    let side_name = side.name();
    let count = match side {
        Side::Input => ask!(library, input_count(signature), 0),
        Side::Output => ask!(library, output_count(signature), 0),
    }?;
    let mut found: Vec<(Raw, usize)> = Vec::with_capacity(count);
    for at in 0..count {
        let (key, tensor) = match side {
            Side::Input => (
                ask!(library, input_name(signature, at), null())?,
                ask!(library, input_tensor(signature, at), null_mut())?,
            ),
            Side::Output => (
                ask!(library, output_name(signature, at), null())?,
                ask!(library, output_tensor(signature, at), null_mut())?,
            ),
        };
        let key = text(key);
        let Some(position) = specs.iter().position(|spec| spec.name == key) else {
            return Err(Error::Mismatch(format!("the file has an {side_name} '{key}' that its description lacks")));
        };
        if found.iter().any(|&(_, other)| other == position) {
            return Err(Error::Mismatch(format!(
                "two {side_name}s of the file are one tensor, which LiteRT's C interface confuses"
            )));
        }
        found.push((tensor, position));
    }
    if found.len() != specs.len() {
        return Err(Error::Mismatch(format!(
            "the file has {} {side_name}s, its description {}",
            found.len(),
            specs.len()
        )));
    }
    Ok(found)
}

pub(super) fn is_computed(library: &Library, tensor: Raw) -> Result<bool, Error> {
    let mut computed = false;
    let nothing = DefiningOperation { operation: null_mut(), output: 0 };
    ask!(library, defining_operation(tensor, &raw mut computed), nothing)?;
    Ok(computed)
}

/// The bytes of a constant.
pub(super) fn weights<'l>(library: &Library, _alive: &'l Loaded, tensor: Raw, size: usize) -> Result<&'l [u8], Error> {
    let weights = ask!(library, tensor_weights(tensor), null_mut())?;
    let mut address: *const c_void = null();
    let length = ask!(library, weights_bytes(weights, &raw mut address), 0)?;
    if length != size || address.is_null() {
        return Err(Error::Mismatch(format!("a constant output has {length} bytes instead of {size}")));
    }
    // SAFETY: the model's own bytes, which live as long as the model.
    Ok(unsafe { std::slice::from_raw_parts(address.cast(), length) })
}
