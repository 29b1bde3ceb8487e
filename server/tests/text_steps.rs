//! The steps of text parts, compared with what TensorFlow answered (`tests/text/make.py`), and descriptions that are wrong.

use std::cmp::Ordering;
use std::collections::HashMap;

use data_encoding::BASE64;
use model_server::text::{Data, Fault, Meter, Shape, Strings, TextPart, Value};
use serde::Deserialize;
use serde_json::{Value as Json, json};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cases {
    cases: Vec<Case>,
    every_code_point: Vec<Every>,
}

#[derive(Deserialize)]
struct Case {
    operation: String,
    inputs: Vec<Json>,
    attributes: Json,
    /// None where TensorFlow failed.
    outputs: Option<Vec<Json>>,
}

/// An operation that leaves most code points as they are.
#[derive(Deserialize)]
struct Every {
    operation: String,
    attributes: Json,
    changed: HashMap<u32, String>,
}

fn cases() -> Cases {
    serde_json::from_str(include_str!("text/cases.json")).unwrap()
}

/// Reads a part of one step on constants, whose outputs are all fed.
fn part(operation: &str, attributes: &Json, constants: &[Json], outputs: usize) -> Result<TextPart, String> {
    let (inputs, made): (Vec<_>, Vec<_>) =
        ((0..constants.len()).collect(), (0..outputs).map(|at| constants.len() + at).collect());
    let fed: Vec<Json> = made.iter().map(|value| json!({"input": value.to_string(), "value": value})).collect();
    let steps = json!([{"operation": operation, "inputs": inputs, "outputs": made, "attributes": attributes}]);
    read(&json!({"inputs": [], "constants": constants, "steps": steps, "fed": fed}))
}

fn read(signature: &Json) -> Result<TextPart, String> {
    let document = json!({"schemaVersion": 1, "tables": [], "signatures": {"s": signature}});
    TextPart::read(document.to_string().as_bytes(), |_| unreachable!())
}

fn run(part: &TextPart, given: Vec<Value>) -> Result<Vec<Value>, Fault> {
    part.steps("s").unwrap().run(given, &mut Meter::new(&mut |_| true))
}

/// Returns the value that a constant is.
fn constant(document: &Json) -> Value {
    let signature = json!({"inputs": [], "constants": [document], "steps": [], "fed": [{"input": "x", "value": 0}]});
    run(&read(&signature).unwrap(), Vec::new()).unwrap().remove(0)
}

/// Tells whether values are equal, NaN to NaN.
fn equal(found: &Value, expected: &Value) -> bool {
    let same = |found: &[f64], expected: &[f64]| {
        found
            .iter()
            .zip(expected)
            .all(|(one, other)| one.partial_cmp(other).is_some_and(Ordering::is_eq) || (one.is_nan() && other.is_nan()))
    };
    let wide = |values: &[f32]| values.iter().map(|&value| f64::from(value)).collect::<Vec<_>>();
    let data = match (&found.data, &expected.data) {
        (Data::Float32(one), Data::Float32(other)) => same(&wide(one), &wide(other)),
        (Data::Float64(one), Data::Float64(other)) => same(one, other),
        (one, other) => one == other,
    };
    data && found.shape == expected.shape
}

