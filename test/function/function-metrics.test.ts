import { Duration } from 'aws-cdk-lib';
import { emptyStack, modelFunction, resourceOf } from './fixtures';

const FUNCTION = 'AWS::Lambda::Function';

describe('metrics', () => {
  test('are measured on the alias', () => {
    const stack = emptyStack();
    const endpoint = modelFunction(stack);

    for (const [metric, name, statistic] of [
      [endpoint.metricInvocations(), 'Invocations', 'Sum'],
      [endpoint.metricErrors(), 'Errors', 'Sum'],
      [endpoint.metricLatency(), 'Duration', 'p99'],
    ] as const) {
      expect(metric).toMatchObject({ namespace: 'AWS/Lambda', metricName: name, statistic });
      expect(stack.resolve(metric.dimensions)).toEqual({
        FunctionName: { Ref: resourceOf(stack, FUNCTION, 'Digits').id },
        Resource: { 'Fn::Join': ['', [{ Ref: resourceOf(stack, FUNCTION, 'Digits').id }, ':live']] },
      });
    }
  });

  test.each([
    ['metricModelLatency', 'Latency', 'p99', 'Milliseconds'],
    ['metricModelLoadTime', 'ModelLoadTime', 'Average', 'Milliseconds'],
    ['metricFailures', 'Errors', 'Sum', undefined],
  ] as const)('%s is what the handler writes into its log, for all versions of the model together', (method, metricName, statistic, unit) => {
    const stack = emptyStack();

    const metric = modelFunction(stack)[method]();

    expect(metric).toMatchObject({ namespace: 'CdkTensorFlow', metricName, statistic });
    expect(metric.unit).toBe(unit);
    const { id, properties } = resourceOf(stack, FUNCTION, 'Digits');
    expect(stack.resolve(metric.dimensions)).toEqual({ FunctionName: { Ref: id }, ModelName: 'digits' });
    expect(properties.Environment.Variables.METRIC_NAMESPACE).toBe(metric.namespace);
  });

  test.each(['metricModelLatency', 'metricModelLoadTime', 'metricFailures'] as const)('%s is an error that names the way out if embeddedMetrics is false', (method) => {
    const stack = emptyStack();
    const endpoint = modelFunction(stack, { embeddedMetrics: false });

    expect(() => endpoint[method]()).toThrow(new RegExp(`${method} has no metric.* embeddedMetrics is false: leave it out`));
    expect(resourceOf(stack, FUNCTION, 'Digits').properties.Environment.Variables).not.toHaveProperty('METRIC_NAMESPACE');
  });

  test('the log is JSON, Lambda\'s own lines too', () => {
    const stack = emptyStack();
    modelFunction(stack);

    expect(resourceOf(stack, FUNCTION, 'Digits').properties.LoggingConfig).toMatchObject({ LogFormat: 'JSON' });
  });

  test('options change them', () => {
    expect(modelFunction(emptyStack()).metricLatency({ statistic: 'p50', period: Duration.minutes(1) })).toMatchObject({
      statistic: 'p50', period: Duration.minutes(1),
    });
  });
});
