//! The text part of a model: the steps from what clients send to what its file takes.

use std::collections::HashSet;
use std::sync::Arc;

use super::attributes::Attributes;
use super::document::{Document, SignatureDocument, StepDocument, TableDocument};
use super::fault::{Fault, fault};
use super::meter::Meter;
use super::operations::{self, Operation};
use super::shape::Shape;
use super::table::{Expected, Table};
use super::value::{Type, Value};

/// Most steps of a signature.
const MOST_STEPS: usize = 4096;
/// Most elements of all constants of a signature.
const MOST_CONSTANT_ELEMENTS: usize = 1 << 20;
const MOST_SIGNATURES: usize = 64;
const MOST_TABLES: usize = 256;

/// The text parts of a model's signatures.
#[derive(Debug)]
pub struct TextPart {
    signatures: Vec<(String, Steps)>,
}

/// Parts are the same where they were read together.
impl PartialEq for TextPart {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

/// The steps of one signature.
pub struct Steps {
    /// The values that clients send.
    pub inputs: Vec<Given>,
    constants: Vec<Value>,
    all: Vec<Step>,
    /// Values that are freed behind each step.
    freed: Vec<Vec<usize>>,
    /// The names of the file's inputs, and which values they are fed with.
    pub fed: Vec<(String, usize)>,
    /// Number of all values.
    count: usize,
}

/// An input of the steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    /// Name in the signature.
    pub name: String,
    /// Type of its elements.
    pub dtype: Type,
    /// Shape of one row: dimension 0 is 1 where the signature is batched.
    pub shape: Shape,
}

struct Step {
    name: String,
    operation: Operation,
    inputs: Vec<usize>,
}

/// A table's file, as the description names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableFile {
    /// In the same directory.
    pub file: String,
    /// SHA-256 in hexadecimal digits.
    pub sha256: String,
    /// In bytes.
    pub size: u64,
}

impl TextPart {
    /// Reads a description.
    ///
    /// # Arguments
    ///
    /// * `open`: returns the bytes of a table's file.
    ///
    /// # Errors
    ///
    /// A sentence without an end.
    pub fn read(text: &[u8], mut open: impl FnMut(&TableFile) -> Result<Vec<u8>, String>) -> Result<Self, String> {
        let document = Document::read(text)?;
        if document.tables.len() > MOST_TABLES || document.signatures.0.len() > MOST_SIGNATURES {
            return Err(format!("there are more than {MOST_TABLES} tables or {MOST_SIGNATURES} signatures"));
        }
        let table = |table: &TableDocument| {
            let file = TableFile { file: table.file.clone(), sha256: table.sha256.clone(), size: table.size };
            let mut read = || -> Result<Table, String> {
                let bytes = open(&file)?;
                if bytes.len() as u64 != table.size {
                    return Err(format!("it has {} bytes instead of {}", bytes.len(), table.size));
                }
                Table::new(bytes, expected(table)?)
            };
            read().map(Arc::new).map_err(|problem| format!("table '{}': {problem}", table.file.escape_debug()))
        };
        let tables = document.tables.iter().map(table).collect::<Result<Vec<_>, _>>()?;
        let signature = |(name, signature): (String, SignatureDocument)| {
            let steps = Steps::new(signature, &tables);
            steps.map(|steps| (name.clone(), steps)).map_err(|problem| format!("signature '{name}': {problem}"))
        };
        let signatures = document.signatures.0.into_iter().map(signature).collect::<Result<_, _>>()?;
        Ok(Self { signatures })
    }

    /// The steps of a signature.
    #[must_use]
    pub fn steps(&self, signature: &str) -> Option<&Steps> {
        self.signatures.iter().find(|(name, _)| name == signature).map(|(_, steps)| steps)
    }

    /// The names of all signatures that have steps.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.signatures.iter().map(|(name, _)| name.as_str())
    }
}

fn expected(table: &TableDocument) -> Result<Expected, String> {
    match (table.key, table.value) {
        (Type::String | Type::Int64, Type::String | Type::Int64) => Ok(Expected {
            entries: table.entries,
            has_string_keys: table.key == Type::String,
            has_string_values: table.value == Type::String,
        }),
        (key, value) => Err(format!("it cannot be from {key} to {value}")),
    }
}

