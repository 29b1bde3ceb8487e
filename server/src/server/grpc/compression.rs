//! Messages that clients compress.

use bytes::Bytes;
use hyper::header::{HeaderMap, HeaderValue};
use tonic::Code;

use crate::inflate::Coding;
use crate::rest::sentence::quoted;
use crate::server::body::unzip;
use crate::server::budget::Share;
use crate::server::failure::{Failure, Panicked};

/// Length of the header of a message, in bytes.
pub(super) const PREFIX_BYTES: usize = 5;
/// Names the encodings to a client that uses another one.
pub(super) const ACCEPTED: HeaderValue = HeaderValue::from_static("identity,deflate,gzip");
const ENCODING: &str = "grpc-encoding";
/// Most characters to show of an encoding.
const MOST_SHOWN: usize = 40;

/// Compression of a call's messages, where their prefixes say that they are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Compression(Option<Coding>);

impl Compression {
    /// Takes the header from a call, whose messages tonic then gets as if they had never been compressed.
    pub(super) fn take(headers: &mut HeaderMap) -> Result<Self, Failure> {
        let coding = match headers.get(ENCODING).map(|encoding| encoding.to_str().unwrap_or("?")) {
            None | Some("identity") => None,
            Some("gzip") => Some(Coding::Gzip),
            Some("deflate") => Some(Coding::Deflate),
            Some(other) => {
                let shown = quoted(other, MOST_SHOWN);
                let message = format!("unknown grpc-encoding {shown}; gzip, deflate and identity are understood");
                return Err(Failure::new(hyper::StatusCode::NOT_IMPLEMENTED, Code::Unimplemented, message));
            }
        };
        headers.remove(ENCODING);
        Ok(Self(coding))
    }

    /// Returns a message with its prefix as if it had never been compressed, and takes the memory for it.
    ///
    /// # Arguments
    ///
    /// * `limit`: of the message without its prefix, in bytes.
    pub(super) async fn plain(self, message: Bytes, limit: usize, mut share: Share) -> Result<(Bytes, Share), Failure> {
        let (Some(coding), Some(1)) = (self.0, message.first()) else { return Ok((message, share)) };
        let announced = message.get(1..PREFIX_BYTES).and_then(|length| length.try_into().ok()).map(u32::from_be_bytes);
        let zipped = message.slice(message.len().min(PREFIX_BYTES)..);
        if announced.is_none_or(|length| length as usize != zipped.len()) {
            return Err(Failure::invalid("the call's body is not one message of the length that its prefix says"));
        }
        let _caller = share.caller();
        // Threads with connections do not have the time.
        let unzipping = tokio::task::spawn_blocking(move || {
            let mut plain = unzip(coding, &zipped, limit, PREFIX_BYTES, &mut share)?;
            let length = (plain.len() - PREFIX_BYTES) as u32;
            plain[1..PREFIX_BYTES].copy_from_slice(&length.to_be_bytes());
            share.forget_caller();
            Ok((plain.into(), share))
        });
        unzipping.await.map_err(|_| Panicked)?
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::server::budget::Budget;

    fn header(encoding: &'static str) -> HeaderMap {
        [(ENCODING.parse().unwrap(), encoding.parse().unwrap())].into_iter().collect()
    }

    fn message(flag: u8, body: &[u8]) -> Bytes {
        [&[flag][..], &(body.len() as u32).to_be_bytes(), body].concat().into()
    }

    fn zip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    async fn plain(encoding: &'static str, message: Bytes, limit: usize) -> Result<(Bytes, usize), Failure> {
        let budget = Budget::new(4 << 20);
        let compression = Compression::take(&mut header(encoding))?;
        let (message, _share) = compression.plain(message, limit, budget.share(&HeaderMap::new(), 0)?).await?;
        Ok((message, budget.taken()))
    }

    #[tokio::test]
    async fn a_message_is_what_it_was_before_it_was_compressed() {
        let sent: Vec<u8> = (0..1 << 20).map(|n: u32| (n % 251) as u8).collect();
        let (found, taken) = plain("gzip", message(1, &zip(&sent)), sent.len()).await.unwrap();
        assert_eq!(found, message(0, &sent));
        assert!(taken >= sent.len());
        for encoding in ["gzip", "identity"] {
            assert_eq!(plain(encoding, message(0, b"abc"), 3).await.unwrap().0, message(0, b"abc"));
        }
        assert_eq!(plain("gzip", message(1, &zip(b"")), 3).await.unwrap().0, message(0, b""));
    }

    #[tokio::test]
    async fn what_is_too_large_or_wrong_is_refused() {
        let bomb = zip(&vec![0; 2 << 20]);
        let short = message(1, &bomb).slice(..100);
        for (message, limit, code) in [
            (message(1, &bomb), 1 << 20, Code::OutOfRange),
            (message(1, &bomb), 2 << 20, Code::OutOfRange),
            (message(1, &zip(&vec![0; 1 << 20])), (1 << 20) - 1, Code::OutOfRange),
            (message(1, b"{}"), 100, Code::InvalidArgument),
            (short, 1 << 20, Code::InvalidArgument),
            (Bytes::from_static(&[1]), 1 << 20, Code::InvalidArgument),
        ] {
            assert_eq!(plain("gzip", message, limit).await.unwrap_err().code, code);
        }
        let unknown = plain("snappy", message(1, b"{}"), 100).await.unwrap_err();
        assert_eq!(unknown.code, Code::Unimplemented);
        assert!(unknown.message.contains("gzip"));
    }
}
