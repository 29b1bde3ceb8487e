use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Of an answer, in bytes.
const LARGEST_ANSWER: usize = 4 << 20;

/// Sends a request to the host of its URL, over a connection of its own.
///
/// # Errors
///
/// Why there is no answer.
pub(super) async fn send(request: Request<Bytes>, timeout: Duration) -> Result<Response<Bytes>, String> {
    let uri = request.uri().clone();
    let answered = tokio::time::timeout(timeout, exchange(request)).await;
    answered.unwrap_or_else(|_| Err(format!("no answer within {} s", timeout.as_secs()))).map_err(|problem| {
        format!("{}://{}: {problem}", uri.scheme_str().unwrap_or("?"), uri.authority().map_or("?", |one| one.as_str()))
    })
}

/// Returns the body of an answer that is a success.
pub(super) fn success(answer: Response<Bytes>) -> Result<Bytes, String> {
    if answer.status() == StatusCode::OK {
        return Ok(answer.into_body());
    }
    let text = String::from_utf8_lossy(answer.body());
    Err(format!("status {}: {}", answer.status().as_u16(), text.chars().take(300).collect::<String>()))
}

async fn exchange(request: Request<Bytes>) -> Result<Response<Bytes>, String> {
    let (host, port, is_encrypted) = target(request.uri())?;
    let stream = TcpStream::connect((host, port)).await.map_err(|error| error.to_string())?;
    if is_encrypted {
        let name = ServerName::try_from(host.to_owned()).map_err(|error| error.to_string())?;
        let stream = TlsConnector::from(tls()?).connect(name, stream).await.map_err(|error| error.to_string())?;
        over(stream, request).await
    } else {
        over(stream, request).await
    }
}

async fn over(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Bytes>,
) -> Result<Response<Bytes>, String> {
    let problem = |error: hyper::Error| error.to_string();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(problem)?;
    let (mut head, body) = request.into_parts();
    // To the host itself: only its path is in the first line.
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    head.uri = Uri::try_from(path).map_err(|error| error.to_string())?;
    let connection = tokio::spawn(connection);
    let answer = sender.send_request(Request::from_parts(head, Full::new(body))).await.map_err(problem)?;
    let (head, body) = answer.into_parts();
    let body = Limited::new(body, LARGEST_ANSWER).collect().await.map_err(|error| error.to_string())?.to_bytes();
    connection.abort();
    Ok(Response::from_parts(head, body))
}

fn target(uri: &Uri) -> Result<(&str, u16, bool), String> {
    let is_encrypted = match uri.scheme_str() {
        Some("https") => true,
        Some("http") => false,
        _ => return Err(format!("'{uri}' is no http or https URL")),
    };
    let host = uri.host().ok_or_else(|| format!("'{uri}' has no host"))?;
    let port = uri.port_u16().unwrap_or(if is_encrypted { 443 } else { 80 });
    Ok((host.trim_start_matches('[').trim_end_matches(']'), port, is_encrypted))
}

/// Trusts the certificates of this machine or image.
fn tls() -> Result<Arc<ClientConfig>, String> {
    static CONFIGURATION: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    if let Some(known) = CONFIGURATION.get() {
        return Ok(Arc::clone(known));
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err("this image has no certificates of authorities: install the package ca-certificates".to_owned());
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let made = builder.map_err(|error| error.to_string())?.with_root_certificates(roots).with_no_client_auth();
    Ok(Arc::clone(CONFIGURATION.get_or_init(|| Arc::new(made))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_host_port_and_encryption() {
        for (url, expected) in [
            ("https://firehose.eu-west-1.amazonaws.com/", ("firehose.eu-west-1.amazonaws.com", 443, true)),
            ("http://169.254.170.23/v1/credentials", ("169.254.170.23", 80, false)),
            ("http://[fd00:ec2::23]:8080/v1/credentials", ("fd00:ec2::23", 8080, false)),
        ] {
            assert_eq!(target(&url.parse().unwrap()), Ok(expected));
        }
        assert!(target(&"ftp://host/".parse().unwrap()).is_err());
    }
}
