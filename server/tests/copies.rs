//! Copies of one model, compiled by several threads at once, that share the packed weights, and runs of several rows.
//!
//! `npm run native -- cargo test` names LiteRT's library.

use std::path::Path;
use std::sync::{Arc, Barrier};
use std::thread;

use model_server::litert::{CompiledModel, Error, Library, ModelFile, SignatureSpec, TensorSpec, Weights};

/// `relu(x @ w)`, of eight numbers.
const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/small/model.tflite");
const ROW: usize = 8 * 4;
const FLOAT32: i32 = 1;

fn open() -> Arc<ModelFile> {
    let library = std::env::var_os("LITERT_LIBRARY").expect("LITERT_LIBRARY names libLiteRt.so");
    ModelFile::open(Library::open(Path::new(&library)).unwrap(), Path::new(MODEL)).unwrap()
}

fn compile(file: &Arc<ModelFile>, weights: Weights, rows: usize) -> Result<CompiledModel, Error> {
    let tensor = |name| vec![TensorSpec { name, element_type: FLOAT32, shape: &[1, 8], bytes: ROW }];
    file.compile(
        1,
        weights,
        &[SignatureSpec { name: "serving_default", rows, inputs: tensor("x"), outputs: tensor("y") }],
    )
}

fn rows(count: usize) -> Vec<u8> {
    (0..count * 8).flat_map(|number| (number as f32 * 0.37).sin().to_le_bytes()).collect()
}

fn numbers(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

fn run(model: &mut CompiledModel, input: &[u8]) -> Vec<u8> {
    let mut outputs = [Vec::new()];
    model.run(0, input.len() / ROW, [input], &mut outputs).unwrap();
    let [output] = outputs;
    output
}

#[test]
fn copies_that_are_compiled_at_once_share_weights_and_answer_the_same_bits() {
    let file = open();
    let expected = run(&mut compile(&file, Weights::Own, 1).unwrap(), &rows(1));
    assert_eq!(file.shared_bytes(), 0);
    let at_once = Barrier::new(4);
    thread::scope(|scope| {
        let copies: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    at_once.wait();
                    let mut copy = compile(&file, Weights::Shared, 1).unwrap();
                    (0..50).map(|_| run(&mut copy, &rows(1))).collect::<Vec<_>>()
                })
            })
            .collect();
        for copy in copies {
            assert!(copy.join().unwrap().iter().all(|answer| *answer == expected));
        }
    });
    // What LiteRT prints where it cannot use what another copy has packed.
    assert_eq!(file.packing_problem(), None);
    assert!(file.shared_bytes() > 0);
}

#[test]
fn shared_weights_outlive_the_copies_that_were_there_first() {
    let file = open();
    let mut first = compile(&file, Weights::Shared, 1).unwrap();
    let expected = run(&mut first, &rows(1));
    drop(first);
    let mut several = compile(&file, Weights::Shared, 4).unwrap();
    assert_eq!(run(&mut several, &rows(1)), expected);
    assert_eq!(file.packing_problem(), None);
}

#[test]
fn rows_of_one_run_are_answered_as_each_alone_and_a_run_may_have_fewer() {
    let file = open();
    let mut single = compile(&file, Weights::Own, 1).unwrap();
    let mut several = compile(&file, Weights::Shared, 4).unwrap();
    let input = rows(4);
    let alone: Vec<u8> = input.chunks(ROW).flat_map(|row| run(&mut single, row)).collect();
    for count in [4, 1, 3] {
        let (found, expected) = (numbers(&run(&mut several, &input[..count * ROW])), numbers(&alone[..count * ROW]));
        assert_eq!(found.len(), expected.len());
        // XNNPACK's kernels for arm64 add up several rows in another order than one.
        let differ = found.iter().zip(&expected).find(|(found, expected)| (*found - *expected).abs() > 1e-6);
        assert_eq!(differ, None, "{count} rows");
    }
    assert!(several.run(0, 5, [&rows(5)[..]], &mut [Vec::new()]).is_err());
    assert!(several.run(0, 1, [&input[..ROW - 1]], &mut [Vec::new()]).is_err());
}
