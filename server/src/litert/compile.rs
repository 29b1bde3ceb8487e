use std::ffi::CString;
use std::ptr::null_mut;
use std::sync::Arc;

use super::compiled::CompiledModel;
use super::error::Error;
use super::file::{CPU, ModelFile, SignatureSpec, diverting};
use super::functions::{Library, ask, check, name};
use super::handle::Handle;

impl ModelFile {
    /// Compiles the file for this processor, and makes the buffers of the signatures.
    ///
    /// # Arguments
    ///
    /// * `threads`: of one run, at least 1.
    /// * `signatures`: those that will be run, by their position here.
    pub fn compile(self: &Arc<Self>, threads: usize, signatures: &[SignatureSpec<'_>]) -> Result<CompiledModel, Error> {
        diverting(|| {
            let loaded = self.lock();
            let options = options(self.library, threads)?;
            let compiled = ask!(
                self.library,
                create_compiled_model(loaded.environment.raw(), loaded.model.raw(), options.raw()),
                null_mut()
            )?;
            let compiled = Handle::new(compiled, self.library.destroy_compiled_model);
            CompiledModel::bind(self, &loaded, options, compiled, signatures)
        })
    }
}

fn options(library: &'static Library, threads: usize) -> Result<Handle, Error> {
    let options = Handle::new(ask!(library, create_options(), null_mut())?, library.destroy_options);
    // SAFETY: the options are alive.
    check(name::set_hardware_accelerators, unsafe { (library.set_hardware_accelerators)(options.raw(), CPU) })?;
    if threads > 1 {
        let payload = CString::new(format!("num_threads = {threads}\n")).unwrap_or_default();
        // SAFETY: a copy that belongs to the C library, which frees it as well: the payload is freed by the function
        // that is given with it.
        let payload = unsafe { libc::strdup(payload.as_ptr()) };
        let opaque = ask!(library, create_opaque_options(c"xnnpack".as_ptr(), payload.cast(), libc::free), null_mut())?;
        // SAFETY: both are alive; the options own the opaque ones afterwards.
        check(name::add_opaque_options, unsafe { (library.add_opaque_options)(options.raw(), opaque) })?;
    }
    Ok(options)
}
