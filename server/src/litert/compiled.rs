use std::ptr::null_mut;
use std::sync::Arc;

use super::buffer::Buffer;
use super::error::Error;
use super::file::{Loaded, ModelFile, Side, SignatureSpec, TensorSpec};
use super::functions::{Layout, Library, RankedTensorType, Raw, ask, check, name};
use super::handle::Handle;
use super::tensors::{is_computed, tensors, weights};

/// `LiteRtStatus` of a run in which an operator failed.
const RUNTIME_FAILURE: i32 = 3;

/// A model compiled for this processor, with the buffers of its signatures.
///
/// Run by two threads at once it would answer wrongly, with status 0: so a run takes `&mut self`, and the raw pointers
/// keep it from being `Sync`. Make a further one for a further thread.
///
/// ```compile_fail
/// fn shared_by_threads<T: Sync>() {}
/// shared_by_threads::<model_server::litert::CompiledModel>();
/// ```
///
/// ```
/// fn given_to_a_thread<T: Send>() {}
/// given_to_a_thread::<model_server::litert::CompiledModel>();
/// ```
pub struct CompiledModel {
    // In the order in which they are freed.
    bindings: Vec<Binding>,
    /// Binding of each signature given to `compile`, by its position in `bindings`: equal signatures share one.
    signatures: Vec<usize>,
    compiled: Handle,
    _options: Handle,
    file: Arc<ModelFile>,
}

// SAFETY: the library binds nothing to a thread; the buffers' handles are used with `&mut self` alone.
unsafe impl Send for CompiledModel {}

/// The buffers of one signature, made once and filled again for every run.
struct Binding {
    index: usize,
    /// Number of rows that one run computes.
    rows: usize,
    /// Input buffers in the caller's order.
    inputs: Vec<Buffer>,
    /// Outputs in the caller's order.
    outputs: Vec<Output>,
    /// The buffers in the order of the file, as a run wants them.
    input_handles: Vec<Raw>,
    output_handles: Vec<Raw>,
    /// Name and shape of each output in the order of the file; the shape is that of the last run.
    shapes: Vec<(String, Vec<i32>)>,
    layouts: Vec<Layout>,
}

/// Place of an output's bytes.
enum Output {
    Own(Buffer),
    /// The output is an input, by its position: the buffer is that of the input.
    Input(usize),
}

