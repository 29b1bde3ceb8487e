/// A certificate chain and its private key.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Pem {
    pub certificate: Vec<u8>,
    pub key: Vec<u8>,
}
