/// The values that one request gives to the model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Call {
    /// The signature's position in the description.
    pub signature: usize,
    /// 1 where the signature has no batch.
    pub rows: usize,
    /// Stored bytes of each input, the rows one after the other, in the order of the description.
    pub columns: Vec<Vec<u8>>,
    /// The images among the rows, as they were sent, in the order of inputs and rows.
    pub images: Vec<SentImage>,
    /// Columns as they were sent, where steps made others of them.
    pub sent_columns: Option<Vec<Vec<u8>>>,
}

/// An image that was sent in the place of a row's values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentImage {
    /// The position of its input in the signature.
    pub input: usize,
    /// Position of its row in the call.
    pub row: usize,
    /// A JPEG or PNG.
    pub encoded: Vec<u8>,
}

impl Call {
    /// Bytes of what was sent: of images, not of their values.
    #[must_use]
    pub fn sent_bytes(&self) -> usize {
        let images = self.images.iter().map(|image| image.encoded.len());
        let columns = self.sent_columns().iter().enumerate().filter(|(input, _)| !self.has_images(*input));
        columns.map(|(_, column)| column.len()).chain(images).sum()
    }

    /// Returns a copy without the values of images.
    #[must_use]
    pub fn sent(&self) -> Self {
        let column =
            |(input, column): (usize, &Vec<u8>)| if self.has_images(input) { Vec::new() } else { column.clone() };
        let columns: Vec<Vec<u8>> = self.sent_columns().iter().enumerate().map(column).collect();
        Self { columns, images: self.images.clone(), sent_columns: None, ..*self }
    }

    /// The columns of the inputs that clients name.
    #[must_use]
    pub fn sent_columns(&self) -> &[Vec<u8>] {
        self.sent_columns.as_ref().unwrap_or(&self.columns)
    }

    /// Tells whether rows of an input were sent as images.
    #[must_use]
    pub fn has_images(&self, input: usize) -> bool {
        self.images.iter().any(|image| image.input == input)
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
