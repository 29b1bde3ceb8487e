use std::io::Read;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use hyper::header::{CONTENT_ENCODING, HeaderMap};

use super::failure::Failure;

/// Of a body that is too large, in bytes: a client that is answered before it has sent everything may never look.
const DISCARDED: usize = 64 << 20;
/// Of the memory that is set aside before anything arrived, in bytes.
const RESERVED: usize = 1 << 20;

/// A request's body.
pub(super) enum Body {
    Plain(Bytes),
    /// With gzip, and with the limit of what it unzips to: thousands of times as much, which takes time that threads with
    /// connections do not have.
    Zipped(Bytes, usize),
}

impl Body {
    /// The number of its bytes; `None` before it is unzipped.
    pub(super) fn size(&self) -> Option<usize> {
        match self {
            Self::Plain(bytes) => Some(bytes.len()),
            Self::Zipped(..) => None,
        }
    }

    /// Returns it uncompressed.
    pub(super) fn plain(self) -> Result<Bytes, Failure> {
        match self {
            Self::Plain(bytes) => Ok(bytes),
            Self::Zipped(bytes, limit) => unzip(&bytes, limit),
        }
    }
}

/// Reads a request's body.
pub(super) async fn read(
    headers: &HeaderMap,
    body: Incoming,
    limit: usize,
    deadline: Instant,
) -> Result<Body, Failure> {
    let arrived = tokio::time::timeout_at(deadline.into(), collect(body, limit)).await;
    let bytes = arrived.map_err(|_| Failure::slow_client())??;
    let coding = headers.get(CONTENT_ENCODING).map(|value| value.to_str().unwrap_or("?").to_ascii_lowercase());
    match coding.as_deref() {
        None | Some("" | "identity") => Ok(Body::Plain(bytes)),
        Some("gzip" | "x-gzip") => Ok(Body::Zipped(bytes, limit)),
        Some(other) => {
            let shown: String = other.chars().take(40).collect();
            Err(Failure::invalid(format!("unknown Content-Encoding '{shown}'; gzip and identity are understood")))
        }
    }
}

async fn collect(mut body: Incoming, limit: usize) -> Result<Bytes, Failure> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let mut first = None;
    let mut bytes = BytesMut::new();
    let mut size = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Failure::invalid("the request's body ended before its end"))?;
        let Ok(data) = frame.into_data() else { continue };
        size = size.saturating_add(data.len());
        if announced > limit || size > limit {
            if announced > limit.saturating_add(DISCARDED) || size > limit.saturating_add(DISCARDED) {
                break;
            }
        } else if size == announced && bytes.is_empty() && first.is_none() {
            first = Some(data);
        } else {
            if bytes.is_empty() {
                bytes.reserve(announced.min(RESERVED));
            }
            bytes.extend_from_slice(&data);
        }
    }
    if announced > limit || size > limit {
        return Err(Failure::too_large(limit));
    }
    Ok(first.unwrap_or_else(|| bytes.freeze()))
}

/// Reads what comes with a request that needs no body: its client then sees the answer, and keeps the connection.
pub(super) async fn discard(mut body: Incoming, deadline: Instant) {
    let all = async {
        let mut size = 0;
        while let Some(Ok(frame)) = body.frame().await {
            size += frame.data_ref().map_or(0, Bytes::len);
            if size > DISCARDED {
                break;
            }
        }
    };
    let _ = tokio::time::timeout_at(deadline.into(), all).await;
}

fn unzip(bytes: &[u8], limit: usize) -> Result<Bytes, Failure> {
    let mut plain = Vec::new();
    let mut reader = flate2::read::MultiGzDecoder::new(bytes).take(limit as u64 + 1);
    match reader.read_to_end(&mut plain) {
        Ok(_) if plain.len() > limit => Err(Failure::too_large(limit)),
        Ok(_) => Ok(plain.into()),
        Err(error) => Err(Failure::invalid(format!("the request's body is not gzip: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn zip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn what_is_unzipped_has_the_same_limit() {
        let bomb = zip(&vec![0; 1 << 20]);
        assert_eq!(unzip(&bomb, 1 << 20).unwrap().len(), 1 << 20);
        assert_eq!(unzip(&bomb, (1 << 20) - 1).unwrap_err().status, 413);
    }

    #[test]
    fn what_is_not_gzip_is_the_clients_fault() {
        assert_eq!(unzip(b"{}", 100).unwrap_err().status, 400);
        let whole = zip(b"{}");
        assert_eq!(unzip(&whole[..whole.len() - 2], 100).unwrap_err().status, 400);
    }
}
