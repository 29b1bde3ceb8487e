//! The digits of a number, eight at a time.

/// A byte of 1 in each place.
const ONES: u64 = 0x0101_0101_0101_0101;
/// Powers of ten for less than eight digits.
const SHORT_TENS: [u64; 8] = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000];

/// The digit at a place of a text.
#[inline]
pub(super) fn digit(text: &[u8], at: usize) -> Option<u64> {
    text.get(at).map(|letter| letter.wrapping_sub(b'0')).filter(|&digit| digit < 10).map(u64::from)
}

/// Appends the digits from `at` to `value`, which wraps where there are too many. Returns where they end, too.
#[inline]
pub(super) fn digits(mut value: u64, text: &[u8], mut at: usize) -> (u64, usize) {
    while let Some(digit) = digit(text, at) {
        value = value.wrapping_mul(10).wrapping_add(digit);
        at += 1;
    }
    (value, at)
}

/// Does the same, faster where there are many.
#[inline]
pub(super) fn many_digits(mut value: u64, text: &[u8], mut at: usize) -> (u64, usize) {
    while at + 8 <= text.len() {
        let eight = Eight::new(*text[at..].first_chunk().expect("eight bytes are left"));
        if !eight.are_digits() {
            return (eight.append_leading(value), at + eight.count());
        }
        value = eight.append(value);
        at += 8;
    }
    digits(value, text, at)
}

/// Eight bytes of a text.
#[derive(Clone, Copy)]
pub(super) struct Eight {
    letters: u64,
    /// The digits as numbers.
    numbers: u64,
    /// The highest bit of the first byte that is no digit. Those behind it can be wrong.
    others: u64,
}

impl Eight {
    #[inline]
    pub(super) fn new(bytes: [u8; 8]) -> Self {
        let letters = u64::from_le_bytes(bytes);
        let numbers = letters.wrapping_sub(ONES * 0x30);
        // A byte below '0' has borrowed, one above '9' carries.
        let others = (numbers | letters.wrapping_add(ONES * 0x46)) & (ONES * 0x80);
        Self { letters, numbers, others }
    }

    /// Tells whether all of them are digits.
    #[inline]
    pub(super) fn are_digits(self) -> bool {
        self.others == 0
    }

    /// Number of digits at the beginning, where not all bytes are digits.
    #[inline]
    pub(super) fn count(self) -> usize {
        self.bits() as usize / 8
    }

    /// The first byte that is no digit, where there is one.
    #[inline]
    pub(super) fn behind(self) -> u8 {
        (self.letters >> self.bits()) as u8
    }

    /// Appends eight digits to `value`, which wraps.
    #[inline]
    pub(super) fn append(self, value: u64) -> u64 {
        value.wrapping_mul(100_000_000).wrapping_add(join(self.numbers))
    }

    /// Appends the digits that they begin with to `value`, which wraps, where not all of them are digits.
    #[inline]
    pub(super) fn append_leading(self, value: u64) -> u64 {
        // Digits before the first one, which are zeros, are those that come last.
        let joined = join(self.numbers << (63 - self.bits()) << 1);
        value.wrapping_mul(SHORT_TENS[self.count() & 7]).wrapping_add(joined)
    }

    #[inline]
    fn bits(self) -> u32 {
        self.others.trailing_zeros() & !7 & 63
    }
}

/// Makes a number of eight digits.
#[inline]
fn join(digits: u64) -> u64 {
    // Neighbours are joined: to two digits, to four, to eight.
    let pairs = digits.wrapping_mul(10) + (digits >> 8);
    let low = (pairs & 0x0000_00ff_0000_00ff).wrapping_mul(100 + (1_000_000 << 32));
    let high = ((pairs >> 16) & 0x0000_00ff_0000_00ff).wrapping_mul(1 + (10_000 << 32));
    low.wrapping_add(high) >> 32
}
