//! The message of a predict call by gRPC: it is refused in a sentence, or answered by tensors of the right shape.

use model_server::server::grpc::fuzzing::{Answer, answer_message};

use super::{SERVICE, check_sentence, outputs};

/// Checks one input.
pub fn check(message: &[u8]) {
    let description = &SERVICE.description;
    match answer_message(description, message, |call| outputs(description, call)) {
        None => {}
        Some(Answer::Refused(sentence)) => check_sentence(&sentence),
        Some(Answer::Predicted(tensors)) => {
            assert!(!tensors.is_empty());
            for (name, shape, values) in tensors {
                let count =
                    shape.iter().try_fold(1_usize, |count, &size| count.checked_mul(usize::try_from(size).ok()?));
                assert_eq!(count, Some(values), "{name}: {shape:?}");
            }
        }
    }
}
