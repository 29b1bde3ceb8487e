// Generated from optimizer/schema/manifest.schema.json by `npm run schemas`.

import type { Architecture, ChannelOrder, Gate, ModelFormat, Recipe, ResizeMethod } from './job';

/**
 * A property of the job, a step of a recipe, or a part of its surroundings that a reader can change.
 */
export type Hint =
  | 'evaluation_data'
  | 'tasks'
  | 'class_names'
  | 'agreement_rule'
  | 'relative_error_rule'
  | 'error_increase_rule'
  | 'serving_rule'
  | 'input_shapes'
  | 'image_input'
  | 'signature'
  | 'state_reset'
  | 'tags'
  | 'allowed_operations'
  | 'recipe_litert'
  | 'recipe_serving'
  | 'recipe_unchanged'
  | 'recipe_steps'
  | 'search_limit'
  | 'distillation'
  | 'pruning'
  | 'dynamic_range'
  | 'float16'
  | 'full_integer'
  | 'mixed'
  | 'bfloat16'
  | 'strip'
  | 'freeze'
  | 'student'
  | 'litert'
  | 'litert_server'
  | 'tensorflow_serving'
  | 'server_image'
  | 'server_program'
  | 'registry_credentials'
  | 'machine_size'
  | 'machine_image';
/**
 * The evidence behind the figures.
 */
export type EvidenceKind = 'labels' | 'unlabelled' | 'generated';
/**
 * A measured number. NaN and the infinities, which JSON has not, are the texts of Protocol Buffers.
 */
export type Figure = number | ('NaN' | 'Infinity' | '-Infinity');
/**
 * The split that the samples come from.
 */
export type Split = 'selection' | 'gate';
/**
 * The status of a candidate.
 */
export type CandidateStatus = 'chosen' | 'passed' | 'rejected' | 'failed' | 'skipped';
/**
 * Lambda runtime layer that serves a LiteRT model.
 */
export type Runtime = 'native' | 'numpy';
/**
 * Result of trying the server on the model before both were published.
 */
export type ServerTrial = 'answered' | 'notRun';
/**
 * manifest.json.
 */
export interface Manifest {
  architecture: Architecture;
  buildId: string;
  buildKey: string;
  /**
   * Name of the candidate that was chosen.
   */
  candidate: string;
  candidates?: Candidate[];
  /**
   * ISO 8601, UTC.
   */
  created: string;
  defaultSignature: string;
  /**
   * Documents that describe the version and that no server reads: bill of materials, provenance and profile.
   *
   * Of a SavedModel its openapi.json, too.
   */
  documents?: File[];
  evaluation: Metrics | null;
  extra?: Extra;
  files: File[];
  format: ModelFormat;
  gate: Gate | null;
  gateResults: RuleResult[];
  /**
   * SHA-256 of golden/<version>.json, which is not next to the manifest; absent if there is none.
   */
  goldenSha256?: string | null;
  labels?: string[] | null;
  latencyMilliseconds?: number | null;
  loadMilliseconds?: number | null;
  model: string;
  original: Metrics | null;
  /**
   * Proof of images; absent where the model takes none, or the evaluation data are none.
   */
  pictures?: ImageProof | null;
  recipe: Recipe;
  requirements: Requirements;
  /**
   * Variables change between calls: every request starts from the initial state (numpy only).
   */
  resetState?: boolean;
  /**
   * Times of the native program by signature; empty where they were not measured.
   */
  runs?: {
    [k: string]: RunTimes;
  };
  schemaVersion?: 1;
  server?: ServerProgram | null;
  signatures: {
    [k: string]: Signature;
  };
  /**
   * Unzipped, of what is loaded.
   */
  sizeBytes: number;
  source: SourceRecord;
  /**
   * Steps on text and categories; absent where no signature has some.
   */
  text?: TextReference | null;
  tools: {
    [k: string]: string;
  };
  unverified: boolean;
  version: number;
}
/**
 * One way the model could be published.
 */
