// Generated from optimizer/schema/job.schema.json by `npm run schemas`.

/**
 * The processor that will serve.
 */
export type Architecture = 'x86_64' | 'arm64';
/**
 * Form in which a model or data is stored at an S3 location.
 */
export type Packaging = 'zip' | 'file' | 'prefix';
/**
 * The format of an artifact.
 */
export type ModelFormat = 'litert' | 'saved_model';
/**
 * A figure of a model's answers against their labels.
 */
export type MetricName = 'accuracy' | 'balancedAccuracy' | 'recall' | 'precision' | 'f1' | 'auc' | 'topK' | 'meanAbsoluteError';
/**
 * Order of the colors in the last dimension.
 */
export type ChannelOrder = 'RGB' | 'BGR';
/**
 * Names of `tf.image.resize`.
 */
export type ResizeMethod = 'bilinear' | 'nearest' | 'bicubic';
/**
 * Conversion of pixels from 0 to 255 to the numbers that the model takes.
 */
export type Preprocessing = 'zeroTo255' | 'zeroToOne' | 'minusOneToOne' | 'caffe' | 'torch' | 'linear';
/**
 * Source of the candidates.
 */
export type RecipeKind = 'steps' | 'none' | 'forLiteRt' | 'forServing' | 'search';
/**
 * The types of an operation's weights (w) and activations (a): integers (i) or floats (fp) of so many bits.
 */
export type LayerQuantization =
  'no_quantize' | 'weight_only_wi8_afp32' | 'dynamic_wi8_afp32' | 'dynamic_wi4b32_afp32' | 'dynamic_wi4b64_afp32' | 'dynamic_wi4b128_afp32' | 'static_wi8_ai8';
/**
 * Measures against the loss of full-integer quantization.
 */
export type QuantizationRecovery = 'withoutTraining' | 'withTraining';
/**
 * Size of a student that is built to the model's signature; `training/student.py` lists the layers of each.
 */
export type StudentSize = 'tiny' | 'small' | 'medium';
/**
 * Treatment of a model whose variables change between calls.
 */
export type StatefulBehavior = 'refuse' | 'reset_per_request';
/**
 * The task of an output, which decides how two answers are compared.
 */
export type ModelTask = 'multiclass' | 'binary' | 'multilabel' | 'regression';

/**
 * One optimization job.
 */
export interface Job {
  architecture?: Architecture;
  evaluation?: Evaluation | null;
  format: ModelFormat;
  /**
   * Rules to be published; absent: the default for what data there is.
   */
  gate?: Gate | null;
  /**
   * The input that takes images; absent: all take numbers alone.
   */
  image?: ImageInput | null;
  /**
   * Class names in the order of the model's output.
   */
  labels?: string[] | null;
  /**
   * The REST name.
   */
  model: string;
  recipe: Recipe;
  schemaVersion?: 1;
  seed?: number;
  /**
   * Server to publish beside the model; absent: none.
   */
  server?: Server | null;
  source: Source;
  /**
   * The task by output name; an output that is not named gets an inferred one.
   */
  tasks?: {
    [k: string]: ModelTask;
  };
  toolchain: Toolchain;
  /**
   * SavedModel only: how many rows of the evaluation data are published in the model, for its server to warm up.
   */
  warmupRecords?: number;
}
/**
 * Real inputs, with labels or without: an `.npz`, `.jsonl`, `.csv` or `.parquet` file, or a directory with one.
 */
export interface Evaluation {
  fileName?: string | null;
  identity: Identity;
  location?: Location | null;
  packaging: Packaging;
}
/**
 * Identifies content without reading it. Part of the build key.
 */
export interface Identity {
  /**
   * A hash of the asset, or the SHA-256 of the content.
   */
  digest?: string | null;
  /**
   * The S3 version id that the user pinned.
   */
  objectVersion?: string | null;
  /**
   * A text of the user's own that changes when the objects change.
   */
  revision?: string | null;
  /**
   * `s3://bucket/key`, when the user gave nothing that tells contents apart.
   */
  uri?: string | null;
}
/**
 * A location in S3. Never part of the build key.
 */
export interface Location {
  bucket: string;
  key: string;
  objectVersion?: string | null;
}
/**
 * All rules must hold.
 */
export interface Gate {
  rules: Rule[];
  /**
   * Gate on the unfavourable end of the 95 % interval instead of the measured value.
   */
  strict?: boolean;
}
/**
 * One condition that a candidate must meet to be published.
 */
export interface Rule {
  /**
   * The metric of a rule about the loss of one. A loss whose 95 % interval includes 0 does not break such a rule.
   */
  metric?: Metric | null;
  rule: 'maxAccuracyLoss' | 'maxErrorIncrease' | 'minAgreement' | 'maxRelativeError' | 'maxLoss' | 'notWorseThanServing' | 'maxSizeBytes' | 'maxLatencyRatio';
  value: number;
}
/**
 * A metric, and of what it is.
 */
