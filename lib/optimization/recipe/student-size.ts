/**
 * Size of a student that is built for its teacher's signature.
 *
 * Images (height, width, channels) and series (steps, channels) pass through convolutions of stride 2 until at most 7 positions are left on each
 * side; other inputs skip them. One dense layer follows, and one more for each output.
 */
export enum StudentSize {
  /** 4 filters in the first convolution, doubling up to 32; 16 units in the dense layer. */
  TINY = 'tiny',
  /** 8 filters, up to 64; 40 units. About 33,000 weights for images of 28 by 28 pixels and ten classes. */
  SMALL = 'small',
  /** 16 filters, up to 128; 64 units. About 106,000 weights for images of 28 by 28 pixels and ten classes. */
  MEDIUM = 'medium',
}
