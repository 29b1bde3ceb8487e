//! The message of a predict call or of an inference request by gRPC: it is refused in a sentence, or answered by tensors of
//! the right shape.

use model_server::server::grpc::fuzzing::{Answer, answer_inference, answer_message};

use super::{SERVICE, check_sentence, outputs};

/// Checks one input.
pub fn check(message: &[u8]) {
    let description = &SERVICE.description;
    check_answer(answer_message(description, message, |call| outputs(description, call)));
    check_answer(answer_inference(description, message, |call| outputs(description, call)));
}

fn check_answer(answer: Option<Answer>) {
    match answer {
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
