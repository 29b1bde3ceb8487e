use super::fault::{Fault, fault};
use super::shape::MOST_ELEMENTS;

/// Most bytes of a value's strings.
pub(super) const MOST_STRING_BYTES: usize = 64 << 20;

/// The memory that the steps of a row have in use.
pub struct Meter<'t> {
    used: usize,
    peak: usize,
    take: &'t mut dyn FnMut(usize) -> bool,
}

impl<'t> Meter<'t> {
    /// Begins to count.
    ///
    /// # Arguments
    ///
    /// * `take`: takes so many bytes more; false where they are not there.
    pub fn new(take: &'t mut dyn FnMut(usize) -> bool) -> Self {
        Self { used: 0, peak: 0, take }
    }

    /// Takes memory for elements of a size.
    pub(super) fn elements(&mut self, count: usize, size: usize) -> Result<(), Fault> {
        if count > MOST_ELEMENTS {
            return Err(fault(format!(
                "a value would have {count} elements; at most {MOST_ELEMENTS} are allowed, so send shorter texts"
            )));
        }
        self.take(count * size)
    }

    /// Takes memory for strings.
    pub(super) fn strings(&mut self, count: usize, bytes: usize) -> Result<(), Fault> {
        if bytes > MOST_STRING_BYTES {
            return Err(fault(format!(
                "the strings of a value would have {bytes} bytes; at most {MOST_STRING_BYTES} are allowed, so send shorter texts"
            )));
        }
        self.elements(count, size_of::<usize>())?;
        self.take(bytes)
    }

    /// Takes bytes.
    pub(super) fn take(&mut self, bytes: usize) -> Result<(), Fault> {
        self.used = self.used.saturating_add(bytes);
        if self.used > self.peak {
            if !(self.take)(self.used - self.peak) {
                return Err(Fault::Memory);
            }
            self.peak = self.used;
        }
        Ok(())
    }

    /// Gives back what was freed.
    pub(super) fn free(&mut self, bytes: usize) {
        self.used = self.used.saturating_sub(bytes);
    }

    /// Gives back all of a row, and takes what the inputs of the next one need.
    ///
    /// It asks even where nothing more is needed: whoever counts may end the work.
    pub fn next_row(&mut self, bytes: usize) -> Result<(), Fault> {
        self.used = 0;
        self.take(bytes)?;
        if (self.take)(0) { Ok(()) } else { Err(Fault::Memory) }
    }
}
