use super::functions::Raw;

/// Something that the library made and this value frees.
pub(super) struct Handle {
    raw: Raw,
    destroy: unsafe extern "C" fn(Raw),
}

// SAFETY: none of the library's objects is bound to the thread that made it; who calls with them sees to it that they
// are used by one thread at a time.
unsafe impl Send for Handle {}

impl Handle {
    /// Takes what a `LiteRtCreate…` function made, with the function that frees it.
    pub(super) fn new(raw: Raw, destroy: unsafe extern "C" fn(Raw)) -> Self {
        Self { raw, destroy }
    }

    pub(super) fn raw(&self) -> Raw {
        self.raw
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: made by the library, and freed only here.
        unsafe { (self.destroy)(self.raw) }
    }
}
