import type { App, Stack } from 'aws-cdk-lib';
import { Duration } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as actions from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as sns from 'aws-cdk-lib/aws-sns';
import { AwsSolutionsChecks } from 'cdk-nag';
import { Construct } from 'constructs';
import type { IModelEndpoint, IMonitoredEndpoint, ModelAlarmsProps } from '../../lib';
import { ModelAlarms, ModelDashboard, ModelSource, RefusalBehavior, RequestCapture } from '../../lib';
import { emptyStack, modelFunction, resourceOf, tfliteFile } from '../function/fixtures';
import { modelService } from '../kubernetes/fixtures';

const CAPTURE = RequestCapture.sampled({ rate: 0.1, retention: Duration.days(7) });

describe('ModelAlarms', () => {
  test('watch the share of failed requests and the latency of the alias that callers use', () => {
    const stack = emptyStack();
    const endpoint = modelFunction(stack);

    new ModelAlarms(stack, 'Alarms', { endpoint, maxLatency: Duration.millis(200) });

    const template = Template.fromStack(stack);
    const alias = Match.arrayWith([Match.objectLike({ Name: 'Resource' })]);
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      Threshold: 0.01, EvaluationPeriods: 1, ComparisonOperator: 'GreaterThanThreshold', TreatMissingData: 'notBreaching',
      Metrics: Match.arrayWith([
        Match.objectLike({ Expression: '(errors + FILL(failures, 0)) / invocations' }),
        Match.objectLike({ MetricStat: Match.objectLike({ Metric: Match.objectLike({ MetricName: 'Errors', Dimensions: alias }) }) }),
        Match.objectLike({ Id: 'failures', MetricStat: Match.objectLike({ Metric: Match.objectLike({ Namespace: 'CdkTensorFlow', MetricName: 'Errors' }) }) }),
        Match.objectLike({ MetricStat: Match.objectLike({ Metric: Match.objectLike({ MetricName: 'Invocations', Dimensions: alias }) }) }),
      ]),
    });
    template.hasResourceProperties('AWS::CloudWatch::Alarm', { Threshold: 200, MetricName: 'Duration', ExtendedStatistic: 'p99', Dimensions: alias });
    expect(new AwsSolutionsChecks(stack.node.root as App).validateScope(stack).violations).toEqual([]);
  });

  test('without maxLatency watch failures only', () => {
    const stack = emptyStack();

    const alarms = new ModelAlarms(stack, 'Alarms', { endpoint: modelFunction(stack), alarmActions: [new actions.SnsAction(new sns.Topic(stack, 'Topic'))] });

    expect(alarms.latencyAlarm).toBeUndefined();
    Template.fromStack(stack).resourceCountIs('AWS::CloudWatch::Alarm', 1);
  });

  test('notify the given actions when they go off', () => {
    const stack = emptyStack();
    const topic = new sns.Topic(stack, 'Topic');

    new ModelAlarms(stack, 'Alarms', {
      endpoint: modelFunction(stack), maxLatency: Duration.seconds(1), maxErrorRate: 0.2, evaluationPeriods: 3, alarmActions: [new actions.SnsAction(topic)],
    });

    Template.fromStack(stack).allResourcesProperties('AWS::CloudWatch::Alarm', { EvaluationPeriods: 3, AlarmActions: [{ Ref: resourceOf(stack, 'AWS::SNS::Topic').id }] });
  });

  test('watch refusals too, if the previous version is kept', () => {
    const stack = emptyStack();
    const topic = new sns.Topic(stack, 'Topic');
    const source = ModelSource.fromAsset(tfliteFile());
    const watch = { maxLatency: Duration.seconds(1), evaluationPeriods: 3, alarmActions: [new actions.SnsAction(topic)] };

    const keeping = new ModelAlarms(stack, 'Alarms', { endpoint: modelFunction(stack, { model: source, onRefusal: RefusalBehavior.KEEP_PREVIOUS }), ...watch });
    const failing = new ModelAlarms(stack, 'Others', { endpoint: modelFunction(stack, { model: source }, 'Faces'), ...watch });
    const importing = new ModelAlarms(stack, 'Imported', { endpoint: modelFunction(stack, {}, 'Cats'), ...watch });

    expect(keeping.refusalAlarm).toBeDefined();
    expect([failing.refusalAlarm, importing.refusalAlarm]).toEqual([undefined, undefined]);
    Template.fromStack(stack).hasResourceProperties('AWS::CloudWatch::Alarm', {
      Namespace: 'CdkTensorFlow', MetricName: 'RefusedModels', Statistic: 'Sum', Threshold: 0, ComparisonOperator: 'GreaterThanThreshold',
      EvaluationPeriods: 1, TreatMissingData: 'notBreaching', AlarmActions: [{ Ref: resourceOf(stack, 'AWS::SNS::Topic').id }],
    });
  });

  test('watch requests that are dropped instead of captured, if told how many may be', () => {
    const stack = emptyStack();
    const topic = new sns.Topic(stack, 'Topic');
    const endpoint = modelFunction(stack, { capture: CAPTURE });

    const alarms = new ModelAlarms(stack, 'Alarms', { endpoint, maxDroppedCaptures: 10, alarmActions: [new actions.SnsAction(topic)] });

    expect(alarms.captureAlarm).toBeDefined();
    expect(new ModelAlarms(stack, 'Others', { endpoint }).captureAlarm).toBeUndefined();
    Template.fromStack(stack).hasResourceProperties('AWS::CloudWatch::Alarm', {
      Namespace: 'CdkTensorFlow', MetricName: 'DroppedCaptures', Statistic: 'Sum', Threshold: 10, ComparisonOperator: 'GreaterThanThreshold',
      TreatMissingData: 'notBreaching', AlarmActions: [{ Ref: resourceOf(stack, 'AWS::SNS::Topic').id }],
    });
  });

  test.each<[string, (stack: Stack) => IModelEndpoint, string]>([
    ['a function without capture', (stack) => modelFunction(stack), 'needs an endpoint with capture and embeddedMetrics, got "Stack/Digits" without one of them'],
    ['a function that logs no metrics', (stack) => modelFunction(stack, { capture: CAPTURE, embeddedMetrics: false }), 'needs an endpoint with capture and embeddedMetrics'],
    ['a service', (stack) => modelService(stack, { containerInsights: true }), 'is not for a ModelService, whose servers count dropped captures for Prometheus only'],
  ])('refuse maxDroppedCaptures for %s', (_, endpoint, problem) => {
    const stack = emptyStack();

    expect(() => new ModelAlarms(stack, 'Alarms', { endpoint: endpoint(stack), maxDroppedCaptures: 0 })).toThrow(`maxDroppedCaptures ${problem}`);
  });

  test('refuse impossible options, all at once', () => {
    const stack = emptyStack();

    expect(() => new ModelAlarms(stack, 'Alarms', { endpoint: modelFunction(stack), maxLatency: Duration.seconds(1), maxErrorRate: 5, evaluationPeriods: 0 }))
      .toThrow(/2 problems:[^]*maxErrorRate must be between 0 and 1, got 5: it is a share[^]*evaluationPeriods must be between 1/);
  });

  test.each([0, 0.5, 900_001])('refuse a latency of %d ms, which every request or none exceeds', (milliseconds) => {
    const stack = emptyStack();

    expect(() => new ModelAlarms(stack, 'Alarms', { endpoint: modelFunction(stack), maxLatency: Duration.millis(milliseconds) }))
      .toThrow(`maxLatency in milliseconds must be between 1 and 900000, got ${milliseconds}`);
  });

  test('look back a day at most, as CloudWatch does', () => {
    const stack = emptyStack();
    const endpoint = modelFunction(stack);

    expect(() => new ModelAlarms(stack, 'Longer', { endpoint, evaluationPeriods: 289 }))
      .toThrow('evaluationPeriods must be between 1 and 288, got 289: each has five minutes, and CloudWatch looks back a day at most');
    expect(() => new ModelAlarms(stack, 'Day', { endpoint, evaluationPeriods: 288 })).not.toThrow();
  });

  test.each<[string, unknown]>([['nothing', undefined], ['null', null], ['"digits"', 'digits'], ['another object', { modelName: 'digits' }]])(
    'refuse %s for an endpoint, with the other problems', (shown, endpoint) => {
      const props = { endpoint, maxErrorRate: 5 } as unknown as ModelAlarmsProps;

      expect(() => new ModelAlarms(emptyStack(), 'Alarms', props)).toThrow(
        `2 problems:\n  - endpoint must be an endpoint with metrics (a ModelFunction, a ModelFleet with embeddedMetrics, or a ModelService with containerInsights), got ${shown}: give`);
    });

  test('refuse an endpoint without metrics, by its path', () => {
    const stack = emptyStack();
    const endpoint = { node: new Construct(stack, 'Service').node, modelName: 'digits' } as unknown as IMonitoredEndpoint;

    expect(() => new ModelAlarms(stack, 'Alarms', { endpoint })).toThrow(/got "Stack\/Service", which has no metrics: give a ModelService containerInsights: true/);
  });
});

