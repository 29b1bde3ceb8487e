use data_encoding::BASE64;
use serde_json::{Map, Value as Json};

use super::value::Type;

/// The attributes of a step, each of which is read once.
#[derive(Debug)]
pub(super) struct Attributes(pub Map<String, Json>);

type Read<T> = Result<T, String>;

impl Attributes {
    /// Takes text.
    pub(super) fn text(&mut self, name: &str) -> Read<String> {
        match self.take(name)? {
            Json::String(text) => Ok(text),
            _ => Err(format!("'{name}' is no string")),
        }
    }

    /// Takes bytes, which are base64.
    pub(super) fn bytes(&mut self, name: &str) -> Read<Vec<u8>> {
        BASE64.decode(self.text(name)?.as_bytes()).map_err(|_| format!("'{name}' is no base64"))
    }

    /// Takes a whole number.
    pub(super) fn whole(&mut self, name: &str) -> Read<i64> {
        self.take(name)?.as_i64().ok_or_else(|| format!("'{name}' is no whole number"))
    }

    /// Takes a number of things.
    pub(super) fn count(&mut self, name: &str, most: usize) -> Read<usize> {
        let count = usize::try_from(self.whole(name)?).ok().filter(|&count| count <= most);
        count.ok_or_else(|| format!("'{name}' is not from 0 to {most}"))
    }

    /// Takes true or false.
    pub(super) fn flag(&mut self, name: &str) -> Read<bool> {
        self.take(name)?.as_bool().ok_or_else(|| format!("'{name}' is neither true nor false"))
    }

    /// Takes a list.
    pub(super) fn list(&mut self, name: &str) -> Read<Vec<Json>> {
        match self.take(name)? {
            Json::Array(items) => Ok(items),
            _ => Err(format!("'{name}' is no list")),
        }
    }

    /// Takes whole numbers.
    pub(super) fn wholes(&mut self, name: &str) -> Read<Vec<i64>> {
        let items = self.list(name)?;
        items
            .iter()
            .map(Json::as_i64)
            .collect::<Option<_>>()
            .ok_or_else(|| format!("'{name}' has more than whole numbers"))
    }

    /// Takes the name of a type.
    pub(super) fn dtype(&mut self, name: &str) -> Read<Type> {
        serde_json::from_value(self.take(name)?).map_err(|_| format!("'{name}' is no type"))
    }

    /// Takes a text, which must be this one.
    pub(super) fn only(&mut self, name: &str, allowed: &str) -> Read<()> {
        let text = self.text(name)?;
        if text == allowed { Ok(()) } else { Err(format!("'{name}' must be '{allowed}'")) }
    }

    /// Refuses attributes that were not taken.
    pub(super) fn finish(self) -> Read<()> {
        self.0.keys().next().map_or(Ok(()), |name| Err(format!("'{}' is unknown", name.escape_debug())))
    }

    fn take(&mut self, name: &str) -> Read<Json> {
        self.0.remove(name).ok_or_else(|| format!("'{name}' is missing"))
    }
}
