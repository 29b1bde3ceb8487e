/// The values that one request gives to the model.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The signature's position in the description.
    pub signature: usize,
    /// 1 where the signature has no batch.
    pub rows: usize,
    /// Stored bytes of each input, the rows one after the other, in the order of the description.
    pub columns: Vec<Vec<u8>>,
}

/// The values that the model answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Outputs {
    /// As many as the call had.
    pub rows: usize,
    /// Stored bytes of each output, the rows one after the other, in the order of the description.
    pub columns: Vec<Vec<u8>>,
}
