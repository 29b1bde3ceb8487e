use std::fmt;

use serde::Deserialize;

use super::texts::LENGTH_BYTES;

/// The element types that LiteRT has and JSON can carry, under NumPy's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum ElementType {
    Float32,
    Float64,
    Float16,
    Int8,
    Int16,
    Int32,
    Int64,
    UInt8,
    UInt16,
    UInt32,
    UInt64,
    Bool,
    String,
}

/// The kind of value that stands in JSON for an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number.
    Float,
    /// A number without a fraction.
    Integer,
    /// true or false.
    Bool,
    /// A string, or bytes.
    Text,
}

impl ElementType {
    /// NumPy's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().0
    }

    /// Bytes of one element; of a string those of the length before it.
    #[must_use]
    pub const fn size(self) -> usize {
        self.row().1
    }

    /// `LiteRtElementType`.
    #[must_use]
    pub const fn litert(self) -> i32 {
        self.row().2
    }

    /// `DataType` as TensorFlow Serving's metadata spells it.
    #[must_use]
    pub const fn tensorflow(self) -> &'static str {
        self.row().3
    }

    /// The datatype as the Open Inference Protocol spells it.
    #[must_use]
    pub const fn inference(self) -> &'static str {
        self.row().4
    }

    /// The kind of value that stands in JSON for an element.
    #[must_use]
    pub const fn kind(self) -> Kind {
        match self {
            Self::Float16 | Self::Float32 | Self::Float64 => Kind::Float,
            Self::Bool => Kind::Bool,
            Self::String => Kind::Text,
            _ => Kind::Integer,
        }
    }

    /// Tells whether an integer type has a value.
    pub(super) const fn holds(self, value: i64) -> bool {
        let (low, high) = self.limits();
        value >= low && (value < 0 || value as u64 <= high)
    }

    /// The smallest and the largest value of an integer type; 0 and 0 of the others.
    #[must_use]
    pub const fn limits(self) -> (i64, u64) {
        match self {
            Self::Int8 => (i8::MIN as i64, i8::MAX as u64),
            Self::Int16 => (i16::MIN as i64, i16::MAX as u64),
            Self::Int32 => (i32::MIN as i64, i32::MAX as u64),
            Self::Int64 => (i64::MIN, i64::MAX as u64),
            Self::UInt8 => (0, u8::MAX as u64),
            Self::UInt16 => (0, u16::MAX as u64),
            Self::UInt32 => (0, u32::MAX as u64),
            Self::UInt64 => (0, u64::MAX),
            Self::Float16 | Self::Float32 | Self::Float64 | Self::Bool | Self::String => (0, 0),
        }
    }

    const fn row(self) -> (&'static str, usize, i32, &'static str, &'static str) {
        match self {
            Self::Float32 => ("float32", 4, 1, "DT_FLOAT", "FP32"),
            Self::Float64 => ("float64", 8, 11, "DT_DOUBLE", "FP64"),
            Self::Float16 => ("float16", 2, 10, "DT_HALF", "FP16"),
            Self::Int8 => ("int8", 1, 9, "DT_INT8", "INT8"),
            Self::Int16 => ("int16", 2, 7, "DT_INT16", "INT16"),
            Self::Int32 => ("int32", 4, 2, "DT_INT32", "INT32"),
            Self::Int64 => ("int64", 8, 4, "DT_INT64", "INT64"),
            Self::UInt8 => ("uint8", 1, 3, "DT_UINT8", "UINT8"),
            Self::UInt16 => ("uint16", 2, 17, "DT_UINT16", "UINT16"),
            Self::UInt32 => ("uint32", 4, 16, "DT_UINT32", "UINT32"),
            Self::UInt64 => ("uint64", 8, 13, "DT_UINT64", "UINT64"),
            Self::Bool => ("bool", 1, 6, "DT_BOOL", "BOOL"),
            Self::String => ("string", LENGTH_BYTES, 0, "DT_STRING", "BYTES"),
        }
    }
}

impl fmt::Display for ElementType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
