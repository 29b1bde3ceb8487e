use std::fs::File;
use std::io::{Read, Seek};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The process has one standard error.
static DIVERTED: Mutex<()> = Mutex::new(());
/// The file that stands for it meanwhile, otherwise no descriptor.
static KEPT: AtomicI32 = AtomicI32::new(-1);

/// Returns the descriptor of what native code has printed while it loads: a signal handler may ask.
pub(super) fn kept() -> RawFd {
    KEPT.load(Ordering::Acquire)
}

/// Keeps what native code prints while it loads: noise when it succeeds, the reason when it does not.
///
/// Where the kernel refuses one of the steps nothing is kept, and standard error stays what it is.
pub(super) struct DivertedStandardError {
    kept: Option<(File, OwnedFd)>,
    _only: MutexGuard<'static, ()>,
}

impl DivertedStandardError {
    pub(super) fn start() -> Self {
        let only = DIVERTED.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: plain system calls; the descriptors are owned at once.
        let kept = unsafe {
            match (owned(libc::memfd_create(c"stderr".as_ptr(), libc::MFD_CLOEXEC)), owned(libc::dup(2))) {
                (Some(file), Some(saved)) if libc::dup2(file.as_raw_fd(), 2) >= 0 => {
                    KEPT.store(file.as_raw_fd(), Ordering::Release);
                    Some((File::from(file), saved))
                }
                _ => None,
            }
        };
        Self { kept, _only: only }
    }

    /// Returns what was printed so far, on one line.
    pub(super) fn text(&mut self) -> String {
        let mut text = Vec::new();
        if let Some((file, _)) = &mut self.kept
            && file.rewind().is_ok()
        {
            let _ = file.take(4000).read_to_end(&mut text);
        }
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty() && !line.starts_with("INFO")).collect();
        if lines.is_empty() { "no reason given".to_owned() } else { lines.join("; ") }
    }
}

impl Drop for DivertedStandardError {
    fn drop(&mut self) {
        if let Some((_, saved)) = &self.kept {
            KEPT.store(-1, Ordering::Release);
            // SAFETY: a plain system call.
            unsafe { libc::dup2(saved.as_raw_fd(), 2) };
        }
    }
}

fn owned(descriptor: libc::c_int) -> Option<OwnedFd> {
    // SAFETY: the descriptor was just made and belongs to nobody else.
    (descriptor >= 0).then(|| unsafe { OwnedFd::from_raw_fd(descriptor) })
}
