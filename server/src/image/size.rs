use super::fault::Fault;
use super::limits::{LONGEST_SIDE, MOST_PIXELS};

/// The size of an image, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    pub width: usize,
    pub height: usize,
}

impl Size {
    /// Checks the size that a header has, before anything is allocated for it.
    pub(super) fn checked(width: usize, height: usize) -> Result<Self, Fault> {
        let fits = width.max(height) <= LONGEST_SIDE && width * height <= MOST_PIXELS;
        if fits { Ok(Self { width, height }) } else { Err(Fault::TooLarge(width, height)) }
    }

    pub(super) fn pixels(self) -> usize {
        self.width * self.height
    }

    /// Refuses a file that cannot hold so many pixels, before they are decoded to what stands for missing ones.
    ///
    /// # Arguments
    ///
    /// * `least`: bytes that every file of this size has.
    pub(super) fn within(self, format: &'static str, encoded: &[u8], least: usize) -> Result<(), Fault> {
        let (Self { width, height }, bytes) = (self, encoded.len());
        if bytes < least { Err(Fault::TooFewBytes { format, bytes, width, height }) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_image_has_a_limit_of_pixels_and_of_each_side() {
        for (width, height, fits) in [
            (5712, 4284, true),
            (1 << 13, 1 << 12, true),
            ((1 << 13) + 1, 1 << 12, false),
            (30_000, 30_000, false),
            (LONGEST_SIDE, 512, true),
            (LONGEST_SIDE + 1, 1, false),
            (1, u32::MAX as usize, false),
            (u32::MAX as usize, u32::MAX as usize, false),
        ] {
            assert_eq!(Size::checked(width, height).is_ok(), fits, "{width} {height}");
        }
        let fault = Size::checked(30_000, 30_000).unwrap_err().to_string();
        assert!(fault.contains("30000 x 30000") && fault.contains("33554432"), "{fault}");
    }
}
