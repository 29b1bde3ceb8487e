use std::time::Instant;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use hyper::header::{CONTENT_ENCODING, HeaderMap};

use super::budget::{BYTES_PER_REQUEST, Share};
use super::failure::Failure;
use super::state::State;
use crate::inflate::{Coding, Fault, LARGEST_RATIO, Unzipped};
use crate::model::Description;
use crate::rest::Need;

/// Most bytes to read and drop of a refused body: a client that is answered before it has sent everything may never look.
const MOST_DISCARDED_BYTES: usize = 64 << 20;
/// Most bytes of memory that are set aside before anything has arrived.
const MOST_RESERVED_BYTES: usize = 128 << 10;

/// A request's body.
pub(super) enum Body {
    Plain(Bytes),
    /// With the limit of what it unzips to: many times as much, which takes time that threads with connections do not have.
    Zipped(Bytes, Coding, usize),
}

impl Body {
    /// The number of its bytes; `None` before it is unzipped.
    pub(super) fn size(&self) -> Option<usize> {
        match self {
            Self::Plain(bytes) => Some(bytes.len()),
            Self::Zipped(..) => None,
        }
    }

    /// The number of bytes that came, where they are fewer than it has.
    pub(super) fn unsent(&self) -> Option<usize> {
        match self {
            Self::Plain(_) => None,
            Self::Zipped(bytes, ..) => Some(bytes.len()),
        }
    }

    /// Tells whether it may hold images, as far as it can be told before it is unzipped.
    pub(super) fn may_hold_images(&self, description: &Description) -> bool {
        matches!(self, Self::Plain(bytes) if description.may_hold_images(bytes))
    }

    /// Returns it uncompressed.
    pub(super) fn plain(self, share: &mut Share) -> Result<Bytes, Failure> {
        match self {
            Self::Plain(bytes) => Ok(bytes),
            Self::Zipped(bytes, coding, limit) => unzip(coding, &bytes, limit, 0, share).map(Bytes::from),
        }
    }
}

/// Takes the memory for a request, and reads its body, which may be zipped.
pub(super) async fn read(
    state: &State,
    headers: &HeaderMap,
    body: Incoming,
    deadline: Instant,
) -> Result<(Body, Share), Failure> {
    let limit = state.max_request_bytes;
    let mut share = match state.budget.share(headers, BYTES_PER_REQUEST) {
        Ok(share) => share,
        Err(failure) => {
            discard(body, deadline).await;
            return Err(failure);
        }
    };
    share.until(deadline);
    let bytes = collect(body, limit, &mut share, deadline).await?;
    share.sent(bytes.len());
    let coding = headers.get(CONTENT_ENCODING).map_or("", |value| value.to_str().unwrap_or("?"));
    let body = match Coding::read(coding).map_err(Failure::invalid)? {
        None => Body::Plain(bytes),
        Some(coding) => Body::Zipped(bytes, coding, limit),
    };
    Ok((body, share))
}

/// Collects a body, until the deadline.
pub(super) async fn collect(
    body: Incoming,
    limit: usize,
    share: &mut Share,
    deadline: Instant,
) -> Result<Bytes, Failure> {
    let arrived = tokio::time::timeout_at(deadline.into(), frames(body, limit, share)).await;
    arrived.unwrap_or_else(|_| Err(Failure::slow_client()))
}

async fn frames(mut body: Incoming, limit: usize, share: &mut Share) -> Result<Bytes, Failure> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let mut refused = (announced > limit).then(|| Failure::too_large(limit));
    let mut first = None;
    let mut bytes = Vec::new();
    let mut size = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Failure::invalid("the request's body ended before its end"))?;
        let Ok(data) = frame.into_data() else { continue };
        size = size.saturating_add(data.len());
        if refused.is_none() {
            let taken = if size > limit { Err(Failure::too_large(limit)) } else { share.take(data.len()) };
            refused = taken.err();
            if refused.is_some() {
                (first, bytes) = (None, Vec::new());
                share.keep(0);
            }
        }
        if refused.is_some() {
            if announced.max(size) > limit.saturating_add(MOST_DISCARDED_BYTES) {
                break;
            }
        } else if size == announced && bytes.is_empty() {
            first = Some(data);
        } else {
            if bytes.capacity() < size {
                bytes.reserve_exact(capacity(announced, size) - bytes.len());
            }
            bytes.extend_from_slice(&data);
        }
    }
    match refused {
        Some(refused) => Err(refused),
        None => Ok(first.unwrap_or_else(|| bytes.into())),
    }
}

