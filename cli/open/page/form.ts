import type { Signature, Tensor } from './signature';
import { sizeOf } from './values';

/** One value that is typed into a cell: an input, or an element of it. */
export interface Column {
  readonly input: string;
  /** Undefined for an input of one value. */
  readonly index?: number;
  readonly label: string;
  readonly dtype: string;
}

/** An input that is drawn, or read from an image's file. */
export interface ImageField {
  readonly kind: 'image';
  readonly input: string;
  readonly dtype: string;
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
  /** Shape of one row: the model may want the same pixels as a flat list, or without a channel. */
  readonly shape: readonly number[];
}

/** An input that is typed as text. */
export interface TextField {
  readonly kind: 'text';
  readonly input: string;
  readonly dtype: string;
  /** Shape of one row. Undefined if the number of dimensions is not known. */
  readonly shape?: readonly number[];
}

/** Form that asks for the inputs of a signature. */
export type Form = { readonly many: boolean; readonly rowwise: boolean } & (
  | { readonly kind: 'table'; readonly columns: readonly Column[]; readonly inputs: readonly Tensor[] }
  | { readonly kind: 'fields'; readonly fields: readonly (ImageField | TextField)[] }
);

const MOST_COLUMNS = 64;
const SMALLEST_IMAGE = 8;
/** Texts that have a box each: a text, or a pair. More are columns of a table. */
const MOST_TEXTS = 2;
/** The sizes that images have where a signature shows neither rows nor columns. */
const FLAT_IMAGES: Record<number, number> = { 784: 28 };

/**
 * Returns the form of a signature.
 *
 * Its first dimension is that of the rows where it is not fixed, or 1. `rowwise` is false where it is something else: the request then has whole
 * inputs. `many` is true where a request may have several rows.
 */
export function formOf({ inputs }: Signature): Form {
  const many = inputs.every(({ shape }) => shape?.[0] === -1);
  const rowwise = many || inputs.every(({ shape }) => shape?.[0] === 1);
  const rows = inputs.map((input) => (rowwise ? { ...input, shape: input.shape!.slice(1) } : input));
  const columns = rows.map(columnsOf);
  const count = columns.reduce((sum, each) => sum + (each?.length ?? Infinity), 0);
  const isOfTexts = rows.length <= MOST_TEXTS && rows.every(({ dtype, shape }) => dtype === 'string' && shape !== undefined && sizeOf(shape) === 1);
  return count <= MOST_COLUMNS && !isOfTexts
    ? { kind: 'table', many, rowwise, columns: columns.flatMap((each) => each ?? []), inputs: rows }
    : { kind: 'fields', many: false, rowwise, fields: rows.map((input) => imageOf(input) ?? { kind: 'text', input: input.name, dtype: input.dtype, shape: input.shape }) };
}

/** The columns of an input that has at most one dimension, of a fixed size. */
function columnsOf({ name, dtype, shape }: Tensor): Column[] | undefined {
  if (shape === undefined || shape.length > 1 || shape.some((size) => size < 1 || size > MOST_COLUMNS)) {
    return undefined;
  }
  return shape.length === 0 ? [{ input: name, label: name, dtype }]
    : Array.from({ length: shape[0] }, (_, index) => ({ input: name, index, dtype, label: shape[0] === 1 ? name : `${name}[${index}]` }));
}

function imageOf({ name, dtype, shape = [] }: Tensor): ImageField | undefined {
  const size = imageSizeOf(shape);
  if (size === undefined || !/int|float/.test(dtype)) {
    return undefined;
  }
  const [height, width, channels] = size;
  return (channels === 1 || channels === 3) && height >= SMALLEST_IMAGE && width >= SMALLEST_IMAGE
    ? { kind: 'image', input: name, dtype, height, width, channels, shape } : undefined;
}

/** Returns height, width and channels, if a shape may be that of an image. */
function imageSizeOf(shape: readonly number[]): readonly number[] | undefined {
  const side = FLAT_IMAGES[sizeOf(shape)];
  if (shape.length < 3 && side !== undefined && (shape.length === 1 || shape[0] === side)) {
    return [side, side, 1];
  }
  return shape.length === 3 ? shape : undefined;
}
