import { checkDifferent, isAnswerOf, predictionsOf } from '../../scripts/load/answers';
import { digitsOf } from '../../scripts/load/bodies';
import { parseOptions } from '../../scripts/load/options';

const REFERENCE = [[0.9, 0.1], [0.2, 0.8], [0.5, 0.5]];

describe('an answer', () => {
  test('is a model\'s if each row is what the model answers to that digit alone, but for rounding', () => {
    expect(isAnswerOf(REFERENCE, [1, 0, 1], [[0.2, 0.8], [0.9, 0.1], [0.2, 0.8]])).toBe(true);
    expect(isAnswerOf(REFERENCE, [1], [[0.2004, 0.7996]])).toBe(true);
  });

  test.each([
    ['rows in another order', [1, 0], [[0.9, 0.1], [0.2, 0.8]]],
    ['a row too few', [1, 0], [[0.2, 0.8]]],
    ['a row too many', [1], [[0.2, 0.8], [0.2, 0.8]]],
    ['a class too few', [1], [[0.2]]],
    ['another number', [1], [[0.21, 0.79]]],
    ['no number', [1], [[NaN, 0.8]]],
  ])('with %s is not', (_, digits, predictions) => {
    expect(isAnswerOf(REFERENCE, digits, predictions)).toBe(false);
  });

  test('with another status than 200, or without predictions, is an error that quotes it', () => {
    expect(predictionsOf({ status: 200, body: '{"predictions": [[1]]}' })).toEqual([[1]]);
    expect(() => predictionsOf({ status: 503, body: 'stopping' })).toThrow('the answer has the status 503: stopping');
    expect(() => predictionsOf({ status: 200, body: '{"outputs": 1}' })).toThrow('the answer has no predictions: {"outputs": 1}');
    expect(() => predictionsOf({ status: 200, body: '{"predi' })).toThrow();
  });
});

test('two models that answer alike are refused, because no answer would show which one served', () => {
  expect(() => checkDifferent(REFERENCE, [[0.1, 0.9], [0.8, 0.2], [0.5, 0.5]])).not.toThrow();
  expect(() => checkDifferent(REFERENCE, [[0.1, 0.9], [0.2, 0.8], [0.5, 0.5]])).toThrow(/at least 50 % of the digits differently, and do so for 1 of 3/);
});

test('of twelve requests eight ask about one digit, three about 8 and one about 64, and each digit is asked about in each size', () => {
  const sizes = Array.from({ length: 12 }, (_, turn) => digitsOf(turn, 20).length);
  expect(sizes.filter((size) => size === 1)).toHaveLength(8);
  expect(sizes.filter((size) => size === 8)).toHaveLength(3);
  expect(sizes.filter((size) => size === 64)).toHaveLength(1);
  [1, 8, 64].forEach((size) => {
    const asked = Array.from({ length: 240 }, (_, turn) => digitsOf(turn, 20)).filter(({ length }) => length === size).flat();
    expect(new Set(asked).size).toBe(20);
  });
});

describe('the options', () => {
  test('are 10,000 requests to all paths by default', () => {
    expect(parseOptions([])).toEqual({ requests: 10_000, paths: ['function', 'service', 'fleet'] });
    expect(parseOptions(['--path', 'fleet', '--path', 'fleet', '--requests', '96'])).toEqual({ requests: 96, paths: ['fleet'] });
  });

  test('that are wrong are all reported at once, with what is allowed', () => {
    expect(() => parseOptions(['--path', 'lambda', '--requests', '95'])).toThrow(
      '--path must be one of function, service, fleet, all, got "lambda"\n--requests must be a whole number of at least 96, got "95"');
    expect(() => parseOptions(['--requests', 'many'])).toThrow('got "many"');
  });
});
