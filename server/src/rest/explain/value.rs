//! Finds and names the value that a tensor cannot take.

use super::json::{Json, Scalar};
use crate::model::{Element, ElementType, Kind, Misfit, Signature, Tensor};
use crate::rest::base64;
use crate::rest::number::{element, integer_digits};
use crate::rest::refusal::{Refusal, refuse};
use crate::rest::request::Form;
use crate::rest::sentence::printable;
use crate::rest::source::is_image;

/// Most characters to show of a number beyond float64.
const MOST_DIGITS: usize = 40;
/// Most digits of an integer that is shown whole: those of 128 bits.
const LONGEST_INTEGER: usize = 39;

/// Form in which the client wrote a value, so that it can be said where it is.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub form: Form,
    /// True: the value is in an object of inputs.
    pub named: bool,
}

/// A value that does not fit, by the indices that lead to it.
struct Problem {
    indices: Vec<usize>,
    what: String,
}

/// Checks the rows of an input in row format.
pub(super) fn check_column<'t, R: Iterator<Item = Json<'t>>>(
    signature: &Signature,
    tensor: &Tensor,
    rows: impl Fn() -> R,
    place: Place,
) -> Result<(), Refusal> {
    let found = if signature.batched {
        within(rows(), |row| search(tensor, row, tensor.item_shape()))
    } else {
        let count = rows().count();
        match tensor.stored_shape.split_first() {
            None => Some(Problem::here(format!("a list of {count} stands where {} belongs", belongs(tensor)))),
            Some((&size, _)) if size != count => Some(wrong_size(count, size)),
            Some((_, inner)) => within(rows(), |row| search(tensor, row, inner)),
        }
    };
    found.map_or(Ok(()), |problem| refuse(located(signature, tensor, &problem, place)))
}

/// Checks the value of an input in column format, or of one instance.
pub(super) fn check_value(
    signature: &Signature,
    tensor: &Tensor,
    value: Json<'_>,
    place: Place,
) -> Result<(), Refusal> {
    let found = match value.items() {
        Some(rows) if place.form == Form::Inputs && signature.batched => {
            within(rows, |row| search(tensor, row, tensor.item_shape()))
        }
        _ => search(tensor, value, tensor.item_shape()),
    };
    found.map_or(Ok(()), |problem| refuse(located(signature, tensor, &problem, place)))
}

/// Finds the value that a tensor cannot take in nested lists of a shape. Returns where it is, and what it is.
pub(crate) fn problem(tensor: &Tensor, text: &[u8], shape: &[usize]) -> Option<String> {
    let problem = search(tensor, Json::new(text), shape)?;
    Some(format!("{}: {}", subscripts(&problem.indices), problem.what))
}

/// Checks that all inputs in column format have the same number of rows.
pub(super) fn check_row_counts<'t>(
    signature: &Signature,
    column: impl Fn(&str) -> Json<'t>,
    place: Place,
) -> Result<(), Refusal> {
    let mut counts = Vec::with_capacity(signature.inputs.len());
    for tensor in &signature.inputs {
        let value = column(&tensor.name);
        let Some(rows) = value.items() else {
            let problem = Problem::here(format!("{} stands where the list of rows belongs", described(value)));
            return refuse(located(signature, tensor, &problem, place));
        };
        counts.push((&tensor.name, rows.count()));
    }
    if counts.iter().any(|&(_, count)| count != counts[0].1) {
        let sizes: Vec<String> = counts.iter().map(|(name, count)| format!("'{name}' has {count}")).collect();
        return refuse(format!("all inputs must have the same number of rows: {}", sizes.join(", ")));
    }
    if counts.iter().any(|&(_, count)| count == 0) {
        return refuse("the batch is empty; at least one row is needed".to_owned());
    }
    Ok(())
}

impl Problem {
    fn here(what: String) -> Self {
        Self { indices: Vec::new(), what }
    }
}

fn within<'t>(rows: impl Iterator<Item = Json<'t>>, search: impl Fn(Json<'t>) -> Option<Problem>) -> Option<Problem> {
    rows.enumerate().find_map(|(index, row)| {
        let mut problem = search(row)?;
        problem.indices.insert(0, index);
        Some(problem)
    })
}

fn search(tensor: &Tensor, value: Json<'_>, shape: &[usize]) -> Option<Problem> {
    let Some((&size, inner)) = shape.split_first() else {
        return element_problem(tensor, value).map(Problem::here);
    };
    let Some(items) = value.items() else {
        if value.is_base64() && is_image(tensor, shape) {
            let encoded = base64::encoded(&value.base64());
            return encoded.err().map(|problem| Problem::here(format!("{problem} where a JPEG or PNG belongs")));
        }
        return Some(Problem::here(format!("{} stands where a list of {size} belongs", described(value))));
    };
    match items.count() {
        count if count == size => within(value.items()?, |item| search(tensor, item, inner)),
        count => Some(wrong_size(count, size)),
    }
}

