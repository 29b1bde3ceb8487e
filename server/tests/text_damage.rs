//! Steps whose values, shapes and types are others than the job writes: an answer or a sentence, and never a panic.

use model_server::text::{Meter, TextPart};
use serde_json::{Value as Json, json};

/// Changed copies of each case.
const COPIES: u64 = 24;
const MEMORY: usize = 64 << 20;

/// Numbers that look random, and are the same every time.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end.max(1)
    }

    fn of<'v, T>(&mut self, values: &'v [T]) -> &'v T {
        &values[self.below(values.len())]
    }
}

const EXTREMES: [i64; 12] = [0, 1, -1, 2, 3, -2, 255, i32::MAX as i64, i32::MIN as i64, 1 << 40, i64::MAX, i64::MIN];

/// Changes the number, the types or the shape of a value's elements, or one of them.
fn change(value: &mut Json, random: &mut Random) {
    let count = value["values"].as_array().unwrap().len();
    match random.below(6) {
        0 => {
            value["shape"] = json!([0, *random.of(&[1, 3])]);
            value["values"] = json!([]);
        }
        1 => value["shape"] = json!([count]),
        2 => value["shape"] = json!([1, count, 1]),
        3 => value["shape"].as_array_mut().unwrap().reverse(),
        4 => {
            let dtype = *random.of(&["int64", "int32", "float32", "float64", "bool", "uint8", "string"]);
            let element = match dtype {
                "bool" => json!(true),
                "string" => json!("/w=="),
                _ => json!(*random.of(&[0, 1, 7])),
            };
            value["dtype"] = json!(dtype);
            value["values"] = json!(vec![element; count]);
        }
        _ if count > 0 => {
            let at = random.below(count);
            let element = match value["dtype"].as_str().unwrap() {
                "bool" => json!(false),
                "string" => json!(*random.of(&["", "AA==", "7aCA", "/////w=="])),
                "uint8" => json!(255),
                "int32" => json!(*random.of(&[0, 1, -1, i32::MAX, i32::MIN])),
                "float32" | "float64" => json!(*random.of(&["NaN", "Infinity", "-Infinity"])),
                _ => json!(*random.of(&EXTREMES)),
            };
            value["values"][at] = element;
        }
        _ => {}
    }
}

#[test]
fn steps_on_other_values_have_an_answer_or_a_sentence() {
    let cases: Json = serde_json::from_str(include_str!("text/cases.json")).unwrap();
    let mut random = Random(49);
    let (mut answers, mut sentences) = (0, 0);
    for case in cases["cases"].as_array().unwrap() {
        // Long values are for what they are, and changed copies of them only take time.
        if case.to_string().len() > 20_000 {
            continue;
        }
        for _ in 0..COPIES {
            let mut inputs = case["inputs"].as_array().unwrap().clone();
            for _ in 0..=random.below(2) {
                let at = random.below(inputs.len());
                change(&mut inputs[at], &mut random);
            }
            if random.below(12) == 0 {
                inputs.remove(random.below(inputs.len()));
            }
            match run(&case["operation"], &inputs, &case["attributes"], case["outputs"].as_array().map_or(1, Vec::len))
            {
                Ok(()) => answers += 1,
                Err(sentence) => {
                    assert!(!sentence.is_empty() && !sentence.contains(char::is_control), "{sentence:?}");
                    sentences += 1;
                }
            }
        }
    }
    assert!(answers > 1000 && sentences > 1000, "{answers} {sentences}");
}

fn run(operation: &Json, constants: &[Json], attributes: &Json, outputs: usize) -> Result<(), String> {
    let inputs: Vec<usize> = (0..constants.len()).collect();
    let made: Vec<usize> = (constants.len()..constants.len() + outputs).collect();
    let fed: Vec<Json> = made.iter().map(|value| json!({"input": value.to_string(), "value": value})).collect();
    let step = json!({"operation": operation, "inputs": inputs, "outputs": made, "attributes": attributes});
    let signature = json!({"inputs": [], "constants": constants, "steps": [step], "fed": fed});
    let document = json!({"schemaVersion": 1, "tables": [], "signatures": {"s": signature}}).to_string();
    let part = TextPart::read(document.as_bytes(), |_| Err("no table".to_owned()))?;
    let mut left = MEMORY;
    let mut take = |bytes: usize| left.checked_sub(bytes).map(|rest| left = rest).is_some();
    let values =
        part.steps("s").unwrap().run(Vec::new(), &mut Meter::new(&mut take)).map_err(|fault| fault.to_string())?;
    assert_eq!(values.len(), outputs);
    Ok(())
}
