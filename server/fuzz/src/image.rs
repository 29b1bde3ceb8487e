//! A JPEG or PNG: it is refused in a sentence, or becomes as many values as the input has, within the memory that its header says.

use model_server::image::{EncodedImage, Method, Preparation};

use super::check_sentence;

/// Bytes of memory: more than a fuzzer's machine has.
const MEMORY_BYTES: usize = 256 << 20;

/// Checks one input: a byte that chooses what the image is for, and the image.
pub fn check(input: &[u8]) {
    let Some((choice, encoded)) = input.split_first() else { return };
    let channels = if choice & 1 == 0 { 1 } else { 3 };
    let preparation = Preparation {
        height: 5 + usize::from(choice >> 4),
        width: 7,
        channels,
        method: [Method::Bilinear, Method::Nearest, Method::Bicubic][usize::from(choice >> 1) % 3],
        antialias: choice & 8 != 0,
        reverses_channels: false,
        channel_values: vec![(1.0, 0.0); channels],
    };
    let image = match EncodedImage::open(encoded, &preparation) {
        Ok(image) if image.memory() > MEMORY_BYTES => return,
        Ok(image) => image,
        Err(fault) => return check_sentence(&fault.to_string()),
    };
    match image.values() {
        Ok(values) => {
            assert_eq!(values.len(), preparation.height * preparation.width * channels);
            assert!(values.iter().all(|value| value.is_finite()));
        }
        Err(fault) => {
            let sentence = fault.to_string();
            check_sentence(&sentence);
            assert!(!sentence.contains("its decoder failed"), "a decoder panicked");
        }
    }
}