fn wrong_size(found: usize, size: usize) -> Problem {
    Problem::here(format!("a list of {found} stands where a list of {size} belongs"))
}

fn element_problem(tensor: &Tensor, value: Json<'_>) -> Option<String> {
    if tensor.has_strings() {
        return text_problem(value);
    }
    if value.is_base64() {
        return Some(format!("bytes (\"b64\") are for inputs of type string, and this one is {}", tensor.dtype));
    }
    let misfit = match value.scalar().element() {
        Some(element) => tensor.push(element, &mut Vec::new()).err()?,
        None => Misfit::Kind,
    };
    let (found, dtype) = (described(value), tensor.dtype);
    Some(match misfit {
        Misfit::Kind => format!("{found} stands where {} belongs", belongs(tensor)),
        Misfit::Range if dtype.kind() == Kind::Integer => {
            let (low, high) = dtype.limits();
            format!("{found} is outside of {dtype}, {low} to {high}")
        }
        Misfit::Range => format!("{found} is outside of {dtype}, at most {}", largest(dtype)),
        Misfit::NotANumber => {
            format!("NaN cannot be represented: the model stores this input as {}", tensor.stored)
        }
    })
}

fn text_problem(value: Json<'_>) -> Option<String> {
    if value.is_base64() {
        let problem = base64::bytes(&value.base64()).err()?;
        return Some(format!("{problem} where a string belongs"));
    }
    match value.scalar() {
        Scalar::String(_) => None,
        _ => Some(format!("{} stands where a string belongs", described(value))),
    }
}

fn belongs(tensor: &Tensor) -> &'static str {
    match tensor.dtype.kind() {
        Kind::Float => "a number",
        Kind::Integer => "an integer",
        Kind::Bool => "true or false",
        Kind::Text => "a string",
    }
}

fn largest(dtype: ElementType) -> &'static str {
    match dtype {
        ElementType::Float16 => "65504.0",
        ElementType::Float64 => "1.7976931348623157e+308",
        _ => "3.4028234663852886e+38",
    }
}

/// Returns a few words for a value: never more than a line, whatever the value.
fn described(value: Json<'_>) -> String {
    if let Some(items) = value.items() {
        return format!("a list of {}", items.count());
    }
    if value.is_object() {
        return "an object".to_owned();
    }
    match value.scalar() {
        Scalar::Bool(value) => value.to_string(),
        Scalar::Number(text) => number(text),
        Scalar::String(text) => {
            let more = if text.chars().nth(20).is_some() { "…" } else { "" };
            format!("the string \"{}{more}\"", printable(&text, 20))
        }
        Scalar::Null => "null".to_owned(),
    }
}

fn number(text: &[u8]) -> String {
    if let Some(digits) = integer_digits(text).filter(|&digits| digits > LONGEST_INTEGER) {
        return format!("an integer of {digits} digits");
    }
    match element(text) {
        Element::Integer(value) => value.to_string(),
        Element::Float(value) if value.is_finite() || value.is_nan() => float(value),
        _ => printable(&String::from_utf8_lossy(text), MOST_DIGITS),
    }
}

fn float(value: f64) -> String {
    if value.is_nan() { "NaN".to_owned() } else { zmij::Buffer::new().format_finite(value).to_owned() }
}

/// Says where the value is in the request as the client wrote it, and what was expected there.
fn located(signature: &Signature, tensor: &Tensor, problem: &Problem, place: Place) -> String {
    let (first, rest) = match (place.form, &problem.indices[..]) {
        (Form::Instances, [first, rest @ ..]) => (format!("[{first}]"), rest),
        (_, indices) => (String::new(), indices),
    };
    let name = if place.named { format!("[\"{}\"]", tensor.name) } else { String::new() };
    let rest = subscripts(rest);
    let expected = if place.form != Form::Inputs && signature.batched {
        format!("each instance is {} of shape {:?}", tensor.dtype, tensor.item_shape())
    } else {
        let rows = if signature.batched { ", -1 being the number of rows" } else { "" };
        format!("expected {} of shape {:?}{rows}", tensor.dtype, tensor.shape)
    };
    format!("{}{first}{name}{rest}: {}; {expected}", place.form.member(), problem.what)
}

fn subscripts(indices: &[usize]) -> String {
    indices.iter().map(|index| format!("[{index}]")).collect::<Vec<_>>().concat()
}
