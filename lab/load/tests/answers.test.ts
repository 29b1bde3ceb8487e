import { checkDifferent, isAnswerOf, predictionsOf } from '../answers';

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
