//! Images in the place of values: the one place where those of a request are decoded.

use super::need::Need;
use super::refusal::Refusal;
use super::sentence::quoted;
use crate::image::EncodedImage;
use crate::model::{Call, Description, SentImage, Tensor};

/// Tells whether a body of this type is one image: of a model without images none is.
pub(crate) fn is_image(description: &Description, content_type: &str) -> bool {
    let start = content_type.get(..IMAGE.len());
    description.takes_images() && start.is_some_and(|start| start.eq_ignore_ascii_case(IMAGE))
}

/// The beginning of the types of images. Those that are not decoded are refused by their bytes.
const IMAGE: &str = "image/";

/// Decodes the images of a call into its columns, which have the values of the other rows.
///
/// # Arguments
///
/// * `take`: takes what each image needs, before it is decoded.
pub(crate) fn decode<E: From<Refusal>>(
    description: &Description,
    call: &mut Call,
    mut take: impl FnMut(Need) -> Result<(), E>,
) -> Result<(), E> {
    let signature = &description.signatures[call.signature];
    let mut taken = 0;
    for (input, tensor) in signature.inputs.iter().enumerate() {
        let images = || call.images.iter().filter(|image| image.input == input);
        let count = images().count();
        if count == 0 {
            continue;
        }
        let size = tensor.image_bytes();
        let numbers = std::mem::take(&mut call.columns[input]);
        take(Need { bytes: count.saturating_mul(size).saturating_add(numbers.len()), pixels: 0 })?;
        let mut column = Vec::with_capacity(numbers.len() + count * size);
        let mut others = &numbers[..];
        for image in images() {
            let (before, behind) = others.split_at(image.row * size - column.len());
            column.extend_from_slice(before);
            others = behind;
            let stored = stored(tensor, image, |Need { bytes, pixels }| {
                // What one image needed is there for the next one.
                let more = bytes.saturating_sub(taken);
                taken += more;
                take(Need { bytes: more, pixels })
            })?;
            column.extend_from_slice(&stored);
        }
        column.extend_from_slice(others);
        call.columns[input] = column;
    }
    Ok(())
}

fn stored<E: From<Refusal>>(
    tensor: &Tensor,
    image: &SentImage,
    take: impl FnOnce(Need) -> Result<(), E>,
) -> Result<Vec<u8>, E> {
    let refuse = |fault| {
        let name = quoted(&tensor.name, 100);
        Refusal::bad_request(format!("input {name}, image {} (the first is 0): {fault}", image.row))
    };
    let preparation = tensor.image.as_ref().ok_or_else(|| refuse("it takes no images".to_owned()))?;
    let opened = EncodedImage::open(&image.encoded, preparation).map_err(|fault| refuse(fault.to_string()))?;
    let values = tensor.image_bytes() / tensor.stored.size() * (tensor.dtype.size() + tensor.stored.size());
    take(Need { bytes: opened.memory().saturating_add(values), pixels: opened.pixels() })?;
    let values = opened.values().map_err(|fault| refuse(fault.to_string()))?;
    Ok(tensor.stored_image(&values))
}
