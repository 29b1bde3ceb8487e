use serde_json::Value as Json;

use super::super::attributes::Attributes;
use super::super::fault::{Fault, fault};
use super::super::fingerprint::fingerprint64;
use super::super::meter::Meter;
use super::super::numbers::{real, whole, write_whole};
use super::super::siphash::siphash24;
use super::super::strings::Strings;
use super::super::value::{Data, Type, Value};
use super::operation::{Read, one};

/// Most bytes of a number in decimal.
const LONGEST_NUMBER: usize = 20;

pub(super) fn read(name: &str, attributes: &mut Attributes) -> Read {
    match name {
        "Cast" => {
            let dtype = attributes.dtype("DstT")?;
            if dtype == Type::String {
                return Err("'DstT' must be a number or bool".to_owned());
            }
            one(1..=1, move |values, meter| cast(values[0], dtype, meter))
        }
        "AsString" => one(1..=1, |values, meter| as_string(values[0], meter)),
        "StringToNumber" => {
            let dtype = attributes.dtype("out_type")?;
            one(1..=1, move |values, meter| to_number(values[0], dtype, meter))
        }
        "Bucketize" => {
            let boundaries = boundaries(attributes)?;
            one(1..=1, move |values, meter| bucketized(&boundaries, values[0], meter))
        }
        "StringToHashBucketFast" => {
            let buckets = buckets(attributes)?;
            one(1..=1, move |values, meter| hashed(values[0], buckets, fingerprint64, meter))
        }
        "StringToHashBucketStrong" => {
            let (buckets, key) = (buckets(attributes)?, key(attributes)?);
            one(1..=1, move |values, meter| hashed(values[0], buckets, |bytes| siphash24(key, bytes), meter))
        }
        _ => Ok(None),
    }
}

fn buckets(attributes: &mut Attributes) -> Result<u64, String> {
    let buckets = attributes.whole("num_buckets")?;
    u64::try_from(buckets).ok().filter(|&buckets| buckets > 0).ok_or_else(|| "'num_buckets' is not above 0".to_owned())
}

fn key(attributes: &mut Attributes) -> Result<[u64; 2], String> {
    let key = attributes.list("key")?;
    let half = |index: usize| key.get(index).and_then(|half| half.as_str()?.parse().ok());
    match (half(0), half(1), key.len()) {
        (Some(first), Some(second), 2) => Ok([first, second]),
        _ => Err("'key' is not two numbers of 64 bits as strings".to_owned()),
    }
}

fn hashed(value: &Value, buckets: u64, hash: impl Fn(&[u8]) -> u64, meter: &mut Meter<'_>) -> Result<Value, Fault> {
    let strings = value.strings()?;
    meter.elements(strings.len(), size_of::<i64>())?;
    let hashed = strings.iter().map(|string| (hash(string) % buckets) as i64).collect();
    Ok(Value::new(value.shape, Data::Int64(hashed)))
}

fn as_string(value: &Value, meter: &mut Meter<'_>) -> Result<Value, Fault> {
    if let Data::Strings(strings) = &value.data {
        meter.strings(strings.len(), strings.bytes().len())?;
        return Ok(value.clone());
    }
    meter.strings(value.data.len(), LONGEST_NUMBER * value.data.len())?;
    let mut text = Vec::with_capacity(LONGEST_NUMBER);
    let mut written = |number: i64| {
        text.clear();
        write_whole(number, &mut text);
        text.clone()
    };
    let strings: Strings = match &value.data {
        Data::Int64(elements) => elements.iter().map(|&element| written(element)).collect(),
        Data::Int32(elements) => elements.iter().map(|&element| written(element.into())).collect(),
        Data::UInt8(elements) => elements.iter().map(|&element| written(element.into())).collect(),
        Data::Bool(elements) => elements.iter().map(|&is| if is { "true" } else { "false" }).collect(),
        other => return Err(fault(format!("{} has no text here", other.dtype()))),
    };
    Ok(Value::new(value.shape, Data::Strings(strings)))
}

fn boundaries(attributes: &mut Attributes) -> Result<Vec<f32>, String> {
    let number = |item: &Json| item.as_f64().map(|number| number as f32);
    let boundaries = attributes.list("boundaries")?.iter().map(number).collect::<Option<Vec<_>>>();
    let sorted = boundaries.filter(|boundaries| boundaries.is_sorted());
    sorted.ok_or_else(|| "'boundaries' are not numbers in ascending order".to_owned())
}

