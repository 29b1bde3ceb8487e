use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{NoClientAuth, WebPkiClientVerifier, danger::ClientCertVerifier};
use rustls::{RootCertStore, ServerConfig};
use tokio_rustls::TlsAcceptor;

use super::flags::Flags;

/// How often the files are looked at.
const INTERVAL: Duration = Duration::from_secs(2);

/// The certificate of both ports, as its files have it now.
pub(super) struct Tls {
    files: Files,
    current: RwLock<Current>,
}

#[derive(Clone)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
    client_ca: Option<PathBuf>,
}

#[derive(Clone)]
struct Current {
    contents: Contents,
    rest: Arc<ServerConfig>,
    grpc: Arc<ServerConfig>,
}

#[derive(Clone, PartialEq, Eq)]
struct Contents {
    certificate: Vec<u8>,
    key: Vec<u8>,
    client_ca: Option<Vec<u8>>,
}

/// The reason why there is no certificate to serve.
#[derive(Debug, thiserror::Error)]
pub(super) enum TlsError {
    #[error("cannot read {}: {error}", path.display())]
    Unreadable { path: PathBuf, error: std::io::Error },
    #[error("{} holds no {kind} as PEM: {error}", path.display())]
    NotPem { path: PathBuf, kind: &'static str, error: rustls::pki_types::pem::Error },
    #[error("the certificate of {} and the key of {} cannot be used: {error}", certificate.display(), key.display())]
    Unusable { certificate: PathBuf, key: PathBuf, error: rustls::Error },
    #[error("{} cannot be used for clients' certificates: {error}", path.display())]
    ClientCa { path: PathBuf, error: Box<dyn std::error::Error + Send + Sync> },
}

impl Tls {
    /// Reads the files that the flags name; nothing where they name none.
    pub(super) fn from_flags(flags: &Flags) -> Result<Option<Arc<Self>>, TlsError> {
        let (Some(certificate), Some(key)) = (&flags.tls_certificate_file, &flags.tls_key_file) else {
            return Ok(None);
        };
        let (certificate, key) = (certificate.clone(), key.clone());
        let files = Files { certificate, key, client_ca: flags.tls_client_ca_file.clone() };
        let current = files.load(files.read()?)?;
        Ok(Some(Arc::new(Self { files, current: RwLock::new(current) })))
    }

    /// For a new connection of the REST port.
    pub(super) fn rest(&self) -> TlsAcceptor {
        self.current().rest.into()
    }

    /// For a new connection of the gRPC port.
    pub(super) fn grpc(&self) -> TlsAcceptor {
        self.current().grpc.into()
    }

    /// Rereads the files when they have changed. Files that cannot be used change nothing.
    pub(super) async fn watch(self: Arc<Self>) {
        let mut refused = None;
        loop {
            tokio::time::sleep(INTERVAL).await;
            let contents = match self.files.read() {
                // A file may be absent while another takes its place.
                Err(_) => continue,
                Ok(contents) if contents == self.current().contents || refused.as_ref() == Some(&contents) => continue,
                Ok(contents) => contents,
            };
            match self.files.load(contents.clone()) {
                Ok(current) => {
                    *self.current.write().unwrap_or_else(PoisonError::into_inner) = current;
                    tracing::info!(file = %self.files.certificate.display(), "certificate reread");
                }
                Err(error) => {
                    // The second file may follow in a moment.
                    tracing::warn!(%error, "the new certificate is not used");
                    refused = Some(contents);
                }
            }
        }
    }

    fn current(&self) -> Current {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Files {
    fn read(&self) -> Result<Contents, TlsError> {
        let read =
            |path: &Path| std::fs::read(path).map_err(|error| TlsError::Unreadable { path: path.to_owned(), error });
        Ok(Contents {
            certificate: read(&self.certificate)?,
            key: read(&self.key)?,
            client_ca: self.client_ca.as_deref().map(read).transpose()?,
        })
    }

    fn load(&self, contents: Contents) -> Result<Current, TlsError> {
        let chain = certificates(&self.certificate, &contents.certificate)?;
        let key = PrivateKeyDer::from_pem_slice(&contents.key).map_err(|error| TlsError::NotPem {
            path: self.key.clone(),
            kind: "private key",
            error,
        })?;
        let clients: Arc<dyn ClientCertVerifier> = match (&self.client_ca, &contents.client_ca) {
            (Some(path), Some(pem)) => verifier(path, pem)?,
            _ => Arc::new(NoClientAuth),
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_client_cert_verifier(clients).with_single_cert(chain, key))
            .map_err(|error| TlsError::Unusable {
                certificate: self.certificate.clone(),
                key: self.key.clone(),
                error,
            })?;
        let speaking = |protocol: &[u8]| {
            let mut config = config.clone();
            config.alpn_protocols = vec![protocol.to_vec()];
            Arc::new(config)
        };
        Ok(Current { rest: speaking(b"http/1.1"), grpc: speaking(b"h2"), contents })
    }
}

fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let wrong = |error| TlsError::NotPem { path: path.to_owned(), kind: "certificate", error };
    let chain = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>().map_err(wrong)?;
    if chain.is_empty() { Err(wrong(rustls::pki_types::pem::Error::NoItemsFound)) } else { Ok(chain) }
}

fn verifier(path: &Path, pem: &[u8]) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let wrong = |error: Box<dyn std::error::Error + Send + Sync>| TlsError::ClientCa { path: path.to_owned(), error };
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path, pem)? {
        roots.add(certificate).map_err(|error| wrong(error.into()))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    WebPkiClientVerifier::builder_with_provider(roots.into(), provider).build().map_err(|error| wrong(error.into()))
}
