//! A pass over JSON that keeps nothing of it but the fingerprints of names, so that no text takes more memory than itself.

use std::hash::{BuildHasher, RandomState};

use jiter::{Jiter, JiterError, JiterErrorType, JiterResult, JsonErrorType, Peek};

/// Lists and objects within each other, as many as jiter's own values have.
const MOST_DEPTH: usize = 200;

/// Reads the next value, and returns the fingerprint of a name that one of its objects has twice, so that it is open which
/// one counts.
pub(crate) fn repeated(jiter: &mut Jiter<'_>, names: &mut Names) -> JiterResult<Option<u64>> {
    // Keep for each open object where its names begin, and for each open list nothing.
    let mut open: Vec<Option<usize>> = Vec::new();
    let mut repeated = None;
    let mut peek = jiter.peek()?;
    loop {
        match peek {
            Peek::Array => {
                if let Some(first) = jiter.known_array()? {
                    open.push(None);
                    peek = deeper(jiter, &open, first)?;
                    continue;
                }
            }
            Peek::Object => {
                let start = names.begin();
                if let Some(name) = jiter.known_object()? {
                    names.add(name);
                    open.push(Some(start));
                    let first = jiter.peek()?;
                    peek = deeper(jiter, &open, first)?;
                    continue;
                }
            }
            Peek::String => _ = jiter.known_str()?,
            Peek::True | Peek::False => _ = jiter.known_bool(peek)?,
            Peek::Null => jiter.known_null()?,
            number => _ = jiter.known_number_bytes(number)?,
        }
        peek = loop {
            match open.last() {
                None => return Ok(repeated),
                Some(None) => {
                    if let Some(next) = jiter.array_step()? {
                        break next;
                    }
                }
                Some(&Some(start)) => {
                    if let Some(name) = jiter.next_key()? {
                        names.add(name);
                        break jiter.peek()?;
                    }
                    repeated = repeated.or(names.end(start));
                }
            }
            open.pop();
        };
    }
}

fn deeper(jiter: &Jiter<'_>, open: &[Option<usize>], first: Peek) -> JiterResult<Peek> {
    if open.len() < MOST_DEPTH {
        return Ok(first);
    }
    let error_type = JiterErrorType::JsonError(JsonErrorType::RecursionLimitExceeded);
    Err(JiterError { error_type, index: jiter.current_index() })
}

/// The names of the objects that are open, as fingerprints of eight bytes: the names themselves would take several times
/// as much as the text.
#[derive(Default)]
pub(crate) struct Names {
    state: RandomState,
    seen: Vec<u64>,
    /// The fingerprint of a name that is to be found, and the name.
    wanted: Option<u64>,
    found: Option<String>,
}

impl Names {
    /// Begins an object, and returns where its names begin.
    pub(crate) fn begin(&self) -> usize {
        self.seen.len()
    }

    /// Looks for the name of a fingerprint.
    pub(crate) fn find(self, fingerprint: u64) -> Self {
        Self { wanted: Some(fingerprint), ..self }
    }

    /// The name that was looked for.
    pub(crate) fn found(self) -> Option<String> {
        self.found
    }

    /// Adds a name to the innermost object.
    pub(crate) fn add(&mut self, name: &str) {
        let fingerprint = self.state.hash_one(name);
        if self.wanted == Some(fingerprint) && self.found.is_none() {
            self.found = Some(name.to_owned());
        }
        self.seen.push(fingerprint);
    }

    /// Adds a name to the innermost object. Returns what `kind` makes of it.
    pub(crate) fn named<K>(&mut self, name: &str, kind: impl Fn(&str) -> K) -> K {
        self.add(name);
        kind(name)
    }

    /// Ends the object whose names begin at `start`. Returns one that it has twice.
    pub(crate) fn end(&mut self, start: usize) -> Option<u64> {
        // Sorted once: to search all names at each one takes minutes for a text of a few megabytes.
        let names = &mut self.seen[start..];
        names.sort_unstable();
        let twice = names.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0]);
        self.seen.truncate(start);
        twice
    }
}