/// Returns how many boundaries are at most each element. TensorFlow compares as float64 what is float64.
fn bucketized(boundaries: &[f32], value: &Value, meter: &mut Meter<'_>) -> Result<Value, Fault> {
    meter.elements(value.data.len(), size_of::<i32>())?;
    let bucket = |element: f64| {
        // NaN is below no boundary.
        let is_before = |&boundary: &f32| element.is_nan() || f64::from(boundary) <= element;
        boundaries.partition_point(is_before) as i32
    };
    let buckets = match &value.data {
        Data::Float32(elements) => elements.iter().map(|&element| bucket(element.into())).collect(),
        Data::Float64(elements) => elements.iter().map(|&element| bucket(element)).collect(),
        Data::Int32(elements) => elements.iter().map(|&element| bucket(element.into())).collect(),
        Data::Int64(elements) => elements.iter().map(|&element| bucket(element as f64)).collect(),
        other => return Err(fault(format!("{} stands where numbers belong", other.dtype()))),
    };
    Ok(Value::new(value.shape, Data::Int32(buckets)))
}

fn to_number(value: &Value, dtype: Type, meter: &mut Meter<'_>) -> Result<Value, Fault> {
    let strings = value.strings()?;
    meter.elements(strings.len(), dtype.size())?;
    let data = match dtype {
        Type::Int64 => Data::Int64(all(strings, whole)?),
        Type::Int32 => Data::Int32(all(strings, |string| i32::try_from(whole(string)?).ok())?),
        Type::Float32 => Data::Float32(all(strings, real)?),
        Type::Float64 => Data::Float64(all(strings, real)?),
        other => return Err(fault(format!("a string cannot become {other}"))),
    };
    Ok(Value::new(value.shape, data))
}

fn all<T>(strings: &Strings, read: impl Fn(&[u8]) -> Option<T>) -> Result<Vec<T>, Fault> {
    let number = |string: &[u8]| {
        read(string).ok_or_else(|| {
            let shown: String = String::from_utf8_lossy(string).chars().take(40).collect();
            fault(format!("\"{}\" is not a number that fits", shown.escape_debug()))
        })
    };
    strings.iter().map(number).collect()
}

/// Makes the elements of one type of those of another. Whole numbers wrap; what a whole number cannot hold ends at its limit.
macro_rules! cast_all {
    ($data:expr, $to:ty) => {
        match $data {
            Data::Int64(elements) => elements.iter().map(|&element| element as $to).collect(),
            Data::Int32(elements) => elements.iter().map(|&element| element as $to).collect(),
            Data::Float32(elements) => elements.iter().map(|&element| element as $to).collect(),
            Data::Float64(elements) => elements.iter().map(|&element| element as $to).collect(),
            Data::Bool(elements) => elements.iter().map(|&element| u8::from(element) as $to).collect(),
            Data::UInt8(elements) => elements.iter().map(|&element| element as $to).collect(),
            Data::Strings(_) => return Err(fault("strings are no numbers")),
        }
    };
}

fn cast(value: &Value, dtype: Type, meter: &mut Meter<'_>) -> Result<Value, Fault> {
    meter.elements(value.data.len(), dtype.size())?;
    let data = match dtype {
        Type::Int64 => Data::Int64(cast_all!(&value.data, i64)),
        Type::Int32 => Data::Int32(cast_all!(&value.data, i32)),
        Type::Float32 => Data::Float32(cast_all!(&value.data, f32)),
        Type::Float64 => Data::Float64(cast_all!(&value.data, f64)),
        Type::UInt8 => Data::UInt8(cast_all!(&value.data, u8)),
        Type::Bool => Data::Bool(truths(&value.data)?),
        Type::String => return Err(fault("numbers are no strings")),
    };
    Ok(Value::new(value.shape, data))
}

/// Tells of each element whether it is not 0.
pub(super) fn truths(data: &Data) -> Result<Vec<bool>, Fault> {
    Ok(match data {
        Data::Int64(elements) => elements.iter().map(|&element| element != 0).collect(),
        Data::Int32(elements) => elements.iter().map(|&element| element != 0).collect(),
        Data::Float32(elements) => elements.iter().map(|&element| element != 0.0).collect(),
        Data::Float64(elements) => elements.iter().map(|&element| element != 0.0).collect(),
        Data::UInt8(elements) => elements.iter().map(|&element| element != 0).collect(),
        Data::Bool(elements) => elements.clone(),
        Data::Strings(_) => return Err(fault("strings are not true or false")),
    })
}
