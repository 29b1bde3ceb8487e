//! From the JSON of an inference request to the bytes of its tensors, except for those in binary form, which follow it.

use jiter::{JiterError, JiterResult, NumberAny, NumberInt, Peek};
use memchr::memchr_iter;

use super::header;
use super::inputs::{Inputs, Place};
use super::outputs::{Wanted, position};
use crate::model::Description;
use crate::rest::sentence::{listed, quoted};
use crate::rest::source::Source;
use crate::rest::walk::{Names, repeated};
use crate::rest::{Refusal, check, problem};

/// Of a name, a datatype or an id, in bytes.
const LONGEST: usize = 1 << 16;
/// Of the dimensions of a shape: TensorFlow has no tensor with more.
const MOST_DIMENSIONS: usize = 254;

/// The JSON of a request.
pub(super) struct Parsed<'d> {
    /// The signature's position in the description.
    pub signature: usize,
    /// With the bytes of those whose values the JSON has.
    pub inputs: Inputs<'d>,
    /// Inputs in binary form, and how many bytes each has, in the order of the request.
    pub binary: Vec<(Place<'d>, usize)>,
    pub id: Option<String>,
    /// Empty where the request wants all of them.
    pub outputs: Vec<Wanted>,
    /// How outputs are written of which the request does not say it.
    pub binary_output: bool,
    /// The signature that the request names.
    named: Option<usize>,
}

enum Fault {
    /// The text is not JSON, or an object has a name twice: `check` finds the words.
    NotJson,
    Refused(Refusal),
}

impl From<JiterError> for Fault {
    fn from(_: JiterError) -> Self {
        Self::NotJson
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

type Read<T> = Result<T, Fault>;

/// Reads the JSON of a request.
///
/// # Arguments
///
/// * `has_header`: tensors in binary form can follow it.
pub(super) fn parse<'d>(description: &'d Description, json: &[u8], has_header: bool) -> Result<Parsed<'d>, Refusal> {
    if json.is_empty() {
        return Err(Refusal::bad_request("the body is empty; a JSON object with 'inputs' is needed"));
    }
    let default = description.signature("").unwrap_or(0);
    let found = Reader { description, presumed: default, has_header, names: Names::default() }.request(json);
    // The signature stands behind the inputs, which were read as those of the default one.
    let named = match &found {
        Ok(parsed) => Ok(parsed.named),
        Err(_) => named_signature(description, json),
    };
    let found = match named {
        Ok(Some(named)) if named != default => {
            Reader { description, presumed: named, has_header, names: Names::default() }.request(json)
        }
        Err(Fault::Refused(refusal)) => Err(Fault::Refused(refusal)),
        _ => found,
    };
    found.map_err(|fault| match fault {
        Fault::Refused(refusal) => refusal,
        Fault::NotJson => match check(json) {
            Err(refusal) => refusal,
            // Never seen: the two ways would disagree.
            Ok(()) => Refusal::bad_request("the request is not one that this model can answer"),
        },
    })
}

fn named_signature(description: &Description, json: &[u8]) -> Read<Option<usize>> {
    let mut source = Source::new(json);
    let mut reader = Reader { description, presumed: 0, has_header: true, names: Names::default() };
    let mut is_parameters = source.next_object()?.map(|name| name == "parameters");
    while let Some(found) = is_parameters {
        if found {
            return Ok(reader.parameters(&mut source)?.signature);
        }
        source.next_skip()?;
        is_parameters = source.next_key()?.map(|name| name == "parameters");
    }
    Ok(None)
}

enum RequestMember {
    Id,
    Inputs,
    Outputs,
    Parameters,
    /// Of no meaning here, such as the model's name that some clients repeat.
    Other,
}

enum InputMember {
    Name,
    Datatype,
    Shape,
    Data,
    Parameters,
    Other,
}

enum OutputMember {
    Name,
    Parameters,
    Other,
}