impl CompiledModel {
    pub(super) fn bind(
        file: &Arc<ModelFile>,
        loaded: &Loaded,
        options: Handle,
        compiled: Handle,
        specs: &[SignatureSpec<'_>],
    ) -> Result<Self, Error> {
        let mut model = Self {
            bindings: Vec::with_capacity(specs.len()),
            signatures: Vec::with_capacity(specs.len()),
            compiled,
            _options: options,
            file: Arc::clone(file),
        };
        let library = file.library;
        let in_file = loaded.signatures(library)?;
        // Graph and signature that each binding was made of.
        let mut made: Vec<(Raw, &SignatureSpec<'_>)> = Vec::new();
        for spec in specs {
            let Some(index) = in_file.iter().position(|(_, key)| key == spec.name) else {
                let keys: Vec<&str> = in_file.iter().map(|(_, key)| key.as_str()).collect();
                return Err(Error::Mismatch(format!("the file has no signature '{}', but {keys:?}", spec.name)));
            };
            let signature = in_file[index].0;
            let subgraph = ask!(library, signature_subgraph(signature), null_mut())?;
            if let Some((_, other)) = made.iter().find(|(graph, other)| *graph == subgraph && other.rows != spec.rows) {
                return Err(Error::Mismatch(format!(
                    "the signatures '{}' and '{}' of the file are one, which computes {} or {} rows at once",
                    other.name, spec.name, other.rows, spec.rows
                )));
            }
            let twin = made.iter().position(|(graph, other)| {
                *graph == subgraph && same(&other.inputs, &spec.inputs) && same(&other.outputs, &spec.outputs)
            });
            model.signatures.push(twin.unwrap_or(model.bindings.len()));
            if twin.is_none() {
                let binding = model.binding(loaded, index, signature, spec)?;
                model.bindings.push(binding);
                made.push((subgraph, spec));
            }
        }
        Ok(model)
    }

    /// Runs one signature once.
    ///
    /// # Arguments
    ///
    /// * `signature`: its position among those given to `compile`.
    /// * `rows`: at least 1, and at most those of the specification.
    /// * `inputs`: the rows' stored bytes, in the order of the specification.
    /// * `outputs`: where the rows' stored bytes of each output are appended, in the order of the specification.
    ///
    /// # Errors
    ///
    /// `Error::Values` where an operator refuses the values.
    pub fn run<'a>(
        &mut self,
        signature: usize,
        rows: usize,
        inputs: impl IntoIterator<Item = &'a [u8]>,
        outputs: &mut [Vec<u8>],
    ) -> Result<(), Error> {
        let library = self.file.library;
        let binding = &mut self.bindings[self.signatures[signature]];
        for (buffer, data) in binding.inputs.iter_mut().zip(inputs) {
            buffer.write(library, data, buffer.size() / binding.rows)?;
        }
        // SAFETY: the handles are alive, and as many as the signature has.
        let status = unsafe {
            (library.run_compiled_model)(
                self.compiled.raw(),
                binding.index,
                binding.input_handles.len(),
                binding.input_handles.as_ptr(),
                binding.output_handles.len(),
                binding.output_handles.as_ptr(),
            )
        };
        match status {
            0 => binding.check_shapes(library, &self.compiled)?,
            RUNTIME_FAILURE => {
                binding.check_shapes(library, &self.compiled)?;
                // A model that cannot even be prepared, for an operator that the library lacks say, fails by the same
                // status, whatever the values.
                binding.ask_shapes(library, &self.compiled, true)?;
                return Err(Error::Values);
            }
            status => {
                let function = name::run_compiled_model;
                return Err(Error::Status { function, status });
            }
        }
        for (output, data) in binding.outputs.iter_mut().zip(outputs) {
            let buffer = match output {
                Output::Own(buffer) => buffer,
                Output::Input(position) => &mut binding.inputs[*position],
            };
            buffer.read(library, buffer.size() / binding.rows * rows, data)?;
        }
        Ok(())
    }

    fn binding(
        &self,
        loaded: &Loaded,
        index: usize,
        signature: Raw,
        spec: &SignatureSpec<'_>,
    ) -> Result<Binding, Error> {
        let library = self.file.library;
        let input_tensors = tensors(library, Side::Input, signature, &spec.inputs)?;
        let output_tensors = tensors(library, Side::Output, signature, &spec.outputs)?;
        let shapes: Vec<_> = output_tensors
            .iter()
            .map(|&(_, position)| (spec.outputs[position].name.to_owned(), spec.outputs[position].resized(spec.rows)))
            .collect();
        if spec.rows != 1 {
            self.resize(index, &input_tensors, spec)?;
            // Some files answer another number of rows than they were given: such a run writes past the end of its buffers.
            let mut layouts = vec![Layout::default(); shapes.len()];
            ask_shapes(library, &self.compiled, index, &mut layouts, true)?;
            check_shapes(&shapes, &layouts, spec.rows)?;
        }
        let mut inputs = Vec::with_capacity(input_tensors.len());
        for (at, &(tensor, position)) in input_tensors.iter().enumerate() {
            let buffer = self.buffer(loaded, Side::Input, index, at, tensor, &spec.inputs[position], spec.rows)?;
            inputs.push((position, buffer));
        }
        let input_handles: Vec<Raw> = inputs.iter().map(|(_, buffer)| buffer.raw()).collect();
        let mut outputs = Vec::with_capacity(output_tensors.len());
        let mut output_handles = Vec::with_capacity(output_tensors.len());
        for (at, &(tensor, position)) in output_tensors.iter().enumerate() {
            let mut buffer =
                self.buffer(loaded, Side::Output, index, at, tensor, &spec.outputs[position], spec.rows)?;
            // An output that is an input or a constant: nothing writes its buffer, and the operations that read the
            // tensor read this buffer.
            if !is_computed(library, tensor)? {
                if let Some(input) = input_tensors.iter().position(|&(other, _)| other == tensor) {
                    output_handles.push(input_handles[input]);
                    outputs.push((position, Output::Input(inputs[input].0)));
                    continue;
                }
                buffer.write(library, weights(library, loaded, tensor, buffer.size())?, buffer.size())?;
            }
            output_handles.push(buffer.raw());
            outputs.push((position, Output::Own(buffer)));
        }
        Ok(Binding {
            index,
            rows: spec.rows,
            inputs: in_order(inputs),
            outputs: in_order(outputs),
            input_handles,
            layouts: vec![Layout::default(); output_handles.len()],
            output_handles,
            shapes,
        })
    }

    fn resize(&self, index: usize, inputs: &[(Raw, usize)], spec: &SignatureSpec<'_>) -> Result<(), Error> {
        for (at, &(_, position)) in inputs.iter().enumerate() {
            let shape = spec.inputs[position].resized(spec.rows);
            // SAFETY: the model is alive, and the library copies the shape.
            check(name::resize_input, unsafe {
                (self.file.library.resize_input)(self.compiled.raw(), index, at, shape.as_ptr(), shape.len())
            })?;
        }
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "all of them say which buffer")]
    fn buffer(
        &self,
        loaded: &Loaded,
        side: Side,
        signature: usize,
        at: usize,
        tensor: Raw,
        spec: &TensorSpec<'_>,
        rows: usize,
    ) -> Result<Buffer, Error> {
        let library = self.file.library;
        let mut ranked = ask!(library, ranked_tensor_type(tensor), RankedTensorType::default())?;
        let shape = ranked.layout.shape();
        if ranked.element_type != spec.element_type || shape != spec.resized(1) {
            return Err(Error::Mismatch(format!(
                "{} '{}' of the file has type {} and shape {shape:?}, its description {} and {:?}",
                side.name(),
                spec.name,
                ranked.element_type,
                spec.element_type,
                spec.shape
            )));
        }
        ranked.layout.resize(&spec.resized(rows));
        let compiled = self.compiled.raw();
        let requirements = match side {
            Side::Input => ask!(library, input_buffer_requirements(compiled, signature, at), null_mut()),
            Side::Output => ask!(library, output_buffer_requirements(compiled, signature, at), null_mut()),
        }?;
        let buffer =
            ask!(library, create_buffer(loaded.environment.raw(), &raw const ranked, requirements), null_mut())?;
        let buffer = Handle::new(buffer, library.destroy_buffer);
        let packed = ask!(library, buffer_packed_size(buffer.raw()), 0)?;
        if Some(packed) != spec.bytes.checked_mul(rows) {
            return Err(Error::Mismatch(format!(
                "{} '{}' has a buffer of {packed} bytes instead of {} for each of {rows} rows",
                side.name(),
                spec.name,
                spec.bytes
            )));
        }
        Ok(Buffer::new(buffer, packed))
    }
}

