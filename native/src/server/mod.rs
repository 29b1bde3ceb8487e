//! HTTP and gRPC, for EKS and EC2.

/// Serves until the process is told to end.
///
/// # Errors
///
/// A sentence that says why it cannot serve.
pub fn run() -> Result<(), String> {
    Err("this build has no server yet; set AWS_LAMBDA_RUNTIME_API to serve a Lambda function".to_owned())
}
