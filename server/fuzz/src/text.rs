//! text.json, a NUL byte, and the bytes of every table that it names; its steps take strings of the same bytes.

use model_server::text::{Data, Meter, TextPart, Type, Value};

use super::{LONGEST_SENTENCE, check_sentence};

/// Memory that the steps of one input may take, in bytes.
const MEMORY: usize = 64 << 20;

/// Most bytes that stand for one byte of a name.
const LONGEST_ESCAPE: usize = 8;

/// Checks one input.
pub fn check(input: &[u8]) {
    let mut parts = input.splitn(2, |&byte| byte == 0);
    let (text, table) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let part = match TextPart::read(text, |_| Ok(table.to_vec())) {
        Ok(part) => part,
        Err(problem) => {
            return assert!(problem.len() < LONGEST_SENTENCE + LONGEST_ESCAPE * input.len() && !problem.is_empty());
        }
    };
    for name in part.names() {
        let steps = part.steps(name).expect("the name is one of its own");
        let given = steps.inputs.iter().map(|given| {
            let count = given.shape.iter().product::<usize>();
            let at = |index: usize| input[index % input.len()];
            let data = match given.dtype {
                Type::String => Data::Strings((0..count).map(|index| &input[index % input.len()..]).take(64).collect()),
                Type::Int64 => Data::Int64((0..count).map(|index| at(index).into()).collect()),
                Type::Int32 => Data::Int32((0..count).map(|index| at(index).into()).collect()),
                Type::Float32 => Data::Float32((0..count).map(|index| at(index).into()).collect()),
                Type::Float64 => Data::Float64((0..count).map(|index| at(index).into()).collect()),
                Type::Bool => Data::Bool((0..count).map(|index| at(index) > 127).collect()),
                Type::UInt8 => Data::UInt8((0..count).map(at).collect()),
            };
            Value::checked(given.shape, data)
        });
        // Larger inputs than these are the requests', which are bounded there.
        let Some(given) = given.collect::<Option<Vec<_>>>() else { continue };
        let mut left = MEMORY;
        let mut take = |bytes: usize| left.checked_sub(bytes).map(|rest| left = rest).is_some();
        match steps.run(given, &mut Meter::new(&mut take)) {
            Ok(values) => assert_eq!(values.len(), steps.fed.len()),
            Err(fault) => check_sentence(&fault.to_string()),
        }
    }
}
