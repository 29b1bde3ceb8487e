//! The certificate of both ports. A new one serves new connections; open ones stay.

mod pem;
mod secret;
mod source;

use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::pki_types::pem::{Error, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::sync::Mutex;
use tokio_rustls::TlsAcceptor;

use self::pem::Pem;
pub(super) use self::secret::secret_arn;
pub(super) use self::source::Source;

/// The certificate of both ports, as its source has it now.
pub(super) struct Tls {
    source: Mutex<Source>,
    current: RwLock<Current>,
}

#[derive(Clone)]
struct Current {
    pem: Pem,
    rest: Arc<ServerConfig>,
    grpc: Arc<ServerConfig>,
}

/// The reason why there is no certificate to serve.
#[derive(Debug, thiserror::Error)]
pub(super) enum TlsError {
    #[error("{0}")]
    Unreadable(String),
    #[error("there is no {kind} as PEM in {place}: {error}")]
    NotPem { place: String, kind: &'static str, error: Error },
    #[error("the certificate and the key in {place} cannot be used: {error}")]
    Unusable { place: String, error: rustls::Error },
}

impl Tls {
    /// Reads the certificate.
    pub(super) async fn read(mut source: Source) -> Result<Arc<Self>, TlsError> {
        let pem = source.read_first().await.map_err(TlsError::Unreadable)?;
        let current = Current::load(&source, pem)?;
        Ok(Arc::new(Self { source: Mutex::new(source), current: RwLock::new(current) }))
    }

    /// Returns the acceptor for a new connection of the REST port.
    pub(super) fn rest(&self) -> TlsAcceptor {
        self.current().rest.into()
    }

    /// Returns the acceptor for a new connection of the gRPC port.
    pub(super) fn grpc(&self) -> TlsAcceptor {
        self.current().grpc.into()
    }

    /// Rereads the source for as long as the server runs. A certificate that cannot be used changes nothing.
    pub(super) async fn watch(self: Arc<Self>) {
        let mut source = self.source.lock().await;
        let (mut refused, mut told) = (None, None);
        loop {
            tokio::time::sleep(source.interval()).await;
            let pem = match source.read().await {
                Ok(pem) => pem,
                Err(problem) => {
                    if told.as_ref() != Some(&problem) {
                        tracing::warn!(problem, "the certificate is not renewed");
                    }
                    told = Some(problem);
                    continue;
                }
            };
            told = None;
            if pem == self.current().pem || refused.as_ref() == Some(&pem) {
                continue;
            }
            match Current::load(&source, pem.clone()) {
                Ok(current) => {
                    *self.current.write().unwrap_or_else(PoisonError::into_inner) = current;
                    tracing::info!(source = %*source, "the certificate is renewed");
                }
                Err(error) => {
                    // The second file may follow in a moment.
                    tracing::warn!(%error, "the new certificate is not used");
                    refused = Some(pem);
                }
            }
        }
    }

    fn current(&self) -> Current {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Current {
    fn load(source: &Source, pem: Pem) -> Result<Self, TlsError> {
        let not_pem = |kind| move |error| TlsError::NotPem { place: source.to_string(), kind, error };
        let chain = CertificateDer::pem_slice_iter(&pem.certificate)
            .collect::<Result<Vec<_>, _>>()
            .and_then(|chain| if chain.is_empty() { Err(Error::NoItemsFound) } else { Ok(chain) })
            .map_err(not_pem("certificate"))?;
        let key = PrivateKeyDer::from_pem_slice(&pem.key).map_err(not_pem("private key"))?;
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(|error| TlsError::Unusable { place: source.to_string(), error })?;
        let speaking = |protocol: &[u8]| {
            let mut config = config.clone();
            config.alpn_protocols = vec![protocol.to_vec()];
            Arc::new(config)
        };
        Ok(Self { rest: speaking(b"http/1.1"), grpc: speaking(b"h2"), pem })
    }
}
