/// Most pixels of one image. Phones make images of 12 and 24 million pixels unless they are told to make larger ones. As many
/// as these take 100 MB as RGB, and a third of a second.
pub(crate) const MOST_PIXELS: usize = 1 << 25;
/// In pixels, as JPEG has it. The tables that resize a side grow with it.
pub(super) const LONGEST_SIDE: usize = 65_535;
