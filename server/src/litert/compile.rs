use std::ffi::CString;
use std::fmt::Write;
use std::os::fd::{IntoRawFd, OwnedFd};
use std::ptr::null_mut;
use std::sync::Arc;

use super::compiled::CompiledModel;
use super::error::Error;
use super::file::{CPU, Loaded, ModelFile, Packing, SignatureSpec, diverting};
use super::functions::{Library, ask, check, name};
use super::handle::Handle;
use super::packing::{PackedWeights, Weights};

impl ModelFile {
    /// Compiles the file for this processor, and makes the buffers of the signatures.
    ///
    /// # Arguments
    ///
    /// * `threads`: of one run, at least 1.
    /// * `weights`: where the packed weights are to be.
    /// * `signatures`: those that will be run, by their position here.
    pub fn compile(
        self: &Arc<Self>,
        threads: usize,
        weights: Weights,
        signatures: &[SignatureSpec<'_>],
    ) -> Result<CompiledModel, Error> {
        diverting(|printed| {
            let mut loaded = self.lock();
            let shared = if weights == Weights::Shared { loaded.packed_weights(self.library, threads) } else { None };
            let expected = shared.is_some();
            let earlier = printed.text();
            let (options, compiled) = loaded.compiled(self.library, threads, shared)?;
            if expected {
                // A cache that it cannot use the library ignores, and packs the weights once more.
                let complaint = printed.text();
                if complaint != earlier {
                    loaded.packing = Packing::Refused(complaint);
                }
            }
            CompiledModel::bind(self, &loaded, options, compiled, signatures)
        })
    }
}

impl Loaded {
    /// Returns a descriptor of the packed weights, which are packed now if they are not yet; `None` where they cannot be
    /// shared.
    fn packed_weights(&mut self, library: &'static Library, threads: usize) -> Option<OwnedFd> {
        if matches!(self.packing, Packing::Untried) {
            // What packs them keeps a buffer as large as the largest of them: it is dropped at once.
            let packed = PackedWeights::new();
            let packed = packed.and_then(|packed| {
                self.compiled(library, threads, Some(packed.descriptor()?)).ok()?;
                packed.completed()
            });
            self.packing = packed.map_or_else(|| Packing::Refused(String::new()), Packing::Shared);
        }
        match &self.packing {
            Packing::Shared(packed) => packed.descriptor(),
            Packing::Untried | Packing::Refused(_) => None,
        }
    }

    fn compiled(
        &self,
        library: &'static Library,
        threads: usize,
        weights: Option<OwnedFd>,
    ) -> Result<(Handle, Handle), Error> {
        let options = options(library, threads, weights)?;
        let arguments = (self.environment.raw(), self.model.raw(), options.raw());
        let compiled = ask!(library, create_compiled_model(arguments.0, arguments.1, arguments.2), null_mut())?;
        Ok((options, Handle::new(compiled, library.destroy_compiled_model)))
    }
}

fn options(library: &'static Library, threads: usize, weights: Option<OwnedFd>) -> Result<Handle, Error> {
    let options = Handle::new(ask!(library, create_options(), null_mut())?, library.destroy_options);
    // SAFETY: the options are alive.
    check(name::set_hardware_accelerators, unsafe { (library.set_hardware_accelerators)(options.raw(), CPU) })?;
    let mut settings = String::new();
    if threads > 1 {
        let _ = writeln!(settings, "num_threads = {threads}");
    }
    if let Some(descriptor) = weights {
        // The library closes it, so no two compilations may have the same.
        let _ = writeln!(settings, "weight_cache_file_descriptor = {}", descriptor.into_raw_fd());
    }
    if !settings.is_empty() {
        let payload = CString::new(settings).unwrap_or_default();
        // SAFETY: a copy that belongs to the C library, which frees it as well: the payload is freed by the function
        // that is given with it.
        let payload = unsafe { libc::strdup(payload.as_ptr()) };
        let opaque = ask!(library, create_opaque_options(c"xnnpack".as_ptr(), payload.cast(), libc::free), null_mut())?;
        // SAFETY: both are alive; the options own the opaque ones afterwards.
        check(name::add_opaque_options, unsafe { (library.add_opaque_options)(options.raw(), opaque) })?;
    }
    Ok(options)
}
