//! Look-up tables, as the job writes them: read without parsing, and checked where they are used.

const MAGIC: &[u8; 8] = b"CDKTFTAB";
const VERSION: u32 = 1;
/// Bytes before the first section.
const HEADER_BYTES: usize = 64;
const MOST_SLOTS: u64 = 1 << 32;
const MOST_ENTRIES: u64 = (1 << 31) - 1;

/// Properties that the description states of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Expected {
    pub entries: u64,
    pub has_string_keys: bool,
    pub has_string_values: bool,
}

/// A table from keys to values.
#[derive(Debug)]
pub(super) struct Table {
    bytes: Vec<u8>,
    slots: usize,
    entries: usize,
    keys: Section,
    values: Section,
}

/// Position of a section of the file.
#[derive(Clone, Copy, Debug)]
enum Section {
    Integers(usize),
    /// Offsets of the strings, their bytes, and how many those are.
    Strings(usize, usize, usize),
}

impl Table {
    /// Checks the layout of a file's bytes.
    ///
    /// # Errors
    ///
    /// A few words.
    pub(super) fn new(bytes: Vec<u8>, expected: Expected) -> Result<Self, String> {
        let number = |at: usize| -> Option<u64> { Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?)) };
        let short = || "it is shorter than its header".to_owned();
        if bytes.get(..8).ok_or_else(short)? != MAGIC {
            return Err("it is no table".to_owned());
        }
        let kinds = number(8).ok_or_else(short)?;
        let (version, kinds) = (kinds as u32, (kinds >> 32) as u32);
        if version != VERSION {
            return Err(format!("it has version {version}, this program reads {VERSION}"));
        }
        let is_expected = |index: u32, expected: bool| (kinds >> (8 * index)) & 0xff == u32::from(expected);
        // Keys of strings are kind 0, values of strings kind 1.
        if !is_expected(0, !expected.has_string_keys) || !is_expected(1, expected.has_string_values) || kinds >> 16 != 0
        {
            return Err("it has keys or values of another type than the description says".to_owned());
        }
        let [entries, slots, key_bytes, value_bytes] = [16, 24, 32, 40].map(number);
        if bytes.get(48..HEADER_BYTES).ok_or_else(short)?.iter().any(|&byte| byte != 0) {
            return Err("its header has more than this program reads".to_owned());
        }
        let (entries, slots) = (entries.ok_or_else(short)?, slots.ok_or_else(short)?);
        let (key_bytes, value_bytes) = (key_bytes.ok_or_else(short)?, value_bytes.ok_or_else(short)?);
        let has_others = |bytes: u64, has_strings: bool| bytes != 0 && !has_strings;
        if has_others(key_bytes, expected.has_string_keys) || has_others(value_bytes, expected.has_string_values) {
            return Err("its header has bytes of strings where whole numbers are".to_owned());
        }
        if entries != expected.entries || entries > MOST_ENTRIES {
            return Err(format!("it has {entries} entries, and {} in the description", expected.entries));
        }
        if !slots.is_power_of_two() || slots < 2 || slots < 2 * entries || slots > MOST_SLOTS {
            return Err(format!("it has {slots} slots for {entries} entries"));
        }
        let too_large = || "it is too large for this machine".to_owned();
        let size = |value: u64| usize::try_from(value).map_err(|_| too_large());
        let (entries, slots) = (size(entries)?, size(slots)?);
        let mut layout = Layout(HEADER_BYTES);
        layout.take(4, slots).ok_or_else(too_large)?;
        let keys = layout.section(entries, expected.has_string_keys, size(key_bytes)?).ok_or_else(too_large)?;
        let values = layout.section(entries, expected.has_string_values, size(value_bytes)?).ok_or_else(too_large)?;
        if layout.0 != bytes.len() {
            return Err(format!("it has {} bytes, and its header says {}", bytes.len(), layout.0));
        }
        Ok(Self { bytes, slots, entries, keys, values })
    }

    /// The entry of a key that is a string.
    pub(super) fn find(&self, key: &[u8]) -> Option<usize> {
        let hash = key
            .iter()
            .fold(0xcbf2_9ce4_8422_2325, |hash: u64, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        self.probe(hash, |entry| self.string(self.keys, entry) == Some(key))
    }

    /// The entry of a key that is a whole number.
    pub(super) fn find_whole(&self, key: i64) -> Option<usize> {
        let hash = (key as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.probe(hash, |entry| self.integer(self.keys, entry) == Some(key))
    }

    /// The value of an entry, where values are whole numbers.
    pub(super) fn whole(&self, entry: usize) -> Option<i64> {
        self.integer(self.values, entry)
    }

    /// The value of an entry, where values are strings.
    pub(super) fn text(&self, entry: usize) -> Option<&[u8]> {
        self.string(self.values, entry)
    }

    /// Tells whether keys are strings.
    pub(super) fn has_string_keys(&self) -> bool {
        matches!(self.keys, Section::Strings(..))
    }

    /// Tells whether values are strings.
    pub(super) fn has_string_values(&self) -> bool {
        matches!(self.values, Section::Strings(..))
    }

    fn probe(&self, hash: u64, is_key: impl Fn(usize) -> bool) -> Option<usize> {
        let mut slot = (hash ^ (hash >> 32)) as usize & (self.slots - 1);
        for _ in 0..self.slots {
            let entry = self.half(HEADER_BYTES + 4 * slot)?.checked_sub(1)? as usize;
            if entry >= self.entries {
                return None;
            }
            if is_key(entry) {
                return Some(entry);
            }
            slot = (slot + 1) & (self.slots - 1);
        }
        None
    }

    fn half(&self, at: usize) -> Option<u32> {
        Some(u32::from_le_bytes(*self.bytes.get(at..)?.first_chunk()?))
    }

    fn integer(&self, section: Section, entry: usize) -> Option<i64> {
        let Section::Integers(start) = section else { return None };
        Some(i64::from_le_bytes(*self.bytes.get(start + 8 * entry..)?.first_chunk()?))
    }

    fn string(&self, section: Section, entry: usize) -> Option<&[u8]> {
        let Section::Strings(offsets, bytes, length) = section else { return None };
        let start = self.half(offsets + 4 * entry)? as usize;
        let end = self.half(offsets + 4 * entry + 4)? as usize;
        self.bytes.get(bytes..bytes + length)?.get(start..end)
    }
}

/// The end of the sections so far.
struct Layout(usize);

impl Layout {
    /// Adds elements, and what fills up to a multiple of eight bytes. Returns where they begin.
    fn take(&mut self, size: usize, count: usize) -> Option<usize> {
        let start = self.0;
        self.0 = start.checked_add(size.checked_mul(count)?)?.checked_next_multiple_of(8)?;
        Some(start)
    }

    fn section(&mut self, entries: usize, has_strings: bool, bytes: usize) -> Option<Section> {
        if !has_strings {
            return self.take(8, entries).map(Section::Integers);
        }
        let offsets = self.take(4, entries + 1)?;
        Some(Section::Strings(offsets, self.take(1, bytes)?, bytes))
    }
}
