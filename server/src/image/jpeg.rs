use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::fault::Fault;
use super::limits::LONGEST_SIDE;
use super::pixels::{Pixels, Weights};
use super::size::Size;

/// A JPEG whose header is read.
pub(super) struct Jpeg<'p> {
    decoder: Box<JpegDecoder<ZCursor<&'p [u8]>>>,
    pub size: Size,
    /// Bytes of the decoded image, with what is kept to decode it.
    pub memory: usize,
    channels: usize,
    is_gray_wanted: bool,
}

impl<'p> Jpeg<'p> {
    pub(super) fn open(encoded: &'p [u8], is_gray_wanted: bool) -> Result<Self, Fault> {
        let scan = Scan::first(encoded)?;
        let size = Size::checked(scan.width, scan.height)?;
        if !matches!(scan.channels, 1 | 3) {
            return Err(Fault::Channels(scan.channels));
        }
        // A block takes a bit at least, which says that it is as the one before.
        size.within(NAME, encoded, (size.width.div_ceil(BLOCK_SIDE) * size.height.div_ceil(BLOCK_SIDE)).div_ceil(8))?;
        // Ended by force, its last rows would be gray.
        if memchr::memmem::rfind(&encoded[scan.at..], END_OF_IMAGE).is_none() {
            return Err(Fault::damaged(NAME, &"it has no end"));
        }
        let options = DecoderOptions::default()
            .set_strict_mode(true)
            .set_max_width(LONGEST_SIDE)
            .set_max_height(LONGEST_SIDE)
            .jpeg_set_out_colorspace(ColorSpace::RGB);
        let mut decoder = Box::new(JpegDecoder::new_with_options(ZCursor::new(encoded), options));
        decoder.decode_headers().map_err(damaged)?;
        let is_luma = match decoder.input_colorspace() {
            Some(ColorSpace::Luma) => true,
            // The first channel is gray already.
            Some(ColorSpace::YCbCr) => is_gray_wanted,
            Some(ColorSpace::RGB) => false,
            _ => return Err(Fault::Channels(scan.channels)),
        };
        let (space, channels) = if is_luma { (ColorSpace::Luma, 1) } else { (ColorSpace::RGB, 3) };
        decoder.set_options(options.jpeg_set_out_colorspace(space));
        let padded = size.width.next_multiple_of(LONGEST_UNIT_SIDE) * size.height.next_multiple_of(LONGEST_UNIT_SIDE);
        // What becomes gray may be kept twice.
        let all = padded * if is_gray_wanted { 2 } else { 1 };
        let kept = if scan.is_only {
            LONGEST_UNIT_SIDE * size.width.next_multiple_of(LONGEST_UNIT_SIDE) * KEPT_ROWS
        } else {
            all
        };
        let memory = size.pixels() * channels + kept * scan.channels * COEFFICIENT_BYTES + encoded.len();
        Ok(Self { decoder, size, memory, channels, is_gray_wanted })
    }

    pub(super) fn decode(mut self) -> Result<Pixels, Fault> {
        let bytes = self.decoder.decode().map_err(damaged)?;
        if bytes.len() != self.size.pixels() * self.channels {
            return Err(Fault::damaged(NAME, &"it has another size than its header says"));
        }
        let pixels = Pixels { size: self.size, channels: self.channels, bytes };
        Ok(if self.is_gray_wanted { pixels.gray(Weights::JPEG) } else { pixels })
    }
}

const NAME: &str = "JPEG";
const END_OF_IMAGE: &[u8] = &[0xFF, 0xD9];
/// The side of what is transformed together, in pixels.
const BLOCK_SIDE: usize = 8;
/// The longest side of what is coded together, in pixels.
const LONGEST_UNIT_SIDE: usize = 32;
/// Rows of such units that are kept with what they are enlarged to.
const KEPT_ROWS: usize = 4;
/// Bytes of a number before it is a pixel.
const COEFFICIENT_BYTES: usize = 2;

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn damaged(error: DecodeErrors) -> Fault {
    Fault::damaged(NAME, &error)
}

/// The header of a JPEG, up to its first scan.
struct Scan {
    width: usize,
    height: usize,
    channels: usize,
    /// True if the scan has all channels of all pixels: nothing is kept until the next one.
    is_only: bool,
    /// Position of its first byte.
    at: usize,
}

impl Scan {
    fn first(encoded: &[u8]) -> Result<Self, Fault> {
        Self::find(encoded).ok_or_else(|| Fault::damaged(NAME, &"its header is not complete"))
    }

    fn find(encoded: &[u8]) -> Option<Self> {
        let mut at = 2;
        let mut frame = None;
        loop {
            // Any number of bytes may fill the space before a marker.
            at += memchr::memchr(0xFF, encoded.get(at..)?)?;
            at += encoded.get(at..)?.iter().position(|&byte| byte != 0xFF)?;
            let marker = encoded[at];
            let segment = encoded.get(at + 1..)?;
            let length = usize::from(u16::from_be_bytes([*segment.first()?, *segment.get(1)?]));
            let segment = segment.get(2..length)?;
            at += 1 + length;
            match marker {
                // Baseline, extended and progressive. Others are refused by the decoder, which has the words.
                0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
                    let &[_, height, height_low, width, width_low, channels, ..] = segment else { return None };
                    let number = |high, low| usize::from(u16::from_be_bytes([high, low]));
                    let size = (number(width, width_low), number(height, height_low));
                    frame = Some((size, usize::from(channels), marker == 0xC0 || marker == 0xC1));
                }
                0xDA => {
                    let ((width, height), channels, is_sequential) = frame?;
                    let is_only = is_sequential && usize::from(*segment.first()?) == channels;
                    return Some(Self { width, height, channels, is_only, at });
                }
                _ => {}
            }
        }
    }
}