impl Steps {
    fn new(document: SignatureDocument, tables: &[Arc<Table>]) -> Result<Self, String> {
        let inputs = document.inputs.into_iter().map(|input| {
            let shape = Shape::of(&input.shape).ok_or_else(|| format!("input '{}' is too large", input.name))?;
            Ok(Given { name: input.name, dtype: input.dtype, shape })
        });
        let inputs = inputs.collect::<Result<Vec<_>, String>>()?;
        let mut elements = 0_usize;
        let constants = document.constants.into_iter().map(|constant| {
            elements = elements.saturating_add(constant.values.len());
            if elements > MOST_CONSTANT_ELEMENTS {
                return Err(format!("the constants have more than {MOST_CONSTANT_ELEMENTS} elements"));
            }
            constant.value()
        });
        let constants = constants.collect::<Result<Vec<_>, _>>()?;
        if document.steps.len() > MOST_STEPS {
            return Err(format!("there are more than {MOST_STEPS} steps"));
        }
        let first = inputs.len() + constants.len();
        let mut count = first;
        let mut steps = Vec::with_capacity(document.steps.len());
        for (number, step) in document.steps.into_iter().enumerate() {
            let name = step.operation.clone();
            let step = Step::new(step, &mut count, tables);
            steps.push(step.map_err(|problem| format!("step {number}, {}: {problem}", name.escape_debug()))?);
        }
        let mut names = HashSet::new();
        for fed in &document.fed {
            if fed.value >= count || !names.insert(&fed.input) {
                return Err(format!("'fed' has no value for '{}', or two", fed.input.escape_debug()));
            }
        }
        let fed: Vec<(String, usize)> = document.fed.into_iter().map(|fed| (fed.input, fed.value)).collect();
        let freed = freed(&steps, first, &fed);
        Ok(Self { inputs, constants, all: steps, freed, fed, count })
    }

    /// Returns the values for the file's inputs of one row, in the order of `fed`.
    ///
    /// # Arguments
    ///
    /// * `given`: in the order of `inputs`, with their types and shapes.
    pub fn run(&self, given: Vec<Value>, meter: &mut Meter<'_>) -> Result<Vec<Value>, Fault> {
        let mut made: Vec<Option<Value>> = Vec::with_capacity(self.count - self.constants.len());
        made.extend(given.into_iter().map(Some));
        let inputs = self.inputs.len();
        let at = |value: usize| if value < inputs { value } else { value - self.constants.len() };
        for (step, freed) in self.all.iter().zip(&self.freed) {
            let input = |&value: &usize| match value.checked_sub(inputs).and_then(|value| self.constants.get(value)) {
                Some(constant) => Some(constant),
                None => made[at(value)].as_ref(),
            };
            let values: Option<Vec<&Value>> = step.inputs.iter().map(input).collect();
            let values = values.ok_or_else(|| fault("a value is not there any more"))?;
            let results = (step.operation.run)(&values, meter).map_err(|problem| step.named(problem))?;
            made.extend(results.into_iter().map(Some));
            for &value in freed {
                let memory = made[at(value)].take().map_or(0, |value| value.data.memory());
                meter.free(memory);
            }
        }
        let mut fed = Vec::with_capacity(self.fed.len());
        for (position, &(_, value)) in self.fed.iter().enumerate() {
            let is_last = self.fed[position + 1..].iter().all(|&(_, other)| other != value);
            let constant = value.checked_sub(inputs).and_then(|value| self.constants.get(value));
            let value = if constant.is_none() && is_last {
                made[at(value)].take()
            } else {
                let value = constant.or_else(|| made[at(value)].as_ref());
                meter.take(value.map_or(0, |value| value.data.memory()))?;
                value.cloned()
            };
            fed.push(value.ok_or_else(|| fault("a value is not there any more"))?);
        }
        Ok(fed)
    }
}

/// Returns which values no step behind each one needs.
fn freed(steps: &[Step], first: usize, fed: &[(String, usize)]) -> Vec<Vec<usize>> {
    let mut seen: HashSet<usize> = fed.iter().map(|&(_, value)| value).collect();
    let mut freed: Vec<Vec<usize>> = Vec::with_capacity(steps.len());
    let mut end = first + steps.iter().map(|step| step.operation.outputs).sum::<usize>();
    for step in steps.iter().rev() {
        let start = end - step.operation.outputs;
        let outputs = start..end;
        let used = step.inputs.iter().copied().filter(|&value| value >= first);
        freed.push(outputs.chain(used).filter(|&value| seen.insert(value)).collect());
        end = start;
    }
    freed.reverse();
    freed
}

impl Step {
    fn new(document: StepDocument, count: &mut usize, tables: &[Arc<Table>]) -> Result<Self, String> {
        let operation = operations::read(&document.operation, Attributes(document.attributes), tables)?;
        if !operation.inputs.contains(&document.inputs.len()) {
            return Err(format!("it has {} inputs", document.inputs.len()));
        }
        if document.inputs.iter().any(|input| input >= count) {
            return Err("it takes a value that is not there yet".to_owned());
        }
        let outputs = *count..*count + operation.outputs;
        if !outputs.clone().eq(document.outputs.iter().copied()) {
            return Err(format!("its outputs are not {outputs:?}"));
        }
        *count += operation.outputs;
        Ok(Self { name: document.operation, operation, inputs: document.inputs })
    }

    fn named(&self, problem: Fault) -> Fault {
        match problem {
            Fault::Values(sentence) => fault(format!("{}: {sentence}", self.name)),
            Fault::Memory => Fault::Memory,
        }
    }
}

impl std::fmt::Debug for Steps {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.all.iter().map(|step| &step.name);
        formatter.debug_list().entries(names).finish()
    }
}
