//! Neighbours joined to one string.

use super::strings::Strings;

/// Attributes of `StringNGrams`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NGrams {
    pub separator: Vec<u8>,
    /// Number of strings that are joined, in the order of the output.
    pub widths: Vec<usize>,
    pub left_pad: Vec<u8>,
    pub right_pad: Vec<u8>,
    /// Pads on each side; one less than the width where there is none.
    pub pad_width: Option<usize>,
    /// A row that is too short for any width is joined as a whole.
    pub preserves_short: bool,
}

impl NGrams {
    /// Returns how many strings a row of so many becomes.
    pub(super) fn count(&self, length: usize) -> usize {
        let all = self.widths.iter().map(|&width| self.of_width(length, width)).fold(0, usize::saturating_add);
        if all == 0 && self.preserves_short && length > 0 { 1 } else { all }
    }

    /// Appends those of a row, the strings from `start` on.
    pub(super) fn append(&self, strings: &Strings, start: usize, length: usize, joined: &mut Strings) {
        let before = joined.len();
        for &width in &self.widths {
            let count = self.of_width(length, width);
            for index in 0..count {
                self.join(strings, (start, length), (index, count, width), joined);
            }
        }
        if joined.len() == before && self.preserves_short && length > 0 {
            let width = length + 2 * self.pad_width.unwrap_or(0);
            self.join(strings, (start, length), (0, 1, width), joined);
        }
    }

    /// Returns the most bytes that those of a row have.
    pub(super) fn most_bytes(&self, strings: &Strings, start: usize, end: usize) -> usize {
        let all: usize = (start..end).map(|index| strings.get(index).len()).sum();
        let around = self.separator.len() + self.left_pad.len().max(self.right_pad.len());
        // Each string is in as many of a width as that is, at most.
        let most = |count: usize, width: usize| {
            width.saturating_mul(all).saturating_add(count.saturating_mul(width).saturating_mul(around))
        };
        let short = if self.preserves_short { most(1, end - start + 2 * self.pad_width.unwrap_or(0)) } else { 0 };
        let of_width = |&width: &usize| most(self.of_width(end - start, width), width);
        self.widths.iter().map(of_width).fold(short, usize::saturating_add)
    }

    fn of_width(&self, length: usize, width: usize) -> usize {
        (length + 2 * self.pads(width) + 1).saturating_sub(width)
    }

    fn pads(&self, width: usize) -> usize {
        let most = width.saturating_sub(1);
        self.pad_width.map_or(most, |pads| pads.min(most))
    }

    fn join(
        &self,
        strings: &Strings,
        (start, length): (usize, usize),
        (index, count, width): (usize, usize, usize),
        joined: &mut Strings,
    ) {
        let pads = self.pads(width);
        let left = pads.saturating_sub(index);
        let right = pads.saturating_sub(count - (index + 1));
        let tokens = width.saturating_sub(left + right).min(length);
        let first = start + if left > 0 { 0 } else { index - pads };
        let mut is_first = true;
        let mut append = |part: &[u8]| {
            if !std::mem::take(&mut is_first) {
                joined.extend(&self.separator);
            }
            joined.extend(part);
        };
        (0..left).for_each(|_| append(&self.left_pad));
        (first..first + tokens).for_each(|token| append(strings.get(token)));
        (0..right).for_each(|_| append(&self.right_pad));
        joined.finish();
    }
}
