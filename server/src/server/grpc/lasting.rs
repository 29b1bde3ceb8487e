//! Calls that last: those of reflection, and of who watches the health.

use super::proto::health::health_server::SERVICE_NAME as HEALTH;
use super::reflection;

/// Tells whether a call lasts for as long as its client wants.
pub(super) fn lasts(service: &str, method: &str) -> bool {
    matches!((service, method), (reflection::V1 | reflection::V1_ALPHA, _) | (HEALTH, "Watch"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_streams_last() {
        assert!(lasts(HEALTH, "Watch") && lasts(reflection::V1, "ServerReflectionInfo"));
        assert!(!lasts(HEALTH, "Check") && !lasts("tensorflow.serving.PredictionService", "Predict"));
    }
}
