/**
 * How large a student is that is built to its teacher's signature.
 *
 * Images (height, width, channels) and series (steps, channels) go through convolutions of stride 2 until at most 7 positions are left along each
 * side, anything else goes straight on; then one dense layer, and one more for each output.
 */
export enum StudentSize {
  /** 4 filters in the first convolution, twice as many in each further one up to 32; 16 units in the dense layer. */
  TINY = 'tiny',
  /** 8 filters, up to 64; 40 units. For images of 28 by 28 pixels and ten classes about 33,000 weights. */
  SMALL = 'small',
  /** 16 filters, up to 128; 64 units. For images of 28 by 28 pixels and ten classes about 106,000 weights. */
  MEDIUM = 'medium',
}