describe('ModelDashboard', () => {
  test('has a row for each endpoint, in their order: requests, errors, latency', () => {
    const stack = emptyStack();
    const dashboard = new ModelDashboard(stack, 'Dashboard', { endpoints: [modelFunction(stack)] });
    dashboard.addEndpoint(modelFunction(stack, {}, 'Faces'));

    const body = resourceOf(stack, 'AWS::CloudWatch::Dashboard').properties.DashboardBody['Fn::Join'][1]
      .map((part: unknown) => (typeof part === 'string' ? part : 'TOKEN')).join('');
    const widgets = JSON.parse(body).widgets.map(({ x, y, properties }: any) => [properties.title, x, y, properties.metrics[0][1]]);
    expect(widgets).toEqual([
      ['digits: requests', 0, 0, 'Invocations'], ['digits: errors', 8, 0, 'Errors'], ['digits: latency', 16, 0, 'Duration'],
      ['faces: requests', 0, 6, 'Invocations'], ['faces: errors', 8, 6, 'Errors'], ['faces: latency', 16, 6, 'Duration'],
    ]);
  });

  test('refuses an endpoint that it already shows', () => {
    const stack = emptyStack();
    const endpoint = modelFunction(stack);

    expect(() => new ModelDashboard(stack, 'Dashboard', { endpoints: [endpoint, endpoint] })).toThrow(/has a row of "Stack\/Digits" already/);
  });

  test('refuses an endpoint without metrics', () => {
    const endpoint = 'digits' as unknown as IMonitoredEndpoint;

    expect(() => new ModelDashboard(emptyStack(), 'Dashboard', { endpoints: [endpoint] })).toThrow(/^endpoint must be an endpoint with metrics .*, got "digits": /);
  });
});
