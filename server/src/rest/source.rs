use std::ops::{Deref, DerefMut};

use jiter::{Jiter, JiterError, Peek};

use super::number::element;
use super::plain;
use crate::model::{Element, Misfit, Tensor};

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
    /// From where jiter began.
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
    pub(crate) fn values(&mut self, tensor: &Tensor, peek: Peek, shape: &[usize], stored: &mut Vec<u8>) -> Read<()> {
        let before = stored.len();
        if let Some(rest) = plain::nested(self.rest(), shape, tensor, stored) {
            // Jiter keeps nothing but its position.
            *self = Self::new(rest);
            return Ok(());
        }
        stored.truncate(before);
        self.nested(tensor, peek, shape, stored)
    }

    /// Reads nested lists of `shape` by jiter.
    fn nested(&mut self, tensor: &Tensor, peek: Peek, shape: &[usize], stored: &mut Vec<u8>) -> Read<()> {
        let Some((&size, inner)) = shape.split_first() else {
            let element = match peek {
                Peek::True | Peek::False => Element::Bool(self.jiter.known_bool(peek)?),
                peek => element(self.jiter.known_number(peek)?, &self.start[..self.jiter.current_index()]),
            };
            return Ok(tensor.push(element, stored)?);
        };
        if peek != Peek::Array {
            return Err(Declined);
        }
        let mut next = self.jiter.known_array()?;
        for _ in 0..size {
            self.nested(tensor, next.ok_or(Declined)?, inner, stored)?;
            next = self.jiter.array_step()?;
        }
        if next.is_none() { Ok(()) } else { Err(Declined) }
    }
}

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
