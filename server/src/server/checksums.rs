use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::model::{Digest, regular};

/// In a version's directory, as sha256sum writes it.
const CHECKSUMS: &str = "SHA256SUMS";
/// In a version's directory, as the optimizer publishes it.
const MANIFEST: &str = "manifest.json";

/// The digest that a version's file of checksums must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pinned {
    /// Name of a model.
    pub name: String,
    /// Version of that model.
    pub version: u64,
    /// SHA-256 of the file that holds its checksums.
    pub digest: Digest,
}

/// Fault that keeps a file from being served.
#[derive(Debug, thiserror::Error)]
pub(super) enum ChecksumError {
    #[error("cannot read {}: {error}", path.display())]
    Unreadable { path: PathBuf, error: std::io::Error },
    #[error("{} has the SHA-256 {found} instead of {expected}: it is damaged, or another file", path.display())]
    Differs { path: PathBuf, found: Digest, expected: Digest },
    #[error("{}: line {line} is not of the form `SHA-256  path`, with a path inside of the directory", path.display())]
    NotChecksums { path: PathBuf, line: usize },
    #[error("{} is not a manifest: {error}", path.display())]
    NotAManifest { path: PathBuf, error: serde_json::Error },
    #[error(
        "there is no checksum for {}: give one in {CHECKSUMS} beside it, or start with --allow_unverified_files",
        path.display()
    )]
    Missing { path: PathBuf },
}

/// The checksums of a directory's files, by their paths in it.
#[derive(Debug, Default)]
pub(super) struct Checksums(BTreeMap<String, Digest>);

#[derive(Deserialize)]
struct Manifest {
    files: Vec<ManifestFile>,
}

#[derive(Deserialize)]
struct ManifestFile {
    path: String,
    sha256: String,
}

impl Checksums {
    /// Reads the checksums of a directory; none where it has none.
    ///
    /// # Arguments
    ///
    /// * `pinned`: the SHA-256 that the file of checksums must have.
    pub(super) fn read(directory: &Path, pinned: Option<Digest>) -> Result<Self, ChecksumError> {
        let (path, parse): (_, fn(&Path, &str) -> _) = match directory.join(CHECKSUMS) {
            path if path.exists() => (path, Self::lines),
            path => match directory.join(MANIFEST) {
                manifest if manifest.exists() => (manifest, Self::manifest),
                _ if pinned.is_some() => return Err(unreadable(&path, std::io::ErrorKind::NotFound.into())),
                _ => return Ok(Self::default()),
            },
        };
        let text = regular::read(&path).map_err(|error| unreadable(&path, error))?;
        if let Some(expected) = pinned {
            compare(&path, Digest::of(&mut text.as_slice()).expect("memory can be read"), expected)?;
        }
        parse(&path, &String::from_utf8_lossy(&text))
    }

    /// Compares a file with its checksum.
    pub(super) fn check(&self, directory: &Path, name: &str, allow_unverified: bool) -> Result<(), ChecksumError> {
        let path = directory.join(name);
        match self.0.get(name) {
            Some(&expected) => check(&path, expected),
            None if allow_unverified => Ok(()),
            None => Err(ChecksumError::Missing { path }),
        }
    }

    fn lines(path: &Path, text: &str) -> Result<Self, ChecksumError> {
        let lines = text.lines().enumerate().map(|(index, line)| {
            entry(line).ok_or_else(|| ChecksumError::NotChecksums { path: path.to_owned(), line: index + 1 })
        });
        lines.collect::<Result<_, _>>().map(Self)
    }

    fn manifest(path: &Path, text: &str) -> Result<Self, ChecksumError> {
        let wrong = |error| ChecksumError::NotAManifest { path: path.to_owned(), error };
        let manifest: Manifest = serde_json::from_str(text).map_err(wrong)?;
        let digests = manifest.files.into_iter().map(|file| {
            // The layer's files are named by their path inside of its archive.
            let name = file.path.strip_prefix("layer.zip!/ml/model/").unwrap_or(&file.path).to_owned();
            let digest = Digest::parse(&file.sha256).map_err(|text| wrong(serde::de::Error::custom(text)))?;
            Ok((name, digest))
        });
        digests.collect::<Result<_, _>>().map(Self)
    }
}

