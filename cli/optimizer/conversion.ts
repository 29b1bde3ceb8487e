import type { Environment } from './environment';
import { VERSIONS } from './interpreters';

/** Modules that the command needs, whatever it converts. */
const OWN = ['numpy', 'pydantic', 'typer', 'jinja2', 'orjson', 'requests', ...process.platform === 'linux' ? ['py_landlock', 'pyseccomp'] : []];

/** Environment in which models of one framework are converted. */
export interface Conversion {
  readonly environment: Environment;
  /** Versions of Python that an environment of the user's may have. */
  readonly versions: readonly string[];
  /** Modules that it must have. */
  readonly modules: readonly string[];
  /** Words after `pip install` that install them. */
  readonly install: string;
}

const installed = (...packages: string[]) => [...packages, ...OWN.map((name) => name.replace('_', '-'))].join(' ');

const ONNX_VERSIONS = ['3.13', '3.12'];

const ONNX: Conversion = {
  environment: { lock: 'conversion/onnx.txt', subject: 'Converting from ONNX', packages: 'ONNX Runtime, onnx2tf and other packages', size: '0.6 GB', versions: ONNX_VERSIONS },
  versions: ONNX_VERSIONS,
  modules: ['onnx2tf', 'onnxruntime', ...OWN],
  install: installed('onnx2tf==2.6.9', 'onnxruntime'),
};

const JAX: Conversion = {
  environment: { lock: 'conversion/jax.txt', subject: 'Converting from JAX', packages: 'JAX, TensorFlow and other packages', size: '2 GB', versions: VERSIONS },
  versions: VERSIONS,
  modules: ['jax', 'tensorflow', ...OWN],
  install: installed('jax==0.6.2', 'jaxlib==0.6.2', 'tensorflow==2.20.0'),
};

/** Returns where `convert` runs, by its arguments: that for ONNX, without a function of a file of Python. The program says what is wrong with them. */
export function conversionOf(args: string[]): Conversion {
  return args.some((argument) => /\.py:\w+$/.test(argument)) ? JAX : ONNX;
}
