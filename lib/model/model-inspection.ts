import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from 'fs';
import { basename, extname, join } from 'path';

export type SourceKind = 'saved_model' | 'keras' | 'h5' | 'tflite';

/** Facts about a local model that do not need TensorFlow. */
export interface Inspection {
  readonly kind?: SourceKind;
  readonly problems: string[];
  readonly sizeBytes: number;
}

const KIND_BY_EXTENSION: Record<string, SourceKind> = { '.keras': 'keras', '.h5': 'h5', '.hdf5': 'h5', '.tflite': 'tflite' };

/** File extensions of models, also as the end of a key in a bucket. */
export const MODEL_EXTENSIONS = Object.keys(KIND_BY_EXTENSION);

const KIND_NAME: Record<SourceKind, string> = {
  saved_model: 'a SavedModel', keras: 'a Keras archive (ZIP)', h5: 'an HDF5 file', tflite: 'a LiteRT flatbuffer',
};

const BLOCK_BYTES = 1 << 22;

const EXPORT_WAY_OUT = 'call model.export(directory) in the program that made it, and give that directory';

const SUPPORTED = 'a SavedModel directory, or a .keras, .h5 or .tflite file';

/** Inspects a local model and returns every problem, each with a way out. */
export function inspectModel(path: string): Inspection {
  if (!existsSync(path)) {
    return { problems: [`the model ${JSON.stringify(path)} does not exist: give the path of ${SUPPORTED}, relative to where the CDK app runs`], sizeBytes: 0 };
  }
  return statSync(path).isDirectory() ? inspectDirectory(path) : inspectFile(path);
}

export function kindOfName(name: string): SourceKind | undefined {
  return KIND_BY_EXTENSION[extname(name).toLowerCase()];
}

/** Recognizes the names that Keras and TensorFlow give to files of weights without a model. */
export function holdsWeightsOnly(name: string): boolean {
  return /\.weights\.(h5|hdf5|keras)$/i.test(name) || /\.ckpt(-\d+)?(\.|$)/i.test(name) || /\.data-\d{5}-of-\d{5}$/.test(name)
    || name === 'checkpoint' || /\.index$/.test(name);
}

function inspectDirectory(path: string): Inspection {
  const names = readdirSync(path);
  const sizeBytes = directorySize(path);
  if (names.includes('saved_model.pb') || names.includes('saved_model.pbtxt')) {
    return { kind: 'saved_model', problems: savedModelProblems(path, names), sizeBytes };
  }
  return { problems: [`${JSON.stringify(path)} is not a SavedModel: ${whatInstead(path, names)}`], sizeBytes };
}

function whatInstead(path: string, names: string[]): string {
  const versions = names.filter((name) => /^\d+$/.test(name) && existsSync(join(path, name, 'saved_model.pb'))).sort((a, b) => Number(a) - Number(b));
  const modelFile = names.find((name) => kindOfName(name) !== undefined && !holdsWeightsOnly(name));
  const graph = names.find((name) => name.endsWith('.pb'));
  if (names.length === 0) {
    return `the directory is empty; give ${SUPPORTED}`;
  }
  if (versions.length > 0) {
    return `it holds the versions ${versions.join(', ')}; give one of them, such as ${JSON.stringify(join(path, versions[versions.length - 1]))}`;
  }
  if (names.includes('variables')) {
    return 'it has variables but no saved_model.pb, so the copy is incomplete; copy the whole directory again';
  }
  if (modelFile) {
    return `it holds the file ${modelFile}; give ${JSON.stringify(join(path, modelFile))} itself`;
  }
  if (graph) {
    return `${graph} is a frozen graph, which does not say what its inputs and outputs are; save it with tf.saved_model.save or ${EXPORT_WAY_OUT}`;
  }
  if (names.some(holdsWeightsOnly)) {
    return `it holds a checkpoint, weights without a model; load them into the model and ${EXPORT_WAY_OUT}`;
  }
  return `it has no saved_model.pb; give ${SUPPORTED}`;
}

function savedModelProblems(path: string, names: string[]): string[] {
  const problems: string[] = [];
  const where = JSON.stringify(path);
  const again = 'the copy is incomplete; copy the whole directory again';
  const graph = names.includes('saved_model.pb') ? 'saved_model.pb' : 'saved_model.pbtxt';
  if (statSync(join(path, graph)).size === 0) {
    problems.push(`${where} has an empty ${graph}: ${again}`);
  } else if (isLfsPointer(join(path, graph))) {
    problems.push(`${where} holds a Git LFS pointer instead of ${graph}: run \`git lfs pull\``);
  }
  const directory = join(path, 'variables');
  if (!existsSync(directory)) {
    // Without variables, a model is complete only if its graph creates none.
    if (containsAny(join(path, graph), ['VarHandleOp', 'VariableV2'])) {
      problems.push(`${where} has no directory variables, although its graph has variables: ${again}`);
    }
    return problems;
  }
  const files = readdirSync(directory).filter((name) => statSync(join(directory, name)).size > 0);
  const shards = files.map((name) => /^variables\.data-(\d{5})-of-(\d{5})$/.exec(name)).filter((match) => match !== null);
  const expected = shards.length > 0 ? Number(shards[0][2]) : 1;
  const missing = files.includes('variables.index') ? [] : ['variables.index'];
  for (let shard = 0; shard < expected; shard++) {
    const name = `variables.data-${pad(shard)}-of-${pad(expected)}`;
    if (!files.includes(name)) {
      missing.push(name);
    }
  }
  if (missing.length > 0) {
    problems.push(`${where} lacks ${missing.map((name) => `variables/${name}`).join(' and ')} (or has it empty): ${again}`);
  }
  return problems;
}

