use crate::model::Element;

/// A number of JSON as the tensors take it.
pub(super) fn element(number: &[u8]) -> Element {
    let text = std::str::from_utf8(number).unwrap_or("NaN");
    let real = || text.parse::<f64>().unwrap_or(f64::NAN);
    if integer_digits(number).is_none() {
        let value = real();
        // Infinite as a word, or because no float64 holds it.
        return if value.is_infinite() && !text.ends_with("Infinity") {
            Element::Huge(value)
        } else {
            Element::Float(value)
        };
    }
    let signed = text.parse().map(Element::Integer);
    signed.or_else(|_| text.parse().map(Element::Unsigned)).unwrap_or_else(|_| Element::Huge(real()))
}

/// Returns how many digits an integer has; `None` where the number is none.
pub(super) fn integer_digits(number: &[u8]) -> Option<usize> {
    let digits = number.strip_prefix(b"-").unwrap_or(number);
    digits.iter().all(u8::is_ascii_digit).then_some(digits.len())
}
