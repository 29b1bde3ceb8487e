use std::ffi::c_int;
use std::fs::File;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::fs::FileExt;

/// Place of the packed weights of a compiled model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weights {
    /// Memory of its own, which takes least time where there is no other.
    Own,
    /// Memory that all compiled models of the file share, where the kernel and the library allow it.
    Shared,
}

/// The packed weights of a file, which its compiled models share, in a file in memory that has no name.
///
/// Nobody else can write it, and it ends with the process: the library would take another model's for its own.
pub(super) struct PackedWeights(File);

impl PackedWeights {
    /// Makes the file; `None` where the kernel refuses.
    pub(super) fn new() -> Option<Self> {
        // SAFETY: a plain system call; the descriptor is owned at once.
        unsafe {
            let descriptor = libc::memfd_create(c"weights".as_ptr(), libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING);
            (descriptor >= 0).then(|| Self(File::from_raw_fd(descriptor)))
        }
    }

    /// A descriptor for one compilation: the library closes it.
    pub(super) fn descriptor(&self) -> Option<OwnedFd> {
        self.0.try_clone().ok().map(OwnedFd::from)
    }

    /// Returns the file if the library has completed it. From then on it cannot become shorter: the library cuts off a file
    /// that it cannot read, which would end the process where another compiled model has mapped it.
    pub(super) fn completed(self) -> Option<Self> {
        const SEALS: c_int = libc::F_SEAL_SHRINK | libc::F_SEAL_SEAL;
        // The library begins a file with its version, and with 0 while it writes it.
        let mut version = [0; 8];
        self.0.read_exact_at(&mut version, 0).ok()?;
        // SAFETY: a plain system call.
        let is_sealed = unsafe { libc::fcntl(self.0.as_raw_fd(), libc::F_ADD_SEALS, SEALS) } == 0;
        (is_sealed && version != [0; 8]).then_some(self)
    }

    /// Bytes of memory that it takes.
    pub(super) fn bytes(&self) -> u64 {
        self.0.metadata().map_or(0, |metadata| metadata.len())
    }
}
