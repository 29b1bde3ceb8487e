use serde::Deserialize;

/// Methods of computing the pixels between those of an image, by the names of `tf.image.resize`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Method {
    Bilinear,
    Nearest,
    Bicubic,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
enum ChannelOrder {
    #[serde(rename = "RGB")]
    Rgb,
    #[serde(rename = "BGR")]
    Bgr,
}

/// Steps by which an image becomes the values of an input.
#[derive(Clone, Debug, PartialEq)]
pub struct Preparation {
    /// Height in pixels.
    pub height: usize,
    /// Width in pixels.
    pub width: usize,
    /// 1 for gray, 3 for colors.
    pub channels: usize,
    /// Method of resizing.
    pub method: Method,
    /// True: each pixel counts when an image is made smaller, as Pillow does it.
    pub antialias: bool,
    /// Blue comes first.
    pub reverses_channels: bool,
    /// The factor of a pixel's value, and what is added to it, of each channel in the model's order.
    pub channel_values: Vec<(f32, f32)>,
}

/// The member `image` of an input in model.json.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PreparationData {
    method: Method,
    #[serde(default)]
    antialias: bool,
    channel_order: Option<ChannelOrder>,
    scale: Vec<f64>,
    offset: Vec<f64>,
}

impl PreparationData {
    /// Checks it for an input of this shape, with the number of rows.
    ///
    /// # Errors
    ///
    /// The end of a sentence about the input.
    pub fn checked(self, shape: &[usize]) -> Result<Preparation, String> {
        let &[_, height, width, channels @ (1 | 3)] = shape else {
            return Err(format!(
                "takes images and has the shape {shape:?}; rows, height, width and 1 or 3 channels are needed"
            ));
        };
        if channels == 1 && self.channel_order.is_some() {
            return Err("takes gray images and has a channelOrder, which is for three channels".to_owned());
        }
        let channel_values: Vec<_> =
            self.scale.iter().zip(&self.offset).map(|(&scale, &offset)| (scale as f32, offset as f32)).collect();
        let is_finite = channel_values.iter().all(|(scale, offset)| scale.is_finite() && offset.is_finite());
        if self.scale.len() != channels || self.offset.len() != channels || !is_finite {
            return Err(format!(
                "takes images and has the scale {:?} and the offset {:?}; {channels} numbers of each are needed",
                self.scale, self.offset
            ));
        }
        Ok(Preparation {
            height,
            width,
            channels,
            method: self.method,
            antialias: self.antialias,
            reverses_channels: self.channel_order == Some(ChannelOrder::Bgr),
            channel_values,
        })
    }
}
