use std::sync::Arc;

use super::super::attributes::Attributes;
use super::super::fault::{Fault, fault};
use super::super::meter::Meter;
use super::super::strings::Strings;
use super::super::table::Table;
use super::super::value::{Data, Value};
use super::operation::{Read, one};

pub(super) fn read(name: &str, attributes: &mut Attributes, tables: &[Arc<Table>]) -> Read {
    if name != "LookupTableFindV2" {
        return Ok(None);
    }
    let index = attributes.count("table", usize::MAX)?;
    let table = Arc::clone(tables.get(index).ok_or_else(|| format!("the table {index} is not there"))?);
    one(2..=2, move |values, meter| found(&table, values, meter))
}

fn found(table: &Table, values: &[&Value], meter: &mut Meter<'_>) -> Result<Value, Fault> {
    let entries: Vec<Option<usize>> = {
        meter.elements(values[0].data.len(), size_of::<Option<usize>>())?;
        match &values[0].data {
            Data::Strings(keys) if table.has_string_keys() => keys.iter().map(|key| table.find(key)).collect(),
            Data::Int64(keys) if !table.has_string_keys() => keys.iter().map(|&key| table.find_whole(key)).collect(),
            other => return Err(fault(format!("{} is not the type of the table's keys", other.dtype()))),
        }
    };
    let damaged = || fault("the table is damaged");
    let data = if table.has_string_values() {
        let default = values[1].strings()?;
        let default = if default.len() == 1 { default.get(0) } else { return Err(fault("one default belongs here")) };
        let text = |entry: &Option<usize>| entry.map_or(Some(default), |entry| table.text(entry)).ok_or_else(damaged);
        let bytes = entries.iter().map(|entry| text(entry).map_or(0, <[u8]>::len)).fold(0, usize::saturating_add);
        meter.strings(entries.len(), bytes)?;
        let mut strings = Strings::with_capacity(entries.len(), bytes);
        for entry in &entries {
            strings.push(text(entry)?);
        }
        Data::Strings(strings)
    } else {
        let default = values[1].whole()?;
        meter.elements(entries.len(), size_of::<i64>())?;
        let whole = |entry: &Option<usize>| entry.map_or(Some(default), |entry| table.whole(entry)).ok_or_else(damaged);
        Data::Int64(entries.iter().map(whole).collect::<Result<_, _>>()?)
    };
    Ok(Value::new(values[0].shape, data))
}
