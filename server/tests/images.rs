//! Images, decoded and resized as TensorFlow and Pillow do it: `images/make.py` wrote what they make of them.

use std::path::PathBuf;

use model_server::image::{EncodedImage, Fault, Method, Preparation};
use serde::Deserialize;

/// An image as TensorFlow or Pillow decoded and resized it.
#[derive(Debug, Deserialize)]
struct Reference {
    image: String,
    channels: usize,
    method: Method,
    antialias: bool,
    height: usize,
    width: usize,
    dtype: String,
    at: usize,
    bytes: usize,
}

impl Reference {
    fn preparation(&self) -> Preparation {
        Preparation {
            height: self.height,
            width: self.width,
            channels: self.channels,
            method: self.method,
            antialias: self.antialias,
            reverses_channels: false,
            channel_values: vec![(1.0, 0.0); self.channels],
        }
    }

    fn values(&self, all: &[u8]) -> Vec<f32> {
        let bytes = &all[self.at..self.at + self.bytes];
        match &self.dtype[..] {
            "uint8" => bytes.iter().map(|&byte| f32::from(byte)).collect(),
            _ => bytes.as_chunks().0.iter().map(|&chunk| f32::from_le_bytes(chunk)).collect(),
        }
    }
}

fn file(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests").join("images").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn preparation(channels: usize) -> Preparation {
    Preparation {
        height: 20,
        width: 30,
        channels,
        method: Method::Bilinear,
        antialias: false,
        reverses_channels: false,
        channel_values: vec![(1.0, 0.0); channels],
    }
}

fn values(encoded: &[u8], preparation: &Preparation) -> Result<Vec<f32>, Fault> {
    EncodedImage::open(encoded, preparation)?.values()
}

#[test]
fn images_are_decoded_and_resized_within_the_bounds_of_tensorflow_and_pillow() {
    let references: Vec<Reference> = serde_json::from_slice(&file("references.json")).unwrap();
    let all = file("references.bin");
    let (mut checked, mut wide, mut wrong) = (0, 0, Vec::new());
    for reference in &references {
        let (found, expected) =
            (values(&file(&reference.image), &reference.preparation()).unwrap(), reference.values(&all));
        assert_eq!(found.len(), expected.len(), "{reference:?}");
        let differences: Vec<f32> = found.iter().zip(&expected).map(|(left, right)| (left - right).abs()).collect();
        let largest = differences.iter().copied().fold(0.0, f32::max);
        let mean = differences.iter().sum::<f32>() / differences.len() as f32;
        let is_jpeg = file(&reference.image).starts_with(&[0xFF, 0xD8]);
        let (most, most_mean) = match (is_jpeg, reference.method, reference.antialias) {
            (true, ..) => (8.0, 0.5),
            (false, Method::Nearest, _) => (0.0, 0.0),
            // Pillow rounds weights to 22 bits before it rounds their sums.
            (false, _, true) => (1.0, 0.05),
            (false, _, false) => (0.001, 0.0001),
        };
        if largest > most || mean > most_mean {
            wrong.push(format!("{largest}, mean {mean}: {reference:?}"));
        }
        wide += expected.iter().filter(|&&value| !(0.0..=255.0).contains(&value)).count();
        checked += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(checked > 50, "{checked}");
    assert!(wide > 10, "{wide}: bicubic values beyond those of a byte are among the references");
}

#[test]
fn values_are_scaled_and_moved_in_the_models_order_of_channels() {
    let pixels = values(&file("rgb.png"), &preparation(3)).unwrap();
    let channel_values = vec![(0.5, -1.0), (0.25, 2.0), (2.0, 0.0)];
    let prepared = Preparation { reverses_channels: true, channel_values, ..preparation(3) };
    let found = values(&file("rgb.png"), &prepared).unwrap();
    let expected = pixels.as_chunks::<3>().0.iter().flat_map(|pixel| {
        let [red, green, blue] = *pixel;
        [blue * 0.5 - 1.0, green * 0.25 + 2.0, red * 2.0]
    });
    assert_eq!(found, expected.collect::<Vec<_>>());
}

#[test]
fn a_gray_image_stands_for_all_channels() {
    let found = values(&file("gray.png"), &preparation(3)).unwrap();
    let gray = values(&file("gray.png"), &preparation(1)).unwrap();
    assert_eq!(found, gray.iter().flat_map(|&value| [value; 3]).collect::<Vec<_>>());
}

#[test]
fn what_is_not_decoded_is_refused_in_a_sentence() {
    let refused = |name: &str| values(&file(name), &preparation(3)).unwrap_err().to_string();
    assert_eq!(refused("image.webp"), "this is a WebP; a JPEG or a PNG is needed");
    assert_eq!(refused("image.gif"), "this is a GIF; a JPEG or a PNG is needed");
    assert_eq!(refused("cmyk.jpg"), "the JPEG has 4 channels, as CMYK; gray and RGB are decoded, so save it as RGB");
}

#[test]
fn a_image_that_is_not_complete_is_refused_wherever_it_ends() {
    for name in ["420.jpg", "444.jpg", "gray.jpg", "progressive.jpg", "restarts.jpg", "rgb.png", "interlaced.png"] {
        let whole = file(name);
        for end in (0..whole.len()).step_by(17).chain([whole.len() - 1, whole.len() - 2]) {
            for channels in [1, 3] {
                let found = values(&whole[..end], &preparation(channels));
                assert!(found.is_err(), "{name} ends at {end} of {}", whole.len());
            }
        }
    }
}

/// Returns a PNG with another size in its header.
fn resized_header(name: &str, width: u32, height: u32) -> Vec<u8> {
    let mut bytes = file(name);
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let checksum = crc32(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&checksum.to_be_bytes());
    bytes
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xEDB8_8320 } else { sum >> 1 })
    })
}

