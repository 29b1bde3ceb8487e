//! Places of calls that last, on a connection and among all.

use std::sync::Arc;

use hyper::StatusCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::Code;

use super::failure::Failure;

/// Memory of a call that lasts, in bytes: the library keeps buffers and a channel for each.
pub(super) const BYTES_PER_LASTING_CALL: usize = 32 << 10;
/// Most calls that last on one connection: a tool asks once, and a channel watches once for each service.
const LASTING_CALLS_PER_CONNECTION: usize = 8;
/// The share of the memory of all requests that calls which last may take: without a bound they would keep it from
/// predictions for as long as their clients want.
const SHARE_OF_LASTING_CALLS: usize = 8;

/// The calls that last: of one connection, or of all.
#[derive(Clone)]
pub(super) struct Streams(Arc<Semaphore>);

/// The place of one on its connection, and among all.
pub(super) type Place = [OwnedSemaphorePermit; 2];

impl Streams {
    /// Allows as many as a connection may have.
    pub(super) fn of_a_connection() -> Self {
        Self(Arc::new(Semaphore::new(LASTING_CALLS_PER_CONNECTION)))
    }

    /// Allows as many as all connections may have together.
    ///
    /// # Arguments
    ///
    /// * `memory`: of all requests, in bytes.
    pub(super) fn of_all(memory: usize) -> Self {
        Self(Arc::new(Semaphore::new(memory / SHARE_OF_LASTING_CALLS / BYTES_PER_LASTING_CALL)))
    }

    /// Takes a place of a connection, and of all.
    pub(super) fn place(&self, all: &Self) -> Result<Place, Failure> {
        let take = |streams: &Self| Arc::clone(&streams.0).try_acquire_owned().map_err(|_| too_many());
        Ok([take(self)?, take(all)?])
    }
}

/// Says that no memory is left for the headers of a call.
pub(super) fn too_many() -> Failure {
    let message =
        "as many calls are open as may; end those of reflection or of watching the health, or try again later";
    Failure::new(StatusCode::SERVICE_UNAVAILABLE, Code::ResourceExhausted, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_has_few_and_all_together_a_part_of_the_memory() {
        let all = Streams::of_all(SHARE_OF_LASTING_CALLS * BYTES_PER_LASTING_CALL * (LASTING_CALLS_PER_CONNECTION + 1));
        let (one, other) = (Streams::of_a_connection(), Streams::of_a_connection());
        let mut places: Vec<_> = (0..LASTING_CALLS_PER_CONNECTION).map(|_| one.place(&all).unwrap()).collect();
        assert_eq!(one.place(&all).err().map(|failure| failure.code), Some(Code::ResourceExhausted));
        places.push(other.place(&all).unwrap());
        assert!(other.place(&all).is_err());
        drop(places);
        assert!(one.place(&all).is_ok());
    }
}
