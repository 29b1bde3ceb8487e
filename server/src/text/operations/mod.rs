//! The operations of steps, under TensorFlow's names and with TensorFlow's results.

mod arithmetic;
mod assembly;
mod comparison;
mod conversion;
mod counting;
mod crossing;
mod ragged;
mod reduction;
mod shapes;
mod slices;
mod splitting;
mod strings;
mod tables;

use std::ops::RangeInclusive;
use std::sync::Arc;

use super::attributes::Attributes;
use super::fault::Fault;
use super::meter::Meter;
use super::table::Table;
use super::value::Value;

type Kernel = Box<dyn Fn(&[&Value], &mut Meter<'_>) -> Result<Vec<Value>, Fault> + Send + Sync>;

/// An operation with its attributes.
pub(super) struct Operation {
    /// Number of values it takes.
    pub inputs: RangeInclusive<usize>,
    /// Number of values it makes.
    pub outputs: usize,
    /// Makes them.
    pub run: Kernel,
}

/// An operation, if the name is that of one; or a few words on its attributes.
type Read = Result<Option<Operation>, String>;

/// Reads an operation.
pub(super) fn read(name: &str, mut attributes: Attributes, tables: &[Arc<Table>]) -> Result<Operation, String> {
    let readers = [
        strings::read,
        splitting::read,
        conversion::read,
        comparison::read,
        arithmetic::read,
        shapes::read,
        slices::read,
    ];
    let others = [assembly::read, reduction::read, counting::read, crossing::read, ragged::read];
    let mut found = tables::read(name, &mut attributes, tables)?;
    for read in readers.into_iter().chain(others) {
        if found.is_some() {
            break;
        }
        found = read(name, &mut attributes)?;
    }
    let found = found.ok_or("this program does not have it")?;
    attributes.finish()?;
    Ok(found)
}

/// Makes an operation with one output.
fn one(
    inputs: RangeInclusive<usize>,
    run: impl Fn(&[&Value], &mut Meter<'_>) -> Result<Value, Fault> + Send + Sync + 'static,
) -> Read {
    several(inputs, 1, move |values, meter| Ok(vec![run(values, meter)?]))
}

/// Makes an operation.
#[expect(clippy::unnecessary_wraps, reason = "it ends a reader of operations, which can fail")]
fn several(
    inputs: RangeInclusive<usize>,
    outputs: usize,
    run: impl Fn(&[&Value], &mut Meter<'_>) -> Result<Vec<Value>, Fault> + Send + Sync + 'static,
) -> Read {
    Ok(Some(Operation { inputs, outputs, run: Box::new(run) }))
}
