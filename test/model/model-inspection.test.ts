import { closeSync, ftruncateSync, openSync, writeSync } from 'fs';
import { join } from 'path';
import { inspectModel } from '../../lib/model/model-inspection';
import { directoryWith, fileWith, HDF5, LITERT, savedModelFiles, ZIP } from './model-files';

describe('a model that can be read', () => {
  test.each([
    ['.keras', ZIP, 'keras'],
    ['.h5', HDF5, 'h5'],
    ['.hdf5', HDF5, 'h5'],
    ['.tflite', LITERT, 'tflite'],
    ['.KERAS', ZIP, 'keras'],
  ])('a %s file with its content', (extension, content, kind) => {
    expect(inspectModel(fileWith(`model${extension}`, content))).toEqual({ kind, problems: [], sizeBytes: content.length });
  });

  test('a SavedModel directory, whose size is that of its files', () => {
    expect(inspectModel(directoryWith(savedModelFiles()))).toEqual({ kind: 'saved_model', problems: [], sizeBytes: 14 });
  });

  test('a SavedModel with several shards', () => {
    const files = {
      'saved_model.pb': 'graph',
      'variables/variables.index': 'index',
      'variables/variables.data-00000-of-00002': 'a',
      'variables/variables.data-00001-of-00002': 'b',
    };

    expect(inspectModel(directoryWith(files)).problems).toEqual([]);
  });

  test('a SavedModel of constants, which has no variables', () => {
    expect(inspectModel(directoryWith({ 'saved_model.pb': 'Const MatMul' })).problems).toEqual([]);
  });

  test('the example of this repository', () => {
    expect(inspectModel('examples/digits/saved_model')).toMatchObject({ kind: 'saved_model', problems: [] });
  });
});

describe('a graph that is larger than a string can be', () => {
  /** A sparse file: it takes no room. */
  function graphWith(word: string, position: number): string {
    const directory = directoryWith({ 'saved_model.pb': '' });
    const file = openSync(join(directory, 'saved_model.pb'), 'r+');
    writeSync(file, word, position);
    ftruncateSync(file, 600_000_000);
    closeSync(file);
    return directory;
  }

  test.each([0, (1 << 22) - 5, (1 << 22) - 1, 1 << 22, 600_000_000 - 11])('is searched for variables, for example at byte %d', (position) => {
    expect(inspectModel(graphWith('VarHandleOp', position)).problems).toEqual([expect.stringContaining('no directory variables, although its graph has variables')]);
  });

  test('needs no variable files if it has no variables', () => {
    expect(inspectModel(graphWith('Const', 300_000_000)).problems).toEqual([]);
  });
});

describe('an incomplete copy of a SavedModel', () => {
  test.each<[string, Record<string, string>, string]>([
    ['without an index', { 'saved_model.pb': 'g', 'variables/variables.data-00000-of-00001': 'd' }, 'variables/variables.index'],
    ['without its data', { 'saved_model.pb': 'g', 'variables/variables.index': 'i' }, 'variables/variables.data-00000-of-00001'],
    ['with an empty data file', { ...savedModelFiles(), 'variables/variables.data-00000-of-00001': '' }, 'variables.data-00000-of-00001'],
    ['without its second shard', {
      'saved_model.pb': 'g', 'variables/variables.index': 'i', 'variables/variables.data-00000-of-00002': 'd',
    }, 'variables/variables.data-00001-of-00002'],
    ['with variables in its graph only', { 'saved_model.pb': 'x VarHandleOp y' }, 'no directory variables'],
    ['with an empty graph', { ...savedModelFiles(), 'saved_model.pb': '' }, 'empty saved_model.pb'],
    ['with variables only', { 'variables/variables.index': 'i' }, 'variables but no saved_model.pb'],
  ])('%s', (_, files, words) => {
    const { problems } = inspectModel(directoryWith(files));

    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(words);
    expect(problems[0]).toContain('copy the whole directory again');
  });

  test('with a Git LFS pointer in the place of its graph, and the way out', () => {
    const files = { ...savedModelFiles(), 'saved_model.pb': 'version https://git-lfs.github.com/spec/v1\noid sha256:0' };

    const { problems } = inspectModel(directoryWith(files));

    expect(problems).toEqual([expect.stringMatching(/holds a Git LFS pointer instead of saved_model\.pb: run `git lfs pull`$/)]);
  });

  test('names all problems at once', () => {
    const { problems } = inspectModel(directoryWith({ 'saved_model.pb': '', 'variables/other': 'x' }));

    expect(problems).toEqual([
      expect.stringContaining('empty saved_model.pb'),
      expect.stringContaining('lacks variables/variables.index and variables/variables.data-00000-of-00001'),
    ]);
  });
});

