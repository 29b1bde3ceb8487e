use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::pem::Pem;
use super::secret::Secret;
use crate::server::aws::Arn;

/// Pause between two looks at the files.
const FILE_INTERVAL: Duration = Duration::from_secs(2);

/// The place of a certificate.
pub(in crate::server) enum Source {
    Files { certificate: PathBuf, key: PathBuf },
    Secret { secret: Box<Secret>, interval: Duration },
}

impl Source {
    /// Names a secret of AWS Secrets Manager, and reads nothing yet.
    pub(in crate::server) fn secret(arn: Arn, interval: Duration) -> Self {
        Self::Secret { secret: Box::new(Secret::new(arn)), interval }
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
