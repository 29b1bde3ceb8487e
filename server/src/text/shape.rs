use std::ops::Deref;

use super::fault::{Fault, fault};

/// Most dimensions of a value.
pub(super) const MOST_DIMENSIONS: usize = 8;

/// The sizes of a value's dimensions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    sizes: [usize; MOST_DIMENSIONS],
    rank: usize,
}

impl Shape {
    /// Takes sizes; `None` where they are too many, or those of more elements than a value may have.
    #[must_use]
    pub fn of(sizes: &[usize]) -> Option<Self> {
        let mut all = Self { sizes: [0; MOST_DIMENSIONS], rank: sizes.len() };
        all.sizes.get_mut(..sizes.len())?.copy_from_slice(sizes);
        // Without those of size 0: strides are computed of the others.
        let count = sizes.iter().try_fold(1_usize, |count, &size| count.checked_mul(size.max(1)));
        count.is_some_and(|count| count <= MOST_ELEMENTS).then_some(all)
    }

    /// Takes sizes that a step computed.
    pub(super) fn checked(sizes: &[usize]) -> Result<Self, Fault> {
        let shown = &sizes[..sizes.len().min(MOST_DIMENSIONS + 1)];
        Self::of(sizes).ok_or_else(|| {
            fault(format!(
                "a value would have the shape {shown:?}; at most {MOST_ELEMENTS} elements of {MOST_DIMENSIONS} dimensions are \
                 allowed, so send shorter texts"
            ))
        })
    }

    /// The shape of a list.
    pub(super) fn list(count: usize) -> Result<Self, Fault> {
        Self::checked(&[count])
    }

    /// The number of elements.
    pub(super) fn count(&self) -> usize {
        self.iter().product()
    }

    /// Returns the number of elements that one step of a dimension passes.
    pub(super) fn stride(&self, dimension: usize) -> usize {
        self[dimension + 1..].iter().product()
    }

    /// Returns the dimension that an axis, which may be counted from the end, names.
    pub(super) fn axis(&self, axis: i64) -> Result<usize, Fault> {
        axis_of(axis, self.rank)
    }

    /// Returns the shape with a dimension of another size.
    pub(super) fn with(&self, dimension: usize, size: usize) -> Result<Self, Fault> {
        let mut sizes = self.to_vec();
        sizes[dimension] = size;
        Self::checked(&sizes)
    }

    /// Returns the shape that two values have together, as NumPy broadcasts them.
    pub(super) fn together(&self, other: &Self) -> Result<Self, Fault> {
        if self == other || other.rank == 0 {
            return Ok(*self);
        }
        let rank = self.rank.max(other.rank);
        let size = |shape: &Self, dimension: usize| {
            (dimension + shape.rank).checked_sub(rank).map_or(1, |dimension| shape[dimension])
        };
        let mut sizes = Vec::with_capacity(rank);
        for dimension in 0..rank {
            sizes.push(match (size(self, dimension), size(other, dimension)) {
                (first, second) if first == second => first,
                (1, size) | (size, 1) => size,
                _ => {
                    return Err(fault(format!(
                        "the shapes {self:?} and {other:?} do not fit each other",
                        self = &**self,
                        other = &**other
                    )));
                }
            });
        }
        Self::checked(&sizes)
    }

    /// Returns, for each element of a larger shape, the index of the element that stands there.
    pub(super) fn within(&self, larger: &Self) -> Result<Walk, Fault> {
        if self == larger {
            return Ok(Walk::dense(larger.count()));
        }
        if self.together(larger)? != *larger {
            return Err(fault(format!("the shape {:?} cannot become {:?}", &**self, &**larger)));
        }
        let mut strides = [0; MOST_DIMENSIONS];
        for dimension in 0..self.rank {
            if self[dimension] != 1 {
                strides[dimension + larger.rank - self.rank] = self.stride(dimension);
            }
        }
        Ok(Walk::new(*larger, strides, 0))
    }
}

/// Most elements of a value.
pub(super) const MOST_ELEMENTS: usize = 1 << 24;

/// Returns the dimension that an axis names.
pub(super) fn axis_of(axis: i64, rank: usize) -> Result<usize, Fault> {
    let from_start = if axis < 0 { axis.saturating_add(rank as i64) } else { axis };
    let dimension = usize::try_from(from_start).ok().filter(|&dimension| dimension < rank);
    dimension.ok_or_else(|| fault(format!("the axis {axis} is none of {rank} dimensions")))
}

impl Deref for Shape {
    type Target = [usize];

    fn deref(&self) -> &[usize] {
        &self.sizes[..self.rank]
    }
}

/// The indices of elements, in the order of another shape.
#[derive(Clone, Debug)]
pub(super) struct Walk {
    shape: Shape,
    strides: [usize; MOST_DIMENSIONS],
    counters: [usize; MOST_DIMENSIONS],
    at: usize,
    left: usize,
    is_dense: bool,
}

impl Walk {
    /// Walks a shape by strides, which wrap where they go back.
    pub(super) fn new(shape: Shape, strides: [usize; MOST_DIMENSIONS], start: usize) -> Self {
        let (left, counters) = (shape.count(), [0; MOST_DIMENSIONS]);
        Self { shape, strides, counters, at: start, left, is_dense: false }
    }

    fn dense(count: usize) -> Self {
        let (strides, counters) = ([0; MOST_DIMENSIONS], [0; MOST_DIMENSIONS]);
        Self { shape: Shape::default(), strides, counters, at: 0, left: count, is_dense: true }
    }
}

impl Iterator for Walk {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        self.left = self.left.checked_sub(1)?;
        let at = self.at;
        if self.is_dense {
            self.at += 1;
            return Some(at);
        }
        for dimension in (0..self.shape.len()).rev() {
            self.counters[dimension] += 1;
            self.at = self.at.wrapping_add(self.strides[dimension]);
            if self.counters[dimension] < self.shape[dimension] {
                break;
            }
            self.counters[dimension] = 0;
            self.at = self.at.wrapping_sub(self.strides[dimension].wrapping_mul(self.shape[dimension]));
        }
        Some(at)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}