describe('a directory that is not a SavedModel, and the way out', () => {
  test.each<[string, Record<string, string | Buffer>, string]>([
    ['empty', {}, 'the directory is empty'],
    ['a base path of TensorFlow Serving', { '2/saved_model.pb': 'g', '10/saved_model.pb': 'g' }, 'it holds the versions 2, 10; give one of them'],
    ['the directory around a file', { 'digits.keras': ZIP }, 'it holds the file digits.keras; give'],
    ['a frozen graph', { 'model.pb': 'graph' }, 'model.pb is a frozen graph'],
    ['a checkpoint', { 'checkpoint': 'x', 'model.ckpt-7.index': 'x', 'model.ckpt-7.data-00000-of-00001': 'x' }, 'a checkpoint, weights without a model'],
    ['weights of Keras', { 'digits.weights.h5': HDF5 }, 'weights without a model'],
    ['something else', { 'README.md': 'x' }, 'it has no saved_model.pb'],
  ])('%s', (_, files, words) => {
    const { problems, kind } = inspectModel(directoryWith(files));

    expect(problems).toEqual([expect.stringContaining(words)]);
    expect(kind).toBeUndefined();
  });

  test('points to the newest version', () => {
    const directory = directoryWith({ '2/saved_model.pb': 'g', '10/saved_model.pb': 'g' });

    expect(inspectModel(directory).problems[0]).toContain(JSON.stringify(join(directory, '10')));
  });
});

describe('a file that is not a model, and the way out', () => {
  test.each<[string, string, string | Buffer, string]>([
    ['empty', 'model.keras', '', 'is empty: copy the file again'],
    ['a Git LFS pointer', 'model.tflite', 'version https://git-lfs.github.com/spec/v1\noid sha256:0', 'run `git lfs pull`'],
    ['a frozen graph', 'frozen.pb', 'graph', 'is a frozen graph'],
    ['one file of a SavedModel', 'saved_model.pb', 'graph', 'give the directory that it lies in'],
    ['weights', 'digits.weights.h5', HDF5, 'holds weights without a model'],
    ['weights of TensorFlow 1', 'model.ckpt-100.index', 'x', 'holds weights without a model'],
    ['HDF5 under the name of another', 'model.keras', HDF5, 'rename it to end with .h5'],
    ['a Keras archive under the name of another', 'model.h5', ZIP, 'rename it to end with .keras'],
    ['LiteRT without its extension', 'model.bin', LITERT, 'rename it to end with .tflite'],
    ['of no kind that is known', 'model.onnx', 'onnx', 'is not a model that can be read'],
    ['a ZIP of who knows what', 'model.zip', ZIP, 'is not a model that can be read'],
    ['corrupt', 'model.tflite', 'nonsense', 'is corrupt or of another kind'],
    ['too short for any content', 'model.h5', 'x', 'is corrupt or of another kind'],
    ['half of a Keras archive', 'model.keras', ZIP.subarray(0, 12), 'ends before its table of contents'],
  ])('%s', (_, name, content, words) => {
    expect(inspectModel(fileWith(name, content)).problems).toEqual([expect.stringContaining(words)]);
  });

  test('a path that does not exist', () => {
    expect(inspectModel('no/such/model.keras')).toEqual({
      problems: [expect.stringContaining('the model "no/such/model.keras" does not exist')], sizeBytes: 0,
    });
  });
});
