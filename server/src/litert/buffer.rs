use std::ffi::{c_int, c_void};
use std::ptr;

use super::error::Error;
use super::functions::{Library, Raw, check, name};
use super::handle::Handle;

const LOCK_READ: c_int = 0;
const LOCK_WRITE: c_int = 1;

/// The memory of one input or output.
pub(super) struct Buffer {
    handle: Handle,
    size: usize,
}

impl Buffer {
    /// Takes a tensor buffer of `size` packed bytes.
    pub(super) fn new(handle: Handle, size: usize) -> Self {
        Self { handle, size }
    }

    pub(super) fn raw(&self) -> Raw {
        self.handle.raw()
    }

    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// Copies rows into the buffer, and the last of them once more wherever it has a place for further ones.
    ///
    /// # Arguments
    ///
    /// * `data`: the bytes of the rows.
    /// * `row`: the size of a row in bytes, by which both sizes can be divided.
    pub(super) fn write(&mut self, library: &Library, data: &[u8], row: usize) -> Result<(), Error> {
        let fits = !data.is_empty() && data.len() <= self.size && data.len().is_multiple_of(row);
        if !fits {
            return Err(Error::Mismatch(format!("{} bytes are given for a buffer of {}", data.len(), self.size)));
        }
        let address = self.lock(library, LOCK_WRITE)?;
        // SAFETY: the locked memory has `size` bytes and is the library's own.
        let buffer = unsafe { std::slice::from_raw_parts_mut(address.cast::<u8>(), self.size) };
        let (rows, rest) = buffer.split_at_mut(data.len());
        rows.copy_from_slice(data);
        rest.chunks_exact_mut(row).for_each(|place| place.copy_from_slice(&data[data.len() - row..]));
        self.unlock(library)
    }

    /// Appends the first `count` bytes of the buffer to `data`.
    pub(super) fn read(&mut self, library: &Library, count: usize, data: &mut Vec<u8>) -> Result<(), Error> {
        let address = self.lock(library, LOCK_READ)?;
        // SAFETY: the locked memory has `size` bytes, which the library does not write while it is locked.
        let buffer = unsafe { std::slice::from_raw_parts(address.cast::<u8>(), self.size) };
        data.extend_from_slice(&buffer[..count]);
        self.unlock(library)
    }

    fn lock(&self, library: &Library, mode: c_int) -> Result<*mut c_void, Error> {
        let mut address = ptr::null_mut();
        // SAFETY: the buffer is alive, and `address` is where its memory is told.
        check(name::lock_buffer, unsafe { (library.lock_buffer)(self.raw(), &raw mut address, mode) })?;
        Ok(address)
    }

    fn unlock(&self, library: &Library) -> Result<(), Error> {
        // SAFETY: the buffer is alive and locked.
        check(name::unlock_buffer, unsafe { (library.unlock_buffer)(self.raw()) })
    }
}
