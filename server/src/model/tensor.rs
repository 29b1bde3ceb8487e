use serde::Deserialize;

use super::description::FILE_NAME;
use super::element_type::{ElementType, Kind};
use super::error::LoadError;
use super::quantization::Quantization;

/// An input or output: `dtype` and `shape` as clients see it, `stored` and `stored_shape` as the file has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// In its signature.
    pub name: String,
    /// Of the values that clients send and get.
    pub dtype: ElementType,
    /// -1 where the number of rows stands.
    pub shape: Vec<i64>,
    /// Of the values in the file.
    pub stored: ElementType,
    /// Static; 1 where the number of rows stands.
    pub stored_shape: Vec<usize>,
    /// How the stored values stand for those of clients, where they differ.
    pub quantization: Option<Quantization>,
    batched: bool,
    count: usize,
}

#[derive(Debug, Deserialize)]
pub(super) struct TensorData {
    dtype: ElementType,
    shape: Vec<i64>,
    tensor: Option<StoredData>,
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
        Ok(Self {
            name,
            dtype: data.dtype,
            shape: data.shape,
            stored: inner.dtype,
            stored_shape,
            quantization,
            batched,
            count,
        })
    }

    /// Whether the file has the float32 values of clients as they are, as nearly all models do.
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
}

fn static_shape(shape: &[i64]) -> Option<Vec<usize>> {
    let sizes = shape.iter().map(|&size| usize::try_from(size).ok().filter(|&size| size > 0));
    sizes.collect()
}
