//! The words for what is wrong with a request that `read` declined.
//!
//! This is the slow path: it reads the request again for each question, and keeps none of it.

mod json;
mod text;
mod value;

use self::json::{Json, Scalar};
pub(crate) use self::value::problem;
use self::value::{Place, check_column};
use super::refusal::{Refusal, refuse};
use super::request::{Caller, Form};
use super::sentence::{input_names, inputs, listed, quoted};
use crate::model::{Description, Signature};

/// Checks that a body is JSON whose objects have each name once.
pub(crate) fn check(body: &[u8]) -> Result<(), Refusal> {
    text::parse(body, Caller::Http).map(|_| ())
}

/// Finds what is wrong with a request.
pub(super) fn explain(description: &Description, body: &[u8], caller: Caller) -> Refusal {
    match find(description, body, caller) {
        Err(refusal) => refusal,
        // Never seen: the two ways would disagree.
        Ok(()) => Refusal::bad_request("the request is not one that this model can answer"),
    }
}

fn find(description: &Description, body: &[u8], caller: Caller) -> Result<(), Refusal> {
    let request = text::parse(body, caller)?;
    let choice = choice(caller);
    if !request.is_object() {
        return refuse(format!("the request must be a JSON object with {choice}"));
    }
    let signature = signature(description, request)?;
    let given: Vec<(Form, Json<'_>)> = [Form::Instances, Form::Inputs, Form::Data]
        .into_iter()
        .filter(|form| Form::of(form.member(), caller).is_some())
        .filter_map(|form| request.member(form.member()).map(|value| (form, value)))
        .collect();
    match given[..] {
        [(form, value)] => match form {
            Form::Instances => check_instances(signature, value),
            Form::Inputs | Form::Data => check_columns(signature, value, form),
        },
        [] => refuse(format!("the request must have exactly one of {choice}, but has neither")),
        [(first, _), (other, _), ..] => refuse(format!(
            "the request must have exactly one of {choice}, but has both '{}' and '{}'",
            first.member(),
            other.member()
        )),
    }
}

fn choice(caller: Caller) -> &'static str {
    match caller {
        Caller::Http => "'instances' or 'inputs'",
        Caller::Direct => "'instances', 'inputs' or 'data'",
    }
}

fn signature<'d>(description: &'d Description, request: Json<'_>) -> Result<&'d Signature, Refusal> {
    let name = match request.member("signature_name").map(Json::scalar) {
        None => String::new(),
        Some(Scalar::String(name)) => name,
        Some(_) => return refuse("signature_name must be a string".to_owned()),
    };
    match description.signature(&name) {
        Some(position) => Ok(&description.signatures[position]),
        None => refuse(format!(
            "unknown signature_name {}; this model has {}",
            quoted(&name, 100),
            listed(description.signatures.iter().map(|signature| signature.name.as_str()))
        )),
    }
}

fn check_instances(signature: &Signature, value: Json<'_>) -> Result<(), Refusal> {
    let Some(rows) = value.items() else {
        return refuse("'instances' must be a list with one element per row".to_owned());
    };
    let mut rows = rows.enumerate().peekable();
    let Some(&(_, first)) = rows.peek() else {
        return refuse("'instances' is empty; at least one row is needed".to_owned());
    };
    let named = is_named(first);
    if !named && signature.inputs.len() > 1 {
        return refuse(format!("each instance must be an object with the inputs {}", input_names(signature)));
    }
    for (index, row) in rows {
        if is_named(row) != named {
            return refuse(format!(
                "instances must be all objects or all plain values, but instances[{index}] differs"
            ));
        }
        if named && !has_exactly(row, signature) {
            return refuse(format!(
                "instances[{index}] has the keys {}, but the signature '{}' takes {}",
                some(row),
                signature.name,
                input_names(signature)
            ));
        }
    }
    for tensor in &signature.inputs {
        let column = || {
            let rows = value.items().into_iter().flatten();
            rows.map(|row| if named { row.member(&tensor.name).unwrap_or(row) } else { row })
        };
        check_column(signature, tensor, column, Place { form: Form::Instances, named })?;
    }
    Ok(())
}

fn check_columns(signature: &Signature, value: Json<'_>, form: Form) -> Result<(), Refusal> {
    let named = is_named(value);
    if !named && signature.inputs.len() > 1 {
        return refuse(format!("'{}' must be an object with the inputs {}", form.member(), input_names(signature)));
    }
    if named {
        check_names(signature, value)?;
    }
    let column = |name: &str| if named { value.member(name).unwrap_or(value) } else { value };
    let place = Place { form, named };
    if form == Form::Inputs && signature.batched {
        value::check_row_counts(signature, column, place)?;
    }
    for tensor in &signature.inputs {
        value::check_value(signature, tensor, column(&tensor.name), place)?;
    }
    Ok(())
}

fn check_names(signature: &Signature, value: Json<'_>) -> Result<(), Refusal> {
    let names = signature.inputs.iter().map(|tensor| tensor.name.as_str());
    let missing: Vec<&str> = names.filter(|name| value.member(name).is_none()).collect();
    let unknown: Vec<String> = value
        .members()
        .into_iter()
        .flatten()
        .map(|(name, _)| name)
        .filter(|name| signature.inputs.iter().all(|tensor| tensor.name != *name))
        .take(5)
        .collect();
    let mut parts = Vec::new();
    if !missing.is_empty() {
        parts.push(format!("missing input {}", listed(missing)));
    }
    if !unknown.is_empty() {
        parts.push(format!("unknown input {}", listed(unknown.iter().map(String::as_str))));
    }
    if parts.is_empty() {
        return Ok(());
    }
    refuse(format!("{}; the signature '{}' takes {}", parts.join(" and "), signature.name, inputs(signature)))
}

/// An object of inputs; not the object that stands for bytes.
fn is_named(value: Json<'_>) -> bool {
    value.is_object() && !value.is_base64()
}

fn has_exactly(value: Json<'_>, signature: &Signature) -> bool {
    value.members().is_some_and(|members| members.count() == signature.inputs.len())
        && signature.inputs.iter().all(|tensor| value.member(&tensor.name).is_some())
}

fn some(value: Json<'_>) -> String {
    let mut names: Vec<String> = value.members().into_iter().flatten().map(|(name, _)| name).take(6).collect();
    if names.is_empty() {
        return "of an empty object".to_owned();
    }
    let more = if names.len() > 5 { ", …" } else { "" };
    names.truncate(5);
    listed(names.iter().map(String::as_str)) + more
}
