//! From the JSON of an inference request to the bytes of its tensors, except for those in binary form, which follow it.

use jiter::Peek;
use memchr::memchr_iter;

use super::header;
use super::images::strings;
use super::inputs::{Inputs, Place};
use super::outputs::{Wanted, position};
use super::parameters::Parameters;
use super::text::{Fault, Read, Text, refuse};
use crate::model::Description;
use crate::rest::sentence::quoted;
use crate::rest::source::Source;
use crate::rest::{Refusal, check, problem};

/// Most dimensions of a shape: TensorFlow has no tensor with more.
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
    /// Form of outputs of which the request does not say it: true is binary.
    pub binary_output: bool,
}

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
    let read = |presumed| Reader { description, presumed, has_header }.request(json);
    let found = match read(default) {
        // The signature stands behind the inputs, which were read as those of the default one.
        Err(Fault::Names(named)) => read(named),
        Err(fault) => match named_signature(description, json) {
            Ok(Some(named)) if named != default => read(named),
            Err(Fault::Refused(refusal)) => Err(Fault::Refused(refusal)),
            _ => Err(fault),
        },
        found => found,
    };
    found.map_err(|fault| match fault {
        Fault::Refused(refusal) => refusal,
        Fault::NotJson | Fault::Names(_) => match check(json) {
            Err(refusal) => refusal,
            // Never seen: the two ways would disagree.
            Ok(()) => Refusal::bad_request("the request is not one that this model can answer"),
        },
    })
}

fn named_signature(description: &Description, json: &[u8]) -> Read<Option<usize>> {
    let mut text = Text::new(json);
    let mut is_parameters = text.source.next_object()?.map(|name| name == "parameters");
    while let Some(found) = is_parameters {
        if !found {
            text.source.next_skip()?;
        } else if !text.is_null()? {
            return Ok(Parameters::read(description, &mut text)?.signature);
        }
        is_parameters = text.source.next_key()?.map(|name| name == "parameters");
    }
    Ok(None)
}

enum RequestMember {
    Id,
    Inputs,
    Outputs,
    Parameters,
    /// Member without a meaning here, such as the model's name that some clients repeat.
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

/// One input of a request.
#[derive(Default)]
struct Given<'d, 'j> {
    name: Option<String>,
    datatype: Option<String>,
    shape: Option<Vec<i64>>,
    binary_size: Option<usize>,
    place: Option<Place<'d>>,
    values: Option<Values>,
    /// The text of values that came before what they are values of.
    data: Option<&'j [u8]>,
}

/// The values of an input.
enum Values {
    Stored(Vec<u8>),
    Images(Vec<Vec<u8>>),
}

/// A reader of requests for a signature, which is presumed until the request names it.
struct Reader<'d> {
    description: &'d Description,
    presumed: usize,
    has_header: bool,
}

