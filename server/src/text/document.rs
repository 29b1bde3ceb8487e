//! text.json, as the job writes it.

use data_encoding::BASE64;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::shape::Shape;
use super::value::{Data, Type, Value};
use crate::members::Members;

/// Most bytes of the document.
const MOST_BYTES: usize = 16 << 20;
const SCHEMA_VERSION: u32 = 1;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Document {
    schema_version: u32,
    pub tables: Vec<TableDocument>,
    pub signatures: Members<SignatureDocument>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TableDocument {
    pub file: String,
    pub sha256: String,
    pub size: u64,
    pub entries: u64,
    pub key: Type,
    pub value: Type,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SignatureDocument {
    pub inputs: Vec<InputDocument>,
    pub constants: Vec<ConstantDocument>,
    pub steps: Vec<StepDocument>,
    pub fed: Vec<FedDocument>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InputDocument {
    pub name: String,
    pub dtype: Type,
    pub shape: Vec<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConstantDocument {
    dtype: Type,
    shape: Vec<usize>,
    pub values: Vec<Json>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StepDocument {
    pub operation: String,
    pub inputs: Vec<usize>,
    pub outputs: Vec<usize>,
    pub attributes: Map<String, Json>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FedDocument {
    pub input: String,
    pub value: usize,
}

impl Document {
    pub(super) fn read(text: &[u8]) -> Result<Self, String> {
        if text.len() > MOST_BYTES {
            return Err(format!("it has more than {MOST_BYTES} bytes"));
        }
        let document: Self = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        if document.schema_version == SCHEMA_VERSION {
            return Ok(document);
        }
        Err(format!("it has schema version {}, this program reads {SCHEMA_VERSION}", document.schema_version))
    }
}

impl ConstantDocument {
    /// Returns the value that it is.
    pub(super) fn value(&self) -> Result<Value, String> {
        let shape = Shape::of(&self.shape).filter(|shape| shape.count() == self.values.len());
        let shape =
            shape.ok_or_else(|| format!("{} elements do not have the shape {:?}", self.values.len(), self.shape))?;
        let data = match self.dtype {
            Type::String => {
                Data::Strings(self.all(|value| BASE64.decode(value.as_str()?.as_bytes()).ok())?.into_iter().collect())
            }
            Type::Int64 => Data::Int64(self.all(Json::as_i64)?),
            Type::Int32 => Data::Int32(self.all(|value| i32::try_from(value.as_i64()?).ok())?),
            Type::UInt8 => Data::UInt8(self.all(|value| u8::try_from(value.as_i64()?).ok())?),
            Type::Float32 => Data::Float32(self.all(|value| real(value).map(|value| value as f32))?),
            Type::Float64 => Data::Float64(self.all(real)?),
            Type::Bool => Data::Bool(self.all(Json::as_bool)?),
        };
        Ok(Value::new(shape, data))
    }

    fn all<T>(&self, read: impl Fn(&Json) -> Option<T>) -> Result<Vec<T>, String> {
        let all = self.values.iter().map(read).collect::<Option<_>>();
        all.ok_or_else(|| format!("a constant has an element that is no {}", self.dtype))
    }
}

fn real(value: &Json) -> Option<f64> {
    match value.as_str() {
        Some("NaN") => Some(f64::NAN),
        Some("Infinity") => Some(f64::INFINITY),
        Some("-Infinity") => Some(f64::NEG_INFINITY),
        Some(_) => None,
        None => value.as_f64(),
    }
}
