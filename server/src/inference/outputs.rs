use crate::model::Signature;
use crate::rest::Refusal;
use crate::rest::sentence::{listed, quoted};

/// An output that a request wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Among the outputs of the signature.
    pub position: usize,
    /// True: in binary form; `None` where the request does not say it of this output.
    pub is_binary: Option<bool>,
}

/// Finds an output by its name, which must not be among those that were named before.
pub(crate) fn position(
    signature: &Signature,
    name: &str,
    mut before: impl Iterator<Item = usize>,
) -> Result<usize, Refusal> {
    let Some(position) = signature.outputs.iter().position(|tensor| tensor.name == name) else {
        return Err(Refusal::bad_request(format!(
            "unknown output {}; the signature '{}' has {}",
            quoted(name, 100),
            signature.name,
            listed(signature.outputs.iter().map(|tensor| tensor.name.as_str()))
        )));
    };
    if before.any(|other| other == position) {
        return Err(Refusal::bad_request(format!("output '{name}' is there twice")));
    }
    Ok(position)
}
