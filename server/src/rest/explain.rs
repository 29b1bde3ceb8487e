//! The words for what is wrong with a request that `read` declined.
//!
//! Rare, and so of no hurry: here the request is a value that can be looked at.

mod text;
mod value;

use jiter::JsonValue;

use self::value::{Place, check_column};
use super::read::repeats_a_name;
use super::refusal::{Refusal, refuse};
use super::request::{Caller, Form};
use super::sentence::{input_names, inputs, listed, quoted};
use crate::model::{Description, Signature};

type Members<'v> = [(std::borrow::Cow<'v, str>, JsonValue<'v>)];

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
    if let Some(name) = repeats_a_name(&request) {
        return refuse(format!("the body names {} twice in one object", quoted(name, 100)));
    }
    let choice = choice(caller);
    let JsonValue::Object(members) = &request else {
        return refuse(format!("the request must be a JSON object with {choice}"));
    };
    let signature = signature(description, members)?;
    let given: Vec<(Form, &JsonValue<'_>)> = [Form::Instances, Form::Inputs, Form::Data]
        .into_iter()
        .filter(|form| Form::of(form.member(), caller).is_some())
        .filter_map(|form| member(members, form.member()).map(|value| (form, value)))
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

fn member<'m>(members: &'m Members<'_>, name: &str) -> Option<&'m JsonValue<'m>> {
    members.iter().find(|(other, _)| other == name).map(|(_, value)| value)
}

fn choice(caller: Caller) -> &'static str {
    match caller {
        Caller::Http => "'instances' or 'inputs'",
        Caller::Direct => "'instances', 'inputs' or 'data'",
    }
}

fn signature<'d>(description: &'d Description, members: &Members<'_>) -> Result<&'d Signature, Refusal> {
    let name = match member(members, "signature_name") {
        None => "",
        Some(JsonValue::Str(name)) => name.as_ref(),
        Some(_) => return refuse("signature_name must be a string".to_owned()),
    };
    match description.signature(name) {
        Some(position) => Ok(&description.signatures[position]),
        None => refuse(format!(
            "unknown signature_name {}; this model has {}",
            quoted(name, 100),
            listed(description.signatures.iter().map(|signature| signature.name.as_str()))
        )),
    }
}

fn check_instances(signature: &Signature, value: &JsonValue<'_>) -> Result<(), Refusal> {
    let JsonValue::Array(rows) = value else {
        return refuse("'instances' must be a list with one element per row".to_owned());
    };
    let Some(first) = rows.first() else {
        return refuse("'instances' is empty; at least one row is needed".to_owned());
    };
    let named = is_named(first);
    if !named && signature.inputs.len() > 1 {
        return refuse(format!("each instance must be an object with the inputs {}", input_names(signature)));
    }
    for (index, row) in rows.iter().enumerate() {
        if is_named(row) != named {
            return refuse(format!(
                "instances must be all objects or all plain values, but instances[{index}] differs"
            ));
        }
        if let JsonValue::Object(members) = row
            && named
            && !has_exactly(members, signature)
        {
            return refuse(format!(
                "instances[{index}] has the keys {}, but the signature '{}' takes {}",
                some(members),
                signature.name,
                input_names(signature)
            ));
        }
    }
    for tensor in &signature.inputs {
        let column: Vec<&JsonValue<'_>> = rows
            .iter()
            .map(|row| match row {
                JsonValue::Object(members) if named => member(members, &tensor.name).unwrap_or(row),
                row => row,
            })
            .collect();
        check_column(signature, tensor, &column, Place { form: Form::Instances, named })?;
    }
    Ok(())
}

fn check_columns(signature: &Signature, value: &JsonValue<'_>, form: Form) -> Result<(), Refusal> {
    let named = is_named(value);
    if !named && signature.inputs.len() > 1 {
        return refuse(format!("'{}' must be an object with the inputs {}", form.member(), input_names(signature)));
    }
    if let JsonValue::Object(members) = value
        && named
    {
        check_names(signature, members)?;
    }
    let column = |name: &str| match value {
        JsonValue::Object(members) if named => member(members, name).unwrap_or(value),
        value => value,
    };
    let place = Place { form, named };
    if form == Form::Inputs && signature.batched {
        value::check_row_counts(signature, column, place)?;
    }
    for tensor in &signature.inputs {
        value::check_value(signature, tensor, column(&tensor.name), place)?;
    }
    Ok(())
}

fn check_names(signature: &Signature, members: &Members<'_>) -> Result<(), Refusal> {
    let missing: Vec<&str> = signature
        .inputs
        .iter()
        .map(|tensor| tensor.name.as_str())
        .filter(|name| member(members, name).is_none())
        .collect();
    let unknown: Vec<&str> = members
        .iter()
        .map(|(name, _)| name.as_ref())
        .filter(|name| signature.inputs.iter().all(|tensor| tensor.name != *name))
        .take(5)
        .collect();
    let mut parts = Vec::new();
    if !missing.is_empty() {
        parts.push(format!("missing input {}", listed(missing)));
    }
    if !unknown.is_empty() {
        parts.push(format!("unknown input {}", listed(unknown)));
    }
    if parts.is_empty() {
        return Ok(());
    }
    refuse(format!("{}; the signature '{}' takes {}", parts.join(" and "), signature.name, inputs(signature)))
}

/// An object of inputs; not the object that stands for bytes.
fn is_named(value: &JsonValue<'_>) -> bool {
    let JsonValue::Object(members) = value else {
        return false;
    };
    !matches!(&members[..], [(name, JsonValue::Str(_))] if name == "b64")
}

fn has_exactly(members: &Members<'_>, signature: &Signature) -> bool {
    members.len() == signature.inputs.len()
        && signature.inputs.iter().all(|tensor| member(members, &tensor.name).is_some())
}

fn some(members: &Members<'_>) -> String {
    if members.is_empty() {
        return "of an empty object".to_owned();
    }
    let names = listed(members.iter().take(5).map(|(name, _)| name.as_ref()));
    if members.len() > 5 { format!("{names}, …") } else { names }
}