export interface Metric {
  /**
   * The class, for recall, precision and F1. Absent: the mean of all classes that the labels have.
   */
  classIndex?: number | null;
  k?: number | null;
  name: MetricName;
  /**
   * Name of the output; absent: each output that has the metric.
   */
  output?: string | null;
}
/**
 * The input that takes images, in job.json.
 */
export interface ImageInput {
  antialias?: boolean;
  channelOrder?: ChannelOrder | null;
  /**
   * Name of the input; absent: the only one.
   */
  input?: string | null;
  method?: ResizeMethod;
  offset?: number[] | null;
  preprocessing: Preprocessing;
  scale?: number[] | null;
}
/**
 * Candidates to make.
 */
export interface Recipe {
  kind: RecipeKind;
  search?: Search | null;
  steps?: (Quantization | Strip | Freeze | Pruning | Distillation)[];
}
/**
 * Objective and limits of the recipe `search`.
 */
export interface Search {
  /**
   * Default accuracy rule of the gate for labelled outputs that decide classes, where the gate has none of its own.
   *
   * Absent: the gate's default.
   */
  maxAccuracyLoss?: number | null;
  /**
   * Default rule of the gate for labelled outputs that are regressions: relative increase of the mean absolute error.
   *
   * Absent: 0.01.
   */
  maxErrorIncrease?: number | null;
  maxTrials?: number;
  objective: 'size' | 'latency';
}
/**
 * Storage of weights in fewer bits.
 */
export interface Quantization {
  /**
   * `bfloat16` is for SavedModels, the others for LiteRT.
   */
  mode: 'dynamicRange' | 'float16' | 'fullInteger' | 'mixed' | 'bfloat16';
  /**
   * Quantization by operation, for the mode `mixed`. An operation that is not named keeps its floats.
   */
  operations?: {
    [k: string]: LayerQuantization;
  } | null;
  /**
   * Measures of full-integer quantization: each is a candidate beside the plain one, and the best is published.
   */
  recover?: QuantizationRecovery | null;
  step?: 'quantization';
}
/**
 * Re-save what serving needs and nothing else. Changes no number.
 */
export interface Strip {
  step?: 'strip';
}
/**
 * Variables become constants. Falls back to stripping where that would change an answer.
 */
export interface Freeze {
  step?: 'freeze';
}
/**
 * The smallest weights become zero: fewer bytes where the artifact travels compressed, and never faster.
 */
export interface Pruning {
  /**
   * Passes of the training over its part of the evaluation data.
   */
  epochs?: number;
  /**
   * Growth of the share while the rest is trained on the evaluation data. Without data it is always at once.
   */
  schedule?: 'gradual' | 'atOnce';
  /**
   * The share of each weight matrix that becomes zero.
   */
  sparsity: number;
  step?: 'pruning';
}
/**
 * A smaller model learns to answer as the original does, and takes its place.
 */
export interface Distillation {
  /**
   * Share of the labels in the loss; the rest is the teacher's. Absent: 0.1 with labels, 0 without.
   */
  alpha?: number | null;
  /**
   * Train on changed copies of the inputs too, with the teacher's answer to each.
   */
  augment?: boolean;
  /**
   * Passes of the training over its part of the evaluation data.
   */
  epochs?: number;
  step?: 'distillation';
  student: Student;
  /**
   * The teacher's and the student's scores are divided by it, so that unlikely classes count as well.
   */
  temperature?: number;
}
/**
 * The model to train: built here, or given.
 */
export interface Student {
  given?: StudentModel | null;
  size?: StudentSize | null;
}
/**
 * A model of the user's own to train: a SavedModel or a Keras file with the signature of the teacher.
 */
export interface StudentModel {
  fileName?: string | null;
  identity: Identity;
  location?: Location | null;
  packaging: Packaging;
}
/**
 * The server whose program is published with the model, for machines without a container runtime.
 */
export interface Server {
  /**
   * The image that it is taken out of, with a tag or a digest.
   */
  image: string;
}
/**
 * The model to optimize.
 */
export interface Source {
  /**
   * Operations that the model may have although they act on more than it, by TensorFlow's names: `ReadFile`.
   */
  allowedOperations?: string[];
  /**
   * The file's own name for `file`: its extension tells `.keras`, `.h5` and `.tflite` apart.
   */
  fileName?: string | null;
  identity: Identity;
  /**
   * Whole shapes by input name, the batch dimension included.
   */
  inputShapes?: {
    [k: string]: number[];
  } | null;
  location?: Location | null;
  packaging: Packaging;
  /**
   * The only signature to keep, and the default one. Absent: all that can be converted.
   */
  signatureName?: string | null;
  stateful?: StatefulBehavior;
  tags?: string[];
}
/**
 * The versions that decide the output's bytes. Recorded by the writer of job.json, checked by the job.
 */
export interface Toolchain {
  behaviorVersion: number;
  litert: string;
  tensorflow: string;
}
