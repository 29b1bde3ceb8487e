use super::super::attributes::Attributes;
use super::super::fault::{Fault, fault};
use super::super::meter::Meter;
use super::super::ngrams::NGrams;
use super::super::shape::Shape;
use super::super::strings::{STRING_BYTES, Strings};
use super::super::unicode::{Invalid, decode, encode};
use super::super::value::{Data, Type, Value};
use super::super::words::split;
use super::operation::{Read, one, several};
use super::strings::list;

/// Most strings that are joined to one, and most pads beside them.
const WIDEST_NGRAM: usize = 1 << 10;

pub(super) fn read(name: &str, attributes: &mut Attributes) -> Read {
    match name {
        "StringSplitV2" => {
            let most = attributes.whole("maxsplit")?;
            several(2..=2, 3, move |values, meter| splitted(most, values, meter))
        }
        "StringNGrams" => {
            let ngrams = ngrams(attributes)?;
            several(2..=2, 2, move |values, meter| joined(&ngrams, values, meter))
        }
        "UnicodeDecode" => {
            let (invalid, splits) = unicode(attributes, "input_encoding")?;
            several(1..=1, 2, move |values, meter| decoded(invalid, splits, values[0].strings()?, meter))
        }
        "UnicodeEncode" => {
            let (invalid, _) = unicode(attributes, "output_encoding")?;
            one(2..=2, move |values, meter| encoded(invalid, values, meter))
        }
        _ => Ok(None),
    }
}

fn splitted(most: i64, values: &[&Value], meter: &mut Meter<'_>) -> Result<Vec<Value>, Fault> {
    let (strings, separator) = (values[0].strings()?, values[1].strings()?);
    if values[0].shape.len() != 1 || separator.len() != 1 {
        return Err(fault("a list of strings and one separator belong here"));
    }
    let separator = separator.get(0);
    let mut count = 0_usize;
    strings.iter().for_each(|string| split(string, separator, most, |_| count += 1));
    meter.strings(count, strings.bytes().len())?;
    meter.elements(count, 2 * size_of::<i64>())?;
    let mut parts = Strings::with_capacity(count, strings.bytes().len());
    let (mut indices, mut longest) = (Vec::with_capacity(2 * count), 0);
    for (row, string) in strings.iter().enumerate() {
        let mut column = 0;
        split(string, separator, most, |part| {
            parts.push(part);
            indices.extend([row as i64, column]);
            column += 1;
        });
        longest = longest.max(column);
    }
    let shape = Value::new(Shape::list(2)?, Data::Int64(vec![strings.len() as i64, longest]));
    Ok(vec![Value::new(Shape::checked(&[count, 2])?, Data::Int64(indices)), list(parts)?, shape])
}

fn ngrams(attributes: &mut Attributes) -> Result<NGrams, String> {
    let size = |size: i64| usize::try_from(size).ok().filter(|size| (1..=WIDEST_NGRAM).contains(size));
    let widths = attributes.wholes("ngram_widths")?.into_iter().map(size).collect::<Option<Vec<_>>>();
    let pads = attributes.whole("pad_width")?;
    let pad_width = if pads == -1 { None } else { usize::try_from(pads).ok().filter(|&pads| pads <= WIDEST_NGRAM) };
    if pads != -1 && pad_width.is_none() {
        return Err(format!("'pad_width' is not from -1 to {WIDEST_NGRAM}"));
    }
    Ok(NGrams {
        separator: attributes.bytes("separator")?,
        widths: widths.ok_or_else(|| format!("'ngram_widths' are not from 1 to {WIDEST_NGRAM}"))?,
        left_pad: attributes.bytes("left_pad")?,
        right_pad: attributes.bytes("right_pad")?,
        pad_width,
        preserves_short: attributes.flag("preserve_short_sequences")?,
    })
}

