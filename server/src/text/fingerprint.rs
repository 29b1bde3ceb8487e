//! `Fingerprint64` of `FarmHash`, by which TensorFlow chooses the buckets of hashed strings.
//!
//! See <https://github.com/google/farmhash>. Of the crates, `farmhash` 1.1.5 is wrong where the length is a multiple of 64
//! above 64.

const K0: u64 = 0xc3a5_c85c_97cb_3127;
const K1: u64 = 0xb492_b66f_be98_f273;
const K2: u64 = 0x9ae1_6a3b_2f90_404f;

/// Bytes that the loop over a long text reads at once.
const BLOCK: usize = 64;

/// Returns the fingerprint of bytes.
pub(super) fn fingerprint64(bytes: &[u8]) -> u64 {
    match bytes.len() {
        0..=16 => to_16(bytes),
        17..=32 => to_32(bytes),
        33..=64 => to_64(bytes),
        _ => long(bytes),
    }
}

fn shift_mix(value: u64) -> u64 {
    value ^ (value >> 47)
}

fn word(bytes: &[u8], at: usize) -> u64 {
    bytes[at..].first_chunk().map_or(0, |word| u64::from_le_bytes(*word))
}

fn half(bytes: &[u8], at: usize) -> u64 {
    bytes[at..].first_chunk().map_or(0, |half| u32::from_le_bytes(*half).into())
}

fn mixed(first: u64, second: u64, mul: u64) -> u64 {
    let first = shift_mix((first ^ second).wrapping_mul(mul));
    shift_mix((second ^ first).wrapping_mul(mul)).wrapping_mul(mul)
}

fn to_16(bytes: &[u8]) -> u64 {
    let length = bytes.len();
    let mul = K2.wrapping_add(length as u64 * 2);
    match length {
        8.. => {
            let a = word(bytes, 0).wrapping_add(K2);
            let b = word(bytes, length - 8);
            let c = b.rotate_right(37).wrapping_mul(mul).wrapping_add(a);
            let d = a.rotate_right(25).wrapping_add(b).wrapping_mul(mul);
            mixed(c, d, mul)
        }
        4.. => mixed((half(bytes, 0) << 3).wrapping_add(length as u64), half(bytes, length - 4), mul),
        1.. => {
            let [first, middle, last] = [bytes[0], bytes[length / 2], bytes[length - 1]].map(u64::from);
            let (y, z) = (first + (middle << 8), length as u64 + (last << 2));
            shift_mix(y.wrapping_mul(K2) ^ z.wrapping_mul(K0)).wrapping_mul(K2)
        }
        0 => K2,
    }
}

fn to_32(bytes: &[u8]) -> u64 {
    let length = bytes.len();
    let mul = K2.wrapping_add(length as u64 * 2);
    let a = word(bytes, 0).wrapping_mul(K1);
    let b = word(bytes, 8);
    let c = word(bytes, length - 8).wrapping_mul(mul);
    let d = word(bytes, length - 16).wrapping_mul(K2);
    mixed(
        a.wrapping_add(b).rotate_right(43).wrapping_add(c.rotate_right(30)).wrapping_add(d),
        a.wrapping_add(b.wrapping_add(K2).rotate_right(18)).wrapping_add(c),
        mul,
    )
}

#[expect(clippy::many_single_char_names, reason = "they are those of the original")]
fn to_64(bytes: &[u8]) -> u64 {
    let length = bytes.len();
    let mul = K2.wrapping_add(length as u64 * 2);
    let a = word(bytes, 0).wrapping_mul(K2);
    let b = word(bytes, 8);
    let c = word(bytes, length - 8).wrapping_mul(mul);
    let d = word(bytes, length - 16).wrapping_mul(K2);
    let y = a.wrapping_add(b).rotate_right(43).wrapping_add(c.rotate_right(30)).wrapping_add(d);
    let z = mixed(y, a.wrapping_add(b.wrapping_add(K2).rotate_right(18)).wrapping_add(c), mul);
    let e = word(bytes, 16).wrapping_mul(mul);
    let f = word(bytes, 24);
    let g = y.wrapping_add(word(bytes, length - 32)).wrapping_mul(mul);
    let h = z.wrapping_add(word(bytes, length - 24)).wrapping_mul(mul);
    mixed(
        e.wrapping_add(f).rotate_right(43).wrapping_add(g.rotate_right(30)).wrapping_add(h),
        e.wrapping_add(f.wrapping_add(a).rotate_right(18)).wrapping_add(g),
        mul,
    )
}

