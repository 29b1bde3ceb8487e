/// Blocks of this size or more are returned to the system as soon as they are free, in bytes.
const RETURNED_BLOCK_BYTES: libc::c_int = 1 << 20;
/// Free memory at the end of each thread's heap that is kept, in bytes: several smaller blocks, of a body and its tensors. What
/// every request gave back, the next would wait for, page by page.
const KEPT_HEAP_BYTES: libc::c_int = 8 << 20;

/// Keeps the C library's allocator, which this program and LiteRT share, from holding on to what large requests took.
///
/// Left alone it raises its thresholds with every large block that is freed, up to 32 MiB, and then keeps such blocks.
/// Smaller ones stay with it: a request that finds them waits for no new pages.
pub fn return_large_blocks() {
    // SAFETY: both are thresholds of its own, and no other thread runs yet that could read them.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, RETURNED_BLOCK_BYTES);
        libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT_HEAP_BYTES);
    }
}

/// Has each thread's heap keep free memory at its end, or return it with the next block that is freed.
///
/// [`return_free_blocks`] cannot reach it: of the ends of heaps it returns that of the first thread only.
pub fn keep_ends_of_heaps(keeps: bool) {
    let kept = if keeps { KEPT_HEAP_BYTES } else { 0 };
    // SAFETY: it sets one word, which the C library itself sets without a lock while other threads read it.
    unsafe { libc::mallopt(libc::M_TRIM_THRESHOLD, kept) };
}

/// Gives the system what is free between blocks in use, which the C library keeps for itself otherwise.
pub fn return_free_blocks() {
    // SAFETY: it changes nothing that is in use, whatever other threads do.
    unsafe { libc::malloc_trim(0) };
}