#[test]
fn a_decompression_bomb_is_refused_by_its_header() {
    for (width, height) in [(30_000, 30_000), (u32::MAX >> 1, 1), (1, 70_000), (65_535, 65_535)] {
        let found = EncodedImage::open(&resized_header("rgb.png", width, height), &preparation(3)).err();
        assert_eq!(found, Some(Fault::TooLarge(width as usize, height as usize)));
    }
    let mut jpeg = file("420.jpg");
    let frame = jpeg.windows(2).position(|marker| marker == [0xFF, 0xC0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0x75, 0x30, 0x75, 0x30]);
    assert_eq!(EncodedImage::open(&jpeg, &preparation(3)).err(), Some(Fault::TooLarge(30_000, 30_000)));
}

#[test]
fn a_file_that_is_too_small_for_its_pixels_is_refused_by_its_header() {
    let open = |bytes: &[u8]| EncodedImage::open(bytes, &preparation(3)).map(|image| image.pixels());
    let mut jpeg = file("420.jpg");
    let frame = jpeg.windows(2).position(|marker| marker == [0xFF, 0xC0]).unwrap();
    let whole = jpeg.len();
    for (height, width, fits) in [(16_u16, whole as u16 * 32, true), (16, whole as u16 * 32 + 1, false)] {
        jpeg[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
        jpeg[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
        assert_eq!(open(&jpeg).is_ok(), fits, "{:?}", open(&jpeg));
    }
    let refused = open(&jpeg).unwrap_err().to_string();
    assert!(refused.contains(&format!("it has {whole} bytes, which hold no ")), "{refused}");
    // A row has a byte for its filter, and three for each pixel.
    let png = file("rgb.png");
    let most = png.len() * 1032 / (3 * 100 + 1);
    let named = |height| resized_header("rgb.png", 100, height as u32);
    assert_eq!(open(&named(most)), Ok(100 * most));
    assert!(matches!(open(&named(most + 1)), Err(Fault::TooFewBytes { format: "PNG", .. })));
}

#[test]
fn the_memory_of_an_image_follows_from_its_header() {
    let memory = |bytes: &[u8], preparation: &Preparation| EncodedImage::open(bytes, preparation).unwrap().memory();
    let pixels = 4000 * 3000;
    let mut large = resized_header("rgb.png", 4000, 3000);
    large.resize(3 * pixels / 1032 + 100, 0);
    let narrow = memory(&large, &preparation(3));
    assert!((4 * pixels..5 * pixels).contains(&narrow), "{narrow}");
    // Floats of each row, as wide as the result.
    let wide = memory(&large, &Preparation { width: 330, ..preparation(3) });
    assert!(wide >= narrow + 300 * 3000 * 3 * size_of::<f32>(), "{wide} {narrow}");
    // The coefficients of all channels are kept until the last scan.
    let (baseline, progressive) =
        (memory(&file("420.jpg"), &preparation(3)), memory(&file("progressive.jpg"), &preparation(3)));
    assert!(progressive >= 37 * 30 * (3 + 6), "{progressive} {baseline}");
}
