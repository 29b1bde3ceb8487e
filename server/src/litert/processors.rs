use std::ffi::{CStr, c_char, c_int};
use std::io::{Error, ErrorKind, Write};
use std::os::fd::IntoRawFd;

/// Files that LiteRT reads before it chooses its kernels.
const PROCESSOR_LISTS: [&CStr; 2] = [c"/sys/devices/system/cpu/possible", c"/sys/devices/system/cpu/present"];

/// The C library's `open`, for LiteRT too: a loaded library calls the program's function of this name. The linker exports
/// it, because the C library that the program is linked to has one.
///
/// Lambda's arm64 functions have no `/sys/devices/system/cpu`, and without these lists LiteRT compiles no model there.
/// A list that is missing has the processors that this process may use.
///
/// # Safety
///
/// As in C: `mode`, which the caller may leave out, matters only where `flags` make a file.
#[unsafe(no_mangle)]
unsafe extern "C" fn open(path: *const c_char, flags: c_int, mode: libc::mode_t) -> c_int {
    // SAFETY: the caller's own arguments.
    let descriptor = unsafe { libc::openat(libc::AT_FDCWD, path, flags, mode) };
    if descriptor < 0 && Error::last_os_error().kind() == ErrorKind::NotFound {
        // SAFETY: the kernel has read all of it.
        let path = unsafe { CStr::from_ptr(path) };
        if PROCESSOR_LISTS.contains(&path) {
            return processors().unwrap_or(descriptor);
        }
    }
    descriptor
}

/// Returns a descriptor of the list, as the kernel writes it.
fn processors() -> Option<c_int> {
    let (reader, mut writer) = std::io::pipe().ok()?;
    writeln!(writer, "0-{}", last_processor()?).ok()?;
    Some(reader.into_raw_fd())
}

fn last_processor() -> Option<usize> {
    // SAFETY: the kernel fills the set, which is made of numbers only.
    let set = unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        (libc::sched_getaffinity(0, size_of_val(&set), &raw mut set) == 0).then_some(set)?
    };
    // SAFETY: the number is within the set.
    (0..libc::CPU_SETSIZE as usize).rev().find(|&number| unsafe { libc::CPU_ISSET(number, &set) })
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Read;
    use std::os::fd::FromRawFd;

    use super::*;

    #[test]
    fn a_loaded_library_finds_it_before_that_of_the_c_library() {
        // SAFETY: a plain look-up.
        let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"open".as_ptr()) };
        assert_eq!(found.addr(), (open as *const ()).addr());
    }

    #[test]
    fn a_missing_list_has_all_processors_of_this_process() {
        // SAFETY: the descriptor was just made and belongs to nobody else.
        let mut list = unsafe { File::from_raw_fd(processors().unwrap()) };
        let mut text = String::new();
        list.read_to_string(&mut text).unwrap();
        let greatest: usize = text.strip_prefix("0-").unwrap().strip_suffix('\n').unwrap().parse().unwrap();
        assert!(greatest + 1 >= std::thread::available_parallelism().unwrap().get());
    }
}
