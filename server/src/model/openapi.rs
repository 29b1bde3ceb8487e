//! openapi.json: what this program answers, as the optimizer describes it at publish.

use std::io::{Error, ErrorKind, Result};
use std::path::Path;

use memchr::memmem;

use super::regular;

/// In the model's directory, beside model.json.
pub const OPENAPI_FILE: &str = "openapi.json";

/// Reads the document of a directory.
///
/// # Arguments
///
/// * `model`: the name clients use. A document that has the paths of another name is not for them.
pub fn read(directory: &Path, model: &str) -> Result<Option<Vec<u8>>> {
    let text = match regular::read(&directory.join(OPENAPI_FILE)) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if std::str::from_utf8(&text).is_err() {
        return Err(Error::new(ErrorKind::InvalidData, "it is no text"));
    }
    let path = serde_json::json!(format!("/v1/models/{model}:predict")).to_string();
    Ok(memmem::find(&text, path.as_bytes()).map(|_| text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_read_if_it_is_text_about_the_model() {
        let directory = std::env::temp_dir().join(format!("openapi-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        assert_eq!(read(&directory, "a").unwrap(), None);
        let text = br#"{"paths":{"/v1/models/a:predict":{}}}"#;
        std::fs::write(directory.join(OPENAPI_FILE), text).unwrap();
        assert_eq!(read(&directory, "a").unwrap().as_deref(), Some(&text[..]));
        assert_eq!(read(&directory, "b").unwrap(), None);
        std::fs::write(directory.join(OPENAPI_FILE), b"\xff").unwrap();
        assert!(read(&directory, "a").is_err());
        std::fs::remove_dir_all(&directory).unwrap();
    }
}
