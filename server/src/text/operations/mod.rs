//! The operations of steps, under TensorFlow's names and with TensorFlow's results.

mod arithmetic;
mod assembly;
mod comparison;
mod conversion;
mod counting;
mod crossing;
mod operation;
mod ragged;
mod reduction;
mod shapes;
mod slices;
mod splitting;
mod strings;
mod tables;

use std::sync::Arc;

pub(super) use operation::Operation;

use super::attributes::Attributes;
use super::table::Table;

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
