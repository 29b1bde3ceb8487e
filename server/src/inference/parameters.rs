//! Parameters of a request, an input or an output.

use super::text::{Read, Text, refuse};
use crate::model::Description;
use crate::rest::Refusal;
use crate::rest::sentence::{listed, quoted};

/// Parameters that have a meaning here.
#[derive(Default)]
pub(super) struct Parameters {
    pub binary_output: Option<bool>,
    /// The signature's position in the description.
    pub signature: Option<usize>,
    pub binary_size: Option<usize>,
    pub binary: Option<bool>,
}

enum Parameter {
    BinaryOutput,
    SignatureName,
    BinarySize,
    Binary,
    NotOffered(&'static str),
    Other,
}

impl Parameter {
    fn of(name: &str) -> Self {
        match name {
            "binary_data_output" => Self::BinaryOutput,
            "signature_name" => Self::SignatureName,
            "binary_data_size" => Self::BinarySize,
            "binary_data" => Self::Binary,
            _ => extension(name).map_or(Self::Other, Self::NotOffered),
        }
    }
}

impl Parameters {
    pub(super) fn read(description: &Description, text: &mut Text<'_>) -> Read<Self> {
        let mut found = Self::default();
        text.members("'parameters'", Parameter::of, |text, parameter| {
            match parameter {
                Parameter::BinaryOutput => found.binary_output = Some(text.boolean("binary_data_output")?),
                Parameter::Binary => found.binary = Some(text.boolean("binary_data")?),
                Parameter::BinarySize => {
                    let size = text.integer()?.and_then(|size| usize::try_from(size).ok());
                    let Some(size) = size else { return refuse("binary_data_size must be a number of bytes") };
                    found.binary_size = Some(size);
                }
                Parameter::SignatureName => {
                    found.signature = Some(signature(description, &text.string("signature_name")?)?);
                }
                Parameter::NotOffered(extension) => return Err(not_offered(extension).into()),
                Parameter::Other => text.other()?,
            }
            Ok(())
        })?;
        Ok(found)
    }
}

/// Finds the signature that a request names.
pub(crate) fn signature(description: &Description, name: &str) -> Result<usize, Refusal> {
    description.signature(name).ok_or_else(|| {
        Refusal::bad_request(format!(
            "unknown signature_name {}; this model has {}",
            quoted(name, 100),
            listed(description.signatures.iter().map(|signature| signature.name.as_str()))
        ))
    })
}

/// Returns which of Triton's extensions a parameter is for, if it is for one that changes the answer.
pub(crate) fn extension(parameter: &str) -> Option<&'static str> {
    match parameter {
        "sequence_id" | "sequence_start" | "sequence_end" => Some("sequences"),
        "shared_memory_region" => Some("shared memory"),
        "classification" => Some("classification"),
        _ => None,
    }
}

/// Refuses the parameters of an extension.
pub(crate) fn not_offered(extension: &str) -> Refusal {
    Refusal::bad_request(format!("{extension}: this extension of the protocol is not offered; remove its parameters"))
}
