import { checkCalls, checkOutcome, checkServed } from '../deliver/checks';

test('callers must have asked, and got answers only', () => {
  expect(() => checkCalls({ requests: 9, failed: 0, failures: [] })).not.toThrow();
  expect(() => checkCalls({ requests: 9, failed: 1, failures: ['the model answered 500: {}'] })).toThrow('1 of 9 requests failed; the first: the model answered 500: {}');
  expect(() => checkCalls({ requests: 0, failed: 0, failures: [] })).toThrow('the callers sent no request');
});

test('a delivery that ends otherwise, or for another reason, ends the demo', () => {
  const stopped = { outcome: 'ROLLED_BACK', reason: 'answers captured requests differently' } as const;
  expect(() => checkOutcome('shuffled', stopped, { outcome: 'ROLLED_BACK', reason: /differently/ })).not.toThrow();
  expect(() => checkOutcome('shuffled', stopped, { outcome: 'ROLLED_BACK', reason: /too large/ })).toThrow(/must end as ROLLED_BACK with a reason like .*too large.*, and ended as ROLLED_BACK: answers/);
  expect(() => checkOutcome('better', stopped, { outcome: 'DELIVERED' })).toThrow('the delivery of better must end as DELIVERED, and ended as ROLLED_BACK: answers captured requests differently');
});

test('callers who get another model than the expected one end the demo', () => {
  expect(() => checkServed('first', '[[1]]', '[[1]]')).not.toThrow();
  expect(() => checkServed('first', '[[1]]', '[[2]]')).toThrow('callers must get answers of first, and get others');
});
