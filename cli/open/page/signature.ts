/** An input or an output, as the metadata of TensorFlow Serving's REST API describes it. */
export interface Tensor {
  readonly name: string;
  /** NumPy's name of the type: float32, int64, string. */
  readonly dtype: string;
  /** -1 where a size is not fixed. Undefined if the number of dimensions is not known. */
  readonly shape?: readonly number[];
}

export interface Signature {
  readonly name: string;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}

export interface ServedModel {
  readonly name: string;
  readonly version: string;
  /** The default one first. */
  readonly signatures: readonly Signature[];
}

export const DEFAULT_SIGNATURE = 'serving_default';
const OTHER_NAMES: Record<string, string> = { float: 'float32', double: 'float64', half: 'float16' };

interface TensorInfo {
  readonly dtype?: string;
  readonly tensor_shape?: { readonly dim?: readonly { readonly size?: string | number }[]; readonly unknown_rank?: boolean };
}

type TensorInfos = Readonly<Record<string, TensorInfo>>;

/** Reads the answer to `GET /v1/models/NAME/metadata`. Throws a sentence if it is none. */
export function servedModelOf(metadata: unknown): ServedModel {
  const { model_spec: spec, metadata: known } = (metadata ?? {}) as {
    model_spec?: { name?: string; version?: string };
    metadata?: { signature_def?: { signature_def?: Record<string, { inputs?: TensorInfos; outputs?: TensorInfos }> } };
  };
  const definitions = known?.signature_def?.signature_def;
  if (!spec || !definitions) {
    throw new Error('The endpoint answered something else than the metadata of a model: look whether its address is right.');
  }
  const signatures = Object.entries(definitions)
    .map(([name, { inputs = {}, outputs = {} }]) => ({ name, inputs: tensorsOf(inputs), outputs: tensorsOf(outputs) }))
    // A SavedModel's initializer is among them.
    .filter(({ inputs }) => inputs.length > 0)
    .sort((left, right) => Number(right.name === DEFAULT_SIGNATURE) - Number(left.name === DEFAULT_SIGNATURE) || left.name.localeCompare(right.name));
  if (signatures.length === 0) {
    throw new Error('The model has no signature with inputs.');
  }
  return { name: spec.name ?? '', version: String(spec.version ?? ''), signatures };
}

/** Returns a tensor's type as text, such as `float32[-1, 28, 28, 1]`. */
export function typeText({ dtype, shape }: Pick<Tensor, 'dtype' | 'shape'>): string {
  return `${dtype}[${shape?.join(', ') ?? '…'}]`;
}

function tensorsOf(infos: TensorInfos): Tensor[] {
  return Object.entries(infos).sort(([left], [right]) => (left < right ? -1 : 1)).map(([name, { dtype = '', tensor_shape: shape }]) => {
    const word = dtype.replace(/^DT_/, '').toLowerCase();
    return {
      name, dtype: OTHER_NAMES[word] ?? word,
      ...shape?.unknown_rank ? {} : { shape: (shape?.dim ?? []).map(({ size }) => Number(size ?? -1)) },
    };
  });
}
