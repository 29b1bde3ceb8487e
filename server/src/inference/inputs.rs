use crate::model::{Call, SentImage, Signature, Tensor};
use crate::rest::Refusal;
use crate::rest::sentence::{inputs, listed, quoted};

/// The datatype of images.
pub(crate) const BYTES: &str = "BYTES";
/// Most dimensions of a request's shape that an error shows: a shape could be as long as the request.
const MOST_SHOWN: usize = 32;

/// The inputs of a request, each checked against the signature that it is for.
pub(crate) struct Inputs<'d> {
    signature: &'d Signature,
    /// Inputs of the signature that the request has named, by position.
    named: Vec<bool>,
    columns: Vec<Vec<u8>>,
    images: Vec<SentImage>,
    rows: Option<usize>,
}

/// An input whose type and shape are right.
#[derive(Clone, Copy)]
pub(crate) struct Place<'d> {
    position: usize,
    pub tensor: &'d Tensor,
    /// 1 where the signature has no batch.
    rows: usize,
    /// Number of all values.
    pub count: usize,
    /// True if its elements are images.
    pub has_images: bool,
    batched: bool,
}

impl<'d> Inputs<'d> {
    /// Expects the inputs of a signature.
    pub(crate) fn new(signature: &'d Signature) -> Self {
        let count = signature.inputs.len();
        let columns = vec![Vec::new(); count];
        Self { signature, named: vec![false; count], columns, images: Vec::new(), rows: None }
    }

    /// Finds the input of a name, and checks what the request says of it.
    pub(crate) fn place(&mut self, name: &str, datatype: &str, shape: &[i64]) -> Result<Place<'d>, Refusal> {
        let signature = self.signature;
        let Some(position) = signature.inputs.iter().position(|tensor| tensor.name == name) else {
            return Err(Refusal::bad_request(format!(
                "unknown input {}; the signature '{}' takes {}",
                quoted(name, 100),
                signature.name,
                inputs(signature)
            )));
        };
        let tensor = &signature.inputs[position];
        if std::mem::replace(&mut self.named[position], true) {
            return Err(Refusal::bad_request(format!("input '{name}' is there twice")));
        }
        let has_images = datatype == BYTES && tensor.image.is_some();
        if datatype != tensor.dtype.inference() && !has_images {
            return Err(Refusal::bad_request(format!(
                "input '{name}' has the datatype {}; {} is expected{}",
                quoted(datatype, 20),
                tensor.dtype.inference(),
                if tensor.image.is_some() { ", or BYTES of images" } else { "" }
            )));
        }
        let (rows, images) = if has_images {
            let images = images(tensor, signature.batched, shape)?;
            (if signature.batched { images } else { 1 }, images)
        } else {
            (rows(tensor, signature.batched, shape)?, 0)
        };
        let expected = *self.rows.get_or_insert(rows);
        if expected != rows {
            return Err(Refusal::bad_request(format!(
                "the inputs have different numbers of rows: {expected}, and '{name}' {rows}"
            )));
        }
        // Check the larger of the two types, whose size is a number for one row.
        let count = rows.checked_mul(tensor.count());
        let fits = |count: &usize| count.checked_mul(tensor.dtype.size().max(tensor.stored.size())).is_some();
        let Some(count) = count.filter(fits) else {
            return Err(Refusal::bad_request(format!("input '{name}' has a shape that is too large")));
        };
        let count = if has_images { images } else { count };
        Ok(Place { position, tensor, rows, count, has_images, batched: signature.batched })
    }

    /// Takes the stored bytes of an input.
    pub(crate) fn put(&mut self, place: Place<'_>, stored: Vec<u8>) {
        self.columns[place.position] = stored;
    }

    /// Takes the images of an input.
    pub(crate) fn put_images(&mut self, place: Place<'_>, images: Vec<Vec<u8>>) {
        let sent = |(row, encoded)| SentImage { input: place.position, row, encoded };
        self.images.extend(images.into_iter().enumerate().map(sent));
    }

    /// Returns the call, whose images are not decoded yet.
    ///
    /// # Arguments
    ///
    /// * `signature`: its position in the description.
    pub(crate) fn finish(self, signature: usize) -> Result<Call, Refusal> {
        let missing = self.signature.inputs.iter().zip(&self.named).filter(|(_, is_named)| !**is_named);
        let missing: Vec<&str> = missing.map(|(tensor, _)| tensor.name.as_str()).collect();
        if missing.is_empty() {
            let Self { columns, images, rows, .. } = self;
            return Ok(Call { signature, rows: rows.unwrap_or(1), columns, images, sent_columns: None });
        }
        Err(Refusal::bad_request(format!(
            "missing input {}; the signature '{}' takes {}",
            listed(missing),
            self.signature.name,
            inputs(self.signature)
        )))
    }
}

impl Place<'_> {
    /// The sizes of all dimensions.
    pub(crate) fn shape(&self) -> Vec<usize> {
        let rows = self.batched.then_some(self.rows);
        rows.into_iter().chain(self.tensor.item_shape().iter().copied()).collect()
    }

    /// The bytes of all values, of the clients' type.
    pub(crate) fn bytes(&self) -> usize {
        self.count * self.tensor.dtype.size()
    }
}

/// Returns the number of images that a shape of BYTES has.
pub(crate) fn images(tensor: &Tensor, batched: bool, shape: &[i64]) -> Result<usize, Refusal> {
    let count = match *shape {
        [count] | [count, 1] => usize::try_from(count).unwrap_or(0),
        _ => 0,
    };
    if count > 0 && (batched || tensor.stored_shape.first() == Some(&count)) {
        return Ok(count);
    }
    let expected = if batched { "n".to_owned() } else { tensor.stored_shape[0].to_string() };
    Err(Refusal::bad_request(format!(
        "input '{}' has {}; [{expected}] or [{expected}, 1] is expected for images",
        tensor.name,
        described(shape)
    )))
}

fn described(shape: &[i64]) -> String {
    if shape.len() > MOST_SHOWN {
        format!("a shape of {} dimensions", shape.len())
    } else {
        format!("the shape {shape:?}")
    }
}

/// Returns the number of rows that a shape has, 1 where the signature has no batch.
pub(crate) fn rows(tensor: &Tensor, batched: bool, shape: &[i64]) -> Result<usize, Refusal> {
    let (rows, item) = match (batched, shape) {
        (true, [rows, item @ ..]) => (usize::try_from(*rows).unwrap_or(0), item),
        (true, []) => (0, shape),
        (false, item) => (1, item),
    };
    let fits =
        item.iter().map(|&size| usize::try_from(size).ok()).eq(tensor.item_shape().iter().map(|&size| Some(size)));
    if rows > 0 && fits {
        return Ok(rows);
    }
    Err(Refusal::bad_request(format!(
        "input '{}' has {}; {:?} is expected{}",
        tensor.name,
        described(shape),
        tensor.shape,
        if batched { ", with one row or more" } else { "" }
    )))
}
