//! Features that are crossed: each combination of the columns' elements becomes one hash.

use super::super::attributes::Attributes;
use super::super::fault::{Fault, fault};
use super::super::fingerprint::fingerprint64;
use super::super::meter::Meter;
use super::super::shape::Shape;
use super::super::value::{Data, Value};
use super::operation::{Read, several};

/// Most columns of one cross.
const MOST_COLUMNS: usize = 64;

pub(super) fn read(name: &str, attributes: &mut Attributes) -> Read {
    if name != "SparseCross" {
        return Ok(None);
    }
    let buckets = u64::try_from(attributes.whole("num_buckets")?).ok().filter(|&buckets| buckets > 0);
    let buckets = buckets.ok_or("'num_buckets' is not positive")?;
    let key = attributes.text("hash_key")?.parse::<u64>().map_err(|_| "'hash_key' is no number of 64 bits")?;
    several(1..=MOST_COLUMNS, 3, move |values, meter| crossed(buckets, key, values, meter))
}

/// Returns the indices, the values and the shape of the sparse crosses of dense columns of the shape [rows, elements].
fn crossed(buckets: u64, key: u64, columns: &[&Value], meter: &mut Meter<'_>) -> Result<Vec<Value>, Fault> {
    let mut rows = None;
    let mut widths = Vec::with_capacity(columns.len());
    for column in columns {
        let [count, width] = column.shape[..] else { return Err(fault("columns of two dimensions belong here")) };
        if *rows.get_or_insert(count) != count {
            return Err(fault("the columns differ in their number of rows"));
        }
        widths.push(width);
    }
    let rows = rows.unwrap_or(0);
    let crosses = widths.iter().fold(1_usize, |product, &width| product.saturating_mul(width));
    let count = crosses.saturating_mul(rows);
    meter.elements(count, 3 * size_of::<i64>())?;
    meter.elements(columns.iter().map(|column| column.data.len()).sum(), size_of::<u64>())?;
    let hashes = columns.iter().map(|column| hashes(column)).collect::<Result<Vec<_>, _>>()?;
    let (mut indices, mut values) = (Vec::with_capacity(2 * count), Vec::with_capacity(count));
    for row in 0..rows {
        for number in 0..crosses {
            // The last column's elements alternate first.
            let mut rest = number;
            let mut elements = vec![0; widths.len()];
            for (element, &width) in elements.iter_mut().zip(&widths).rev() {
                (*element, rest) = (rest % width, rest / width);
            }
            let of_columns = hashes.iter().zip(&widths).zip(&elements);
            let hash = of_columns
                .fold(key, |hash, ((column, width), element)| concatenated(hash, column[row * width + element]));
            indices.extend([row as i64, number as i64]);
            values.push((hash % buckets) as i64);
        }
    }
    Ok(vec![
        Value::new(Shape::checked(&[count, 2])?, Data::Int64(indices)),
        Value::new(Shape::list(count)?, Data::Int64(values)),
        Value::new(Shape::list(2)?, Data::Int64(vec![rows as i64, if rows == 0 { 0 } else { crosses as i64 }])),
    ])
}

/// Returns the hashes of a column's elements; a whole number is its own.
fn hashes(column: &Value) -> Result<Vec<u64>, Fault> {
    match &column.data {
        Data::Strings(strings) => Ok(strings.iter().map(fingerprint64).collect()),
        Data::Int64(elements) => Ok(elements.iter().map(|&element| element as u64).collect()),
        _ => Err(fault("strings or int64 belong here")),
    }
}

/// TensorFlow's `FingerprintCat64`.
fn concatenated(first: u64, second: u64) -> u64 {
    const MULTIPLIER: u64 = 0xc6a4_a793_5bd1_e995;
    let mixed = |value: u64| value ^ (value >> 47);
    let hash = first ^ MULTIPLIER ^ mixed(second.wrapping_mul(MULTIPLIER)).wrapping_mul(MULTIPLIER);
    mixed(mixed(hash.wrapping_mul(MULTIPLIER)).wrapping_mul(MULTIPLIER))
}