/// Compares one file with the SHA-256 that it must have.
pub(super) fn check(path: &Path, expected: Digest) -> Result<(), ChecksumError> {
    let found = Digest::of_file(path).map_err(|error| unreadable(path, error))?;
    compare(path, found, expected)
}

/// Reads `NAME/VERSION=HEX`.
pub(super) fn pinned(text: &str) -> Result<Pinned, String> {
    let parts = text.split_once('=').and_then(|(model, hex)| {
        let (name, version) = model.rsplit_once('/')?;
        Some((name.to_owned(), version.parse().ok()?, hex))
    });
    let (name, version, hex) = parts.ok_or("NAME/VERSION=HEX is expected, for example digits/3=…")?;
    Ok(Pinned { name, version, digest: Digest::parse(hex)? })
}

fn entry(line: &str) -> Option<(String, Digest)> {
    let (hex, name) = line.split_once([' ', '\t'])?;
    let name = name.strip_prefix([' ', '*']).unwrap_or(name);
    let name = name.strip_prefix("./").unwrap_or(name);
    let inside = !name.is_empty() && !name.starts_with('/') && name.split('/').all(|part| part != "..");
    inside.then(|| Digest::parse(hex).ok().map(|digest| (name.to_owned(), digest)))?
}

fn compare(path: &Path, found: Digest, expected: Digest) -> Result<(), ChecksumError> {
    if found == expected {
        return Ok(());
    }
    Err(ChecksumError::Differs { path: path.to_owned(), found, expected })
}

fn unreadable(path: &Path, error: std::io::Error) -> ChecksumError {
    ChecksumError::Unreadable { path: path.to_owned(), error }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn reads_both_forms_of_sha256sum() {
        let text = format!("{EMPTY}  model.tflite\n{EMPTY} *./model.json\n");
        let checksums = Checksums::lines(Path::new(CHECKSUMS), &text).unwrap();
        assert_eq!(checksums.0.keys().collect::<Vec<_>>(), ["model.json", "model.tflite"]);
    }

    #[test]
    fn refuses_paths_that_lead_out_and_lines_that_are_none() {
        for line in [format!("{EMPTY}  ../x"), format!("{EMPTY}  /x"), EMPTY.to_owned(), "00  x".to_owned()] {
            let error = Checksums::lines(Path::new(CHECKSUMS), &line).unwrap_err();
            assert!(matches!(error, ChecksumError::NotChecksums { line: 1, .. }), "{line}");
        }
    }

    #[test]
    fn a_manifest_names_the_files_of_its_layer() {
        let text = format!(r#"{{"files": [{{"path": "layer.zip!/ml/model/model.json", "sha256": "{EMPTY}"}}]}}"#);
        let checksums = Checksums::manifest(Path::new(MANIFEST), &text).unwrap();
        assert_eq!(checksums.0["model.json"].to_string(), EMPTY);
    }

    #[test]
    fn the_digest_is_that_of_all_bytes() {
        assert_eq!(Digest::of(&mut [].as_slice()).unwrap().to_string(), EMPTY);
        assert_ne!(Digest::of(&mut vec![0; 100_000].as_slice()).unwrap().to_string(), EMPTY);
    }

    #[test]
    fn a_pinned_digest_names_its_model_and_version() {
        let pinned = pinned(&format!("digits/3={EMPTY}")).unwrap();
        assert_eq!((pinned.name.as_str(), pinned.version), ("digits", 3));
        assert!(super::pinned(&format!("digits={EMPTY}")).is_err());
        assert!(super::pinned("digits/3=abc").unwrap_err().contains("64 hexadecimal digits"));
    }
}
