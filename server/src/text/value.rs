use serde::Deserialize;

use super::fault::{Fault, fault};
use super::meter::Meter;
use super::shape::Shape;
use super::strings::Strings;

/// A tensor between two steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// Sizes of its dimensions.
    pub shape: Shape,
    /// The elements, row-major.
    pub data: Data,
}

/// The elements of a value.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Data {
    Strings(Strings),
    Int64(Vec<i64>),
    Int32(Vec<i32>),
    Float32(Vec<f32>),
    Float64(Vec<f64>),
    Bool(Vec<bool>),
    UInt8(Vec<u8>),
}

/// The type of a value's elements, under NumPy's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Type {
    String,
    Int64,
    Int32,
    Float32,
    Float64,
    Bool,
    UInt8,
}

/// Does the same for the elements of each type but strings.
macro_rules! numbers {
    ($data:expr, $elements:ident => $result:expr, $strings:ident => $other:expr) => {
        match $data {
            Data::Strings($strings) => $other,
            Data::Int64($elements) => $result,
            Data::Int32($elements) => $result,
            Data::Float32($elements) => $result,
            Data::Float64($elements) => $result,
            Data::Bool($elements) => $result,
            Data::UInt8($elements) => $result,
        }
    };
}

/// Makes the elements of a type of those of the same type.
macro_rules! mapped {
    ($data:expr, $elements:ident => $result:expr, $strings:ident => $other:expr) => {
        match $data {
            Data::Strings($strings) => Data::Strings($other),
            Data::Int64($elements) => Data::Int64($result),
            Data::Int32($elements) => Data::Int32($result),
            Data::Float32($elements) => Data::Float32($result),
            Data::Float64($elements) => Data::Float64($result),
            Data::Bool($elements) => Data::Bool($result),
            Data::UInt8($elements) => Data::UInt8($result),
        }
    };
}

pub(super) use mapped;

impl Data {
    /// The number of elements.
    pub(super) fn len(&self) -> usize {
        numbers!(self, elements => elements.len(), strings => strings.len())
    }

    /// The bytes of memory that the elements take.
    pub(super) fn memory(&self) -> usize {
        numbers!(self, elements => size_of_val(&elements[..]), strings => strings.memory())
    }

    /// The type of the elements.
    pub(super) fn dtype(&self) -> Type {
        match self {
            Self::Strings(_) => Type::String,
            Self::Int64(_) => Type::Int64,
            Self::Int32(_) => Type::Int32,
            Self::Float32(_) => Type::Float32,
            Self::Float64(_) => Type::Float64,
            Self::Bool(_) => Type::Bool,
            Self::UInt8(_) => Type::UInt8,
        }
    }

    /// Makes no elements of the same type.
    pub(super) fn empty(&self) -> Self {
        mapped!(self, _elements => Vec::new(), _strings => Strings::default())
    }

    /// Appends elements of another value by their indices.
    pub(super) fn append(
        &mut self,
        other: &Self,
        indices: impl Iterator<Item = usize> + Clone,
        meter: &mut Meter<'_>,
    ) -> Result<(), Fault> {
        let count = indices.size_hint().0;
        if let (Self::Strings(strings), Self::Strings(others)) = (&mut *self, other) {
            let bytes = indices.clone().map(|index| others.get(index).len()).fold(0, usize::saturating_add);
            meter.strings(count, bytes)?;
            strings.reserve(count, bytes);
            indices.for_each(|index| strings.push(others.get(index)));
            return Ok(());
        }
        meter.elements(count, other.dtype().size())?;
        match (self, other) {
            (Self::Int64(elements), Self::Int64(others)) => elements.extend(indices.map(|index| others[index])),
            (Self::Int32(elements), Self::Int32(others)) => elements.extend(indices.map(|index| others[index])),
            (Self::Float32(elements), Self::Float32(others)) => elements.extend(indices.map(|index| others[index])),
            (Self::Float64(elements), Self::Float64(others)) => elements.extend(indices.map(|index| others[index])),
            (Self::Bool(elements), Self::Bool(others)) => elements.extend(indices.map(|index| others[index])),
            (Self::UInt8(elements), Self::UInt8(others)) => elements.extend(indices.map(|index| others[index])),
            (this, other) => return Err(fault(format!("{} and {} stand side by side", this.dtype(), other.dtype()))),
        }
        Ok(())
    }

    /// Returns elements by their indices.
    pub(super) fn gather(
        &self,
        indices: impl Iterator<Item = usize> + Clone,
        meter: &mut Meter<'_>,
    ) -> Result<Self, Fault> {
        let mut gathered = self.empty();
        gathered.append(self, indices, meter)?;
        Ok(gathered)
    }
}

impl Type {
    /// Bytes of memory of an element.
    pub(super) fn size(self) -> usize {
        match self {
            Self::String | Self::Int64 | Self::Float64 => 8,
            Self::Int32 | Self::Float32 => 4,
            Self::Bool | Self::UInt8 => 1,
        }
    }
}

impl std::fmt::Display for Type {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::String => "string",
            Self::Int64 => "int64",
            Self::Int32 => "int32",
            Self::Float32 => "float32",
            Self::Float64 => "float64",
            Self::Bool => "bool",
            Self::UInt8 => "uint8",
        })
    }
}

impl Value {
    /// Makes a value of elements, of which there are as many as the shape has.
    pub(super) fn new(shape: Shape, data: Data) -> Self {
        debug_assert_eq!(shape.count(), data.len());
        Self { shape, data }
    }

    /// Makes a value of elements; `None` where they are not as many as the shape has.
    #[must_use]
    pub fn checked(shape: Shape, data: Data) -> Option<Self> {
        (shape.count() == data.len()).then_some(Self { shape, data })
    }

    /// Makes a value without dimensions.
    pub(super) fn scalar(data: Data) -> Self {
        Self::new(Shape::default(), data)
    }

    /// The strings.
    pub(super) fn strings(&self) -> Result<&Strings, Fault> {
        match &self.data {
            Data::Strings(strings) => Ok(strings),
            other => Err(fault(format!("{} stands where string belongs", other.dtype()))),
        }
    }

    /// The elements as whole numbers of 64 bits.
    pub(super) fn wholes(&self) -> Result<Vec<i64>, Fault> {
        match &self.data {
            Data::Int64(elements) => Ok(elements.clone()),
            Data::Int32(elements) => Ok(elements.iter().map(|&element| element.into()).collect()),
            other => Err(fault(format!("{} stands where whole numbers belong", other.dtype()))),
        }
    }

    /// The only element, a whole number.
    pub(super) fn whole(&self) -> Result<i64, Fault> {
        match &self.data {
            Data::Int64(elements) if elements.len() == 1 => Ok(elements[0]),
            Data::Int32(elements) if elements.len() == 1 => Ok(elements[0].into()),
            other => Err(fault(format!("{} {} stand where one whole number belongs", other.len(), other.dtype()))),
        }
    }

    /// The elements as sizes.
    pub(super) fn sizes(&self) -> Result<Vec<usize>, Fault> {
        let size = |size: i64| usize::try_from(size).map_err(|_| fault(format!("{size} stands where a size belongs")));
        self.wholes()?.into_iter().map(size).collect()
    }

    /// True or false for each element.
    pub(super) fn bools(&self) -> Result<&[bool], Fault> {
        match &self.data {
            Data::Bool(elements) => Ok(elements),
            other => Err(fault(format!("{} stands where bool belongs", other.dtype()))),
        }
    }
}
