import { formOf } from '../../../../cli/open/page/form';
import { servedModelOf, typeText } from '../../../../cli/open/page/signature';

const dims = (...sizes: number[]) => ({ dim: sizes.map((size) => ({ size: String(size), name: '' })), unknown_rank: false });
const metadata = (signatures: Record<string, unknown>) => (
  { model_spec: { name: 'm', signature_name: '', version: '3' }, metadata: { signature_def: { signature_def: signatures } } });
const formOfInputs = (inputs: Record<string, { dtype?: string; shape?: number[] }>) => formOf({
  name: 'serving_default', outputs: [], inputs: Object.entries(inputs).map(([name, { dtype = 'float32', shape }]) => ({ name, dtype, shape })),
});

test('metadata of TensorFlow Serving becomes signatures, the default one first, without initializers', () => {
  const model = servedModelOf(metadata({
    a_total: { inputs: { b: { dtype: 'DT_INT64', tensor_shape: dims(-1) }, a: { dtype: 'DT_STRING', tensor_shape: { dim: [], unknown_rank: true } } }, outputs: {} },
    serving_default: { inputs: { x: { dtype: 'DT_FLOAT', tensor_shape: dims(-1, 4), name: 'x:0' } }, outputs: { y: { dtype: 'DT_HALF', tensor_shape: { dim: [], unknown_rank: false } } } },
    __saved_model_init_op: { inputs: {}, outputs: { op: { dtype: 'DT_INVALID', tensor_shape: { unknown_rank: true } } } },
  }));
  expect(model).toEqual({
    name: 'm', version: '3', signatures: [
      { name: 'serving_default', inputs: [{ name: 'x', dtype: 'float32', shape: [-1, 4] }], outputs: [{ name: 'y', dtype: 'float16', shape: [] }] },
      { name: 'a_total', inputs: [{ name: 'a', dtype: 'string' }, { name: 'b', dtype: 'int64', shape: [-1] }], outputs: [] },
    ],
  });
  expect(model.signatures.flatMap(({ inputs }) => inputs.map(typeText))).toEqual(['float32[-1, 4]', 'string[…]', 'int64[-1]']);
});

test.each([[undefined], [{}], ['text'], [{ model_spec: {}, metadata: {} }]])('%j is no metadata', (answer) => {
  expect(() => servedModelOf(answer)).toThrow('The endpoint answered something else than the metadata of a model: look whether its address is right.');
});

test('a model without a signature with inputs is told', () => {
  expect(() => servedModelOf(metadata({ init: { inputs: {}, outputs: {} } }))).toThrow('The model has no signature with inputs.');
});

