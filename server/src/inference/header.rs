use crate::rest::Refusal;
use crate::rest::sentence::quoted;

/// The header with the length of the JSON text, where tensors in binary form follow it.
pub const HEADER: &str = "inference-header-content-length";

/// Name of the header in sentences.
pub(super) const NAME: &str = "Inference-Header-Content-Length";

/// Reads the value of the header.
pub fn json_length(value: &str) -> Result<usize, Refusal> {
    let digits = !value.is_empty() && value.bytes().all(|letter| letter.is_ascii_digit());
    let length = value.parse().ok().filter(|_| digits);
    length.ok_or_else(|| {
        Refusal::bad_request(format!("the header {NAME} is {}; a number of bytes is needed", quoted(value, 20)))
    })
}
