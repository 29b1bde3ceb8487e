//! Bodies that clients have zipped.

use std::io::{self, Read};

/// Bytes that are unzipped before their memory is taken.
const STEP: usize = 64 << 10;
/// Greatest ratio of an unzipped body to the zipped one, beyond its first bytes.
pub(crate) const RATIO: usize = 100;
/// Unzipped bytes of which no ratio is asked.
const ANY_RATIO: usize = 1 << 20;

/// How a body is zipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Gzip,
    /// With zlib's header, as HTTP has it.
    Deflate,
}

/// The reason why a body cannot be unzipped.
#[derive(Debug)]
pub(crate) enum Fault {
    /// It has more than the limit.
    TooLarge,
    /// It unzips to more than [`RATIO`] times its size.
    Ratio,
    /// It is not what its header says.
    Wrong(io::Error),
}

impl Coding {
    /// Reads the header `Content-Encoding`.
    ///
    /// # Errors
    ///
    /// A sentence about an unknown one.
    pub(crate) fn read(header: &str) -> Result<Option<Self>, String> {
        match header.to_ascii_lowercase().as_str() {
            "" | "identity" => Ok(None),
            "gzip" | "x-gzip" => Ok(Some(Self::Gzip)),
            "deflate" => Ok(Some(Self::Deflate)),
            other => {
                let shown = crate::rest::sentence::printable(other, 40);
                Err(format!("unknown Content-Encoding '{shown}'; gzip, deflate and identity are understood"))
            }
        }
    }

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
        }
    }

    /// Tells whether a body begins as one that is zipped so.
    #[cfg(feature = "lambda")]
    pub(crate) fn begins(self, body: &[u8]) -> bool {
        match (self, body) {
            (Self::Gzip, [first, second, ..]) => [*first, *second] == [0x1F, 0x8B],
            // RFC 1950: the method of deflate, and a check of both bytes.
            (Self::Deflate, [first, second, ..]) => {
                first & 0x0F == 8 && u16::from_be_bytes([*first, *second]).is_multiple_of(31)
            }
            _ => false,
        }
    }

    /// Unzips a body.
    ///
    /// # Arguments
    ///
    /// * `limit`: of what it unzips to.
    /// * `before`: so many bytes of 0 come before it.
    /// * `take`: takes the memory for so many bytes.
    pub(crate) fn inflate<E: From<Fault>>(
        self,
        zipped: &[u8],
        limit: usize,
        before: usize,
        take: impl FnMut(usize) -> Result<(), E>,
    ) -> Result<Vec<u8>, E> {
        match self {
            Self::Gzip => inflate(flate2::read::MultiGzDecoder::new(zipped), zipped.len(), limit, before, take),
            Self::Deflate => inflate(flate2::read::ZlibDecoder::new(zipped), zipped.len(), limit, before, take),
        }
    }
}

fn inflate<E: From<Fault>>(
    mut reader: impl Read,
    zipped: usize,
    limit: usize,
    before: usize,
    mut take: impl FnMut(usize) -> Result<(), E>,
) -> Result<Vec<u8>, E> {
    let mut plain = vec![0; before];
    loop {
        take(STEP)?;
        let more = (&mut reader).take(STEP as u64).read_to_end(&mut plain).map_err(Fault::Wrong)?;
        let size = plain.len() - before;
        if size > limit {
            return Err(Fault::TooLarge.into());
        }
        if size > zipped.saturating_mul(RATIO).max(ANY_RATIO) {
            return Err(Fault::Ratio.into());
        }
        if more < STEP {
            return Ok(plain);
        }
    }
}
