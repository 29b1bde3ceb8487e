use std::time::{Duration, Instant};

use super::call::Call;
use super::error::LoadError;
use super::loaded::Model;
use crate::litert::{CompiledModel, Error, processor_time};

/// The time that runs took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Taken {
    /// Processor time of all processors together.
    pub processor: Duration,
    /// Time on the clock.
    pub wall: Duration,
}

/// One signature of a model, compiled for a number of rows and threads, to be timed with a client's rows.
pub struct Trial {
    compiled: CompiledModel,
    rows: usize,
    /// Bytes of each input: the rows of one run.
    inputs: Vec<Vec<u8>>,
    outputs: Vec<Vec<u8>>,
}

impl Model {
    /// Compiles a signature for a trial.
    ///
    /// # Arguments
    ///
    /// * `call`: its rows are repeated where one run computes more of them.
    pub fn trial(&self, call: &Call, rows: usize, threads: usize) -> Result<Trial, LoadError> {
        let signature = &self.description.signatures[call.signature];
        let compiled = self.compiled_signature(signature, rows, threads)?;
        let inputs = signature
            .file_inputs()
            .iter()
            .zip(&call.columns)
            .map(|(tensor, column)| column.iter().copied().cycle().take(rows * tensor.stored_bytes()).collect());
        let outputs = signature.outputs.iter().map(|tensor| Vec::with_capacity(rows * tensor.stored_bytes())).collect();
        Ok(Trial { inputs: inputs.collect(), outputs, compiled, rows })
    }
}

impl Trial {
    /// Runs the model so many times.
    pub fn run(&mut self, times: usize) -> Result<Taken, Error> {
        let (wall, processor) = (Instant::now(), processor_time());
        for _ in 0..times {
            self.outputs.iter_mut().for_each(Vec::clear);
            self.compiled.run(0, self.rows, self.inputs.iter().map(Vec::as_slice), &mut self.outputs)?;
        }
        Ok(Taken { processor: processor_time().saturating_sub(processor), wall: wall.elapsed() })
    }
}
