//! Bodies that clients have zipped.

use std::cell::RefCell;
use std::io::{self, BufRead, Read};

/// Bytes that are unzipped before their memory is taken.
const STEP_BYTES: usize = 64 << 10;
/// Bytes of a zipped body between two looks at whether anybody waits: they may unzip to nothing.
const ZIPPED_STEP_BYTES: usize = 16 << 10;
/// Greatest ratio of an unzipped body to the zipped one, beyond its first bytes.
pub(crate) const LARGEST_RATIO: usize = 100;
/// Unzipped bytes of which no ratio is asked.
const ANY_RATIO: usize = 1 << 20;

/// Compression of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Gzip,
    /// With zlib's header, as HTTP has it.
    Deflate,
}

/// The reason why a body cannot be unzipped.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Body with more bytes than the limit.
    TooLarge,
    /// Body that unzips to more than [`LARGEST_RATIO`] times its size.
    Ratio,
    /// Body that is not what its header says.
    Wrong(io::Error),
}

/// The reason why nothing is unzipped.
#[derive(Debug)]
pub(crate) enum Unzipped<E> {
    /// The body's.
    Fault(Fault),
    /// Reason of who takes the memory.
    Ended(E),
}

impl<E> From<Fault> for Unzipped<E> {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
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

    /// Returns the name of the coding.
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
    /// * `take`: takes the memory for so many bytes; it is asked for none again and again, so that it can end this.
    pub(crate) fn inflate<E>(
        self,
        zipped: &[u8],
        limit: usize,
        before: usize,
        take: impl FnMut(usize) -> Result<(), E>,
    ) -> Result<Vec<u8>, Unzipped<E>> {
        let (take, ended) = (RefCell::new(take), RefCell::new(None));
        let wanted = || {
            let Err(error) = take.borrow_mut()(0) else { return Ok(()) };
            *ended.borrow_mut() = Some(error);
            Err(io::Error::other("nobody waits"))
        };
        let looking = Looking { rest: zipped, unlooked: 0, wanted };
        let (size, take) = (zipped.len(), |bytes| take.borrow_mut()(bytes));
        let plain = match self {
            Self::Gzip => inflate(flate2::bufread::MultiGzDecoder::new(looking), size, limit, before, take),
            Self::Deflate => inflate(flate2::bufread::ZlibDecoder::new(looking), size, limit, before, take),
        };
        ended.take().map_or(plain, |error| Err(Unzipped::Ended(error)))
    }
}

/// A zipped body that looks now and then whether it is wanted.
struct Looking<'z, W> {
    rest: &'z [u8],
    unlooked: usize,
    wanted: W,
}

impl<W: FnMut() -> io::Result<()>> BufRead for Looking<'_, W> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.unlooked >= ZIPPED_STEP_BYTES {
            self.unlooked = 0;
            (self.wanted)()?;
        }
        Ok(&self.rest[..self.rest.len().min(ZIPPED_STEP_BYTES - self.unlooked)])
    }

    fn consume(&mut self, bytes: usize) {
        self.rest = &self.rest[bytes..];
        self.unlooked += bytes;
    }
}

impl<W: FnMut() -> io::Result<()>> Read for Looking<'_, W> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

fn inflate<E>(
    mut reader: impl Read,
    zipped: usize,
    limit: usize,
    before: usize,
    mut take: impl FnMut(usize) -> Result<(), E>,
) -> Result<Vec<u8>, Unzipped<E>> {
    let mut plain = vec![0; before];
    loop {
        take(STEP_BYTES).map_err(Unzipped::Ended)?;
        let more = (&mut reader).take(STEP_BYTES as u64).read_to_end(&mut plain).map_err(Fault::Wrong)?;
        let size = plain.len() - before;
        if size > limit {
            return Err(Fault::TooLarge.into());
        }
        if size > zipped.saturating_mul(LARGEST_RATIO).max(ANY_RATIO) {
            return Err(Fault::Ratio.into());
        }
        if more < STEP_BYTES {
            return Ok(plain);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// Returns what unzips to nothing.
    fn empty_members(count: usize) -> Vec<u8> {
        let member = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()).finish().unwrap();
        member.repeat(count)
    }

    #[test]
    fn a_body_that_unzips_to_nothing_ends_when_nobody_waits() {
        let zipped = empty_members(10_000);
        let mut asked = 0;
        let unzipped = Coding::Gzip.inflate(&zipped, 1 << 20, 0, |_| {
            asked += 1;
            if asked < 4 { Ok(()) } else { Err("gone") }
        });
        assert!(matches!(unzipped, Err(Unzipped::Ended("gone"))), "{unzipped:?}");
        assert_eq!(asked, 4);
    }

    #[test]
    fn members_are_unzipped_one_after_the_other() {
        let mut encoder = flate2::write::GzEncoder::new(empty_members(2000), flate2::Compression::fast());
        encoder.write_all(b"abc").unwrap();
        let zipped = [encoder.finish().unwrap(), empty_members(2000)].concat();
        assert_eq!(Coding::Gzip.inflate::<()>(&zipped, 3, 2, |_| Ok(())).unwrap(), b"\0\0abc");
    }
}