/// Returns the capacity for a body of which so many bytes have arrived: at most twice as many, and no more than are announced.
/// A block that is larger than the body could be one that the allocator takes from the system each time.
fn capacity(announced: usize, arrived: usize) -> usize {
    let next = arrived.saturating_mul(2);
    if announced < arrived { next } else { next.max(MOST_RESERVED_BYTES).min(announced) }
}

/// Reads what comes with a request that needs no body: its client then sees the answer, and keeps the connection.
pub(super) async fn discard(mut body: Incoming, deadline: Instant) {
    let all = async {
        let mut size = 0;
        while let Some(Ok(frame)) = body.frame().await {
            size += frame.data_ref().map_or(0, Bytes::len);
            if size > MOST_DISCARDED_BYTES {
                break;
            }
        }
    };
    let _ = tokio::time::timeout_at(deadline.into(), all).await;
}

/// Unzips a body, and takes the memory for it.
///
/// # Arguments
///
/// * `limit`: of what it unzips to.
/// * `before`: so many bytes of 0 come before it.
pub(super) fn unzip(
    coding: Coding,
    bytes: &[u8],
    limit: usize,
    before: usize,
    share: &mut Share,
) -> Result<Vec<u8>, Failure> {
    let take = |bytes| share.take_in_time(Need { bytes, pixels: 0 });
    let inflated = coding.inflate(bytes, limit, before, take);
    share.uncompressed();
    inflated.map_err(|unzipped| match unzipped {
        Unzipped::Ended(failure) => failure,
        Unzipped::Fault(Fault::TooLarge) => Failure::too_large(limit),
        Unzipped::Fault(Fault::Ratio) => Failure::inflated(LARGEST_RATIO),
        Unzipped::Fault(Fault::Wrong(error)) => {
            Failure::invalid(format!("the request's body is not {}: {error}", coding.name()))
        }
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::super::budget::Budget;
    use super::*;

    fn unzip(bytes: &[u8], limit: usize) -> Result<Vec<u8>, Failure> {
        super::unzip(
            Coding::Gzip,
            bytes,
            limit,
            0,
            &mut Budget::new(8 << 20).share(&HeaderMap::new(), BYTES_PER_REQUEST).unwrap(),
        )
    }

    fn zip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_body_has_room_for_what_is_announced_and_at_most_twice_what_arrived() {
        assert_eq!([capacity(1 << 20, 1 << 10), capacity(5 << 10, 1 << 10)], [MOST_RESERVED_BYTES, 5 << 10]);
        assert_eq!([capacity(602_112, 300_000), capacity(602_112, 400_000)], [600_000, 602_112]);
        assert_eq!([capacity(0, 1 << 20), capacity(0, 10)], [2 << 20, 20]);
    }

    #[test]
    fn what_is_unzipped_has_the_same_limit() {
        let bomb = zip(&vec![0; 1 << 20]);
        assert_eq!(unzip(&bomb, 1 << 20).unwrap().len(), 1 << 20);
        assert_eq!(unzip(&bomb, (1 << 20) - 1).unwrap_err().status, 413);
    }

    #[test]
    fn what_is_unzipped_takes_of_the_budget_and_is_not_thousands_of_times_as_much() {
        assert_eq!(unzip(&zip(&vec![0; (1 << 20) + 1]), usize::MAX).unwrap_err(), Failure::inflated(LARGEST_RATIO));
        let random: Vec<u8> = (0..9_u32 << 18).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        assert_eq!(unzip(&zip(&random), usize::MAX).unwrap_err().status, 413);
        assert_eq!(unzip(&zip(&random[..7 << 20]), usize::MAX).unwrap(), random[..7 << 20]);
    }

    #[test]
    fn what_is_not_gzip_is_the_clients_fault() {
        assert_eq!(unzip(b"{}", 100).unwrap_err().status, 400);
        let whole = zip(b"{}");
        assert_eq!(unzip(&whole[..whole.len() - 2], 100).unwrap_err().status, 400);
    }
}
