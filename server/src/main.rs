//! The program: a Lambda function where Lambda's Runtime API is there, otherwise a server; with the argument `measure` what
//! times a model for the job that optimizes it.

use std::io::Write;
use std::process::ExitCode;

use model_server::environment::variable;
use model_server::litert::return_large_blocks;

fn main() -> ExitCode {
    return_large_blocks();
    if std::env::args().nth(1).is_some_and(|argument| argument == "measure") {
        return exit_code(model_server::measure::run());
    }
    let ended = match variable("AWS_LAMBDA_RUNTIME_API") {
        #[cfg(feature = "lambda")]
        Some(runtime_api) => model_server::lambda::run(&runtime_api),
        #[cfg(not(feature = "lambda"))]
        Some(_) => Err("this build has no Lambda front; build it with the feature `lambda`".to_owned()),
        #[cfg(feature = "server")]
        None => model_server::server::run(std::env::args_os()),
        #[cfg(not(feature = "server"))]
        None => Err("AWS_LAMBDA_RUNTIME_API is not set, and this build has no server".to_owned()),
    };
    exit_code(ended)
}

fn exit_code(ended: Result<(), String>) -> ExitCode {
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            // Where it cannot be written, nobody could be told.
            let _ = writeln!(std::io::stderr(), "{problem}");
            ExitCode::FAILURE
        }
    }
}
