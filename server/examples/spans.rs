//! Prints how long a request takes within the process, from its bytes to those of the answer, and a bare run beside it.
//!
//! ```text
//! MODEL_DIR=… LITERT_LIBRARY=… cargo run --release --example spans -- EVENT.json [ROUNDS]
//! ```

use std::time::{Duration, Instant};

use model_server::environment::options;
use model_server::lambda::Function;
use model_server::model::{Model, Weights};
use model_server::rest::{Caller, PredictRequest, unlimited};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let direct = std::fs::read(arguments.next().ok_or("the file of an event is needed")?)?;
    let rounds = arguments.next().map_or(Ok(2000), |count| count.parse::<usize>())?;
    let model = Model::load(&options(|problem| eprintln!("{problem}"))?)?;
    let mut instance = model.instance(Weights::Own)?;
    let name = &model.description.model;
    let body = String::from_utf8(direct.clone())?.replacen("\"data\":", "\"instances\":[", 1);
    let body = format!("{}]}}", body.trim_end().trim_end_matches('}'));
    let http = serde_json::to_vec(&serde_json::json!({
        "rawPath": format!("/v1/models/{name}:predict"),
        "requestContext": {"http": {"method": "POST"}},
        "body": body,
    }))?;
    let mut function = Function::load(Instant::now())?;
    let request = PredictRequest::read(&model.description, &direct, Caller::Direct, unlimited)?;
    let outputs = instance.run(&request.call)?;

    // Interleaved, so that all meet the same machine.
    let mut spans = [const { Vec::new() }; 5];
    for _ in 0..rounds {
        spans[0].push(timed(|| instance.run(&request.call).map(drop)));
        spans[1].push(timed(|| function.answer(&direct, "", None, None).0.map(drop)));
        spans[2].push(timed(|| function.answer(&http, "", None, None).0.map(drop)));
        spans[3].push(timed(|| PredictRequest::read(&model.description, &direct, Caller::Direct, unlimited).map(drop)));
        spans[4].push(timed(|| {
            std::hint::black_box(request.answer(&model.description, &outputs));
            Ok::<_, std::convert::Infallible>(())
        }));
    }
    for (name, span) in ["a bare run", "direct", "HTTP", "reading alone", "writing alone"].iter().zip(&mut spans) {
        span.sort_unstable();
        println!("{name}: {:.1} µs", span[span.len() / 2].as_nanos() as f64 / 1e3);
    }
    Ok(())
}

fn timed<E: std::fmt::Debug>(work: impl FnOnce() -> Result<(), E>) -> Duration {
    let started = Instant::now();
    work().expect("the request can be answered");
    started.elapsed()
}
