//! JSON that is read member by member, without making values of it.

use jiter::{JiterError, JiterResult, NumberAny, NumberInt, Peek};

use crate::rest::Refusal;
use crate::rest::source::Source;
use crate::rest::walk::{Names, repeated};

/// Most bytes of a name, a datatype or an id.
const LONGEST_STRING_BYTES: usize = 1 << 16;

/// The reason why a request is not read to its end.
pub(super) enum Fault {
    /// The text is not JSON, or an object has a name twice: `check` finds the words.
    NotJson,
    /// Position of the signature that the request names, and was not read for.
    Names(usize),
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

pub(super) type Read<T> = Result<T, Fault>;

pub(super) fn refuse<T>(message: impl Into<std::borrow::Cow<'static, str>>) -> Read<T> {
    Err(Fault::Refused(Refusal::bad_request(message)))
}

/// A text, as far as it is read.
pub(super) struct Text<'j> {
    pub source: Source<'j>,
    names: Names,
}

impl<'j> Text<'j> {
    pub(super) fn new(json: &'j [u8]) -> Self {
        Self { source: Source::new(json), names: Names::default() }
    }

    /// Reads the members of an object, whose kinds `kind` tells by their names.
    pub(super) fn members<K>(
        &mut self,
        what: &str,
        kind: impl Fn(&str) -> K,
        mut read: impl FnMut(&mut Self, K) -> Read<()>,
    ) -> Read<()> {
        if self.source.peek()? != Peek::Object {
            return refuse(format!("{what} must be a JSON object"));
        }
        let start = self.names.begin();
        let mut next = self.source.known_object()?.map(|name| self.names.named(name, &kind));
        while let Some(member) = next {
            read(self, member)?;
            next = self.source.next_key()?.map(|name| self.names.named(name, &kind));
        }
        if self.names.end(start).is_some() { Err(Fault::NotJson) } else { Ok(()) }
    }

    pub(super) fn list(&mut self, what: &str, mut read: impl FnMut(&mut Self) -> Read<()>) -> Read<()> {
        if self.source.peek()? != Peek::Array {
            return refuse(format!("'{what}' must be a list"));
        }
        let mut next = self.source.known_array()?;
        while next.is_some() {
            read(self)?;
            next = self.source.array_step()?;
        }
        Ok(())
    }

    /// Reads a value of no meaning here.
    pub(super) fn other(&mut self) -> Read<()> {
        if repeated(&mut self.source, &mut self.names)?.is_some() { Err(Fault::NotJson) } else { Ok(()) }
    }

    /// Returns the text of the next value.
    pub(super) fn value(&mut self) -> JiterResult<&'j [u8]> {
        let before = self.source.rest();
        self.source.next_skip()?;
        Ok(&before[..before.len() - self.source.rest().len()])
    }

    pub(super) fn string(&mut self, what: &str) -> Read<String> {
        if self.source.peek()? != Peek::String {
            return refuse(format!("{what} must be a string"));
        }
        let text = self.source.known_str()?;
        if text.len() > LONGEST_STRING_BYTES {
            return refuse(format!("{what} has more than {LONGEST_STRING_BYTES} bytes"));
        }
        Ok(text.to_owned())
    }

    pub(super) fn boolean(&mut self, what: &str) -> Read<bool> {
        match self.source.peek()? {
            peek @ (Peek::True | Peek::False) => Ok(self.source.known_bool(peek)?),
            _ => refuse(format!("{what} must be true or false")),
        }
    }

    /// Reads an integer; `None` where another value is next.
    pub(super) fn integer(&mut self) -> Read<Option<i64>> {
        let peek = self.source.peek()?;
        if matches!(peek, Peek::String | Peek::Array | Peek::Object | Peek::True | Peek::False | Peek::Null) {
            return Ok(None);
        }
        match self.source.known_number(peek)? {
            NumberAny::Int(NumberInt::Int(value)) => Ok(Some(value)),
            _ => Ok(None),
        }
    }

    /// Reads a null where it is next.
    pub(super) fn is_null(&mut self) -> JiterResult<bool> {
        let is_null = self.source.peek()? == Peek::Null;
        if is_null {
            self.source.known_null()?;
        }
        Ok(is_null)
    }
}
