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

    /// Copies `data` into the buffer.
    pub(super) fn write(&mut self, library: &Library, data: &[u8]) -> Result<(), Error> {
        if data.len() != self.size {
            return Err(Error::Mismatch(format!("{} bytes are given for a buffer of {}", data.len(), self.size)));
        }
        let address = self.lock(library, LOCK_WRITE)?;
        // SAFETY: the locked memory has `size` bytes and is the library's own.
        unsafe { ptr::copy_nonoverlapping(data.as_ptr(), address.cast(), self.size) };
        self.unlock(library)
    }

    /// Appends the buffer's bytes to `data`.
    pub(super) fn read(&mut self, library: &Library, data: &mut Vec<u8>) -> Result<(), Error> {
        let address = self.lock(library, LOCK_READ)?;
        // SAFETY: the locked memory has `size` bytes, which the library does not write while it is locked.
        data.extend_from_slice(unsafe { std::slice::from_raw_parts(address.cast(), self.size) });
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
