use std::ops::{Deref, DerefMut};

use jiter::{Jiter, JiterError, Peek};

use super::base64;
use super::number::element;
use super::plain;
use crate::model::{Element, Misfit, SentImage, Tensor, push_text};

/// A text that is not what the reader expects; `explain` finds the words.
pub(crate) struct Declined;

impl From<JiterError> for Declined {
    fn from(_: JiterError) -> Self {
        Self
    }
}

impl From<Misfit> for Declined {
    fn from(_: Misfit) -> Self {
        Self
    }
}

pub(crate) type Read<T> = Result<T, Declined>;

/// A text that jiter reads, except for what `plain` reads faster.
pub(crate) struct Source<'j> {
    /// The text that jiter began with.
    start: &'j [u8],
    jiter: Jiter<'j>,
}

impl<'j> Source<'j> {
    pub(crate) fn new(text: &'j [u8]) -> Self {
        Self { start: text, jiter: Jiter::new(text).with_allow_inf_nan() }
    }

    /// The text that is not read yet.
    pub(crate) fn rest(&self) -> &'j [u8] {
        &self.start[self.jiter.current_index()..]
    }

    /// Reads nested lists of `shape`, whose first byte is the next one, and appends the stored bytes of their numbers.
    ///
    /// # Arguments
    ///
    /// * `images`: of the input, where an image may stand for the list of its values.
    pub(crate) fn values(
        &mut self,
        tensor: &Tensor,
        peek: Peek,
        shape: &[usize],
        stored: &mut Vec<u8>,
        images: Option<&mut Images>,
    ) -> Read<()> {
        let before = stored.len();
        if tensor.has_strings() {
            return self.nested(tensor, peek, shape, stored, None);
        }
        if let Some(rest) = plain::nested(self.rest(), shape, tensor, stored) {
            // Jiter keeps nothing but its position.
            *self = Self::new(rest);
            return Ok(());
        }
        stored.truncate(before);
        self.nested(tensor, peek, shape, stored, images)
    }

    /// Tells whether the object that is next stands for bytes.
    pub(crate) fn is_base64(&self) -> bool {
        let mut ahead = Jiter::new(self.rest()).with_allow_inf_nan();
        matches!(ahead.next_object(), Ok(Some("b64"))) && matches!(ahead.peek(), Ok(Peek::String))
    }

    /// Reads the object that stands for bytes.
    fn bytes(&mut self, decode: impl FnOnce(&str) -> Result<Vec<u8>, &'static str>) -> Read<Vec<u8>> {
        if self.jiter.known_object()? != Some("b64") {
            return Err(Declined);
        }
        let bytes = decode(self.jiter.next_str()?).map_err(|_| Declined)?;
        if self.jiter.next_key()?.is_some() { Err(Declined) } else { Ok(bytes) }
    }

    /// Reads a string, or the object that stands for its bytes.
    fn text(&mut self, peek: Peek, stored: &mut Vec<u8>) -> Read<()> {
        match peek {
            Peek::String => push_text(self.jiter.known_str()?.as_bytes(), stored),
            Peek::Object => push_text(&self.bytes(base64::bytes)?, stored),
            _ => return Err(Declined),
        }
        Ok(())
    }

    /// Reads nested lists of `shape` by jiter.
    fn nested(
        &mut self,
        tensor: &Tensor,
        peek: Peek,
        shape: &[usize],
        stored: &mut Vec<u8>,
        mut images: Option<&mut Images>,
    ) -> Read<()> {
        let Some((&size, inner)) = shape.split_first() else {
            if tensor.has_strings() {
                return self.text(peek, stored);
            }
            let element = match peek {
                Peek::True | Peek::False => Element::Bool(self.jiter.known_bool(peek)?),
                peek => element(self.jiter.known_number_bytes(peek)?),
            };
            return Ok(tensor.push(element, stored)?);
        };
        if peek != Peek::Array {
            let taking = images.filter(|_| peek == Peek::Object && is_image(tensor, shape));
            let encoded =
                taking.map(|images| self.bytes(base64::encoded).map(|encoded| images.push(tensor, stored, encoded)));
            return encoded.unwrap_or(Err(Declined));
        }
        let mut next = self.jiter.known_array()?;
        for _ in 0..size {
            self.nested(tensor, next.ok_or(Declined)?, inner, stored, images.as_deref_mut())?;
            next = self.jiter.array_step()?;
        }
        if next.is_none() { Ok(()) } else { Err(Declined) }
    }
}

/// The images of one input.
pub(crate) struct Images {
    /// Position of the input in the signature.
    pub input: usize,
    pub sent: Vec<SentImage>,
}

impl Images {
    /// Adds an image behind the rows that are stored, and the images that are here.
    fn push(&mut self, tensor: &Tensor, stored: &[u8], encoded: Vec<u8>) {
        let row = stored.len() / tensor.image_bytes() + self.sent.len();
        self.sent.push(SentImage { input: self.input, row, encoded });
    }
}

/// Tells whether an image may stand in the place of a list of this shape.
pub(crate) fn is_image(tensor: &Tensor, shape: &[usize]) -> bool {
    tensor.image.is_some() && shape.len() == IMAGE_DIMENSIONS
}

/// Dimensions of an image: height, width and channels.
const IMAGE_DIMENSIONS: usize = 3;

impl<'j> Deref for Source<'j> {
    type Target = Jiter<'j>;

    fn deref(&self) -> &Self::Target {
        &self.jiter
    }
}

impl DerefMut for Source<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.jiter
    }
}