impl Binding {
    /// Refuses a run that gave an output another shape than the file says, which a file can do that is silent about
    /// shapes that change: the library fills as much of the buffer as it can, and says nothing or blames the values.
    fn check_shapes(&mut self, library: &Library, compiled: &Handle) -> Result<(), Error> {
        self.ask_shapes(library, compiled, false)?;
        check_shapes(&self.shapes, &self.layouts, self.rows)
    }

    /// Asks for the outputs' shapes, after preparing the model anew where `prepare` says so.
    fn ask_shapes(&mut self, library: &Library, compiled: &Handle, prepare: bool) -> Result<(), Error> {
        ask_shapes(library, compiled, self.index, &mut self.layouts, prepare)
    }
}

fn ask_shapes(
    library: &Library,
    compiled: &Handle,
    signature: usize,
    layouts: &mut [Layout],
    prepare: bool,
) -> Result<(), Error> {
    // SAFETY: the model is alive, and there are as many layouts as the signature has outputs.
    check(name::output_layouts, unsafe {
        (library.output_layouts)(compiled.raw(), signature, layouts.len(), layouts.as_mut_ptr(), prepare)
    })
}

fn check_shapes(shapes: &[(String, Vec<i32>)], layouts: &[Layout], rows: usize) -> Result<(), Error> {
    for ((name, expected), layout) in shapes.iter().zip(layouts) {
        let shape = layout.shape();
        if shape != expected {
            return Err(Error::Mismatch(if rows == 1 {
                format!(
                    "output '{name}' came with the shape {shape:?}, in the file it has {expected:?}: a shape that changes \
                     cannot be served"
                )
            } else {
                format!(
                    "output '{name}' has the shape {shape:?} instead of {expected:?} where {rows} rows are computed at once"
                )
            }));
        }
    }
    Ok(())
}

fn in_order<T>(mut positioned: Vec<(usize, T)>) -> Vec<T> {
    positioned.sort_by_key(|&(position, _)| position);
    positioned.into_iter().map(|(_, value)| value).collect()
}

fn same(left: &[TensorSpec<'_>], right: &[TensorSpec<'_>]) -> bool {
    left.len() == right.len()
        && left.iter().zip(right).all(|(spec, other)| {
            spec.name == other.name && spec.element_type == other.element_type && spec.shape == other.shape
        })
}
