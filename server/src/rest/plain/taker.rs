use std::slice::ChunksExactMut;

use super::decimal::number;
use super::single::single;
use crate::model::Tensor;

/// Takes the numbers of a request one after the other.
pub(super) trait Taker {
    /// Reads the number at a place of the text. Returns where it ends.
    fn take(&mut self, text: &[u8], at: usize) -> Option<usize>;
}

/// Numbers of a tensor that has them as float32.
pub(super) struct Singles<'s> {
    places: ChunksExactMut<'s, u8>,
}

impl<'s> Singles<'s> {
    /// Appends the places of `count` numbers.
    pub(super) fn new(count: usize, stored: &'s mut Vec<u8>) -> Self {
        let before = stored.len();
        stored.resize(before + count * size_of::<f32>(), 0);
        Self { places: stored[before..].chunks_exact_mut(size_of::<f32>()) }
    }
}

impl Taker for Singles<'_> {
    #[expect(clippy::inline_always, reason = "the body of the loop over the numbers of a request")]
    #[inline(always)]
    fn take(&mut self, text: &[u8], at: usize) -> Option<usize> {
        let (value, end) = match single(text, at) {
            Some(read) => read,
            None => other_single(text, at)?,
        };
        self.places.next()?.copy_from_slice(&value.to_le_bytes());
        Some(end)
    }
}

/// Numbers of any tensor.
pub(super) struct Others<'s> {
    pub tensor: &'s Tensor,
    pub stored: &'s mut Vec<u8>,
}

impl Taker for Others<'_> {
    fn take(&mut self, text: &[u8], at: usize) -> Option<usize> {
        let (element, end) = number(text, at)?;
        self.tensor.push(element, self.stored).ok()?;
        Some(end)
    }
}

#[inline(never)]
fn other_single(text: &[u8], at: usize) -> Option<(f32, usize)> {
    let (element, end) = number(text, at)?;
    Some((element.float32().ok()?, end))
}
