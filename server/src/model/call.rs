/// The values that one request gives to the model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Call {
    /// The signature's position in the description.
    pub signature: usize,
    /// 1 where the signature has no batch.
    pub rows: usize,
    /// Stored bytes of each input, the rows one after the other, in the order of the description.
    pub columns: Vec<Vec<u8>>,
    /// The pictures among the rows, as they were sent, in the order of inputs and rows.
    pub pictures: Vec<SentPicture>,
}

/// A picture that was sent in the place of a row's values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentPicture {
    /// The position of its input in the signature.
    pub input: usize,
    /// Position of its row in the call.
    pub row: usize,
    /// A JPEG or PNG.
    pub encoded: Vec<u8>,
}

impl Call {
    /// Bytes of what was sent: of pictures, not of their values.
    #[must_use]
    pub fn sent_bytes(&self) -> usize {
        let pictures = self.pictures.iter().map(|picture| picture.encoded.len());
        let columns = self.columns.iter().enumerate().filter(|(input, _)| !self.has_pictures(*input));
        columns.map(|(_, column)| column.len()).chain(pictures).sum()
    }

    /// Returns a copy without the values of pictures.
    #[must_use]
    pub fn sent(&self) -> Self {
        let column =
            |(input, column): (usize, &Vec<u8>)| if self.has_pictures(input) { Vec::new() } else { column.clone() };
        Self {
            columns: self.columns.iter().enumerate().map(column).collect(),
            pictures: self.pictures.clone(),
            ..*self
        }
    }

    /// Tells whether rows of an input were sent as pictures.
    #[must_use]
    pub fn has_pictures(&self, input: usize) -> bool {
        self.pictures.iter().any(|picture| picture.input == input)
    }
}

/// The values that the model answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Outputs {
    /// Number of rows, which is that of the call.
    pub rows: usize,
    /// Stored bytes of each output, the rows one after the other, in the order of the description.
    pub columns: Vec<Vec<u8>>,
}
