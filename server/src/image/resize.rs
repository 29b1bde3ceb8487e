//! Resizes by filters of its own: `fast_image_resize` makes the function's program 1.1 MB larger, by a copy of each loop for
//! each type of pixel, and differs from TensorFlow by up to 1 of 255.

use super::pixels::Pixels;
use super::preparation::{Method, Preparation};
use super::size::Size;

/// Bytes of weights, and of what keeps rows, for each pixel of a side before and after.
const BYTES_PER_SIDE_PIXEL: usize = 96;

/// Returns the bytes of memory that resizing takes besides the image.
pub(super) fn memory(size: Size, channels: usize, preparation: &Preparation) -> usize {
    let &Preparation { width, height, .. } = preparation;
    let values = channels * width * (size.height + height);
    size_of::<f32>() * values + BYTES_PER_SIDE_PIXEL * (size.width + size.height + width + height)
}

/// Resizes an image. Returns its values row by row, of as many channels as it has.
pub(super) fn resized(pixels: &Pixels, preparation: &Preparation) -> Vec<f32> {
    let &Preparation { width, height, antialias, .. } = preparation;
    let columns = sources(pixels.size.width, width, preparation);
    let rows = sources(pixels.size.height, height, preparation);
    let mut narrow: Vec<Option<Vec<f32>>> = vec![None; pixels.size.height];
    let mut result = vec![0.0; width * height * pixels.channels];
    for (sums, Source { first, weights }) in result.chunks_exact_mut(width * pixels.channels).zip(&rows) {
        for (row, weight) in (*first..).zip(weights) {
            // An image that becomes smaller may have rows that nothing is made of.
            let values = narrow[row].get_or_insert_with(|| resized_row(pixels, row, &columns, antialias));
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum += *value * weight;
            }
        }
    }
    if antialias {
        round_to_bytes(&mut result);
    }
    result
}

/// The pixels of a side that one of the result is the weighted sum of.
struct Source {
    first: usize,
    weights: Vec<f32>,
}

/// Finds what each pixel of a side is made of.
fn sources(from: usize, to: usize, preparation: &Preparation) -> Vec<Source> {
    let &Preparation { method, antialias, .. } = preparation;
    let source = |index: usize| {
        // TensorFlow computes positions in float32: in float64, the nearest pixels are others.
        let center = (index as f32 + 0.5) * (from as f32 / to as f32);
        match method {
            Method::Nearest => Source { first: (center as usize).min(from - 1), weights: vec![1.0] },
            _ if antialias => {
                let scale = from as f64 / to as f64;
                weighted((index as f64 + 0.5) * scale - 0.5, scale.max(1.0), method, from)
            }
            Method::Bilinear => weighted(f64::from(center - 0.5), 1.0, method, from),
            Method::Bicubic => weighted(in_table(center - 0.5), 1.0, method, from),
        }
    };
    (0..to).map(source).collect()
}

/// The position whose weights TensorFlow's table has, which knows 1024 between two pixels.
fn in_table(position: f32) -> f64 {
    let floor = position.floor();
    f64::from(floor + ((position - floor) * 1024.0).round_ties_even() / 1024.0)
}

/// Weighs the pixels about a position. Those beyond the edge count as if they were not there.
fn weighted(position: f64, stretch: f64, method: Method, from: usize) -> Source {
    let reach = stretch * if method == Method::Bicubic { 2.0 } else { 1.0 };
    let first = (position - reach).ceil().max(0.0) as usize;
    let last = ((position + reach).floor() as usize).min(from - 1);
    let weight = |pixel: usize| weight(method, ((pixel as f64 - position) / stretch).abs());
    let sum: f64 = (first..=last).map(weight).sum();
    Source { first, weights: (first..=last).map(|pixel| (weight(pixel) / sum) as f32).collect() }
}

/// Returns the weight of a pixel at a distance, in pixels of the result where that is smaller.
fn weight(method: Method, distance: f64) -> f64 {
    match method {
        // Both TensorFlow's and Pillow's, after Keys (1981) with the parameter -0.5.
        Method::Bicubic if distance < 1.0 => (1.5 * distance - 2.5) * distance * distance + 1.0,
        Method::Bicubic if distance < 2.0 => ((-0.5 * distance + 2.5) * distance - 4.0) * distance + 2.0,
        Method::Bicubic => 0.0,
        Method::Bilinear | Method::Nearest => (1.0 - distance).max(0.0),
    }
}

/// Makes one row as wide as the result.
fn resized_row(pixels: &Pixels, row: usize, columns: &[Source], antialias: bool) -> Vec<f32> {
    let channels = pixels.channels;
    let bytes = &pixels.bytes[row * pixels.size.width * channels..][..pixels.size.width * channels];
    let mut result = vec![0.0; columns.len() * channels];
    for channel in 0..channels {
        let values: Vec<f32> = bytes[channel..].iter().step_by(channels).map(|&byte| f32::from(byte)).collect();
        for (sum, Source { first, weights }) in result[channel..].iter_mut().step_by(channels).zip(columns) {
            *sum = dot(&values[*first..first + weights.len()], weights);
        }
    }
    // Pillow rounds what it gets of the columns, and then of the rows.
    if antialias {
        round_to_bytes(&mut result);
    }
    result
}

/// Multiplies two vectors of one length, eight elements at once.
fn dot(left: &[f32], right: &[f32]) -> f32 {
    let ((left, last_left), (right, last_right)) = (left.as_chunks::<8>(), right.as_chunks::<8>());
    let mut sums = [0.0; 8];
    for (left, right) in left.iter().zip(right) {
        for (sum, (left, right)) in sums.iter_mut().zip(left.iter().zip(right)) {
            *sum += left * right;
        }
    }
    sums.iter().sum::<f32>() + last_left.iter().zip(last_right).map(|(left, right)| left * right).sum::<f32>()
}

fn round_to_bytes(values: &mut [f32]) {
    for value in values {
        *value = (*value + 0.5).floor().clamp(0.0, 255.0);
    }
}
