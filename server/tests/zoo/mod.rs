//! A described model with signatures of many kinds.

use model_server::model::Description;

const MODEL: &str = r#"{
    "schemaVersion": 1, "model": "zoo", "version": 7, "runtime": "native", "defaultSignature": "pair",
    "labels": ["a", "b", "c", "d", "e", "f"],
    "signatures": {
        "pair": {"batched": true,
            "inputs": {"x": {"dtype": "float32", "shape": [-1, 2], "tensor": {"dtype": "float32", "shape": [1, 2]}}},
            "outputs": {"y": {"dtype": "float32", "shape": [-1, 2], "tensor": {"dtype": "float32", "shape": [1, 2]}}}},
        "two": {"batched": true,
            "inputs": {
                "a": {"dtype": "int8", "shape": [-1], "tensor": {"dtype": "int8", "shape": [1]}},
                "b": {"dtype": "bool", "shape": [-1, 1], "tensor": {"dtype": "bool", "shape": [1, 1]}}},
            "outputs": {
                "p": {"dtype": "int64", "shape": [-1], "tensor": {"dtype": "int64", "shape": [1]}},
                "q": {"dtype": "bool", "shape": [-1], "tensor": {"dtype": "bool", "shape": [1]}}}},
        "real": {"batched": true,
            "inputs": {"x": {"dtype": "float32", "shape": [-1, 2], "tensor": {"dtype": "int8", "shape": [1, 2],
                "quantization": {"scale": 0.5, "zeroPoint": -1}}}},
            "outputs": {"y": {"dtype": "float32", "shape": [-1, 6], "tensor": {"dtype": "uint8", "shape": [1, 6],
                "quantization": {"scale": 0.25, "zeroPoint": 10}}}}},
        "whole": {"batched": false,
            "inputs": {"x": {"dtype": "float16", "shape": [2, 1]}},
            "outputs": {"y": {"dtype": "float64", "shape": []}}},
        "wide": {"batched": false,
            "inputs": {"x": {"dtype": "uint64", "shape": [1]}},
            "outputs": {"y": {"dtype": "uint64", "shape": [2]}, "z": {"dtype": "float32", "shape": [2, 1]}}}
    }
}"#;

pub(crate) fn zoo() -> Description {
    Description::parse(MODEL.as_bytes()).expect("the description is right")
}

pub(crate) fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}
