use super::size::Size;

/// Decoded pixels of 8 bits a channel, row by row.
#[derive(Debug, PartialEq)]
pub(super) struct Pixels {
    pub size: Size,
    /// 1 for gray, 3 for RGB.
    pub channels: usize,
    pub bytes: Vec<u8>,
}

/// Shares of red, green and blue in gray.
#[derive(Clone, Copy)]
pub(super) struct Weights {
    red: u32,
    green: u32,
    blue: u32,
    /// Added, so that the sum is rounded.
    half: u32,
    /// Bits behind the point.
    shift: u32,
}

impl Weights {
    /// Weights of libpng with TensorFlow's 0.299 and 0.587, which cuts the sum of 8 bits.
    pub(super) const PNG: Self = Self { red: 9797, green: 19_234, blue: 3737, half: 0, shift: 15 };
    /// Weights of libjpeg.
    pub(super) const JPEG: Self = Self { red: 19_595, green: 38_470, blue: 7471, half: 1 << 15, shift: 16 };
}

impl Pixels {
    /// Returns the pixels as one channel.
    pub(super) fn gray(mut self, weights: Weights) -> Self {
        if self.channels == 3 {
            for index in 0..self.size.pixels() {
                let [red, green, blue] = [0, 1, 2].map(|channel| u32::from(self.bytes[3 * index + channel]));
                let sum = weights.red * red + weights.green * green + weights.blue * blue + weights.half;
                self.bytes[index] = (sum >> weights.shift) as u8;
            }
            self.bytes.truncate(self.size.pixels());
            self.channels = 1;
        }
        self
    }

    /// Makes one channel of samples of 16 bits, of which the first three of each pixel are RGB.
    pub(super) fn gray_of_16_bits(size: Size, samples: usize, mut bytes: Vec<u8>) -> Self {
        for index in 0..size.pixels() {
            let sample = |channel: usize| {
                let at = 2 * (samples * index + channel);
                u64::from(u16::from_be_bytes([bytes[at], bytes[at + 1]]))
            };
            let [red, green, blue] = [0, 1, 2].map(sample);
            let Weights { red: r, green: g, blue: b, shift, .. } = Weights::PNG;
            // Rounded, as libpng does with 16 bits.
            let gray = (u64::from(r) * red + u64::from(g) * green + u64::from(b) * blue + (1 << (shift - 1))) >> shift;
            bytes[index] = (gray >> 8) as u8;
        }
        bytes.truncate(size.pixels());
        Self { size, channels: 1, bytes }
    }

    /// Takes pixels of 1 to 4 samples, and drops alpha.
    pub(super) fn without_alpha(size: Size, samples: usize, mut bytes: Vec<u8>) -> Self {
        let channels = if samples < 3 { 1 } else { 3 };
        if samples != channels {
            for index in 0..size.pixels() {
                bytes.copy_within(samples * index..samples * index + channels, channels * index);
            }
            bytes.truncate(channels * size.pixels());
        }
        Self { size, channels, bytes }
    }
}
