import { filled, fromLists, inputProblems, likeliest, toLists, typeText } from '../../docs/site/.vitepress/theme/tensors';

const image = { name: 'image', dtype: 'float32', shape: [1, 2, 2] };

test('an input of unknown size gets one sentence, which names it', () => {
  expect(inputProblems([image, { name: 'sound', dtype: 'float32', shape: [1, -1] }])).toEqual([
    'The input sound has no fixed size (float32[1, -1]), which LiteRT in a browser needs: convert the model for one size, or let the optimizer do it, which publishes files of fixed size.',
  ]);
});

test('an input that is not a number gets one sentence', () => {
  expect(inputProblems([{ name: 'text', dtype: 'string', shape: [1] }])).toEqual([expect.stringMatching(/^The input text is string\[1\], and this page can give float32, /)]);
});

test('lists of the right shape become the numbers of the input, and back', () => {
  expect(fromLists(image, [[[1, 2], [3, 4]]])).toEqual(Float32Array.of(1, 2, 3, 4));
  expect(toLists(Float32Array.of(1, 2, 3, 4), [1, 2, 2])).toEqual([[[1, 2], [3, 4]]]);
  expect(toLists(BigInt64Array.of(5n), [])).toBe(5);
});

test.each([
  [[[[1, 2], [3]]], 'The input image is float32[1, 2, 2]: a list of 2 belongs where a list of 1 is.'],
  [undefined, 'The input image is float32[1, 2, 2]: a list of 1 belongs where undefined is.'],
  [[[[1, 2], [3, 'x']]], 'The input image needs numbers, and one value is "x".'],
])('%j is refused', (lists, sentence) => {
  expect(() => fromLists(image, lists)).toThrow(sentence);
});

test('each type of number has its own array', () => {
  expect(filled({ ...image, shape: [2], dtype: 'int8' }, () => -1)).toEqual(Int8Array.of(-1, -1));
  expect(filled({ ...image, shape: [1], dtype: 'int64' }, () => 7)).toEqual(BigInt64Array.of(7n));
  expect(fromLists({ ...image, shape: [2], dtype: 'bool' }, [true, false])).toEqual(Uint8Array.of(1, 0));
});

test('the greatest score decides, and a type is written as its shape', () => {
  expect(likeliest(Float32Array.of(0.1, 0.7, 0.2))).toBe(1);
  expect(typeText(image)).toBe('float32[1, 2, 2]');
});