#[test]
fn every_step_answers_what_tensorflow_answers() {
    let cases = cases().cases;
    assert!(cases.len() > 300, "{}", cases.len());
    let mut wrong = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        let count = case.outputs.as_ref().map_or(1, Vec::len);
        let part = part(&case.operation, &case.attributes, &case.inputs, count);
        let found = part.map_err(|problem| Fault::Values(problem.into())).and_then(|part| run(&part, Vec::new()));
        let is_right = match (&found, &case.outputs) {
            (Ok(found), Some(outputs)) => found.iter().zip(outputs).all(|(one, other)| equal(one, &constant(other))),
            (Err(_), None) => true,
            _ => false,
        };
        if !is_right {
            let inputs = Json::from(case.inputs.clone()).to_string();
            let shown: String = format!("{found:?}").chars().take(600).collect();
            let answer: String =
                format!("{:?}", case.outputs.as_ref().map(|all| all.iter().map(constant).collect::<Vec<_>>()))
                    .chars()
                    .take(600)
                    .collect();
            wrong.push(format!(
                "{number} {} {} {}: {shown}, not {answer}",
                case.operation,
                case.attributes,
                &inputs[..inputs.len().min(300)]
            ));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_code_point_is_changed_as_tensorflow_changes_it() {
    for every in cases().every_code_point {
        let is_split = every.operation == "split";
        let text = json!({"dtype": "string", "shape": [1_114_112]});
        let input = json!({"name": "x", "dtype": "string", "shape": text["shape"]});
        let (constants, step) = if is_split {
            let separator = json!({"dtype": "string", "shape": [], "values": [""]});
            let step = json!({"operation": "StringSplitV2", "inputs": [0, 1], "outputs": [2, 3, 4], "attributes": every.attributes});
            (json!([separator]), step)
        } else {
            let step =
                json!({"operation": every.operation, "inputs": [0], "outputs": [1], "attributes": every.attributes});
            (json!([]), step)
        };
        let value = if is_split { 3 } else { 1 };
        let signature = json!({"inputs": [input], "constants": constants, "steps": [step], "fed": [{"input": "y", "value": value}]});
        let all: Strings = (0..0x11_0000).map(|point| encoded(point, is_split)).collect();
        let given = Value { shape: Shape::of(&[0x11_0000]).unwrap(), data: Data::Strings(all) };
        let found = run(&read(&signature).unwrap(), vec![given]).unwrap();
        let Data::Strings(found) = &found[0].data else { panic!("{}", every.operation) };
        assert_eq!(found.len(), 0x11_0000, "{}", every.operation);
        for (point, found) in (0..).zip(found.iter()) {
            let changed = every.changed.get(&point).map(|text| BASE64.decode(text.as_bytes()).unwrap());
            let expected = changed.unwrap_or_else(|| encoded(point, is_split));
            assert_eq!(found, expected, "{} U+{point:04X}", every.operation);
        }
    }
}

/// Returns UTF-8, of surrogates too, which are none.
fn encoded(point: u32, followed: bool) -> Vec<u8> {
    let mut bytes = match char::from_u32(point) {
        Some(character) => character.to_string().into_bytes(),
        None => vec![0xE0 | (point >> 12) as u8, 0x80 | (point >> 6 & 0x3F) as u8, 0x80 | (point & 0x3F) as u8],
    };
    if followed {
        bytes.push(b'x');
    }
    bytes
}

#[test]
fn a_text_of_a_megabyte_takes_memory_and_no_more_than_is_there() {
    let input = json!({"name": "x", "dtype": "string", "shape": [1]});
    let step = json!({"operation": "StringLower", "inputs": [0], "outputs": [1], "attributes": {"encoding": ""}});
    let part = read(&json!({"inputs": [input], "constants": [], "steps": [step], "fed": [{"input": "y", "value": 1}]}))
        .unwrap();
    let given = || {
        vec![Value {
            shape: Shape::of(&[1]).unwrap(),
            data: Data::Strings([vec![b'A'; 1 << 20]].into_iter().collect()),
        }]
    };
    let mut left = 1_usize << 21;
    let mut take = |bytes: usize| left.checked_sub(bytes).map(|rest| left = rest).is_some();
    let steps = part.steps("s").unwrap();
    assert_eq!(
        steps.run(given(), &mut Meter::new(&mut take)).unwrap()[0].data,
        Data::Strings([vec![b'a'; 1 << 20]].into_iter().collect())
    );
    assert_eq!(steps.run(given(), &mut Meter::new(&mut |_| false)).unwrap_err(), Fault::Memory);
}

#[test]
fn what_would_become_too_large_is_refused_before_it_is_made() {
    let size = json!({"dtype": "int64", "shape": [2], "values": [1 << 20, 1 << 20]});
    let text = json!({"dtype": "string", "shape": [], "values": [BASE64.encode(&[b'a'; 1000])]});
    for (inputs, sentence) in [
        (vec![size, text.clone()], "at most 16777216 elements"),
        (vec![json!({"dtype": "int64", "shape": [1], "values": [1 << 20]}), text], "at most 67108864 are allowed"),
    ] {
        let part = part("Fill", &json!({}), &inputs, 1).unwrap();
        let problem = run(&part, Vec::new()).unwrap_err().to_string();
        assert!(problem.starts_with("Fill: ") && problem.contains(sentence), "{problem}");
    }
}

#[test]
fn sizes_that_overflow_are_refused_beside_a_size_of_nothing() {
    let most = 1_u64 << 62;
    for shape in
        [json!([0, most, most]), json!([most, most, 0]), json!([1, 1 << 24, 2]), json!([1, 1, 1, 1, 1, 1, 1, 1, 1])]
    {
        let input = json!({"name": "x", "dtype": "string", "shape": shape});
        let problem = read(&json!({"inputs": [input], "constants": [], "steps": [], "fed": []})).unwrap_err();
        assert_eq!(problem, "signature 's': input 'x' is too large");
    }
    let nothing = json!({"dtype": "int64", "shape": [0], "values": []});
    let list = |sizes: &[u64]| json!({"dtype": "int64", "shape": [sizes.len()], "values": sizes});
    for (operation, inputs) in [
        ("Reshape", vec![nothing.clone(), list(&[0, most, 4])]),
        ("BroadcastTo", vec![nothing.clone(), list(&[most, 4, 0])]),
        ("Tile", vec![list(&[1, 2]), list(&[most])]),
        ("Fill", vec![list(&[0, most, 4]), json!({"dtype": "int64", "shape": [], "values": [1]})]),
    ] {
        let problem = run(&part(operation, &json!({}), &inputs, 1).unwrap(), Vec::new()).unwrap_err().to_string();
        assert!(problem.contains("at most 16777216 elements"), "{problem}");
    }
}

#[test]
fn values_go_one_way_only() {
    let text = json!({"dtype": "string", "shape": [], "values": ["YQ=="]});
    let signature = |inputs: &[u64], outputs: &[u64], fed: &[u64]| {
        let step = json!({"operation": "StringStrip", "inputs": inputs, "outputs": outputs, "attributes": {}});
        let fed: Vec<Json> = fed.iter().map(|value| json!({"input": "y", "value": value})).collect();
        read(&json!({"inputs": [], "constants": [text], "steps": [step], "fed": fed})).unwrap_err()
    };
    for (problem, sentence) in [
        (signature(&[1], &[1], &[1]), "it takes a value that is not there yet"),
        (signature(&[u64::MAX], &[1], &[1]), "it takes a value that is not there yet"),
        (signature(&[0], &[0], &[0]), "its outputs are not 1..2"),
        (signature(&[0], &[], &[0]), "its outputs are not 1..2"),
        (signature(&[0], &[1], &[2]), "'fed' has no value for 'y', or two"),
        (signature(&[0], &[1], &[1, 1]), "'fed' has no value for 'y', or two"),
    ] {
        assert!(problem.contains(sentence), "{problem}: {sentence}");
    }
}

#[test]
fn a_description_that_is_wrong_is_refused_with_a_sentence() {
    let text = json!({"dtype": "string", "shape": [], "values": ["YQ=="]});
    let step =
        |operation: &str, attributes: Json| part(operation, &attributes, std::slice::from_ref(&text), 1).unwrap_err();
    for (problem, sentence) in [
        (step("ReadFile", json!({})), "step 0, ReadFile: this program does not have it"),
        (step("StringLower", json!({"encoding": "utf-8"})), "'encoding' must be ''"),
        (step("StringLower", json!({})), "'encoding' is missing"),
        (step("StringStrip", json!({"x": 1})), "'x' is unknown"),
        (step("StringToNumber", json!({"out_type": "float128"})), "'out_type' is no type"),
        (step("StringToHashBucketFast", json!({"num_buckets": 0})), "'num_buckets' is not above 0"),
        (step("LookupTableFindV2", json!({"table": 0})), "the table 0 is not there"),
        (
            step("StaticRegexReplace", json!({"pattern": "(", "rewrite": "", "replace_global": true})),
            "cannot be compiled",
        ),
        (
            step("StaticRegexReplace", json!({"pattern": "\\d", "rewrite": "", "replace_global": true})),
            "which is not read here",
        ),
        (
            step("StaticRegexReplace", json!({"pattern": "a*", "rewrite": "", "replace_global": true})),
            "matches nothing at all",
        ),
        (
            step("StaticRegexReplace", json!({"pattern": "a{1000}{1000}", "rewrite": "", "replace_global": true})),
            "cannot be compiled",
        ),
        (
            step(
                "StaticRegexReplace",
                json!({"pattern": "a", "rewrite": BASE64.encode(b"\\1"), "replace_global": true}),
            ),
            "the group 1",
        ),
        (step("SelectV2", json!({})), "it has 1 inputs"),
        (
            part("StringStrip", &json!({}), &[json!({"dtype": "string", "shape": [2], "values": []})], 1).unwrap_err(),
            "do not have the shape [2]",
        ),
        (
            part("StringStrip", &json!({}), &[json!({"dtype": "int32", "shape": [1], "values": [1.5]})], 1)
                .unwrap_err(),
            "no int32",
        ),
    ] {
        assert!(problem.contains(sentence), "{problem}: {sentence}");
    }
}

#[test]
fn tables_answer_keys_and_nothing_else() {
    let keys: Vec<String> = (0..1000).map(|key| format!("word {key} {}", "ä".repeat(key % 7))).collect();
    let table = table(&keys);
    let sha256 = "0".repeat(64);
    let document = |size: usize, entries: usize| {
        json!({"schemaVersion": 1,
            "tables": [{"file": "t.table", "sha256": sha256, "size": size, "entries": entries, "key": "string", "value": "int64"}],
            "signatures": {"s": {
                "inputs": [{"name": "x", "dtype": "string", "shape": [1003]}],
                "constants": [{"dtype": "int64", "shape": [], "values": [-7]}],
                "steps": [{"operation": "LookupTableFindV2", "inputs": [0, 1], "outputs": [2], "attributes": {"table": 0}}],
                "fed": [{"input": "y", "value": 2}],
            }}})
        .to_string()
    };
    let part = TextPart::read(document(table.len(), 1000).as_bytes(), |_| Ok(table.clone())).unwrap();
    let others = ["", "word", "word 1000"].map(str::to_owned);
    let data = Data::Strings(keys.iter().chain(&others).collect());
    let found = run(&part, vec![Value { shape: Shape::of(&[1003]).unwrap(), data }]).unwrap();
    let expected = (0..1000).map(|index| index * 3).chain([-7; 3]).collect();
    assert_eq!(found[0].data, Data::Int64(expected));
    for (size, entries, bytes) in [
        (table.len(), 999, table.clone()),
        (table.len() + 1, 1000, table.clone()),
        (table.len() - 8, 1000, table[..table.len() - 8].to_vec()),
        (63, 1000, table[..63].to_vec()),
        (0, 1000, Vec::new()),
        (table.len(), 1000, [b"CDKTFTAC", &table[8..]].concat()),
    ] {
        let problem = TextPart::read(document(size, entries).as_bytes(), |_| Ok(bytes.clone())).unwrap_err();
        assert!(problem.starts_with("table 't.table': "), "{problem}");
    }
    // Any damage behind the header is an answer or a sentence.
    for at in (64..table.len()).step_by(97) {
        let mut damaged = table.clone();
        damaged[at] ^= 0xFF;
        let part = TextPart::read(document(table.len(), 1000).as_bytes(), |_| Ok(damaged.clone())).unwrap();
        let data = Data::Strings(keys.iter().chain(&others).collect());
        let _ = run(&part, vec![Value { shape: Shape::of(&[1003]).unwrap(), data }]);
    }
}

/// Returns the file of a table from strings to three times their index.
fn table(keys: &[String]) -> Vec<u8> {
    let slots = (2 * keys.len()).next_power_of_two();
    let mut places = vec![0_u32; slots];
    for (index, key) in keys.iter().enumerate() {
        let hash = key
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
        let mut slot = (hash ^ (hash >> 32)) as usize & (slots - 1);
        while places[slot] != 0 {
            slot = (slot + 1) & (slots - 1);
        }
        places[slot] = index as u32 + 1;
    }
    let bytes = keys.concat().into_bytes();
    let mut file = b"CDKTFTAB".to_vec();
    file.extend(1_u32.to_le_bytes());
    file.extend([0; 4]);
    file.extend([keys.len() as u64, slots as u64, bytes.len() as u64, 0, 0, 0].into_iter().flat_map(u64::to_le_bytes));
    file.extend(places.into_iter().flat_map(u32::to_le_bytes));
    let mut end = 0_u32;
    file.extend(
        std::iter::once(0)
            .chain(keys.iter().map(|key| {
                end += key.len() as u32;
                end
            }))
            .flat_map(u32::to_le_bytes),
    );
    file.resize(file.len().next_multiple_of(8), 0);
    file.extend(bytes);
    file.resize(file.len().next_multiple_of(8), 0);
    file.extend((0..keys.len() as i64).flat_map(|index| (index * 3).to_le_bytes()));
    file
}