enum Parameter {
    BinaryOutput,
    SignatureName,
    BinarySize,
    Binary,
    NotOffered(&'static str),
    Other,
}

impl Parameter {
    fn of(name: &str) -> Self {
        match name {
            "binary_data_output" => Self::BinaryOutput,
            "signature_name" => Self::SignatureName,
            "binary_data_size" => Self::BinarySize,
            "binary_data" => Self::Binary,
            "sequence_id" | "sequence_start" | "sequence_end" => Self::NotOffered("sequences"),
            "shared_memory_region" => Self::NotOffered("shared memory"),
            "classification" => Self::NotOffered("classification"),
            _ => Self::Other,
        }
    }
}

#[derive(Default)]
struct Parameters {
    binary_output: Option<bool>,
    signature: Option<usize>,
    binary_size: Option<usize>,
    binary: Option<bool>,
}

/// What a request says of one input.
#[derive(Default)]
struct Given<'d, 'j> {
    name: Option<String>,
    datatype: Option<String>,
    shape: Option<Vec<i64>>,
    binary_size: Option<usize>,
    place: Option<Place<'d>>,
    values: Option<Vec<u8>>,
    /// The text of values that came before what they are values of.
    data: Option<&'j [u8]>,
}

struct Reader<'d> {
    description: &'d Description,
    presumed: usize,
    has_header: bool,
    names: Names,
}