export interface Candidate {
  /**
   * Ways out that the reason names.
   */
  hints?: Hint[];
  /**
   * Errors of the layers of a quantized LiteRT candidate, in the order of computation.
   */
  layers?: LayerError[];
  metrics?: Metrics | null;
  name: string;
  /**
   * The reason why it was not chosen; empty for the chosen one.
   */
  reason?: string;
  rules?: RuleResult[];
  status: CandidateStatus;
}
/**
 * Error of a layer's output by quantization, on a few samples.
 */
export interface LayerError {
  /**
   * Euclidean norm of the difference over that of the output in float32; errors of earlier layers are in it.
   */
  error: number | ('NaN' | 'Infinity' | '-Infinity');
  /**
   * The name of its output in the .tflite file.
   */
  layer: string;
  operation: string;
  /**
   * The type of its weights, such as `int8`.
   */
  weights: string;
}
/**
 * The measurements of one model.
 */
export interface Metrics {
  /**
   * Size as the model travels to a function, in a ZIP. LiteRT only.
   */
  compressedBytes?: number | null;
  evidence: EvidenceKind;
  /**
   * Median of one warm call with one instance, one thread.
   */
  latencyMilliseconds?: number | null;
  /**
   * Candidate over original (SavedModel: the same runtime; LiteRT: its own float32 conversion), of the processor time
   * that a call takes where the system tells it.
   */
  latencyRatio?: number | null;
  /**
   * The ratio's 95 % interval, from the noise of both medians.
   */
  latencyRatioInterval?: [number, number] | null;
  /**
   * Figures by `<signature>/<output>`, or `<output>` of the default signature.
   */
  outputs: {
    [k: string]: OutputMetrics;
  };
  /**
   * Answers in the data that figures are compared with, for the original only; absent: the model's own.
   */
  reference?: GivenReference | null;
  samples: number;
  /**
   * The version that served when the gate compared with it.
   */
  servingVersion?: number | null;
  /**
   * Size of the .tflite file, or of the SavedModel's directory.
   */
  sizeBytes: number;
  split?: Split;
  /**
   * Latency ratio where both models compute on two threads; no rule is on it. LiteRT only.
   */
  twoThreadsLatencyRatio?: number | null;
  twoThreadsLatencyRatioInterval?: [number, number] | null;
}
/**
 * Comparison of one output with the original's on the gate split. Absent: cannot be known from this data.
 */
export interface OutputMetrics {
  accuracy?: number | null;
  /**
   * Original minus candidate, paired, 0 to 1. Negative: the candidate is better.
   */
  accuracyLoss?: number | null;
  /**
   * 95 %.
   */
  accuracyLossInterval?: [number, number] | null;
  /**
   * Accuracy of the same model in floats, trained equally long; only of a candidate trained for its quantization.
   */
  accuracyOfTrainedFloats?: number | null;
  /**
   * Accuracy of the same student, trained on the same samples by their labels alone.
   */
  accuracyWithoutTeacher?: number | null;
  agreement?: number | null;
  agreementInterval?: [number, number] | null;
  /**
   * Mean recall of the classes that the labels have: what a rare class does to it shows.
   */
  balancedAccuracy?: number | null;
  /**
   * Confusion of at most 20 classes; absent for an output with several labels.
   */
  confusion?: Confusion | null;
  /**
   * Share by which the mean absolute error is greater than the original's, paired; negative where it is smaller.
   *
   * An original's error below a thousandth of the labels' mean deviation counts as that much.
   */
  errorIncrease?: Figure | null;
  /**
   * 95 %.
   */
  errorIncreaseInterval?: [Figure, Figure] | null;
  /**
   * Loss of the candidate against that accuracy.
   */
  lossToTrainedFloats?: Loss | null;
  /**
   * Loss of a candidate in each of them.
   */
  losses?: {
    [k: string]: Loss;
  };
  /**
   * Error of a regression against its labels, in their unit.
   */
  meanAbsoluteError?: Figure | null;
  /**
   * 1: no error; 0: as near as the mean of the labels. Absent where the labels do not vary.
   */
  rSquared?: Figure | null;
  /**
   * Euclidean norm of the difference over that of the original's output: infinite where that is 0.
   */
  relativeError?: Figure | null;
  relativeErrorInterval?: [Figure, Figure] | null;
  rootMeanSquaredError?: Figure | null;
  /**
   * Metrics that the labels allow, by their keys, such as `recall:1`.
   */
  scores?: {
    [k: string]: Figure;
  };
  /**
   * Loss of a candidate against the version that serves, in each metric that the gate compares.
   */
  servingLosses?: {
    [k: string]: Loss;
  };
  snrDecibels?: number | null;
  task: string;
  /**
   * A distilled candidate's accuracy minus that, paired, -1 to 1. Negative: the teacher did harm.
   */
  teacherGain?: number | null;
  /**
   * 95 %.
   */
  teacherGainInterval?: [number, number] | null;
}
/**
 * Number of times that each class was decided, for each class of the labels.
 */
