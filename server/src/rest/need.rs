//! Limits what the images of a request may take.

use super::refusal::Refusal;
use crate::image::MOST_PIXELS;

/// Memory and pixels that an image of a request needs before it is decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Need {
    /// Bytes of memory, besides what was taken before.
    pub bytes: usize,
    /// Pixels that the image says to have.
    pub pixels: usize,
}

/// Lets a request have all that it needs.
pub fn unlimited(_: Need) -> Result<(), Refusal> {
    Ok(())
}

/// Pixels for each byte of a request, beyond those of one image. Photographs have two to eight; a body that is zipped may
/// repeat an image that says to have many.
const PIXELS_PER_BYTE: usize = 64;

/// The pixels that the images of one request may still have.
#[derive(Debug)]
pub(crate) struct Pixels {
    left: usize,
    all: usize,
}

impl Pixels {
    /// Counts those of a request of so many bytes, as they were sent.
    pub(crate) fn of(sent: usize) -> Self {
        let all = MOST_PIXELS.saturating_add(sent.saturating_mul(PIXELS_PER_BYTE));
        Self { left: all, all }
    }

    /// Takes those of the next image.
    pub(crate) fn take(&mut self, pixels: usize) -> Result<(), Refusal> {
        self.left = self.left.checked_sub(pixels).ok_or_else(|| {
            Refusal::too_large(format!(
                "the images of the request have more than {} pixels, {MOST_PIXELS} and {PIXELS_PER_BYTE} for each byte \
                 that was sent; send fewer or smaller ones",
                self.all
            ))
        })?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_have_the_pixels_of_the_largest_and_64_for_each_byte() {
        let mut pixels = Pixels::of(100);
        pixels.take(MOST_PIXELS).unwrap();
        pixels.take(6400).unwrap();
        let refusal = pixels.take(1).unwrap_err();
        assert_eq!(refusal.status, 413);
        assert!(refusal.message.contains("more than 33560832 pixels"), "{}", refusal.message);
        assert!(Pixels::of(usize::MAX).take(usize::MAX).is_ok());
    }
}
