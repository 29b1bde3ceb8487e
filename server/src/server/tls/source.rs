use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::secret::Secret;
use crate::server::flags::Flags;

/// How often files are looked at.
const FILE_INTERVAL: Duration = Duration::from_secs(2);

/// A certificate chain and its private key.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Pem {
    pub certificate: Vec<u8>,
    pub key: Vec<u8>,
}

/// The place of a certificate.
pub(super) enum Source {
    Files { certificate: PathBuf, key: PathBuf },
    Secret { secret: Box<Secret>, interval: Duration },
}

impl Source {
    /// Returns what the flags name; nothing where they name none.
    pub(super) fn from_flags(flags: &Flags) -> Option<Self> {
        match (&flags.tls_certificate_file, &flags.tls_key_file, &flags.tls_secret_arn) {
            (Some(certificate), Some(key), _) => {
                Some(Self::Files { certificate: certificate.clone(), key: key.clone() })
            }
            (_, _, Some(arn)) => Some(Self::Secret {
                secret: Box::new(Secret::new(arn.clone())),
                interval: flags.tls_secret_refresh_in_seconds,
            }),
            _ => None,
        }
    }

    /// Returns how often the source is read again.
    pub(super) fn interval(&self) -> Duration {
        match self {
            Self::Files { .. } => FILE_INTERVAL,
            Self::Secret { interval, .. } => *interval,
        }
    }

    /// Reads the source when the server starts.
    ///
    /// # Errors
    ///
    /// A sentence.
    pub(super) async fn read_first(&mut self) -> Result<Pem, String> {
        match self {
            Self::Files { .. } => self.read().await,
            Self::Secret { secret, .. } => secret.read_patiently().await,
        }
    }

    /// Reads the source as it is now.
    ///
    /// # Errors
    ///
    /// A sentence.
    pub(super) async fn read(&mut self) -> Result<Pem, String> {
        match self {
            Self::Files { certificate, key } => Ok(Pem { certificate: file(certificate)?, key: file(key)? }),
            Self::Secret { secret, .. } => secret.read().await,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Files { certificate, key } => write!(formatter, "{} and {}", certificate.display(), key.display()),
            Self::Secret { secret, .. } => secret.fmt(formatter),
        }
    }
}

fn file(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}
