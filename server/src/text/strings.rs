/// Strings of any bytes, one after the other in one block of memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Strings {
    bytes: Vec<u8>,
    /// End of each string in `bytes`.
    ends: Vec<usize>,
}

/// Memory of a string besides its bytes.
pub(super) const STRING_BYTES: usize = size_of::<usize>();

impl Strings {
    /// Makes a list without a string, which has room.
    #[must_use]
    pub fn with_capacity(count: usize, bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes), ends: Vec::with_capacity(count) }
    }

    /// The number of strings.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Tells whether there is no string.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The bytes of all strings.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes of memory that the strings take.
    pub(super) fn memory(&self) -> usize {
        self.bytes.len() + self.len() * STRING_BYTES
    }

    /// Returns a string.
    #[must_use]
    pub fn get(&self, index: usize) -> &[u8] {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[start..self.ends[index]]
    }

    /// The strings in their order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let string = &self.bytes[start..end];
            start = end;
            string
        })
    }

    /// Makes room for more strings.
    pub(super) fn reserve(&mut self, count: usize, bytes: usize) {
        self.bytes.reserve(bytes);
        self.ends.reserve(count);
    }

    /// Appends a string.
    pub fn push(&mut self, string: &[u8]) {
        self.bytes.extend_from_slice(string);
        self.finish();
    }

    /// Appends bytes to the string that is not finished.
    pub(super) fn extend(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Ends the string to which bytes were appended.
    pub(super) fn finish(&mut self) {
        self.ends.push(self.bytes.len());
    }

    /// Changes bytes of all strings, whose lengths stay.
    pub(super) fn map_bytes(mut self, change: impl FnOnce(&mut [u8])) -> Self {
        change(&mut self.bytes);
        self
    }
}

impl<B: AsRef<[u8]>> FromIterator<B> for Strings {
    fn from_iter<I: IntoIterator<Item = B>>(strings: I) -> Self {
        let mut all = Self::default();
        for string in strings {
            all.push(string.as_ref());
        }
        all
    }
}
