//! Removes values of inputs from captured requests.

use serde_json::value::RawValue;

use crate::model::{Description, Members, Signature};

/// The inputs whose values are not captured.
#[derive(Debug, PartialEq)]
pub struct Redaction(Vec<String>);

/// A name that no model has among its inputs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("names '{name}', which is no input of the model; it has {known}: correct capture.redact")]
pub struct UnknownInput {
    name: String,
    known: String,
}

impl Redaction {
    /// Takes the names of inputs, each of which one of the models must have.
    pub fn new<'a>(
        names: Vec<String>,
        descriptions: impl IntoIterator<Item = &'a Description>,
    ) -> Result<Self, UnknownInput> {
        let mut known: Vec<&str> = Vec::new();
        for signature in descriptions.into_iter().flat_map(|description| &description.signatures) {
            for input in &signature.inputs {
                if !known.contains(&input.name.as_str()) {
                    known.push(&input.name);
                }
            }
        }
        if let Some(name) = names.iter().find(|name| !known.contains(&name.as_str())) {
            let known = known.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ");
            return Err(UnknownInput { name: name.clone(), known });
        }
        Ok(Self(names))
    }

    /// Returns a request that the model has answered, with null in the place of each value, and without members that
    /// the model does not read.
    pub(super) fn apply(&self, request: &str, signature: &Signature) -> serde_json::Result<String> {
        let members: Members<&RawValue> = serde_json::from_str(request)?;
        let mut kept = Vec::new();
        for (name, value) in members.0 {
            let value = match name.as_str() {
                "signature_name" => value.get().to_owned(),
                "instances" if value.get().starts_with('[') => self.rows(value.get(), signature)?,
                "instances" | "inputs" | "data" => self.values(value.get(), signature)?,
                _ => continue,
            };
            kept.push((name, value));
        }
        Ok(object(&kept))
    }

    fn rows(&self, text: &str, signature: &Signature) -> serde_json::Result<String> {
        let rows: Vec<&RawValue> = serde_json::from_str(text)?;
        let rows = rows.iter().map(|row| self.values(row.get(), signature)).collect::<Result<Vec<_>, _>>()?;
        Ok(format!("[{}]", rows.join(",")))
    }

    /// Returns an object of inputs, or the plain value of the only one.
    fn values(&self, text: &str, signature: &Signature) -> serde_json::Result<String> {
        if text.starts_with('{') {
            let members: Members<&RawValue> = serde_json::from_str(text)?;
            if members.0.len() != 1 || members.0[0].0 != "b64" {
                let values = members.0.into_iter().map(|(name, value)| {
                    let value = if self.has(&name) { "null" } else { value.get() }.to_owned();
                    (name, value)
                });
                return Ok(object(&values.collect::<Vec<_>>()));
            }
        }
        let is_redacted = signature.inputs.iter().any(|input| self.has(&input.name));
        Ok(if is_redacted { "null" } else { text }.to_owned())
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|known| known == name)
    }
}

fn object(members: &[(String, String)]) -> String {
    let string = |text: &str| serde_json::to_string(text).expect("a string is JSON");
    let members: Vec<_> = members.iter().map(|(name, value)| format!("{}:{value}", string(name))).collect();
    format!("{{{}}}", members.join(","))
}
