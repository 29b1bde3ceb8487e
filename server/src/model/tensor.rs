use std::borrow::Cow;

use serde::Deserialize;

use super::element_type::{ElementType, Kind};
use super::error::{FILE_NAME, LoadError};
use super::half;
use super::quantization::{Quantization, integer, push_integer};
use crate::image::{Preparation, PreparationData};

/// An input or output: `dtype` and `shape` as clients see it, `stored` and `stored_shape` as the file has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Name in its signature.
    pub name: String,
    /// Type of the values that clients send and get.
    pub dtype: ElementType,
    /// -1 where the number of rows stands.
    pub shape: Vec<i64>,
    /// Type of the values in the file.
    pub stored: ElementType,
    /// Static; 1 where the number of rows stands.
    pub stored_shape: Vec<usize>,
    /// Quantization from the stored values to those of clients, where they differ.
    pub quantization: Option<Quantization>,
    /// Steps from an image to the values of a row; none of an input that takes no images, and of an output.
    pub image: Option<Preparation>,
    batched: bool,
    count: usize,
}

#[derive(Debug, Deserialize)]
pub(super) struct TensorData {
    dtype: ElementType,
    shape: Vec<i64>,
    tensor: Option<StoredData>,
    image: Option<PreparationData>,
}

#[derive(Debug, Deserialize)]
struct StoredData {
    dtype: ElementType,
    shape: Vec<i64>,
    quantization: Option<Quantization>,
}

impl Tensor {
    pub(super) fn new(name: String, data: TensorData, batched: bool) -> Result<Self, LoadError> {
        let inner = data.tensor.unwrap_or_else(|| StoredData {
            dtype: data.dtype,
            shape: data.shape.clone(),
            quantization: None,
        });
        let invalid = |problem: &str| Err(LoadError::Invalid(format!("{FILE_NAME}: tensor '{name}' {problem}")));
        let Some(stored_shape) = static_shape(&inner.shape) else {
            return invalid(&format!("has the shape {:?}, which is not static", inner.shape));
        };
        let count = stored_shape.iter().try_fold(1_usize, |count, &size| count.checked_mul(size));
        let size = data.dtype.size().max(inner.dtype.size());
        // No allocation is larger than isize::MAX.
        let fits = |count: &usize| count.checked_mul(size).is_some_and(|bytes| isize::try_from(bytes).is_ok());
        let Some(count) = count.filter(fits) else {
            return invalid(&format!("has the shape {stored_shape:?}, which is too large"));
        };
        if batched && stored_shape.first() != Some(&1) {
            return invalid(&format!("of a batched signature has the shape {stored_shape:?}"));
        }
        if inner.quantization.is_some_and(|quantization| !quantization.is_valid()) {
            return invalid("has a scale that is not a positive number");
        }
        if let Some(Quantization { zero_point, .. }) = inner.quantization
            && inner.dtype.kind() == Kind::Integer
            && !inner.dtype.holds(zero_point)
        {
            let (low, high) = inner.dtype.limits();
            return invalid(&format!(
                "has the zero point {zero_point}, which is outside of {}, {low} to {high}",
                inner.dtype
            ));
        }
        let quantization = if data.dtype == inner.dtype {
            None
        } else {
            let fits = data.dtype.kind() == Kind::Float && inner.dtype.kind() == Kind::Integer;
            match inner.quantization {
                Some(quantization) if fits => Some(quantization),
                _ => return invalid(&format!("cannot turn {} into {}", data.dtype, inner.dtype)),
            }
        };
        let image = match data.image.map(|image| image.checked(&stored_shape)).transpose() {
            Ok(image) => image,
            Err(problem) => return invalid(&problem),
        };
        if image.is_some() && !IMAGE_TYPES.contains(&data.dtype) {
            return invalid(&format!("takes images and has the type {}, which holds none", data.dtype));
        }
        Ok(Self {
            name,
            dtype: data.dtype,
            shape: data.shape,
            stored: inner.dtype,
            stored_shape,
            quantization,
            image,
            batched,
            count,
        })
    }

    /// Makes an input of clients, which steps take as it is.
    pub(super) fn of_clients(name: String, data: TensorData, batched: bool) -> Result<Self, LoadError> {
        let mut shape = data.shape.clone();
        if let Some(rows) = shape.first_mut().filter(|rows| batched && **rows == -1) {
            *rows = 1;
        }
        if data.tensor.is_some() {
            let problem = "is made into the inputs of the file by steps, and cannot be in the file itself";
            return Err(LoadError::Invalid(format!("{FILE_NAME}: tensor '{name}' {problem}")));
        }
        let tensor = StoredData { dtype: data.dtype, shape, quantization: None };
        Self::new(name, TensorData { tensor: Some(tensor), ..data }, batched)
    }