describe('rows', () => {
  test('of vectors and single values are a table with a column for each value', () => {
    expect(formOfInputs({ x: { shape: [-1, 2] }, flag: { dtype: 'bool', shape: [-1] }, one: { dtype: 'int32', shape: [-1, 1] } })).toEqual({
      kind: 'table', many: true, rowwise: true,
      columns: [
        { input: 'x', index: 0, label: 'x[0]', dtype: 'float32' }, { input: 'x', index: 1, label: 'x[1]', dtype: 'float32' },
        { input: 'flag', label: 'flag', dtype: 'bool' }, { input: 'one', index: 0, label: 'one', dtype: 'int32' },
      ],
      inputs: [{ name: 'x', dtype: 'float32', shape: [2] }, { name: 'flag', dtype: 'bool', shape: [] }, { name: 'one', dtype: 'int32', shape: [1] }],
    });
  });

  test('are one where the model has one, and whole inputs where the first dimension is none of rows', () => {
    expect(formOfInputs({ x: { shape: [1, 3] } })).toMatchObject({ kind: 'table', many: false, rowwise: true, columns: { length: 3 } });
    expect(formOfInputs({ x: { shape: [5] } })).toMatchObject({ kind: 'table', many: false, rowwise: false, columns: { length: 5 } });
    expect(formOfInputs({ x: { shape: [] } })).toMatchObject({ kind: 'table', many: false, rowwise: false, columns: [{ input: 'x', label: 'x' }] });
    expect(formOfInputs({ x: { shape: [-1, 3] }, y: { shape: [2] } })).toMatchObject({ many: false, rowwise: false });
  });

  test('of one text or a pair have a box each, and of more texts or other inputs beside are a table', () => {
    const text = { dtype: 'string', shape: [-1, 1] };
    expect(formOfInputs({ text })).toEqual({ kind: 'fields', many: false, rowwise: true, fields: [{ kind: 'text', input: 'text', dtype: 'string', shape: [1] }] });
    expect(formOfInputs({ question: { dtype: 'string', shape: [-1] }, answer: text })).toMatchObject({ kind: 'fields' });
    expect(formOfInputs({ a: text, b: text, c: text })).toMatchObject({ kind: 'table' });
    expect(formOfInputs({ city: text, age: { shape: [-1, 1] } })).toMatchObject({ kind: 'table' });
  });

  test('of many values, of unknown sizes and of more dimensions are typed as text', () => {
    expect(formOfInputs({ x: { shape: [-1, 64] } }).kind).toBe('table');
    expect(formOfInputs({ x: { shape: [-1, 65] } })).toMatchObject({ kind: 'fields', fields: [{ kind: 'text', shape: [65] }] });
    expect(formOfInputs({ x: { shape: [-1, -1] } })).toMatchObject({ fields: [{ kind: 'text', shape: [-1] }] });
    expect(formOfInputs({ x: { shape: [-1, 3, 3] } })).toMatchObject({ fields: [{ kind: 'text', shape: [3, 3] }] });
    expect(formOfInputs({ x: {} })).toMatchObject({ rowwise: false, fields: [{ kind: 'text', shape: undefined }] });
  });
});

describe('an image', () => {
  test.each([
    ['with a channel', [-1, 28, 28, 1], { height: 28, width: 28, channels: 1, shape: [28, 28, 1] }],
    ['in color', [-1, 224, 200, 3], { height: 224, width: 200, channels: 3, shape: [224, 200, 3] }],
    ['of one row', [1, 96, 96, 3], { height: 96, width: 96, channels: 3, shape: [96, 96, 3] }],
    ['without rows', [32, 32, 3], { height: 32, width: 32, channels: 3, shape: [32, 32, 3] }],
    ['without a channel', [-1, 28, 28], { height: 28, width: 28, channels: 1, shape: [28, 28] }],
    ['as a flat list', [-1, 784], { height: 28, width: 28, channels: 1, shape: [784] }],
  ])('%s is drawn', (_, shape, field) => {
    expect(formOfInputs({ image: { shape } })).toMatchObject({ kind: 'fields', fields: [{ kind: 'image', input: 'image', dtype: 'float32', ...field }] });
  });

  test.each([
    ['of an unknown size', [-1, -1, -1, 3]], ['with two channels', [-1, 28, 28, 2]], ['of a few pixels', [-1, 4, 4, 3]], ['of another matrix', [-1, 49, 16]],
  ])('is none %s', (_, shape) => {
    expect(formOfInputs({ image: { shape } })).toMatchObject({ kind: 'fields', fields: [{ kind: 'text' }] });
  });

  test('is none of text, and stands beside other inputs', () => {
    expect(formOfInputs({ image: { dtype: 'string', shape: [-1, 28, 28, 1] } })).toMatchObject({ fields: [{ kind: 'text' }] });
    expect(formOfInputs({ image: { dtype: 'uint8', shape: [-1, 28, 28, 1] }, scale: { shape: [-1] } })).toMatchObject(
      { rowwise: true, fields: [{ kind: 'image', dtype: 'uint8' }, { kind: 'text', input: 'scale', shape: [] }] });
  });
});
