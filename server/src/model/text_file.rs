use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;

use super::digest::Digest;
use super::error::LoadError;
use super::regular;
use super::regular::is_beside;
use crate::text::TextPart;

/// text.json, as model.json names it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct TextFile {
    file: String,
    sha256: String,
}

impl TextFile {
    /// Reads the file and its tables.
    pub(super) fn read(&self, directory: &Path) -> Result<Arc<TextPart>, LoadError> {
        let invalid = |problem: String| LoadError::Invalid(format!("{}: {problem}", self.file.escape_debug()));
        let text = whole(directory, &self.file, &self.sha256).map_err(invalid)?;
        let part = TextPart::read(&text, |table| whole(directory, &table.file, &table.sha256)).map_err(invalid)?;
        Ok(Arc::new(part))
    }
}

/// Reads a file and compares its digest.
fn whole(directory: &Path, file: &str, sha256: &str) -> Result<Vec<u8>, String> {
    if !is_beside(file) {
        return Err(format!("the file '{}' is not beside the description", file.escape_debug()));
    }
    let expected = Digest::parse(sha256)?;
    let bytes = regular::read(&directory.join(file)).map_err(|error| error.to_string())?;
    let found = Digest::of(&mut &bytes[..]).map_err(|error| error.to_string())?;
    if found == expected {
        return Ok(bytes);
    }
    Err(format!("it has the SHA-256 {found} instead of {expected}: it is damaged, or another file"))
}
