use std::net::TcpStream;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};

use libc::{c_int, sigaction};

use super::standard_error::kept;

/// Signals that end a process for what its native code does.
const SIGNALS: [(c_int, &str); 5] = [
    (libc::SIGABRT, "SIGABRT"),
    (libc::SIGBUS, "SIGBUS"),
    (libc::SIGFPE, "SIGFPE"),
    (libc::SIGILL, "SIGILL"),
    (libc::SIGSEGV, "SIGSEGV"),
];
const ANSWER_TIMEOUT_MILLISECONDS: c_int = 10_000;

static TOLD: AtomicPtr<Told> = AtomicPtr::new(null_mut());

/// An idle connection over which a signal is told too, and what to send for a sentence.
pub type Telling<'a> = (&'a TcpStream, &'a dyn Fn(&str) -> Vec<u8>);

/// Tells, as long as it lives, of a signal by which LiteRT ends the process: a damaged file can make it read or write
/// anywhere.
///
/// There is one at a time.
pub struct SignalWatch {
    previous: Vec<(c_int, sigaction)>,
}

/// All that a signal handler needs. It may neither allocate nor lock.
struct Told {
    standard_error: OwnedFd,
    connection: Option<TcpStream>,
    words: Vec<Words>,
}

struct Words {
    signal: c_int,
    line: Vec<u8>,
    request: Vec<u8>,
}

impl SignalWatch {
    /// Begins to watch; where the system refuses that, nothing is watched.
    ///
    /// # Arguments
    ///
    /// * `loaded`: what LiteRT loads meanwhile, in the sentence about a signal.
    #[must_use]
    pub fn start(loaded: &str, telling: Option<Telling<'_>>) -> Self {
        // SAFETY: a plain system call; the new descriptor is owned at once.
        let Some(standard_error) = (unsafe { owned(libc::dup(2)) }) else { return Self { previous: Vec::new() } };
        let words = SIGNALS.map(|(signal, name)| {
            let sentence = format!(
                "LiteRT ended by {name} while it loaded {loaded}: the file is damaged, or not one that LiteRT can load; \
                 publish the model again"
            );
            let request = telling.as_ref().map_or_else(Vec::new, |(_, request)| request(&sentence));
            Words { signal, line: format!("{sentence}\n").into_bytes(), request }
        });
        let connection = telling.and_then(|(connection, _)| connection.try_clone().ok());
        let told = Box::new(Told { standard_error, connection, words: words.into() });
        TOLD.store(Box::into_raw(told), Ordering::Release);
        let previous =
            SIGNALS.iter().filter_map(|&(signal, _)| handle(signal).map(|action| (signal, action))).collect();
        Self { previous }
    }
}

impl Drop for SignalWatch {
    fn drop(&mut self) {
        for (signal, action) in &self.previous {
            // SAFETY: the action is what the system gave for this signal.
            unsafe { libc::sigaction(*signal, action, null_mut()) };
        }
        let told = TOLD.swap(null_mut(), Ordering::AcqRel);
        if !told.is_null() {
            // SAFETY: it is a box's pointer, and no handler is left that reads it.
            drop(unsafe { Box::from_raw(told) });
        }
    }
}

/// Handles a signal, and returns what the system did with it before.
fn handle(signal: c_int) -> Option<sigaction> {
    // SAFETY: both structures are plain data, for which zeros are valid, and the handler is async-signal-safe. It runs on
    // the thread's alternate stack, where Rust made one, because a signal can come of a stack that is full.
    unsafe {
        let (mut action, mut previous): (sigaction, sigaction) = (std::mem::zeroed(), std::mem::zeroed());
        action.sa_sigaction = tell as extern "C" fn(c_int) as usize;
        action.sa_flags = libc::SA_ONSTACK;
        (libc::sigaction(signal, &raw const action, &raw mut previous) == 0).then_some(previous)
    }
}

extern "C" fn tell(signal: c_int) {
    // SAFETY: what the pointer names lives as long as this handler is installed.
    if let Some(told) = unsafe { TOLD.load(Ordering::Acquire).as_ref() } {
        told.tell(signal);
    }
    // SAFETY: both calls are async-signal-safe. The signal is blocked until this handler returns, and then ends the process.
    unsafe {
        libc::signal(signal, libc::SIG_DFL);
        libc::raise(signal);
    }
}

impl Told {
    fn tell(&self, signal: c_int) {
        let Some(words) = self.words.iter().find(|words| words.signal == signal) else { return };
        self.copy_diverted();
        write(self.standard_error.as_raw_fd(), &words.line);
        if let Some(connection) = &self.connection {
            write(connection.as_raw_fd(), &words.request);
            let mut answered = libc::pollfd { fd: connection.as_raw_fd(), events: libc::POLLIN, revents: 0 };
            // SAFETY: one descriptor is there, as is said. Lambda has taken the report once it answers.
            unsafe { libc::poll(&raw mut answered, 1, ANSWER_TIMEOUT_MILLISECONDS) };
        }
    }

    /// Copies what LiteRT has printed into the file that stands for standard error while it loads. Standard error itself may
    /// be a file, which would grow with every byte that is copied.
    fn copy_diverted(&self) {
        let mut buffer = [0_u8; 1024];
        let mut offset = 0;
        loop {
            // SAFETY: the buffer is as long as is said. It fails where nothing is diverted.
            let read = unsafe { libc::pread(kept(), buffer.as_mut_ptr().cast(), buffer.len(), offset) };
            let Some(read @ 1..) = usize::try_from(read).ok() else { break };
            write(self.standard_error.as_raw_fd(), &buffer[..read]);
            offset += read as libc::off_t;
        }
    }
}

/// Writes all bytes, as far as the system takes them.
fn write(descriptor: RawFd, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        // SAFETY: the buffer is as long as is said.
        let written = unsafe { libc::write(descriptor, bytes.as_ptr().cast(), bytes.len()) };
        let Some(written @ 1..) = usize::try_from(written).ok() else { break };
        bytes = &bytes[written..];
    }
}

/// # Safety
///
/// The descriptor belongs to nobody else.
unsafe fn owned(descriptor: RawFd) -> Option<OwnedFd> {
    // SAFETY: see above.
    (descriptor >= 0).then(|| unsafe { OwnedFd::from_raw_fd(descriptor) })
}