impl<'d> Reader<'d> {
    fn request(mut self, json: &[u8]) -> Read<Parsed<'d>> {
        let description = self.description;
        let mut parsed = Parsed {
            signature: self.presumed,
            inputs: Inputs::new(&description.signatures[self.presumed]),
            binary: Vec::new(),
            id: None,
            outputs: Vec::new(),
            binary_output: false,
            named: None,
        };
        let (mut source, mut has_inputs) = (Source::new(json), false);
        let kind = |name: &str| match name {
            "id" => RequestMember::Id,
            "inputs" => RequestMember::Inputs,
            "outputs" => RequestMember::Outputs,
            "parameters" => RequestMember::Parameters,
            _ => RequestMember::Other,
        };
        self.members(&mut source, "the request", kind, |reader, source, member| {
            match member {
                RequestMember::Inputs => {
                    has_inputs = true;
                    reader.list(source, "inputs", |reader, source| reader.input(source, &mut parsed))?;
                }
                RequestMember::Other => reader.other(source)?,
                _ if is_null(source)? => {}
                RequestMember::Id => parsed.id = Some(string(source, "the id")?),
                RequestMember::Outputs => {
                    reader.list(source, "outputs", |reader, source| reader.output(source, &mut parsed.outputs))?;
                }
                RequestMember::Parameters => {
                    let parameters = reader.parameters(source)?;
                    parsed.binary_output = parameters.binary_output.unwrap_or(false);
                    parsed.named = parameters.signature;
                }
            }
            Ok(())
        })?;
        source.finish()?;
        if has_inputs { Ok(parsed) } else { refuse("the request must have the list 'inputs'") }
    }

    fn input<'j>(&mut self, source: &mut Source<'j>, parsed: &mut Parsed<'d>) -> Read<()> {
        let mut given = Given::<'d, 'j>::default();
        let kind = |name: &str| match name {
            "name" => InputMember::Name,
            "datatype" => InputMember::Datatype,
            "shape" => InputMember::Shape,
            "data" => InputMember::Data,
            "parameters" => InputMember::Parameters,
            _ => InputMember::Other,
        };
        self.members(source, "each of 'inputs'", kind, |reader, source, member| {
            match member {
                InputMember::Name => given.name = Some(string(source, "the name of an input")?),
                InputMember::Datatype => given.datatype = Some(string(source, "the datatype of an input")?),
                InputMember::Shape => given.shape = Some(shape(source)?),
                InputMember::Other => reader.other(source)?,
                _ if is_null(source)? => {}
                InputMember::Parameters => given.binary_size = reader.parameters(source)?.binary_size,
                InputMember::Data if given.is_described() => {
                    let place = given.place(&mut parsed.inputs)?;
                    given.values = Some(values(source, place)?);
                }
                InputMember::Data => {
                    let before = source.rest();
                    source.next_skip()?;
                    given.data = Some(&before[..before.len() - source.rest().len()]);
                }
            }
            Ok(())
        })?;
        let place = match given.place {
            Some(place) => place,
            None => given.place(&mut parsed.inputs)?,
        };
        let values = match (given.values, given.data) {
            (None, Some(text)) => Some(values(&mut Source::new(text), place)?),
            (values, _) => values,
        };
        let name = &place.tensor.name;
        match (values, given.binary_size) {
            (Some(values), None) => parsed.inputs.put(place, values),
            (None, Some(size)) if self.has_header => parsed.binary.push((place, size)),
            (None, Some(_)) => {
                return refuse(format!(
                    "input '{name}' has binary_data_size, but the request lacks the header {}",
                    header::NAME
                ));
            }
            (Some(_), Some(_)) => return refuse(format!("input '{name}' has both 'data' and binary_data_size")),
            (None, None) => return refuse(format!("input '{name}' has neither 'data' nor binary_data_size")),
        }
        Ok(())
    }

    fn output(&mut self, source: &mut Source<'_>, outputs: &mut Vec<Wanted>) -> Read<()> {
        let (mut name, mut is_binary) = (None, None);
        let kind = |name: &str| match name {
            "name" => OutputMember::Name,
            "parameters" => OutputMember::Parameters,
            _ => OutputMember::Other,
        };
        self.members(source, "each of 'outputs'", kind, |reader, source, member| {
            match member {
                OutputMember::Name => name = Some(string(source, "the name of an output")?),
                OutputMember::Other => reader.other(source)?,
                OutputMember::Parameters if is_null(source)? => {}
                OutputMember::Parameters => is_binary = reader.parameters(source)?.binary,
            }
            Ok(())
        })?;
        let Some(name) = name else { return refuse("each of 'outputs' must have a name") };
        let before = outputs.iter().map(|wanted| wanted.position);
        let position = position(&self.description.signatures[self.presumed], &name, before)?;
        outputs.push(Wanted { position, is_binary });
        Ok(())
    }

    fn parameters(&mut self, source: &mut Source<'_>) -> Read<Parameters> {
        let mut found = Parameters::default();
        self.members(source, "'parameters'", Parameter::of, |reader, source, parameter| {
            match parameter {
                Parameter::BinaryOutput => found.binary_output = Some(boolean(source, "binary_data_output")?),
                Parameter::Binary => found.binary = Some(boolean(source, "binary_data")?),
                Parameter::BinarySize => {
                    let size = integer(source)?.and_then(|size| usize::try_from(size).ok());
                    let Some(size) = size else { return refuse("binary_data_size must be a number of bytes") };
                    found.binary_size = Some(size);
                }
                Parameter::SignatureName => {
                    let name = string(source, "signature_name")?;
                    found.signature = Some(signature(reader.description, &name)?);
                }
                Parameter::NotOffered(what) => {
                    return refuse(format!(
                        "{what}: this extension of the protocol is not offered; remove its parameters"
                    ));
                }
                Parameter::Other => reader.other(source)?,
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// Reads the members of an object, whose kinds `kind` tells by their names.
    fn members<'j, K>(
        &mut self,
        source: &mut Source<'j>,
        what: &str,
        kind: impl Fn(&str) -> K,
        mut read: impl FnMut(&mut Self, &mut Source<'j>, K) -> Read<()>,
    ) -> Read<()> {
        if source.peek()? != Peek::Object {
            return refuse(format!("{what} must be a JSON object"));
        }
        let start = self.names.begin();
        let mut next = source.known_object()?.map(|name| self.names.named(name, &kind));
        while let Some(member) = next {
            read(self, source, member)?;
            next = source.next_key()?.map(|name| self.names.named(name, &kind));
        }
        if self.names.end(start).is_some() { Err(Fault::NotJson) } else { Ok(()) }
    }

    fn list<'j>(
        &mut self,
        source: &mut Source<'j>,
        what: &str,
        mut read: impl FnMut(&mut Self, &mut Source<'j>) -> Read<()>,
    ) -> Read<()> {
        if source.peek()? != Peek::Array {
            return refuse(format!("'{what}' must be a list"));
        }
        let mut next = source.known_array()?;
        while next.is_some() {
            read(self, source)?;
            next = source.array_step()?;
        }
        Ok(())
    }

    /// Reads what has no meaning here.
    fn other(&mut self, source: &mut Source<'_>) -> Read<()> {
        if repeated(source, &mut self.names)?.is_some() { Err(Fault::NotJson) } else { Ok(()) }
    }
}

impl<'d> Given<'d, '_> {
    fn is_described(&self) -> bool {
        self.place.is_none() && self.name.is_some() && self.datatype.is_some() && self.shape.is_some()
    }

    fn place(&mut self, inputs: &mut Inputs<'d>) -> Read<Place<'d>> {
        let Some(name) = &self.name else { return refuse("each of 'inputs' must have a name") };
        let shown = quoted(name, 100);
        let Some(datatype) = &self.datatype else { return refuse(format!("input {shown} must have a datatype")) };
        let Some(shape) = &self.shape else { return refuse(format!("input {shown} must have a shape")) };
        let place = inputs.place(name, datatype, shape)?;
        self.place = Some(place);
        Ok(place)
    }
}

/// Reads the values of an input: one list, or lists nested as its shape is.
fn values(source: &mut Source<'_>, place: Place<'_>) -> Read<Vec<u8>> {
    let name = &place.tensor.name;
    let peek = source.peek()?;
    if peek != Peek::Array {
        return refuse(format!("the data of input '{name}' must be a list"));
    }
    let text = source.rest();
    // A comma is between any two values: no memory is taken for values that were not sent.
    if place.count > 1 && memchr_iter(b',', text).count() + 1 < place.count {
        return refuse(format!("input '{name}' has fewer values than the {} of its shape", place.count));
    }
    let is_flat = text[1..].trim_ascii_start().first() != Some(&b'[');
    let shape = if is_flat { vec![place.count] } else { place.shape() };
    let mut stored = Vec::with_capacity(place.count * place.tensor.stored.size());
    if source.values(place.tensor, peek, &shape, &mut stored).is_ok() {
        return Ok(stored);
    }
    let mut skipped = Source::new(text);
    skipped.next_skip()?;
    match problem(place.tensor, text, &shape) {
        Some(problem) => refuse(format!(
            "input '{name}': data{problem}; expected {} of shape {:?}, or all of its {} values in one list",
            place.tensor.dtype.inference(),
            place.shape(),
            place.count
        )),
        None => Err(Fault::NotJson),
    }
}

fn shape(source: &mut Source<'_>) -> Read<Vec<i64>> {
    let wrong = || refuse("the shape of an input must be a list of whole numbers");
    if source.peek()? != Peek::Array {
        return wrong();
    }
    let mut sizes = Vec::new();
    let mut next = source.known_array()?;
    while next.is_some() {
        let Some(size) = integer(source)? else { return wrong() };
        if sizes.len() == MOST_DIMENSIONS {
            return refuse(format!("the shape of an input has more than {MOST_DIMENSIONS} dimensions"));
        }
        sizes.push(size);
        next = source.array_step()?;
    }
    Ok(sizes)
}

/// Finds the signature that a request names.
pub(crate) fn signature(description: &Description, name: &str) -> Result<usize, Refusal> {
    description.signature(name).ok_or_else(|| {
        Refusal::bad_request(format!(
            "unknown signature_name {}; this model has {}",
            quoted(name, 100),
            listed(description.signatures.iter().map(|signature| signature.name.as_str()))
        ))
    })
}

fn string(source: &mut Source<'_>, what: &str) -> Read<String> {
    if source.peek()? != Peek::String {
        return refuse(format!("{what} must be a string"));
    }
    let text = source.known_str()?;
    if text.len() > LONGEST {
        return refuse(format!("{what} has more than {LONGEST} bytes"));
    }
    Ok(text.to_owned())
}

fn boolean(source: &mut Source<'_>, what: &str) -> Read<bool> {
    match source.peek()? {
        peek @ (Peek::True | Peek::False) => Ok(source.known_bool(peek)?),
        _ => refuse(format!("{what} must be true or false")),
    }
}

/// Reads an integer; `None` where another value is next.
fn integer(source: &mut Source<'_>) -> Read<Option<i64>> {
    let peek = source.peek()?;
    if matches!(peek, Peek::String | Peek::Array | Peek::Object | Peek::True | Peek::False | Peek::Null) {
        return Ok(None);
    }
    match source.known_number(peek)? {
        NumberAny::Int(NumberInt::Int(value)) => Ok(Some(value)),
        _ => Ok(None),
    }
}

fn is_null(source: &mut Source<'_>) -> JiterResult<bool> {
    let is_null = source.peek()? == Peek::Null;
    if is_null {
        source.known_null()?;
    }
    Ok(is_null)
}

fn refuse<T>(message: impl Into<std::borrow::Cow<'static, str>>) -> Read<T> {
    Err(Fault::Refused(Refusal::bad_request(message)))
}