function inspectFile(path: string): Inspection {
  const sizeBytes = statSync(path).size;
  const problem = fileProblem(path, sizeBytes);
  return { kind: kindOfName(path), problems: problem === undefined ? [] : [problem], sizeBytes };
}

function fileProblem(path: string, sizeBytes: number): string | undefined {
  const where = JSON.stringify(path);
  const name = basename(path);
  if (sizeBytes === 0) {
    return `${where} is empty: copy the file again`;
  }
  if (isLfsPointer(path)) {
    return `${where} is a Git LFS pointer, not the file itself: run \`git lfs pull\``;
  }
  if (name === 'saved_model.pb' || name === 'saved_model.pbtxt') {
    return `${where} is one file of a SavedModel: give the directory that it lies in`;
  }
  if (extname(name) === '.pb') {
    return `${where} is a frozen graph, which does not say what its inputs and outputs are: save it with tf.saved_model.save or ${EXPORT_WAY_OUT}`;
  }
  if (holdsWeightsOnly(name)) {
    return `${where} holds weights without a model: load them into the model and ${EXPORT_WAY_OUT}`;
  }
  const promised = kindOfName(name);
  const found = sniff(path);
  if (promised === undefined) {
    return found !== undefined && found !== 'keras'
      ? `${where} holds ${KIND_NAME[found]}, but its name does not say so: rename it to end with ${extensionOf(found)}`
      : `${where} is not a model that can be read: give ${SUPPORTED}`;
  }
  if (found !== promised) {
    return found === undefined
      ? `${where} is not ${KIND_NAME[promised]}, whatever its name says: it is corrupt or of another kind; save or copy it again`
      : `${where} holds ${KIND_NAME[found]}: rename it to end with ${extensionOf(found)}`;
  }
  if (promised === 'keras' && !hasZipDirectory(path, sizeBytes)) {
    return `${where} ends before its table of contents, so the copy is incomplete: copy the file again`;
  }
  return undefined;
}

function extensionOf(kind: SourceKind): string {
  return kind === 'tflite' ? '.tflite' : kind === 'h5' ? '.h5' : '.keras';
}

function sniff(path: string): SourceKind | undefined {
  const head = readAt(path, 0, 8);
  if (head.subarray(4, 8).toString('latin1') === 'TFL3') {
    return 'tflite';
  }
  if (head.toString('latin1') === '\x89HDF\r\n\x1a\n') {
    return 'h5';
  }
  return head.subarray(0, 4).toString('latin1') === 'PK\x03\x04' ? 'keras' : undefined;
}

function hasZipDirectory(path: string, sizeBytes: number): boolean {
  const tail = Math.min(sizeBytes, 65_557); // the record and the longest comment after it
  return readAt(path, sizeBytes - tail, tail).includes('PK\x05\x06', 0, 'latin1');
}

function isLfsPointer(path: string): boolean {
  return readAt(path, 0, 42).toString('latin1').startsWith('version https://git-lfs.github.com/spec/');
}

function readAt(path: string, position: number, length: number): Buffer {
  const file = openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(length);
    return buffer.subarray(0, readSync(file, buffer, 0, length, position));
  } finally {
    closeSync(file);
  }
}

/** Searches a file of any size; a string is limited to half a gigabyte. */
function containsAny(path: string, words: string[]): boolean {
  const file = openSync(path, 'r');
  try {
    const overlap = Math.max(...words.map((word) => word.length)) - 1;
    const block = Buffer.alloc(BLOCK_BYTES);
    for (let position = 0, read = block.length; read === block.length; position += block.length - overlap) {
      read = readSync(file, block, 0, block.length, position);
      if (words.some((word) => block.subarray(0, read).includes(word, 0, 'latin1'))) {
        return true;
      }
    }
    return false;
  } finally {
    closeSync(file);
  }
}

function directorySize(path: string): number {
  return readdirSync(path).reduce((sum, name) => {
    const entry = statSync(join(path, name), { throwIfNoEntry: false });
    return sum + (entry?.isDirectory() ? directorySize(join(path, name)) : entry?.size ?? 0);
  }, 0);
}

function pad(shard: number): string {
  return String(shard).padStart(5, '0');
}
