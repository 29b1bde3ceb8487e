use super::super::attributes::Attributes;
use super::super::fault::{Fault, fault};
use super::super::meter::{MOST_STRING_BYTES, Meter};
use super::super::pattern::{self, Replacement};
use super::super::shape::Shape;
use super::super::strings::Strings;
use super::super::value::{Data, Value};
use super::super::words::{Unit, length, part, stripped};
use super::operation::{Read, one};

pub(super) fn read(name: &str, attributes: &mut Attributes) -> Read {
    match name {
        "StringLower" => cased(attributes, <[u8]>::make_ascii_lowercase),
        "StringUpper" => cased(attributes, <[u8]>::make_ascii_uppercase),
        "StringStrip" => one(1..=1, |values, meter| {
            let strings = values[0].strings()?;
            meter.strings(strings.len(), strings.bytes().len())?;
            Ok(Value::new(values[0].shape, Data::Strings(strings.iter().map(stripped).collect())))
        }),
        "StaticRegexReplace" => {
            let rewrite = attributes.bytes("rewrite")?;
            let replacement =
                Replacement::new(&attributes.text("pattern")?, &rewrite, attributes.flag("replace_global")?)?;
            one(1..=1, move |values, meter| replaced(&replacement, values[0], meter))
        }
        "StaticRegexFullMatch" => {
            let regex = pattern::whole(&attributes.text("pattern")?)?;
            one(1..=1, move |values, meter| {
                let strings = values[0].strings()?;
                meter.elements(strings.len(), 1)?;
                let matches = strings.iter().map(|string| regex.is_match(string)).collect();
                Ok(Value::new(values[0].shape, Data::Bool(matches)))
            })
        }
        "StringJoin" => {
            let separator = attributes.bytes("separator")?;
            one(1..=usize::MAX, move |values, meter| joined(&separator, values, meter))
        }
        "StringLength" => {
            let unit = unit(attributes)?;
            one(1..=1, move |values, meter| {
                let strings = values[0].strings()?;
                meter.elements(strings.len(), size_of::<i32>())?;
                let lengths = strings.iter().map(|string| length(string, unit) as i32).collect();
                Ok(Value::new(values[0].shape, Data::Int32(lengths)))
            })
        }
        "Substr" => {
            let unit = unit(attributes)?;
            one(3..=3, move |values, meter| parts(unit, values, meter))
        }
        _ => Ok(None),
    }
}

fn cased(attributes: &mut Attributes, change: fn(&mut [u8])) -> Read {
    attributes.only("encoding", "")?;
    one(1..=1, move |values, meter| {
        let strings = values[0].strings()?;
        meter.strings(strings.len(), strings.bytes().len())?;
        Ok(Value::new(values[0].shape, Data::Strings(strings.clone().map_bytes(change))))
    })
}

fn unit(attributes: &mut Attributes) -> Result<Unit, String> {
    match attributes.text("unit")?.as_str() {
        "BYTE" => Ok(Unit::Byte),
        "UTF8_CHAR" => Ok(Unit::Character),
        _ => Err("'unit' must be 'BYTE' or 'UTF8_CHAR'".to_owned()),
    }
}

fn replaced(replacement: &Replacement, value: &Value, meter: &mut Meter<'_>) -> Result<Value, Fault> {
    let strings = value.strings()?;
    meter.strings(strings.len(), strings.bytes().len())?;
    let mut replaced = Strings::with_capacity(strings.len(), strings.bytes().len());
    let mut paid = strings.bytes().len();
    for string in strings.iter() {
        let before = replaced.bytes().len();
        let fits = replacement.append(string, &mut replaced, MOST_STRING_BYTES - before.min(MOST_STRING_BYTES));
        let longer = replaced.bytes().len().saturating_sub(paid);
        if longer > 0 || !fits {
            // What a Vec grows by can be twice what it needs.
            meter.strings(0, replaced.bytes().len())?;
            paid = 2 * replaced.bytes().len();
        }
    }
    Ok(Value::new(value.shape, Data::Strings(replaced)))
}

/// Joins strings element by element. Those without dimensions stand beside each.
fn joined(separator: &[u8], values: &[&Value], meter: &mut Meter<'_>) -> Result<Value, Fault> {
    let shape = values.iter().map(|value| value.shape).find(|shape| !shape.is_empty()).unwrap_or_default();
    let strings = values.iter().map(|value| value.strings()).collect::<Result<Vec<_>, _>>()?;
    if values.iter().any(|value| !value.shape.is_empty() && value.shape != shape) {
        return Err(fault("strings of different shapes cannot be joined"));
    }
    let count = shape.count();
    let bytes = strings
        .iter()
        .zip(values)
        .map(|(strings, value)| strings.bytes().len().saturating_mul(if value.shape.is_empty() { count } else { 1 }));
    let separators = separator.len().saturating_mul(values.len()).saturating_mul(count);
    let bytes = bytes.fold(separators, usize::saturating_add);
    meter.strings(count, bytes)?;
    let mut joined = Strings::with_capacity(count, bytes);
    for index in 0..count {
        for (position, (strings, value)) in strings.iter().zip(values).enumerate() {
            if position > 0 {
                joined.extend(separator);
            }
            joined.extend(strings.get(if value.shape.is_empty() { 0 } else { index }));
        }
        joined.finish();
    }
    Ok(Value::new(shape, Data::Strings(joined)))
}

/// Cuts parts out of strings; positions and lengths are the same for all, or one for each.
fn parts(unit: Unit, values: &[&Value], meter: &mut Meter<'_>) -> Result<Value, Fault> {
    let strings = values[0].strings()?;
    let (positions, lengths) = (values[1].wholes()?, values[2].wholes()?);
    let shape = values[0].shape.together(&values[1].shape)?;
    let (of_strings, of_positions) = (values[0].shape.within(&shape)?, values[1].shape.within(&shape)?);
    if values[1].shape != values[2].shape {
        return Err(fault("positions and lengths have different shapes"));
    }
    let longest = shape.count().saturating_mul(strings.iter().map(<[u8]>::len).max().unwrap_or(0));
    let bytes = if shape == values[0].shape { strings.bytes().len() } else { longest };
    meter.strings(shape.count(), bytes)?;
    let mut parts = Strings::with_capacity(shape.count(), 0);
    for (string, at) in of_strings.zip(of_positions) {
        let (position, length) = (positions[at], lengths[at]);
        let found = part(strings.get(string), position, length, unit);
        parts.push(found.ok_or_else(|| fault(format!("the position {position} is outside of a string")))?);
    }
    Ok(Value::new(shape, Data::Strings(parts)))
}

/// Returns strings as a list.
pub(super) fn list(strings: Strings) -> Result<Value, Fault> {
    Ok(Value::new(Shape::list(strings.len())?, Data::Strings(strings)))
}