impl<'d> Reader<'d> {
    fn request(&self, json: &[u8]) -> Read<Parsed<'d>> {
        let description = self.description;
        let mut parsed = Parsed {
            signature: self.presumed,
            inputs: Inputs::new(&description.signatures[self.presumed]),
            binary: Vec::new(),
            id: None,
            outputs: Vec::new(),
            binary_output: false,
        };
        let (mut text, mut has_inputs) = (Text::new(json), false);
        let kind = |name: &str| match name {
            "id" => RequestMember::Id,
            "inputs" => RequestMember::Inputs,
            "outputs" => RequestMember::Outputs,
            "parameters" => RequestMember::Parameters,
            _ => RequestMember::Other,
        };
        text.members("the request", kind, |text, member| {
            match member {
                RequestMember::Inputs => {
                    has_inputs = true;
                    text.list("inputs", |text| self.input(text, &mut parsed))?;
                }
                RequestMember::Other => text.other()?,
                _ if text.is_null()? => {}
                RequestMember::Id => parsed.id = Some(text.string("the id")?),
                RequestMember::Outputs => text.list("outputs", |text| self.output(text, &mut parsed.outputs))?,
                RequestMember::Parameters => {
                    let parameters = Parameters::read(description, text)?;
                    parsed.binary_output = parameters.binary_output.unwrap_or(false);
                    if let Some(named) = parameters.signature.filter(|&named| named != self.presumed) {
                        return Err(Fault::Names(named));
                    }
                }
            }
            Ok(())
        })?;
        text.source.finish()?;
        if has_inputs { Ok(parsed) } else { refuse("the request must have the list 'inputs'") }
    }

    fn input<'j>(&self, text: &mut Text<'j>, parsed: &mut Parsed<'d>) -> Read<()> {
        let mut given = Given::<'d, 'j>::default();
        let kind = |name: &str| match name {
            "name" => InputMember::Name,
            "datatype" => InputMember::Datatype,
            "shape" => InputMember::Shape,
            "data" => InputMember::Data,
            "parameters" => InputMember::Parameters,
            _ => InputMember::Other,
        };
        text.members("each of 'inputs'", kind, |text, member| {
            match member {
                InputMember::Name => given.name = Some(text.string("the name of an input")?),
                InputMember::Datatype => given.datatype = Some(text.string("the datatype of an input")?),
                InputMember::Shape => given.shape = Some(shape(text)?),
                InputMember::Other => text.other()?,
                _ if text.is_null()? => {}
                InputMember::Parameters => given.binary_size = Parameters::read(self.description, text)?.binary_size,
                InputMember::Data if given.is_described() => {
                    let place = given.place(&mut parsed.inputs)?;
                    given.values = Some(values(&mut text.source, place)?);
                }
                InputMember::Data => given.data = Some(text.value()?),
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
            (Some(Values::Stored(values)), None) => parsed.inputs.put(place, values),
            (Some(Values::Images(images)), None) => parsed.inputs.put_images(place, images),
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

    fn output(&self, text: &mut Text<'_>, outputs: &mut Vec<Wanted>) -> Read<()> {
        let (mut name, mut is_binary) = (None, None);
        let kind = |name: &str| match name {
            "name" => OutputMember::Name,
            "parameters" => OutputMember::Parameters,
            _ => OutputMember::Other,
        };
        text.members("each of 'outputs'", kind, |text, member| {
            match member {
                OutputMember::Name => name = Some(text.string("the name of an output")?),
                OutputMember::Other => text.other()?,
                OutputMember::Parameters if text.is_null()? => {}
                OutputMember::Parameters => is_binary = Parameters::read(self.description, text)?.binary,
            }
            Ok(())
        })?;
        let Some(name) = name else { return refuse("each of 'outputs' must have a name") };
        let before = outputs.iter().map(|wanted| wanted.position);
        let position = position(&self.description.signatures[self.presumed], &name, before)?;
        outputs.push(Wanted { position, is_binary });
        Ok(())
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
fn values(source: &mut Source<'_>, place: Place<'_>) -> Read<Values> {
    if place.has_images {
        return strings(source, place).map(Values::Images);
    }
    stored(source, place).map(Values::Stored)
}

fn stored(source: &mut Source<'_>, place: Place<'_>) -> Read<Vec<u8>> {
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
    if source.values(place.tensor, peek, &shape, &mut stored, None).is_ok() {
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

fn shape(text: &mut Text<'_>) -> Read<Vec<i64>> {
    let wrong =
        || refuse("the shape of an input must be a list of whole numbers of 64 bits: at most 9223372036854775807");
    if text.source.peek()? != Peek::Array {
        return wrong();
    }
    let mut sizes = Vec::new();
    let mut next = text.source.known_array()?;
    while next.is_some() {
        let Some(size) = text.integer()? else { return wrong() };
        if sizes.len() == MOST_DIMENSIONS {
            return refuse(format!("the shape of an input has more than {MOST_DIMENSIONS} dimensions"));
        }
        sizes.push(size);
        next = text.source.array_step()?;
    }
    Ok(sizes)
}
