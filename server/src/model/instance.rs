use std::sync::Arc;

use super::call::{Call, Outputs};
use super::error::{LoadError, RunError};
use super::loaded::Model;
use super::signature::Signature;
use super::tensor::Tensor;
use crate::litert::{CompiledModel, Error, Weights};

/// A model that answers one call at a time.
pub struct Instance {
    model: Model,
    weights: Weights,
    single: CompiledModel,
    several: Several,
}

/// Compilation of the same model for several rows a run.
enum Several {
    /// Not compiled: no call had enough rows yet.
    Untried,
    Compiled(CompiledModel),
    /// A row at a time is computed instead.
    Failed,
}

impl Model {
    /// Compiles the model for one more thread.
    ///
    /// # Arguments
    ///
    /// * `weights`: of its own for the first instance, which is there sooner; shared for further ones.
    pub fn instance(&self, weights: Weights) -> Result<Instance, LoadError> {
        let single = self.compiled(weights, |_| 1)?;
        Ok(Instance { model: self.clone(), weights, single, several: Several::Untried })
    }
}

impl Instance {
    /// Answers a call.
    pub fn run(&mut self, call: &Call) -> Result<Outputs, RunError> {
        self.run_while(call, |_| true)
    }

    /// Answers a call as long as it is wanted, which is asked before each run, with the number of its rows.
    pub fn run_while(&mut self, call: &Call, mut is_wanted: impl FnMut(usize) -> bool) -> Result<Outputs, RunError> {
        let description = Arc::clone(&self.model.description);
        let signature = &description.signatures[call.signature];
        check(signature, call)?;
        let empty = |tensor: &Tensor| Vec::with_capacity(tensor.stored_bytes() * call.rows);
        let mut columns: Vec<Vec<u8>> = signature.outputs.iter().map(empty).collect();
        let (mut done, mut singly) = (0, 0);
        while done < call.rows {
            let rows = if done < singly { 1 } else { self.next_rows(signature, call.rows - done) };
            if !is_wanted(rows) {
                return Err(RunError::Abandoned);
            }
            let inputs = signature.file_inputs().iter().zip(&call.columns).map(|(tensor, column)| {
                let size = tensor.stored_bytes();
                &column[done * size..(done + rows) * size]
            });
            let compiled = match &mut self.several {
                Several::Compiled(several) if rows > 1 => several,
                _ => &mut self.single,
            };
            match compiled.run(call.signature, rows, inputs, &mut columns) {
                Ok(()) => done += rows,
                Err(error) if rows > 1 => {
                    // One of the rows may be to blame, or that they are computed at once.
                    singly = done + rows;
                    let whole = |tensor: &Tensor| done * tensor.stored_bytes();
                    signature
                        .outputs
                        .iter()
                        .zip(&mut columns)
                        .for_each(|(tensor, column)| column.truncate(whole(tensor)));
                    if !matches!(error, Error::Values) {
                        self.give_up(&error);
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Outputs { rows: call.rows, columns })
    }

    /// Answers calls of one signature together, as long as any is wanted. Each has an error of its own.
    pub fn run_together(
        &mut self,
        calls: &[&Call],
        mut is_wanted: impl FnMut(usize) -> bool,
    ) -> Vec<Result<Outputs, RunError>> {
        if let [first, _, ..] = calls {
            let description = Arc::clone(&self.model.description);
            let columns = |input: usize| calls.iter().map(move |call| call.columns[input].as_slice());
            let signature = &description.signatures[first.signature];
            let all = Call {
                signature: first.signature,
                rows: calls.iter().map(|call| call.rows).sum(),
                columns: (0..signature.file_inputs().len())
                    .map(|input| columns(input).collect::<Vec<_>>().concat())
                    .collect(),
                ..Call::default()
            };
            if let Ok(outputs) = self.run_while(&all, &mut is_wanted) {
                return divided(signature, calls, &outputs);
            }
        }
        calls.iter().map(|call| self.run_while(call, &mut is_wanted)).collect()
    }

    /// Tells whether the packed weights are this instance's own.
    #[must_use]
    pub fn owns_weights(&self) -> bool {
        self.weights == Weights::Own
    }

    /// Gives up packed weights of its own for those that all instances share.
    pub fn share_weights(&mut self) -> Result<(), LoadError> {
        if self.owns_weights() {
            self.single = self.model.compiled(Weights::Shared, |_| 1)?;
            self.weights = Weights::Shared;
        }
        Ok(())
    }

    /// Returns how many of so many rows the next run computes, and compiles the model for them where that was not done yet.
    fn next_rows(&mut self, signature: &Signature, left: usize) -> usize {
        let rows = signature.next_rows(left);
        if rows > 1 && matches!(self.several, Several::Untried) {
            let compiled = self.model.compiled(Weights::Shared, Signature::most_rows).map_err(LoadError::from);
            match compiled.and_then(|several| self.share_weights().map(|()| several)) {
                Ok(several) => self.several = Several::Compiled(several),
                Err(error) => self.give_up(&error),
            }
        }
        if matches!(self.several, Several::Compiled(_)) { rows } else { 1 }
    }

    fn give_up(&mut self, error: &dyn std::error::Error) {
        self.several = Several::Failed;
        (self.model.warn)(&format!("rows are computed one by one from now on: {error}"));
    }
}

/// Gives each call its rows of the outputs.
fn divided(signature: &Signature, calls: &[&Call], outputs: &Outputs) -> Vec<Result<Outputs, RunError>> {
    let mut done = 0;
    let rows = calls.iter().map(|call| {
        let (start, end) = (done, done + call.rows);
        done = end;
        let columns = signature.outputs.iter().zip(&outputs.columns).map(|(tensor, column)| {
            let size = tensor.stored_bytes();
            column[start * size..end * size].to_vec()
        });
        Ok(Outputs { rows: call.rows, columns: columns.collect() })
    });
    rows.collect()
}

fn check(signature: &Signature, call: &Call) -> Result<(), RunError> {
    let fits = signature.file_inputs().len() == call.columns.len()
        && signature
            .file_inputs()
            .iter()
            .zip(&call.columns)
            .all(|(tensor, column)| tensor.stored_bytes().checked_mul(call.rows) == Some(column.len()));
    if fits {
        return Ok(());
    }
    Err(RunError::Fault(Error::Mismatch(format!("the call's bytes do not fit the signature '{}'", signature.name))))
}
