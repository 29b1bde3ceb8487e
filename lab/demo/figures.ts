import type { Figure, Manifest, Metrics, OutputMetrics, Runtime } from '../../lib/private/documents/manifest';
import type { DemoPath } from './path';
import type { PathName } from './path-name';

/** The errors of one output that is a regression, against its labels and in their unit. */
export interface RegressionErrors {
  readonly output: string;
  readonly meanAbsoluteError: Figure;
  readonly rootMeanSquaredError: Figure | null;
  readonly rSquared: Figure | null;
}

/** The demo's measurements, as written by `--json`. */
export interface Figures {
  readonly path: PathName;
  /** Server of the path: a stand-in plays TensorFlow Serving. */
  readonly server: DemoPath['server'];
  readonly model: string;
  readonly version: number;
  readonly candidate: string;
  readonly runtime: Runtime | null;
  readonly sizeBefore: number | null;
  readonly sizeAfter: number;
  readonly accuracyBefore: number | null;
  readonly accuracyAfter: number | null;
  /** Errors of a regression with labels; of the output whose error increased most, where there are several. */
  readonly errorsBefore: RegressionErrors | null;
  readonly errorsAfter: RegressionErrors | null;
  readonly latencyMillisecondsBefore: number | null;
  readonly latencyMillisecondsAfter: number | null;
  /** Latency through the function's own code, with lists of numbers as input and output. */
  readonly latencyMillisecondsServed: number | null;
  /** Ratio of the latency to the original's in the same runtime (LiteRT: its float32 conversion), measured in turns: 95 %. */
  readonly latencyRatioInterval: [number, number] | null;
  readonly peakMemoryMebibytes: number | null;
  readonly predictions: unknown[];
  /** Number of held-out digits that are right. Undefined for the user's own model. */
  readonly correct?: number;
  readonly buildsStarted: number;
  readonly report: string;
  readonly seconds: number;
  readonly secondsByStep: Record<string, number>;
}

function accuracy(metrics: Metrics | null): number | null {
  const known = Object.values(metrics?.outputs ?? {}).map((output) => output.accuracy).filter((value) => typeof value === 'number');
  return known.length ? Math.min(...known) : null;
}

/** The name of the regression whose error increased most, or null where no output is a regression with labels. */
function worstRegression(metrics: Metrics | null): string | null {
  const regressions = Object.entries(metrics?.outputs ?? {}).filter(([, output]) => (output.meanAbsoluteError ?? null) !== null);
  const increase = (output: OutputMetrics) => Number(output.errorIncrease ?? -Infinity);
  return regressions.length ? regressions.reduce((worst, output) => (increase(output[1]) > increase(worst[1]) ? output : worst))[0] : null;
}

function errors(metrics: Metrics | null, name: string | null): RegressionErrors | null {
  const output = name === null ? undefined : metrics?.outputs[name];
  if (name === null || (output?.meanAbsoluteError ?? null) === null) {
    return null;
  }
  const { meanAbsoluteError, rootMeanSquaredError, rSquared } = output!;
  return { output: name, meanAbsoluteError: meanAbsoluteError!, rootMeanSquaredError: rootMeanSquaredError ?? null, rSquared: rSquared ?? null };
}

export function figuresOf(manifest: Manifest) {
  const regression = worstRegression(manifest.evaluation) ?? worstRegression(manifest.original);
  return {
    model: manifest.model,
    version: manifest.version,
    candidate: manifest.candidate,
    runtime: manifest.requirements.runtime ?? null,
    sizeBefore: manifest.original?.sizeBytes ?? null,
    sizeAfter: manifest.sizeBytes,
    accuracyBefore: accuracy(manifest.original),
    accuracyAfter: accuracy(manifest.evaluation),
    errorsBefore: errors(manifest.original, regression),
    errorsAfter: errors(manifest.evaluation, regression),
    latencyMillisecondsBefore: manifest.original?.latencyMilliseconds ?? null,
    latencyMillisecondsAfter: manifest.evaluation?.latencyMilliseconds ?? null,
    latencyRatioInterval: manifest.evaluation?.latencyRatioInterval ?? null,
    latencyMillisecondsServed: manifest.latencyMilliseconds ?? null,
    peakMemoryMebibytes: manifest.requirements.peakMemoryMebibytes ?? null,
  };
}

export const megabytes = (bytes: number | null) => (bytes === null ? 'not known' : bytes < 1e5 ? `${(bytes / 1e3).toFixed(2)} kB` : `${(bytes / 1e6).toFixed(2)} MB`);
export const percent = (ratio: number | null) => (ratio === null ? 'no labels' : `${(ratio * 100).toFixed(2)} %`);
export const decimal = (value: Figure | null | undefined) => (typeof value === 'number' ? String(Number(value.toPrecision(4))) : value ?? '');
export const milliseconds = (value: number | null) => (value === null ? 'not measured' : `${value.toFixed(3)} ms`);

/** The rows of what labels tell: accuracy, errors, or both where a model has outputs of both kinds. */
function qualityRows({ accuracyBefore, accuracyAfter, errorsBefore, errorsAfter }: ReturnType<typeof figuresOf>): string[][] {
  const regression = errorsBefore ?? errorsAfter;
  const rows: string[][] = [];
  if (!regression || accuracyBefore !== null || accuracyAfter !== null) {
    rows.push(['accuracy', percent(accuracyBefore), percent(accuracyAfter)]);
  }
  if (regression) {
    rows.push(
      ['MAE', decimal(errorsBefore?.meanAbsoluteError), decimal(errorsAfter?.meanAbsoluteError)],
      ['RMSE', decimal(errorsBefore?.rootMeanSquaredError), decimal(errorsAfter?.rootMeanSquaredError)],
      ['R²', decimal(errorsBefore?.rSquared), decimal(errorsAfter?.rSquared)],
    );
  }
  return rows;
}

function spread([low, high]: readonly [number, number]): string {
  return low <= 1 && high >= 1 ? 'no difference' : `${low.toFixed(2)} … ${high.toFixed(2)}`;
}

export function figuresTable(figures: ReturnType<typeof figuresOf>): string {
  const rows = [
    ['', 'before', 'after'],
    ['size', megabytes(figures.sizeBefore), megabytes(figures.sizeAfter)],
    ...qualityRows(figures),
    ['one prediction', milliseconds(figures.latencyMillisecondsBefore), milliseconds(figures.latencyMillisecondsAfter)],
    ...(figures.latencyRatioInterval ? [[`  ratio to ${figures.runtime === null ? 'before' : 'float32'}`, '95 %', spread(figures.latencyRatioInterval)]] : []),
    ['  as served', '', milliseconds(figures.latencyMillisecondsServed)],
  ];
  return rows.map(([label, before, after]) => `  ${label.padEnd(20)}${before.padStart(14)}${after.padStart(16)}`).join('\n');
}

const ZEROS: Record<string, unknown> = { bool: false, string: '' };

/** One instance of zeros, for the user's own model. */
export function zeroRequest(manifest: Manifest): Record<string, unknown> {
  const signature = manifest.signatures[manifest.defaultSignature];
  const zeros = (shape: number[], dtype: string): unknown =>
    shape.length === 0 ? (ZEROS[dtype] ?? 0) : Array.from({ length: Math.max(shape[0], 1) }, () => zeros(shape.slice(1), dtype));
  const inputs = Object.fromEntries(Object.entries(signature.inputs).map(([name, { shape, dtype }]) => [name, zeros(shape, dtype)]));
  return { inputs };
}
