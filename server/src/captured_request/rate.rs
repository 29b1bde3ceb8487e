/// The share of the answered requests to capture, above 0 and at most 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rate(f64);

impl Rate {
    /// Reads a number; `None` where it is not such a share.
    pub(crate) fn read(text: &str) -> Option<Self> {
        text.parse().ok().filter(|share| *share > 0.0 && *share <= 1.0).map(Self)
    }

    /// Returns the number.
    #[cfg(feature = "otlp")]
    pub(crate) fn share(self) -> f64 {
        self.0
    }

    /// Tells whether a request is in the sample that drew this random number.
    ///
    /// # Arguments
    ///
    /// * `random`: uniform, at least 0 and below 1.
    pub(crate) fn takes(self, random: f64) -> bool {
        random < self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_above_0_and_at_most_1() {
        assert_eq!((Rate::read("1"), Rate::read("0.25")), (Some(Rate(1.0)), Some(Rate(0.25))));
        for text in ["0", "1.5", "nan", "-1", "half", ""] {
            assert_eq!(Rate::read(text), None, "{text}");
        }
    }
}
