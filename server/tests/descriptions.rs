//! Each case of model.json is accepted or refused with a reason. `runtime/handler/tests/test_description_cases.py` reads the same cases.

use std::path::Path;

use model_server::model::Description;
use serde_json::{Map, Value};

fn table() -> Value {
    let contract = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join("test").join("contract");
    let text = std::fs::read(contract.join("model_descriptions.json")).expect("the cases can be read");
    serde_json::from_slice(&text).expect("the cases are JSON")
}

/// Returns the text of a case's model.json: its own, or the description with some members set or left out.
fn text(case: &Value, description: &Value) -> String {
    if let Some(text) = case["text"].as_str() {
        return text.to_owned();
    }
    let mut document = description.clone();
    for (pointer, value) in case["set"].as_object().into_iter().flatten() {
        let (members, name) = place(&mut document, pointer);
        members.insert(name.to_owned(), value.clone());
    }
    for pointer in case["without"].as_array().into_iter().flatten() {
        let (members, name) = place(&mut document, pointer.as_str().expect("a pointer is a text"));
        members.remove(name).expect("the description has the member");
    }
    document.to_string()
}

/// Returns the object that a JSON pointer leads into, and the last name of the pointer.
fn place<'d, 'p>(document: &'d mut Value, pointer: &'p str) -> (&'d mut Map<String, Value>, &'p str) {
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer has a slash");
    let members = document.pointer_mut(parent).and_then(Value::as_object_mut);
    (members.expect("the pointer leads into an object"), name)
}

#[test]
fn every_case_is_read_or_refused_with_its_reason() {
    let table = table();
    let cases = table["cases"].as_array().expect("the cases are a list");
    assert!(!cases.is_empty());
    for case in cases {
        let what = &case["what"];
        match (Description::parse(text(case, &table["description"]).as_bytes()), case["refusals"]["native"].as_str()) {
            (Ok(_), None) => {}
            (Err(error), Some(reason)) => assert!(error.to_string().contains(reason), "{what}: {error}"),
            (Ok(_), Some(reason)) => panic!("{what}: is read, and must be refused: {reason}"),
            (Err(error), None) => panic!("{what}: {error}"),
        }
    }
}
