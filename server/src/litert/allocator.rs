/// Blocks of this size or more are returned to the system as soon as they are free, in bytes.
const LARGE: libc::c_int = 1 << 20;
/// Free memory at the end of a heap that is kept, in bytes: several smaller blocks, of a body and its tensors. What every
/// request gave back, the next would wait for, page by page.
const KEPT: libc::c_int = 8 << 20;

/// Keeps the C library's allocator, which this program and LiteRT share, from holding on to what large requests took.
///
/// Left alone it raises its thresholds with every large block that is freed, up to 32 MiB, and then keeps such blocks.
/// Smaller ones stay with it: a request that finds them waits for no new pages.
pub fn return_large_blocks() {
    // SAFETY: both are thresholds of its own, and no other thread runs yet that could read them.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
        libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT);
    }
}

/// Gives the system what is free of the smaller blocks, which the C library keeps for itself otherwise.
pub fn return_free_blocks() {
    // SAFETY: it changes nothing that is in use, whatever other threads do.
    unsafe { libc::malloc_trim(0) };
}
