//! The request line of an HTTP request: a method, a space and a path.

use model_server::inference::{Resource, find};
use model_server::rest::Route;

use super::{SERVICE, check_refusal, read_answer};

/// Checks one input.
pub fn check(line: &str) {
    let (method, path) = line.split_once(' ').unwrap_or((line, ""));
    if let Some(path) = find(path) {
        if let Err(refusal) = Resource::parse(method, path, "function") {
            assert_eq!(refusal.allow.is_some(), refusal.status == 405);
            check_refusal(&refusal);
        }
        return;
    }
    match SERVICE.route(method, path) {
        Ok(Route::OpenApi | Route::Explorer) => assert_eq!(method, "GET"),
        Ok(Route::Predict) => assert_eq!(method, "POST"),
        Ok(Route::Answer(body)) => {
            assert_eq!(method, "GET");
            read_answer(&body);
        }
        Err(refusal) => {
            assert_eq!(refusal.allow.is_some(), refusal.status == 405);
            check_refusal(&refusal);
        }
    }
}