/// State of the loop over a text of more than 64 bytes.
struct State {
    x: u64,
    y: u64,
    z: u64,
    v: (u64, u64),
    w: (u64, u64),
}

impl State {
    fn block(&mut self, bytes: &[u8]) {
        self.x = sum([self.x, self.y, self.v.0, word(bytes, 8)]).rotate_right(37).wrapping_mul(K1);
        self.y = sum([self.y, self.v.1, word(bytes, 48)]).rotate_right(42).wrapping_mul(K1);
        self.x ^= self.w.1;
        self.y = sum([self.y, self.v.0, word(bytes, 40)]);
        self.z = self.z.wrapping_add(self.w.0).rotate_right(33).wrapping_mul(K1);
        self.seeds(bytes, K1);
    }

    fn last(&mut self, bytes: &[u8], rest: u64) -> u64 {
        let mul = K1.wrapping_add((self.z & 0xff) << 1);
        self.w.0 = self.w.0.wrapping_add(rest);
        self.v.0 = self.v.0.wrapping_add(self.w.0);
        self.w.0 = self.w.0.wrapping_add(self.v.0);
        self.x = sum([self.x, self.y, self.v.0, word(bytes, 8)]).rotate_right(37).wrapping_mul(mul);
        self.y = sum([self.y, self.v.1, word(bytes, 48)]).rotate_right(42).wrapping_mul(mul);
        self.x ^= self.w.1.wrapping_mul(9);
        self.y = sum([self.y, self.v.0.wrapping_mul(9), word(bytes, 40)]);
        self.z = self.z.wrapping_add(self.w.0).rotate_right(33).wrapping_mul(mul);
        self.seeds(bytes, mul);
        let first = mixed(self.v.0, self.w.0, mul);
        mixed(
            sum([first, shift_mix(self.y).wrapping_mul(K0), self.z]),
            mixed(self.v.1, self.w.1, mul).wrapping_add(self.x),
            mul,
        )
    }

    fn seeds(&mut self, bytes: &[u8], mul: u64) {
        self.v = seeded(bytes, self.v.1.wrapping_mul(mul), self.x.wrapping_add(self.w.0));
        self.w = seeded(&bytes[32..], self.z.wrapping_add(self.w.1), self.y.wrapping_add(word(bytes, 16)));
        std::mem::swap(&mut self.z, &mut self.x);
    }
}

fn long(bytes: &[u8]) -> u64 {
    const SEED: u64 = 81;
    let y = SEED.wrapping_mul(K1).wrapping_add(113);
    let z = shift_mix(y.wrapping_mul(K2).wrapping_add(113)).wrapping_mul(K2);
    let x = SEED.wrapping_mul(K2).wrapping_add(word(bytes, 0));
    let mut state = State { x, y, z, v: (0, 0), w: (0, 0) };
    // The last block is read a second time, from the end of the text.
    let blocks = (bytes.len() - 1) / BLOCK;
    for block in bytes.chunks_exact(BLOCK).take(blocks) {
        state.block(block);
    }
    state.last(&bytes[bytes.len() - BLOCK..], ((bytes.len() - 1) % BLOCK) as u64)
}

#[expect(clippy::many_single_char_names, reason = "they are those of the original")]
fn seeded(bytes: &[u8], a: u64, b: u64) -> (u64, u64) {
    let [w, x, y, z] = [0, 8, 16, 24].map(|at| word(bytes, at));
    let a = a.wrapping_add(w);
    let b = sum([b, a, z]).rotate_right(21);
    let c = sum([a, x, y]);
    (c.wrapping_add(z), sum([b, c.rotate_right(44), a]))
}

fn sum<const N: usize>(values: [u64; N]) -> u64 {
    values.into_iter().fold(0, u64::wrapping_add)
}
