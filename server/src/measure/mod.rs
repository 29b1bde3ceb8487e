//! Times runs of several rows, and of several threads, on this machine, by the code that serves them.
//!
//! ```
//! // SAFETY: this program has one thread.
//! unsafe { std::env::set_var("MODEL_DIR", "tests/small") };
//! let request = r#"{"data": [0, 0, 0, 0, 0, 0, 0, 0]}"#;
//! let times = model_server::measure::measured(request).unwrap();
//! assert!(times.starts_with(r#"[{"signature":"serving_default","single":{"number":1"#), "{times}");
//! ```

use std::io::Read;
use std::time::Duration;

use serde::Serialize;

use crate::environment::options;
use crate::model::{Call, LoadError, Model, Taken, Trial};
use crate::rest::{Caller, PredictRequest, unlimited};

/// Rows of one run that are tried.
const TRIED_ROWS: [usize; 5] = [2, 4, 8, 16, 32];
/// Threads of one run that are tried.
const TRIED_THREADS: usize = 2;
/// Longest time of a run: within it, nobody notices that a client has gone.
const LONGEST_RUN: Duration = Duration::from_millis(250);
/// Least time of the runs of a round.
const LEAST_ROUND_TIME: Duration = Duration::from_millis(1);
/// Rounds, of which the median counts: the fewest, and the most.
const ROUND_LIMITS: (usize, usize) = (5, 31);
/// Processor time after which there are no further rounds.
const ENOUGH_PROCESSOR_TIME: Duration = Duration::from_millis(200);

/// The times of one signature.
#[derive(Debug, Serialize)]
struct Measured {
    signature: String,
    /// Time of one row a run, with one thread.
    single: Tried,
    rows: Vec<Tried>,
    threads: Tried,
}

/// A number of rows or threads.
#[derive(Debug, Serialize)]
struct Tried {
    number: usize,
    /// Time of a row.
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<Time>,
    /// Time, in the same rounds, of a row in a run of its own, with one thread.
    #[serde(skip_serializing_if = "Option::is_none")]
    single: Option<Time>,
    /// Reason why there are no times.
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<String>,
}

/// Times in nanoseconds.
#[derive(Clone, Copy, Debug, Serialize)]
struct Time {
    processor: f64,
    wall: f64,
}

/// Reads the requests for [`measured`] from standard input, and prints what it returns.
///
/// # Errors
///
/// A sentence where nothing can be measured.
pub fn run() -> Result<(), String> {
    let mut requests = String::new();
    std::io::stdin().read_to_string(&mut requests).map_err(|error| format!("cannot read the requests: {error}"))?;
    println!("{}", measured(&requests)?);
    Ok(())
}

/// Times a predict request for each signature to measure, a line each, and returns a JSON list.
///
/// The environment variables are those of [`options`].
///
/// # Errors
///
/// A sentence where nothing can be measured.
pub fn measured(requests: &str) -> Result<String, String> {
    let model = Model::load(&options(|_| ())?).map_err(|error| error.to_string())?;
    let measured: Result<Vec<_>, _> = requests.lines().map(|request| measure(&model, request)).collect();
    serde_json::to_string(&measured?).map_err(|error| error.to_string())
}

fn measure(model: &Model, request: &str) -> Result<Measured, String> {
    let request = PredictRequest::read(&model.description, request.as_bytes(), Caller::Direct, unlimited);
    let call = request.map_err(|refusal| refusal.message.into_owned())?.call;
    let signature = &model.description.signatures[call.signature];
    let failed = |error: LoadError| format!("signature '{}': {error}", signature.name);
    let mut single = model.trial(&call, 1, 1).map_err(failed)?;
    let longest = single.run(2).map_err(|error| failed(error.into()))?.processor / 2;
    let sizes = TRIED_ROWS.iter().filter(|_| signature.batched);
    let rows = sizes.map(|&rows| {
        if longest * rows as u32 > LONGEST_RUN {
            return Tried::refused(rows, format!("a run may take longer than {} ms", LONGEST_RUN.as_millis()));
        }
        Tried::new(rows, compared(model, &call, (rows, 1), &mut single))
    });
    Ok(Measured {
        signature: signature.name.clone(),
        rows: rows.collect(),
        threads: if std::thread::available_parallelism().is_ok_and(|processors| processors.get() >= TRIED_THREADS) {
            Tried::new(TRIED_THREADS, compared(model, &call, (1, TRIED_THREADS), &mut single))
        } else {
            Tried::refused(TRIED_THREADS, "this machine has one processor".to_owned())
        },
        single: Tried::new(1, compared(model, &call, (1, 1), &mut single)),
    })
}

/// Times runs of so many rows and threads, and runs of one row in turn with them.
fn compared(
    model: &Model,
    call: &Call,
    (rows, threads): (usize, usize),
    single: &mut Trial,
) -> Result<(Time, Time), LoadError> {
    let mut trial = model.trial(call, rows, threads)?;
    trial.run(1)?;
    let warm = trial.run(1)?.processor.max(Duration::from_nanos(100));
    let runs = (LEAST_ROUND_TIME.as_nanos().div_ceil(warm.as_nanos())) as usize;
    let mut rounds = Vec::new();
    let mut total = Duration::ZERO;
    while rounds.len() < ROUND_LIMITS.0 || (rounds.len() < ROUND_LIMITS.1 && total < ENOUGH_PROCESSOR_TIME) {
        let (several, one) = (trial.run(runs)?, single.run(runs * rows)?);
        total += several.processor + one.processor;
        rounds.push((several, one));
    }
    let a_row = |taken: fn(&(Taken, Taken)) -> Duration| {
        let mut times: Vec<_> = rounds.iter().map(taken).collect();
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64() * 1e9 / (runs * rows) as f64
    };
    let time = Time { processor: a_row(|round| round.0.processor), wall: a_row(|round| round.0.wall) };
    Ok((time, Time { processor: a_row(|round| round.1.processor), wall: a_row(|round| round.1.wall) }))
}

impl Tried {
    fn new(number: usize, times: Result<(Time, Time), LoadError>) -> Self {
        match times {
            Ok((time, single)) => Self { number, time: Some(time), single: Some(single), refusal: None },
            Err(error) => Self::refused(number, error.to_string()),
        }
    }

    fn refused(number: usize, refusal: String) -> Self {
        Self { number, time: None, single: None, refusal: Some(refusal) }
    }
}
