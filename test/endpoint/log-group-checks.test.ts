import { Duration } from 'aws-cdk-lib';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { ModelFleetProps, ModelFunctionProps } from '../../lib';
import { RequestCapture } from '../../lib';
import { fleet } from '../fleet/fixtures';
import { emptyStack, modelFunction } from '../function/fixtures';

const { INFREQUENT_ACCESS, STANDARD } = logs.LogGroupClass;
const capture = RequestCapture.sampled({ rate: 0.1, retention: Duration.days(30) });
const problem = (name: string, wayOut: string) => `${name} needs a logGroup of the class STANDARD, got one of the class INFREQUENT_ACCESS, a class `
  + `without metrics from log lines and without subscription filters: give another logGroup, or ${wayOut}`;

/** A function with a log group of its user's. */
function functionWith(logGroupClass: logs.LogGroupClass | undefined, props: Partial<ModelFunctionProps> = {}) {
  const stack = emptyStack();
  const logGroup = new logs.LogGroup(stack, 'Mine', { logGroupClass, retention: logs.RetentionDays.ONE_WEEK });
  return () => modelFunction(stack, { logGroup, ...props });
}

/** A fleet with a log group of its user's. */
function fleetWith(logGroupClass: logs.LogGroupClass | undefined, props: Partial<ModelFleetProps> = {}) {
  return () => fleet((stack) => ({ logGroup: new logs.LogGroup(stack, 'Mine', { logGroupClass }), ...props }));
}

describe('a log group of the class Infrequent Access', () => {
  test('is refused for a function whose failures would be counted in vain, also by the alarm that ends a rollout', () => {
    expect(functionWith(INFREQUENT_ACCESS)).toThrow(problem('embeddedMetrics', 'embeddedMetrics: false'));
  });

  test('is refused for a function whose captured requests would pass through it', () => {
    expect(functionWith(INFREQUENT_ACCESS, { capture, embeddedMetrics: false })).toThrow(problem('capture', 'leave capture out'));
  });

  test('is refused for a fleet whose instances would publish metrics', () => {
    expect(fleetWith(INFREQUENT_ACCESS, { embeddedMetrics: true })).toThrow(problem('embeddedMetrics', 'embeddedMetrics: false'));
  });

  test('is accepted where nothing but lines is asked of it', () => {
    expect(functionWith(INFREQUENT_ACCESS, { embeddedMetrics: false })).not.toThrow();
    expect(fleetWith(INFREQUENT_ACCESS)).not.toThrow();
  });
});

test.each([STANDARD, undefined])('a log group of the class %s is accepted for everything', (logGroupClass) => {
  expect(functionWith(logGroupClass, { capture })).not.toThrow();
  expect(fleetWith(logGroupClass, { embeddedMetrics: true })).not.toThrow();
});

test('a log group of unknown class is accepted', () => {
  const stack = emptyStack();
  expect(() => modelFunction(stack, { logGroup: logs.LogGroup.fromLogGroupName(stack, 'Mine', 'mine') })).not.toThrow();
});
