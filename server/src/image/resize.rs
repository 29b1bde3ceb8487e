use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::{F32, F32x3, U8, U8x3};
use fast_image_resize::{FilterType, ImageView, PixelTrait, ResizeAlg, ResizeOptions, Resizer};

use super::fault::Fault;
use super::pixels::Pixels;
use super::preparation::{Method, Preparation};
use super::size::Size;

/// Of a table that resizes, for each pixel of a side, in bytes.
const TABLE: usize = 64;

/// Returns the bytes of memory that resizing takes besides the picture.
pub(super) fn memory(size: Size, channels: usize, preparation: &Preparation) -> usize {
    let Preparation { width, height, .. } = *preparation;
    let tables = TABLE * (size.width + size.height + width + height);
    let result = width * height * channels;
    tables
        + if is_wide(preparation) {
            size_of::<f32>() * (result + channels * (size.pixels() + width * size.height))
        } else {
            result + channels * (size.width * height).max(width * size.height)
        }
}

/// Tells whether values beyond 0 to 255 are made, and halves of them.
fn is_wide(preparation: &Preparation) -> bool {
    preparation.method == Method::Bicubic && !preparation.antialias
}

/// Resizes a picture. Returns its values row by row, of as many channels as it has.
pub(super) fn resized(pixels: &Pixels, preparation: &Preparation) -> Result<Vec<f32>, Fault> {
    let (wide, three) = (is_wide(preparation), pixels.channels == 3);
    let resizing = Resizing { size: pixels.size, preparation };
    match (wide, three) {
        (false, false) => resizing.bytes::<U8, 1>(&pixels.bytes, |pixel| [pixel.0]),
        (false, true) => resizing.bytes::<U8x3, 3>(&pixels.bytes, |pixel| pixel.0),
        (true, false) => {
            let source = pixels.bytes.iter().map(|&byte| F32::new(f32::from(byte)));
            resizing.wide(source.collect(), |pixel| [pixel.0])
        }
        (true, true) => {
            let source = pixels.bytes.as_chunks().0.iter().map(|&chunk: &[u8; 3]| F32x3::new(chunk.map(f32::from)));
            resizing.wide(source.collect(), |pixel| pixel.0)
        }
    }
}

struct Resizing<'a> {
    size: Size,
    preparation: &'a Preparation,
}

impl Resizing<'_> {
    fn bytes<P: PixelTrait, const N: usize>(
        &self,
        bytes: &[u8],
        values: impl Fn(&P) -> [u8; N],
    ) -> Result<Vec<f32>, Fault> {
        let (width, height) = (self.size.width as u32, self.size.height as u32);
        let source = TypedImageRef::from_buffer(width, height, bytes).map_err(|error| failed(&error))?;
        let result = self.resize(&source)?;
        Ok(result.pixels().iter().flat_map(|pixel| values(pixel).map(f32::from)).collect())
    }

    fn wide<P: PixelTrait, const N: usize>(
        &self,
        source: Vec<P>,
        values: impl Fn(&P) -> [f32; N],
    ) -> Result<Vec<f32>, Fault> {
        let (width, height) = (self.size.width as u32, self.size.height as u32);
        let source = TypedImage::from_pixels(width, height, source).map_err(|error| failed(&error))?;
        let result = self.resize(&source)?;
        Ok(result.pixels().iter().flat_map(values).collect())
    }

    fn resize<P: PixelTrait>(&self, source: &impl ImageView<Pixel = P>) -> Result<TypedImage<'static, P>, Fault> {
        let &Preparation { width, height, method, antialias, .. } = self.preparation;
        let (width, height) = (width as u32, height as u32);
        let filter = match method {
            Method::Bilinear => FilterType::Bilinear,
            // Both TensorFlow's and Pillow's, whose parameter is -0.5.
            Method::Bicubic => FilterType::CatmullRom,
            Method::Nearest => return Ok(nearest(source, width, height)),
        };
        if antialias {
            // Pillow resizes rows first, and rounds what it gets: in the other order, edges would differ.
            let rows = step(source, (width, source.height()), ResizeAlg::Convolution(filter))?;
            return step(&rows, (width, height), ResizeAlg::Convolution(filter));
        }
        step(source, (width, height), ResizeAlg::Interpolation(filter))
    }
}

fn step<P: PixelTrait>(
    source: &impl ImageView<Pixel = P>,
    (width, height): (u32, u32),
    algorithm: ResizeAlg,
) -> Result<TypedImage<'static, P>, Fault> {
    let mut result = TypedImage::new(width, height);
    let options = ResizeOptions::new().resize_alg(algorithm).use_alpha(false);
    Resizer::new().resize_typed(source, &mut result, &options).map_err(|error| failed(&error))?;
    Ok(result)
}

/// Takes the pixels that are nearest in float32, as TensorFlow computes it: in float64, some are others.
fn nearest<P: PixelTrait>(source: &impl ImageView<Pixel = P>, width: u32, height: u32) -> TypedImage<'static, P> {
    let position = |index: u32, of: u32, result: u32| {
        let position = (index as f32 + 0.5) * (of as f32 / result as f32);
        (position as u32).min(of - 1)
    };
    let columns: Vec<_> = (0..width).map(|x| position(x, source.width(), width) as usize).collect();
    let mut image = TypedImage::new(width, height);
    for (y, pixels) in image.pixels_mut().chunks_exact_mut(width as usize).enumerate() {
        let row = source.iter_rows(position(y as u32, source.height(), height)).next();
        for (pixel, &column) in pixels.iter_mut().zip(&columns) {
            *pixel = row.and_then(|row| row.get(column)).copied().unwrap_or_default();
        }
    }
    image
}

fn failed(error: &dyn std::error::Error) -> Fault {
    Fault::damaged("picture", &error)
}
