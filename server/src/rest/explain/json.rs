use jiter::{Jiter, Peek};

use crate::model::Element;
use crate::rest::number::element;

/// A value in the text of a body that was checked before: its parts are read when they are looked at, so that none of it
/// takes memory.
#[derive(Clone, Copy)]
pub(super) struct Json<'t>(&'t [u8]);

/// A value without parts.
pub(super) enum Scalar<'t> {
    Null,
    Bool(bool),
    /// Number in the client's own digits.
    Number(&'t [u8]),
    String(String),
}

impl Scalar<'_> {
    /// The value as the tensors take it; `None` where it is neither a number nor true or false.
    pub(super) fn element(&self) -> Option<Element> {
        match self {
            Self::Bool(value) => Some(Element::Bool(*value)),
            Self::Number(text) => Some(element(text)),
            Self::Null | Self::String(_) => None,
        }
    }
}

impl<'t> Json<'t> {
    /// Takes the first value of a text.
    pub(super) fn new(text: &'t [u8]) -> Self {
        Self(text.trim_ascii_start())
    }

    /// The elements of a list; `None` where it is none.
    pub(super) fn items(self) -> Option<impl Iterator<Item = Self>> {
        let mut jiter = self.jiter();
        let mut next = if self.0.first() == Some(&b'[') { jiter.known_array().ok()? } else { return None };
        Some(std::iter::from_fn(move || {
            let item = self.skip(&mut jiter, next?)?;
            next = jiter.array_step().ok()?;
            Some(item)
        }))
    }

    /// The members of an object; `None` where it is none.
    pub(super) fn members(self) -> Option<impl Iterator<Item = (String, Self)>> {
        let mut jiter = self.jiter();
        if !self.is_object() {
            return None;
        }
        let mut next = jiter.known_object().ok()?.map(str::to_owned);
        Some(std::iter::from_fn(move || {
            let name = next.take()?;
            let peek = jiter.peek().ok()?;
            let value = self.skip(&mut jiter, peek)?;
            next = jiter.next_key().ok()?.map(str::to_owned);
            Some((name, value))
        }))
    }

    /// The value of a member.
    pub(super) fn member(self, name: &str) -> Option<Self> {
        self.members()?.find(|(other, _)| other == name).map(|(_, value)| value)
    }

    pub(super) fn is_object(self) -> bool {
        self.0.first() == Some(&b'{')
    }

    /// Tells whether it is the object that stands for bytes: with one member, the string `b64`.
    pub(super) fn is_base64(self) -> bool {
        let Some(mut members) = self.members() else { return false };
        members.next().is_some_and(|(name, value)| name == "b64" && value.0.first() == Some(&b'"'))
            && members.next().is_none()
    }

    /// The text of the object that stands for bytes.
    pub(super) fn base64(self) -> String {
        match self.member("b64").map(Self::scalar) {
            Some(Scalar::String(text)) => text,
            _ => String::new(),
        }
    }

    /// The value, if it is neither a list nor an object.
    pub(super) fn scalar(self) -> Scalar<'t> {
        let mut jiter = self.jiter();
        let found = match jiter.peek() {
            Ok(Peek::String) => jiter.known_str().map(|text| Scalar::String(text.to_owned())),
            Ok(peek @ (Peek::True | Peek::False)) => jiter.known_bool(peek).map(Scalar::Bool),
            Ok(peek) if peek.is_num() => jiter.known_skip(peek).map(|()| Scalar::Number(jiter.slice_to_current(0))),
            _ => Ok(Scalar::Null),
        };
        found.unwrap_or(Scalar::Null)
    }

    fn jiter(self) -> Jiter<'t> {
        Jiter::new(self.0).with_allow_inf_nan()
    }

    fn skip(self, jiter: &mut Jiter<'t>, peek: Peek) -> Option<Self> {
        let start = jiter.current_index();
        jiter.known_skip(peek).ok()?;
        Some(Self(&self.0[start..jiter.current_index()]))
    }
}
