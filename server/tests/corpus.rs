//! The contract's cases and the inputs kept for the fuzzer, checked as its targets do. `npm run fuzz` looks for more.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

#[expect(unreachable_pub, reason = "public for the fuzz targets")]
#[path = "../fuzz/src/lib.rs"]
mod fuzz;

fn inputs(target: &str) -> Vec<Vec<u8>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join("corpus").join(target);
    let files = std::fs::read_dir(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let mut paths: Vec<PathBuf> = files.map(|file| file.expect("the directory can be read").path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} has no input", directory.display());
    paths.iter().map(|path| std::fs::read(path).expect("the file can be read")).collect()
}

fn contract() -> Vec<Value> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join("test").join("contract").join("cases.json");
    let text = std::fs::read(file).expect("the contract's cases can be read");
    serde_json::from_slice(&text).expect("the contract's cases are a list")
}

fn text<'c>(case: &'c Value, member: &str) -> Option<&'c str> {
    case.get(member).and_then(Value::as_str)
}

#[test]
fn descriptions_are_refused_in_a_sentence_or_take_requests() {
    for input in inputs("description") {
        fuzz::description::check(&input);
    }
}

#[test]
fn text_parts_are_refused_in_a_sentence_or_run() {
    for input in inputs("text") {
        fuzz::text::check(&input);
    }
}

#[test]
fn messages_are_refused_in_a_sentence_or_answered() {
    for input in inputs("grpc") {
        fuzz::grpc::check(&input);
    }
}

#[test]
fn images_are_refused_in_a_sentence_or_decoded() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join("images");
    for file in std::fs::read_dir(&directory).expect("the directory can be read") {
        let image = std::fs::read(file.expect("the directory can be read").path()).expect("the file can be read");
        for choice in 0..16 {
            fuzz::image::check(&[&[choice][..], &image].concat());
        }
    }
}

#[test]
fn bodies_are_refused_in_a_sentence_or_answered() {
    let cases = contract();
    let bodies: Vec<&str> = cases.iter().filter_map(|case| text(case, "body")).collect();
    assert!(!bodies.is_empty());
    for body in bodies {
        fuzz::body::check(body.as_bytes());
    }
}

#[test]
fn inference_requests_are_refused_in_a_sentence_or_answered() {
    for input in inputs("inference") {
        fuzz::inference::check(&input);
    }
}

#[test]
fn events_are_refused_in_a_sentence_or_answered() {
    for input in inputs("event") {
        fuzz::event::check(&input);
    }
    for case in contract() {
        let (method, path, body) = (&case["method"], &case["path"], &case["body"]);
        let second = json!({"rawPath": path, "requestContext": {"http": {"method": method}}, "body": body});
        let first = json!({"path": path, "httpMethod": method, "requestContext": {}, "body": body});
        for event in [second, first] {
            fuzz::event::check(event.to_string().as_bytes());
        }
    }
}

#[test]
fn request_lines_are_refused_in_a_sentence_or_routed() {
    for case in contract() {
        let (method, path) = (text(&case, "method").expect("a method"), text(&case, "path").expect("a path"));
        fuzz::path::check(&format!("{method} {path}"));
    }
    for path in ["/v2", "/prod/v2/health/live", "/v2/models/zoo/versions/1/infer", "/v2/models/zoo/stats", "/v2/x"] {
        fuzz::path::check(&format!("GET {path}"));
    }
}
