import { problemOf, shownRows } from '../../../../cli/open/page/answer';

const bar = (label: string, text: string, share: number, greatest = false) => ({ label, text, share, greatest });

test('scores are bars in the order of their classes, with the greatest marked', () => {
  expect(shownRows({ predictions: [[0.1, 0.7, 0.2]] })).toEqual([[
    { name: '', bars: [bar('0', '10.0 %', 0.1), bar('1', '70.0 %', 0.7, true), bar('2', '20.0 %', 0.2)] },
  ]]);
});

test('of many classes the ten greatest are shown', () => {
  const [[{ bars, more }]] = shownRows({ predictions: [Array.from({ length: 1000 }, (_, index) => index / 1000)] });
  expect(bars!.map(({ label }) => label)).toEqual(['999', '998', '997', '996', '995', '994', '993', '992', '991', '990']);
  expect(more).toBe(990);
});

test('numbers that are no shares get bars between the least and the greatest', () => {
  expect(shownRows({ predictions: [[-2, 0, 2]] })[0][0].bars).toEqual([bar('0', '-2', 0), bar('1', '0', 0.5), bar('2', '2', 1, true)]);
  expect(shownRows({ predictions: [[3, 3]] })[0][0].bars!.map(({ share }) => share)).toEqual([1, 1]);
});

test('each row and each output is shown, and other values as text', () => {
  expect(shownRows({ predictions: [{ size: 3.14159265, text: 'a', flag: true }, { size: [1e-9], text: 'b', flag: false }] })).toEqual([
    [{ name: 'size', text: '3.14159' }, { name: 'text', text: 'a' }, { name: 'flag', text: 'true' }],
    [{ name: 'size', text: '1e-9' }, { name: 'text', text: 'b' }, { name: 'flag', text: 'false' }],
  ]);
  expect(shownRows({ predictions: [2.5, [[1, 2], [3, 4]]] })).toEqual([[{ name: '', text: '2.5' }], [{ name: '', text: '[[1,2],[3,4]]' }]]);
  const [[{ text }]] = shownRows({ predictions: [[Array(5000).fill(1), [2]]] });
  expect(text).toHaveLength(4002);
});

test('whole outputs are shown as one row', () => {
  expect(shownRows({ outputs: { y: [[0.25, 0.75]], n: 3 } })).toEqual([[{ name: 'y', bars: [bar('0', '25.0 %', 0.25), bar('1', '75.0 %', 0.75, true)] }, { name: 'n', text: '3' }]]);
});

test('the names of classes that a function answers are used', () => {
  const answer = { predictions: [[0.1, 0.9], [1, 0]], classes: [[{ label: 'cat', score: 0.9 }, { label: 'dog', score: 0.1 }], []] };
  expect(shownRows(answer)).toEqual([
    [{ name: '', bars: [bar('cat', '90.0 %', 0.9, true), bar('dog', '10.0 %', 0.1)] }],
    [{ name: '', bars: [bar('0', '100.0 %', 1, true), bar('1', '0.0 %', 0)] }],
  ]);
});

test('an answer of another kind is shown as it is', () => {
  expect(shownRows({ prediction: 1 })).toEqual([[{ name: 'prediction', text: '1' }]]);
  expect(shownRows(null)).toEqual([[{ name: '', text: 'null' }]]);
});

test.each([
  [400, '{"error": "inputs[\\"x\\"]: expected float32"}', 'The endpoint answered 400: inputs["x"]: expected float32'],
  [502, '{"message": "Internal server error"}', 'The endpoint answered 502: Internal server error'],
  [404, '<html>none</html>', 'The endpoint answered 404: <html>none</html>'],
  [500, '', 'The endpoint answered 500: no explanation'],
])('%d with %j is told as a sentence', (status, text, sentence) => {
  expect(problemOf(status, text)).toBe(sentence);
});

test('a refused signature is told with the way out', () => {
  expect(problemOf(403, '{"Message":"Forbidden"}')).toBe('The endpoint answered 403: Forbidden. The credentials need the permission to invoke it, '
    + 'which grantInvokeUrl() gives to a role, and the clock of this machine must be right.');
});