    /// Tells whether the values are strings.
    #[must_use]
    pub fn has_strings(&self) -> bool {
        self.dtype == ElementType::String
    }

    /// Tells whether the file has the float32 values of clients as they are, as nearly all models do.
    #[must_use]
    pub fn stores_float32(&self) -> bool {
        self.dtype == ElementType::Float32 && self.quantization.is_none()
    }

    /// The shape of one row, or of the whole tensor where its signature has no batch.
    #[must_use]
    pub fn item_shape(&self) -> &[usize] {
        &self.stored_shape[usize::from(self.batched)..]
    }

    /// Elements of one row, or of the whole tensor where its signature has no batch.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Stored bytes of one row, or of the whole tensor where its signature has no batch.
    #[must_use]
    pub fn stored_bytes(&self) -> usize {
        self.count * self.stored.size()
    }

    /// Returns the stored bytes of one image's values. What an integer type cannot hold becomes its nearest value.
    pub(crate) fn stored_image(&self, values: &[f32]) -> Vec<u8> {
        let mut real = Vec::with_capacity(values.len() * self.dtype.size());
        let (low, high) = self.dtype.limits();
        for &value in values {
            match self.dtype {
                ElementType::Float32 => real.extend_from_slice(&value.to_le_bytes()),
                ElementType::Float16 => real.extend_from_slice(&half::from_f64(value.into()).to_le_bytes()),
                integer => {
                    let value = value.round_ties_even().clamp(low as f32, high as f32);
                    push_integer(integer, value as i64, &mut real);
                }
            }
        }
        match self.quantized(&real) {
            Cow::Borrowed(_) => real,
            Cow::Owned(stored) => stored,
        }
    }

    /// Stored bytes of one image.
    pub(crate) fn image_bytes(&self) -> usize {
        self.stored_shape[1..].iter().product::<usize>() * self.stored.size()
    }

    /// Returns the stored bytes of real values, given as bytes of the clients' type.
    ///
    /// NaN, which an integer cannot stand for, is stored as 0's value.
    #[must_use]
    pub fn quantized<'a>(&self, real: &'a [u8]) -> Cow<'a, [u8]> {
        let Some(quantization) = self.quantization else {
            return Cow::Borrowed(real);
        };
        let mut stored = Vec::with_capacity(real.len());
        for value in real.chunks_exact(self.dtype.size()) {
            let value = match self.dtype {
                ElementType::Float16 => half::to_f32(u16::from_le_bytes(bytes(value))),
                ElementType::Float64 => f64::from_le_bytes(bytes(value)) as f32,
                _ => f32::from_le_bytes(bytes(value)),
            };
            push_integer(self.stored, quantization.stored(value, self.stored), &mut stored);
        }
        Cow::Owned(stored)
    }

    /// Returns the real values of stored bytes, as bytes of the clients' type.
    #[must_use]
    pub fn dequantized<'a>(&self, stored: &'a [u8]) -> Cow<'a, [u8]> {
        let Some(quantization) = self.quantization else {
            return Cow::Borrowed(stored);
        };
        let mut real = Vec::with_capacity(stored.len() / self.stored.size() * self.dtype.size());
        for value in stored.chunks_exact(self.stored.size()) {
            let value = quantization.real(integer(self.stored, value));
            match self.dtype {
                ElementType::Float16 => real.extend(half::from_f64(value).to_le_bytes()),
                ElementType::Float64 => real.extend(value.to_le_bytes()),
                _ => real.extend((value as f32).to_le_bytes()),
            }
        }
        Cow::Owned(real)
    }
}

/// The types that an image's values can have.
const IMAGE_TYPES: [ElementType; 4] =
    [ElementType::Float32, ElementType::Float16, ElementType::Int8, ElementType::UInt8];

fn static_shape(shape: &[i64]) -> Option<Vec<usize>> {
    let sizes = shape.iter().map(|&size| usize::try_from(size).ok().filter(|&size| size > 0));
    sizes.collect()
}

fn bytes<const SIZE: usize>(value: &[u8]) -> [u8; SIZE] {
    value.try_into().expect("a chunk has the size of the type")
}
