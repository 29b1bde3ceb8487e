import { formOf } from '../../../../cli/open/page/form';
import { bodyOf, pastedCells, rowsOf } from '../../../../cli/open/page/request';
import { shaped, tensorOf, valueOf } from '../../../../cli/open/page/values';

const table = (inputs: Record<string, [string, number[]]>) => {
  const form = formOf({ name: 'serving_default', outputs: [], inputs: Object.entries(inputs).map(([name, [dtype, shape]]) => ({ name, dtype, shape })) });
  if (form.kind !== 'table') {
    throw new Error('no table');
  }
  return form;
};

describe('the body of a request', () => {
  test('has the value of the only input for each row, and names several', () => {
    const one = table({ x: ['float32', [-1, 2]] });
    expect(bodyOf('serving_default', one, rowsOf(one, [['1', '2.5'], ['-3', '4e2']]))).toEqual({ instances: [[1, 2.5], [-3, 400]] });
    const two = table({ x: ['float32', [-1, 2]], n: ['int64', [-1]], text: ['string', [-1]] });
    expect(bodyOf('total', two, rowsOf(two, [['1', '2', '3', ' a ']]))).toEqual({ signature_name: 'total', instances: [{ x: [1, 2], n: 3, text: ' a ' }] });
    const single = table({ n: ['float32', [-1]] });
    expect(bodyOf('serving_default', single, rowsOf(single, [['7']]))).toEqual({ instances: [7] });
  });

  test('has whole inputs where the model has no rows', () => {
    const whole = table({ x: ['float32', [3]] });
    expect(bodyOf('serving_default', whole, rowsOf(whole, [['1', '2', '3']]))).toEqual({ inputs: [1, 2, 3] });
  });

  test('is not made of cells that hold something else: all are told', () => {
    const form = table({ x: ['float32', [-1, 2]], n: ['int32', [-1]], flag: ['bool', [-1]] });
    expect(() => rowsOf(form, [['1', 'two', '3', 'true'], ['', '2', '1.5', 'perhaps']])).toThrow([
      'row 1, x[1]: a number is needed, got "two"',
      'row 2, x[0]: a number is needed, got ""',
      'row 2, n: a whole number is needed, 2^53 at most on this page, got "1.5"',
      'row 2, flag: true or false is needed, got "perhaps"',
    ].join('\n'));
    expect(() => rowsOf(form, [['x', '2', '3', 'true']])).toThrow(/^x\[0\]: a number is needed/);
  });
});

test.each([
  ['1e3', 'float32', 1000], [' -0.5 ', 'float64', -0.5], ['12', 'uint8', 12], ['9007199254740991', 'int64', 9007199254740991],
  ['TRUE', 'bool', true], ['0', 'bool', false], ['as it is ', 'string', 'as it is '],
])('%j as %s is %j', (text, dtype, value) => {
  expect(valueOf(text, dtype, 'x')).toBe(value);
});

test.each([['9007199254740993', 'int64'], ['1e999', 'float32'], ['NaN', 'float32'], ['0x', 'int32']])('%j as %s is refused', (text, dtype) => {
  expect(() => valueOf(text, dtype, 'x')).toThrow(/^x: a (whole )?number is needed/);
});

describe('a value that is typed as text', () => {
  test('is JSON, or numbers one after the other in the order of the shape', () => {
    expect(tensorOf('1 2, 3\n4;5 6', 'float32', [2, 3], 'x')).toEqual([[1, 2, 3], [4, 5, 6]]);
    expect(tensorOf('[[1, 2]]', 'float32', undefined, 'x')).toEqual([[1, 2]]);
    expect(tensorOf('["a", "b"]', 'string', [-1], 'x')).toEqual(['a', 'b']);
    expect(tensorOf('3', 'int32', [], 'x')).toBe(3);
    expect(tensorOf('["a", "b"]\nno list, but a text ', 'string', [1], 'x')).toEqual(['["a", "b"]\nno list, but a text ']);
    expect(tensorOf('[not JSON, but text]', 'string', [], 'x')).toBe('[not JSON, but text]');
  });

  test('is refused with a sentence where it cannot be that', () => {
    expect(() => tensorOf('1 2', 'float32', [3], 'x')).toThrow('x: 3 values are needed for the shape [3], got 2');
    expect(() => tensorOf('1 b 3', 'float32', [3], 'x')).toThrow('x, value 2: a number is needed, got "b"');
    expect(() => tensorOf('[1,', 'float32', [3], 'x')).toThrow(/^x: it begins like JSON, and is none \(/);
    expect(() => tensorOf('1 2', 'float32', [-1], 'x')).toThrow(/^x: a list in JSON is needed/);
    expect(() => tensorOf('', 'float32', [2], 'x')).toThrow('x: 2 values are needed for the shape [2], got 0');
  });
});

test('values get a shape', () => {
  expect(shaped(new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]), [2, 2, 2])).toEqual([[[1, 2], [3, 4]], [[5, 6], [7, 8]]]);
  expect(shaped([5], [])).toBe(5);
});

test.each([
  ['1\t2\n3\t4\n', [['1', '2'], ['3', '4']]], ['1, 2\r\n3, 4', [['1', '2'], ['3', '4']]], ['1;2', [['1', '2']]], ['1\n2', [['1'], ['2']]], ['1,5\t2', [['1,5', '2']]],
  ['12.5', undefined], ['a word and another', undefined],
])('pasting %j fills cells', (text, cells) => {
  expect(pastedCells(text)).toEqual(cells);
});
