//! Images as elements of the datatype BYTES: in binary form, each with its length before it, or in JSON as base64.

use jiter::Peek;

use super::inputs::Place;
use super::text::{Fault, Read, refuse};
use crate::rest::Refusal;
use crate::rest::base64::{encoded, is_long_enough};
use crate::rest::source::Source;

/// Bytes of the length of an element.
const LENGTH_BYTES: usize = 4;

/// Reads the elements of a tensor in binary form.
pub(crate) fn elements(place: Place<'_>, mut bytes: &[u8]) -> Result<Vec<Vec<u8>>, Refusal> {
    let wrong = |problem: &str| {
        Refusal::bad_request(format!(
            "input '{}': {problem}, where {} images are expected",
            place.tensor.name, place.count
        ))
    };
    let mut elements = Vec::new();
    while !bytes.is_empty() {
        let length = bytes.first_chunk::<LENGTH_BYTES>().map(|length| u32::from_le_bytes(*length) as usize);
        let element = length.and_then(|length| bytes[LENGTH_BYTES..].get(..length));
        let element = element.ok_or_else(|| wrong("a length of BYTES is more than what follows it"))?;
        if !is_long_enough(element) {
            return Err(wrong("an element of BYTES is too short for an image"));
        }
        elements.push(element.to_vec());
        bytes = &bytes[LENGTH_BYTES + element.len()..];
    }
    if elements.len() == place.count {
        Ok(elements)
    } else {
        Err(wrong(&format!("{} elements of BYTES", elements.len())))
    }
}

/// Reads the elements of a tensor in JSON: strings, or lists of one string each.
pub(super) fn strings(source: &mut Source<'_>, place: Place<'_>) -> Read<Vec<Vec<u8>>> {
    let name = &place.tensor.name;
    if source.peek()? != Peek::Array {
        return refuse(format!("the data of input '{name}' must be a list"));
    }
    let mut found = Vec::new();
    let mut next = source.known_array()?;
    while let Some(peek) = next {
        let is_list = peek == Peek::Array;
        let peek = if is_list { source.known_array()?.unwrap_or(Peek::Null) } else { peek };
        if peek != Peek::String {
            return refuse(format!("input '{name}': data[{}] is not the base64 of a JPEG or PNG", found.len()));
        }
        let image = encoded(source.known_str()?);
        match image {
            Ok(bytes) => found.push(bytes),
            Err(problem) => {
                let index = found.len();
                return refuse(format!("input '{name}': data[{index}]: {problem} where a JPEG or PNG belongs"));
            }
        }
        if is_list && source.array_step()?.is_some() {
            return refuse(format!("input '{name}': data[{}] has more than one image", found.len() - 1));
        }
        next = source.array_step()?;
    }
    if found.len() == place.count {
        return Ok(found);
    }
    Err(Fault::Refused(Refusal::bad_request(format!(
        "input '{name}' has {} images; its shape has {}",
        found.len(),
        place.count
    ))))
}
