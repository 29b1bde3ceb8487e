use std::panic::{AssertUnwindSafe, catch_unwind};

use super::fault::Fault;
use super::format::Format;
use super::jpeg::Jpeg;
use super::pixels::Pixels;
use super::png::Png;
use super::preparation::Preparation;
use super::resize;

/// An image whose header is read.
pub struct EncodedImage<'p> {
    encoded: Encoded<'p>,
    preparation: &'p Preparation,
}

enum Encoded<'p> {
    Jpeg(Jpeg<'p>),
    Png(Box<Png<'p>>),
}

impl<'p> EncodedImage<'p> {
    /// Reads the header. Nothing is allocated by the size that it says.
    pub fn open(encoded: &'p [u8], preparation: &'p Preparation) -> Result<Self, Fault> {
        let is_gray_wanted = preparation.channels == 1;
        let encoded = match Format::of(encoded)? {
            Format::Jpeg => Encoded::Jpeg(Jpeg::open(encoded, is_gray_wanted)?),
            Format::Png => Encoded::Png(Box::new(Png::open(encoded, is_gray_wanted)?)),
        };
        Ok(Self { encoded, preparation })
    }

    /// Returns how many pixels it says to have.
    #[must_use]
    pub fn pixels(&self) -> usize {
        match &self.encoded {
            Encoded::Jpeg(jpeg) => jpeg.size.pixels(),
            Encoded::Png(png) => png.size.pixels(),
        }
    }

    /// Returns the bytes of memory that [`Self::values`] takes at most, with what it returns.
    #[must_use]
    pub fn memory(&self) -> usize {
        let (size, decoded) = match &self.encoded {
            Encoded::Jpeg(jpeg) => (jpeg.size, jpeg.memory),
            Encoded::Png(png) => (png.size, png.memory),
        };
        let &Preparation { width, height, channels, .. } = self.preparation;
        let values = 2 * size_of::<f32>() * width * height * channels;
        decoded + resize::memory(size, channels, self.preparation) + values
    }

    /// Decodes and resizes the image. Returns the values that the model takes, row by row.
    pub fn values(self) -> Result<Vec<f32>, Fault> {
        let preparation = self.preparation;
        // An image that a decoder was not written for must not cost a copy of the model.
        let decoded = catch_unwind(AssertUnwindSafe(|| self.decode()));
        let pixels = decoded.unwrap_or_else(|_| Err(Fault::damaged("image", &"its decoder failed")))?;
        let resized = resize::resized(&pixels, preparation);
        let channels = pixels.channels;
        drop(pixels);
        let mut values = Vec::with_capacity(preparation.width * preparation.height * preparation.channels);
        for pixel in resized.chunks_exact(channels) {
            for (position, (scale, offset)) in preparation.channel_values.iter().enumerate() {
                let from = if preparation.reverses_channels { preparation.channels - 1 - position } else { position };
                // Gray stands for all channels.
                values.push(pixel[from.min(channels - 1)] * scale + offset);
            }
        }
        Ok(values)
    }

    fn decode(self) -> Result<Pixels, Fault> {
        match self.encoded {
            Encoded::Jpeg(jpeg) => jpeg.decode(),
            Encoded::Png(png) => png.decode(),
        }
    }
}
