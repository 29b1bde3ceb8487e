use std::io::Cursor;

use png::{BitDepth, ColorType, Decoder, DecodingError, Limits, Transformations};

use super::fault::Fault;
use super::pixels::{Pixels, Weights};
use super::size::Size;

/// A PNG whose header is read.
pub(super) struct Png<'p> {
    decoder: Decoder<Cursor<&'p [u8]>>,
    pub size: Size,
    /// Bytes of the decoded image.
    pub memory: usize,
    is_gray_wanted: bool,
    has_16_bits: bool,
}

impl<'p> Png<'p> {
    pub(super) fn open(encoded: &'p [u8], is_gray_wanted: bool) -> Result<Self, Fault> {
        let mut decoder = Decoder::new(Cursor::new(encoded));
        // None of their texts and profiles is unzipped.
        decoder.set_ignore_text_chunk(true);
        decoder.set_ignore_iccp_chunk(true);
        let info = decoder.read_header_info().map_err(damaged)?;
        let size = Size::checked(info.width as usize, info.height as usize)?;
        let bits = info.bits_per_pixel();
        // An interlaced one may have no byte for the filter of some rows.
        let plain = size.pixels() * bits / 8 + if info.interlaced { 0 } else { size.height };
        size.within(NAME, encoded, plain.div_ceil(LARGEST_DEFLATE_RATIO))?;
        let has_16_bits = info.bit_depth == BitDepth::Sixteen;
        // A chunk behind the header can make a color transparent.
        let samples = match info.color_type {
            ColorType::Grayscale | ColorType::GrayscaleAlpha => 2,
            ColorType::Rgb | ColorType::Indexed | ColorType::Rgba => 4,
        };
        let bytes = if has_16_bits { 2 } else { 1 };
        let is_wide = has_16_bits && is_gray_wanted && samples > 2;
        let image = size.pixels() * samples * if is_wide { 2 } else { 1 };
        let others = KEPT_ROWS * size.width * samples * bytes + WINDOW_BYTES + encoded.len();
        let memory = image + others;
        decoder.set_limits(Limits { bytes: others });
        // 16 bits are cut to the upper 8, as TensorFlow does.
        decoder.set_transformations(if is_wide {
            Transformations::EXPAND
        } else {
            Transformations::EXPAND | Transformations::STRIP_16
        });
        Ok(Self { decoder, size, memory, is_gray_wanted, has_16_bits })
    }

    /// Decodes the image, of an animated one the first.
    pub(super) fn decode(self) -> Result<Pixels, Fault> {
        let mut reader = self.decoder.read_info().map_err(damaged)?;
        let samples = reader.output_color_type().0.samples();
        let mut bytes = vec![0; reader.output_buffer_size().unwrap_or_default()];
        let frame = reader.next_frame(&mut bytes).map_err(damaged)?;
        // The chunks behind it may be missing in a file that is not complete.
        reader.finish().map_err(damaged)?;
        if (frame.width as usize, frame.height as usize) != (self.size.width, self.size.height) {
            return Err(Fault::damaged(NAME, &"its first frame is smaller than the image"));
        }
        if self.is_gray_wanted && self.has_16_bits && samples > 2 {
            return Ok(Pixels::gray_of_16_bits(self.size, samples, bytes));
        }
        let pixels = Pixels::without_alpha(self.size, samples, bytes);
        Ok(if self.is_gray_wanted { pixels.gray(Weights::PNG) } else { pixels })
    }
}

const NAME: &str = "PNG";
/// Bytes that one byte of deflate stands for at most.
const LARGEST_DEFLATE_RATIO: usize = 1032;
/// Rows that are kept at once as they are in the file, besides the image.
const KEPT_ROWS: usize = 10;
/// Bytes that are unzipped ahead.
const WINDOW_BYTES: usize = 256 << 10;

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn damaged(error: DecodingError) -> Fault {
    Fault::damaged(NAME, &error)
}