export interface Confusion {
  /**
   * Numbers of the classes, or values of an output that answers the class itself.
   */
  classes: number[];
  /**
   * A row for each label, a column for each decision; one more where decisions were none of the classes.
   */
  counts: number[][];
}
/**
 * Loss of a candidate in a metric, on the same samples as the original. Negative: the candidate is better.
 */
export interface Loss {
  /**
   * 95 %, by paired bootstrap of the samples.
   *
   * @minItems 2
   * @maxItems 2
   */
  interval: [number, number];
  value: number;
}
/**
 * Answers in the evaluation data that all models are compared with, in place of those of the source's model.
 */
export interface GivenReference {
  /**
   * Comparison of the model in the source with them, by output.
   */
  outputs: {
    [k: string]: OutputMetrics;
  };
  /**
   * Name of the program that gave them, as the data states it.
   */
  program: string;
}
/**
 * One rule of the gate, applied to one candidate.
 */
export interface RuleResult {
  limit: number;
  measured: Figure | null;
  /**
   * Key of the metric, for the rules that name one.
   */
  metric?: string | null;
  /**
   * Name in the metrics of the output that was measured, the worst of several; absent for size and latency.
   */
  output?: string | null;
  passed: boolean;
  rule: string;
  sentence: string;
}
/**
 * One file of the artifact, path relative to the manifest (inside layer.zip: `layer.zip!/ml/model/…`).
 */
export interface File {
  path: string;
  sha256: string;
  size: number;
}
/**
 * Facts that not every version has; members of other versions of the optimizer are kept.
 */
export interface Extra {
  fetched?: {
    [k: string]: unknown;
  };
  isolation?: {
    [k: string]: string;
  };
  processorMilliseconds?: number;
  processorMillisecondsP99?: number;
  startMilliseconds?: number;
  [k: string]: unknown;
}
/**
 * The native program's answers to images of the evaluation data, compared with those to TensorFlow's numbers.
 */
export interface ImageProof {
  /**
   * Largest difference of each output, divided by its largest value of that image; each decides the same.
   */
  differences: {
    [k: string]: Figure;
  };
  pictures: number;
}
/**
 * The requirements on a platform.
 */
export interface Requirements {
  cpuFeatures?: string[];
  minimumServingVersion?: string | null;
  /**
   * The reason why the native program cannot serve it; absent when it can.
   */
  nativeRefusal?: string | null;
  /**
   * Peak resident memory of a process that loads the model and answers one request.
   */
  peakMemoryMebibytes?: number | null;
  runtime?: Runtime | null;
}
/**
 * Times of a signature's runs in the native program, where the job ran.
 */
export interface RunTimes {
  /**
   * Largest difference that `batch` makes to an output, divided by its largest value; 0: no bit differs.
   */
  difference?: number | null;
  /**
   * Processor time of a row alone, with one thread.
   */
  rowMicroseconds: number;
  rows?: RowsTrial[];
  /**
   * Time of a row with two threads, divided by that with one; absent on a machine with one processor.
   */
  threadsRatio?: number | null;
}
/**
 * Runs of several rows, compared with runs of one row in turn with them.
 */