fn joined(ngrams: &NGrams, values: &[&Value], meter: &mut Meter<'_>) -> Result<Vec<Value>, Fault> {
    let strings = values[0].strings()?;
    let splits = rows(values[1], strings.len())?;
    let count = splits.windows(2).map(|row| ngrams.count(row[1] - row[0])).fold(0, usize::saturating_add);
    let bytes = splits.windows(2).map(|row| ngrams.most_bytes(strings, row[0], row[1])).fold(0, usize::saturating_add);
    meter.strings(count, bytes)?;
    meter.elements(splits.len(), size_of::<i64>())?;
    let mut joined = Strings::with_capacity(count, bytes);
    let mut ends = Vec::with_capacity(splits.len());
    ends.push(0);
    for row in splits.windows(2) {
        ngrams.append(strings, row[0], row[1] - row[0], &mut joined);
        ends.push(joined.len() as i64);
    }
    let data = if values[1].data.dtype() == Type::Int32 {
        Data::Int32(ends.iter().map(|&end| end as i32).collect())
    } else {
        Data::Int64(ends)
    };
    Ok(vec![list(joined)?, Value::new(values[1].shape, data)])
}

/// Returns where the rows of a ragged list begin and end, which is within the list.
pub(super) fn rows(splits: &Value, count: usize) -> Result<Vec<usize>, Fault> {
    let splits = splits.sizes()?;
    let is_right = splits.first() == Some(&0) && splits.last() == Some(&count) && splits.is_sorted();
    if is_right { Ok(splits) } else { Err(fault(format!("the splits are not those of {count} elements"))) }
}

/// Reads what UTF-8 that is none becomes, and the type of the splits.
fn unicode(attributes: &mut Attributes, encoding: &str) -> Result<(Invalid, Type), String> {
    attributes.only(encoding, "UTF-8")?;
    let replacement = attributes.whole("replacement_char")?;
    let replacement = u32::try_from(replacement).ok().and_then(char::from_u32);
    let replacement = replacement.ok_or("'replacement_char' is no code point")?;
    let splits = if encoding == "input_encoding" {
        if attributes.flag("replace_control_characters")? {
            return Err("'replace_control_characters' must be false".to_owned());
        }
        attributes.dtype("Tsplits")?
    } else {
        Type::Int64
    };
    match attributes.text("errors")?.as_str() {
        "replace" => Ok((Invalid::Replace(replacement), splits)),
        "ignore" => Ok((Invalid::Ignore, splits)),
        _ => Err("'errors' must be 'replace' or 'ignore'".to_owned()),
    }
}

fn decoded(invalid: Invalid, dtype: Type, strings: &Strings, meter: &mut Meter<'_>) -> Result<Vec<Value>, Fault> {
    meter.elements(strings.bytes().len(), size_of::<i32>())?;
    meter.elements(strings.len() + 1, 2 * size_of::<i64>())?;
    let mut characters = Vec::with_capacity(strings.bytes().len());
    let mut splits = vec![0_i64];
    for string in strings.iter() {
        decode(string, invalid, |character| characters.push(u32::from(character) as i32));
        splits.push(characters.len() as i64);
    }
    let splits_shape = Shape::list(splits.len())?;
    let splits = match dtype {
        Type::Int32 => Data::Int32(splits.iter().map(|&split| split as i32).collect()),
        _ => Data::Int64(splits),
    };
    let characters = Value::new(Shape::list(characters.len())?, Data::Int32(characters));
    Ok(vec![Value::new(splits_shape, splits), characters])
}

fn encoded(invalid: Invalid, values: &[&Value], meter: &mut Meter<'_>) -> Result<Value, Fault> {
    let Data::Int32(characters) = &values[0].data else { return Err(fault("int32 belongs here")) };
    let splits = rows(values[1], characters.len())?;
    meter.strings(splits.len() - 1, 4 * characters.len())?;
    let mut strings = Strings::with_capacity(splits.len() - 1, 4 * characters.len());
    let mut bytes = Vec::with_capacity(4 * STRING_BYTES);
    for row in splits.windows(2) {
        bytes.clear();
        characters[row[0]..row[1]].iter().for_each(|&character| encode(character.into(), invalid, &mut bytes));
        strings.push(&bytes);
    }
    list(strings)
}
