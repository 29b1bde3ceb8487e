use std::ops::RangeInclusive;

use super::super::fault::Fault;
use super::super::meter::Meter;
use super::super::value::Value;

type Kernel = Box<dyn Fn(&[&Value], &mut Meter<'_>) -> Result<Vec<Value>, Fault> + Send + Sync>;

/// An operation with its attributes.
pub(in super::super) struct Operation {
    /// Number of values it takes.
    pub inputs: RangeInclusive<usize>,
    /// Number of values it makes.
    pub outputs: usize,
    /// Makes them.
    pub run: Kernel,
}

/// An operation, if the name is that of one; or a few words on its attributes.
pub(super) type Read = Result<Option<Operation>, String>;

/// Makes an operation with one output.
pub(super) fn one(
    inputs: RangeInclusive<usize>,
    run: impl Fn(&[&Value], &mut Meter<'_>) -> Result<Value, Fault> + Send + Sync + 'static,
) -> Read {
    several(inputs, 1, move |values, meter| Ok(vec![run(values, meter)?]))
}

/// Makes an operation.
#[expect(clippy::unnecessary_wraps, reason = "it ends a reader of operations, which can fail")]
pub(super) fn several(
    inputs: RangeInclusive<usize>,
    outputs: usize,
    run: impl Fn(&[&Value], &mut Meter<'_>) -> Result<Vec<Value>, Fault> + Send + Sync + 'static,
) -> Read {
    Ok(Some(Operation { inputs, outputs, run: Box::new(run) }))
}