export interface RowsTrial {
  /**
   * Processor time of a row, divided by that of a row alone; absent where it was not tried.
   */
  ratio?: number | null;
  /**
   * The reason why it was not tried.
   */
  refusal?: string | null;
  rows: number;
}
/**
 * The server's program that is published with the model.
 */
export interface ServerProgram {
  /**
   * Digest of the image.
   */
  digest: string;
  /**
   * The image that it was taken out of, as it was named.
   */
  image: string;
  /**
   * Key of the program in the bucket; empty until it is published.
   */
  key?: string;
  /**
   * SHA-256 of the program.
   */
  sha256: string;
  size: number;
  trial: ServerTrial;
  /**
   * The reason why it was not run.
   */
  trialNote?: string;
}
/**
 * One callable of the model.
 */
export interface Signature {
  /**
   * LiteRT only, where the native program was measured.
   */
  batch?: Batch | null;
  /**
   * Dimension 0 of every input and output is the batch.
   */
  batched: boolean;
  /**
   * Inputs of the file, where text.json has the steps that make them of `inputs`; absent: they are `inputs`.
   */
  fileInputs?: {
    [k: string]: Tensor;
  } | null;
  /**
   * LiteRT only: its name in the file, where that is another. Several signatures may be one of the file.
   */
  fileSignature?: string | null;
  inputs: {
    [k: string]: Tensor;
  };
  methodName?: string;
  outputs: {
    [k: string]: Tensor;
  };
}
/**
 * Rows that one run of a LiteRT file computes.
 */
export interface Batch {
  /**
   * Fewest rows for which one run, filled up to `rows`, takes less time than a run for each; absent for 1.
   */
  least?: number | null;
  /**
   * The reason why it is 1.
   */
  reason?: string | null;
  /**
   * 1: a row at a time takes least time, or rows cannot be computed together.
   */
  rows: number;
}
/**
 * An input or output as clients see it.
 */
export interface Tensor {
  /**
   * NumPy's name: float32, int64, bool, …; `string` for bytes.
   */
  dtype: string;
  /**
   * An input that takes encoded images too, in the place of a row's numbers; absent: numbers alone.
   */
  image?: Image | null;
  /**
   * -1: the batch (dimension 0 of a batched signature), or unknown (SavedModel only).
   */
  shape: number[];
  /**
   * LiteRT only.
   */
  tensor?: LiteRtTensor | null;
}
/**
 * Steps from an image file to a row of an input: decode, resize to the tensor's shape, then scale.
 */
export interface Image {
  /**
   * Take all pixels into account where an image is made smaller, as Pillow does.
   */
  antialias: boolean;
  /**
   * Order of the channels; absent for one channel: gray.
   */
  channelOrder?: ChannelOrder | null;
  method: ResizeMethod;
  /**
   * A number of the tensor is pixel (0 to 255) * scale + offset.
   */
  offset: number[];
  /**
   * Factors: one for each channel, in the order of the model's channels.
   */
  scale: number[];
}
/**
 * The tensor inside the .tflite file that a signature's input or output is bound to.
 */
export interface LiteRtTensor {
  dtype: string;
  quantization?: TensorQuantization | null;
  /**
   * Fully static. Dimension 0 is 1 for a batched signature.
   */
  shape: number[];
}
/**
 * real = scale * (stored - zero point).
 */
export interface TensorQuantization {
  scale: number;
  zeroPoint: number;
}
/**
 * The source that the artifact was made from.
 */
export interface SourceRecord {
  /**
   * Operations of TensorFlow that act on more than the model, and were allowed: it may read files, for example.
   */
  allowedOperations?: string[];
  /**
   * SHA-256 over the sorted list of `sha256  path` lines of the files really read.
   */
  digest: string;
  /**
   * saved_model, keras, h5 or tflite.
   */
  format: string;
  objectVersion?: string | null;
  revision?: string | null;
  tensorflowVersion?: string | null;
}
/**
 * The description of the steps on text and categories, beside the model.
 */
export interface TextReference {
  file?: 'text.json';
  sha256: string;
}
