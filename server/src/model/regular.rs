//! The files of a model: whoever reads a pipe or a device as one waits for ever.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Error, Read, Result};
use std::path::Path;

/// Refuses what is no regular file, or a link to one.
pub(crate) fn check(path: &Path) -> Result<()> {
    if std::fs::metadata(path)?.is_file() { Ok(()) } else { Err(Error::other("it is no regular file")) }
}

/// Reads a regular file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Opens a regular file.
pub(crate) fn open(path: &Path) -> Result<File> {
    check(path)?;
    File::open(path)
}

/// Tells whether a file is named that can only be in the same directory.
pub(crate) fn is_beside(file: &str) -> bool {
    !file.contains('\0') && Path::new(file).file_name() == Some(OsStr::new(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_are_read() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        assert_eq!(read(&file).unwrap(), std::fs::read(&file).unwrap());
        for other in ["/dev/zero", env!("CARGO_MANIFEST_DIR")] {
            assert_eq!(read(Path::new(other)).unwrap_err().to_string(), "it is no regular file", "{other}");
        }
    }

    #[test]
    fn a_file_is_beside_the_description() {
        for file in ["model.tflite", "..tflite", "a b", "ä"] {
            assert!(is_beside(file), "{file:?}");
        }
        for file in
            ["", ".", "..", "../model.tflite", "/model.tflite", "a/model.tflite", "model.tflite/", "a/..", "a\0b"]
        {
            assert!(!is_beside(file), "{file:?}");
        }
    }
}
