import type { App } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as actions from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as sns from 'aws-cdk-lib/aws-sns';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { ModelAlarmsProps } from '../../lib';
import { ModelAlarms, ModelDashboard, ModelServer, ModelSource, RefusalBehavior } from '../../lib';
import { modelFunction, resourceOf, tfliteFile } from '../function/fixtures';
import { emptyStack, importedCluster, modelService } from './fixtures';

const WITH_INSIGHTS = { containerInsights: true, serviceName: 'digits', namespaceName: 'models' };
const OF_PODS = { ClusterName: 'models', Namespace: 'models', PodName: 'digits' };

describe('metrics of pods', () => {
  test.each([
    ['metricCpuUtilization', 'pod_cpu_utilization', 'Average', OF_PODS],
    ['metricMemoryUtilization', 'pod_memory_utilization', 'Average', OF_PODS],
    ['metricRestarts', 'pod_number_of_container_restarts', 'Sum', OF_PODS],
    ['metricRunningPods', 'service_number_of_running_pods', 'Average', { ClusterName: 'models', Namespace: 'models', Service: 'digits' }],
  ] as const)('%s is what Container Insights publishes as %s', (method, metricName, statistic, dimensions) => {
    expect(modelService(emptyStack(), WITH_INSIGHTS)[method]()).toMatchObject({ namespace: 'ContainerInsights', metricName, statistic, dimensions });
  });

  test('can be taken with other statistics, but not of other pods', () => {
    const metric = modelService(emptyStack(), WITH_INSIGHTS).metricCpuUtilization({ statistic: 'Maximum', dimensionsMap: { PodName: 'other' } });

    expect(metric).toMatchObject({ statistic: 'Maximum', dimensions: OF_PODS });
  });

  test('are the same for the LiteRT server', () => {
    const stack = emptyStack();
    const service = modelService(stack, { ...WITH_INSIGHTS, server: ModelServer.LITERT, model: ModelSource.fromAsset(tfliteFile()) });

    expect(service.metricRestarts()).toMatchObject({ namespace: 'ContainerInsights', dimensions: OF_PODS });
  });

  test.each([
    ['metricCpuUtilization', undefined], ['metricMemoryUtilization', false], ['metricRestarts', undefined], ['metricRunningPods', false],
  ] as const)('%s throws where containerInsights is %s, and says what to switch on', (method, containerInsights) => {
    const service = modelService(emptyStack(), { containerInsights });

    expect(() => service[method]()).toThrow(new RegExp(
      `^${method} has no metric to return, because containerInsights is not true: install the add-on amazon-cloudwatch-observability .*, then give containerInsights: true`));
  });

  test('containerInsights changes nothing in the template', () => {
    const [without, withInsights] = [{}, { containerInsights: true }].map((props) => {
      const stack = emptyStack();
      modelService(stack, props);
      return Template.fromStack(stack).toJSON();
    });

    expect(withInsights).toEqual(without);
  });
});

describe('ModelAlarms on a service', () => {
  test('watch restarts, and nothing that has no metric', () => {
    const stack = emptyStack();
    const topic = new sns.Topic(stack, 'Topic', { enforceSSL: true });

    const alarms = new ModelAlarms(stack, 'Alarms', {
      endpoint: modelService(stack, WITH_INSIGHTS), evaluationPeriods: 2, alarmActions: [new actions.SnsAction(topic)],
    });

    expect([alarms.latencyAlarm, alarms.refusalAlarm]).toEqual([undefined, undefined]);
    expect(alarms.restartAlarm).toBeDefined();
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::CloudWatch::Alarm', 1);
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      Namespace: 'ContainerInsights', MetricName: 'pod_number_of_container_restarts', Statistic: 'Sum', Period: 300, Threshold: 0, EvaluationPeriods: 2,
      ComparisonOperator: 'GreaterThanThreshold', TreatMissingData: 'notBreaching', AlarmActions: [{ Ref: resourceOf(stack, 'AWS::SNS::Topic').id }],
      Dimensions: Match.arrayWith([{ Name: 'PodName', Value: 'digits' }]),
    });
  });

  test('tolerate as many restarts as given', () => {
    const stack = emptyStack();

    new ModelAlarms(stack, 'Alarms', { endpoint: modelService(stack, WITH_INSIGHTS), maxRestarts: 3 });

    Template.fromStack(stack).hasResourceProperties('AWS::CloudWatch::Alarm', { Threshold: 3 });
  });

  test('watch refusals too, if the previous version is kept', () => {
    const stack = emptyStack();
    const model = ModelSource.fromAsset(tfliteFile());

    const alarms = new ModelAlarms(stack, 'Alarms', {
      endpoint: modelService(stack, { ...WITH_INSIGHTS, server: ModelServer.LITERT, model, onRefusal: RefusalBehavior.KEEP_PREVIOUS }),
    });

    expect(alarms.refusalAlarm).toBeDefined();
    Template.fromStack(stack).resourceCountIs('AWS::CloudWatch::Alarm', 2);
  });

  test('have no errorAlarm, and name what to use', () => {
    const stack = emptyStack();
    const alarms = new ModelAlarms(stack, 'Alarms', { endpoint: modelService(stack, WITH_INSIGHTS) });

    expect(() => alarms.errorAlarm).toThrow('a ModelService has no errorAlarm, because CloudWatch has no metric of its requests: use restartAlarm');
  });

  test('refuse limits on requests, all at once', () => {
    const stack = emptyStack();
    const props: ModelAlarmsProps = { endpoint: modelService(stack, WITH_INSIGHTS), maxErrorRate: 0.1, maxRestarts: -1 };

    expect(() => new ModelAlarms(stack, 'Alarms', props)).toThrow(new RegExp([
      '2 problems:', 'maxRestarts must be between 0 and 1000, got -1', 'maxErrorRate is not for a ModelService, of whose requests .*: use maxRestarts',
    ].join('[^]*')));
  });

  test('refuse maxRestarts for a function', () => {
    const stack = emptyStack();

    expect(() => new ModelAlarms(stack, 'Alarms', { endpoint: modelFunction(stack), maxRestarts: 1 }))
      .toThrow('maxRestarts is for a ModelService, whose containers can be restarted: leave it out');
  });

  test('refuse a service without Container Insights, and say what to switch on', () => {
    const stack = emptyStack();

    expect(() => new ModelAlarms(stack, 'Alarms', { endpoint: modelService(stack) })).toThrow(
      /got "Stack\/Digits", which has no metrics: give a ModelService containerInsights: true, in a cluster with the add-on amazon-cloudwatch-observability/);
  });

  test('satisfy the rules of AWS Solutions', () => {
    const stack = emptyStack();
    const alarms = new ModelAlarms(stack, 'Alarms', { endpoint: modelService(stack, WITH_INSIGHTS) });

    expect(new AwsSolutionsChecks(stack.node.root as App).validateScope(alarms).violations).toEqual([]);
  });
});

describe('ModelDashboard with a service', () => {
  test('has a row with the use of the nodes, restarts and pods, beside the rows of others', () => {
    const stack = emptyStack();
    const faces = modelFunction(stack, { model: ModelSource.fromAsset(tfliteFile()) }, 'Faces');
    const dashboard = new ModelDashboard(stack, 'Dashboard', { endpoints: [faces] });

    dashboard.addEndpoint(modelService(stack, WITH_INSIGHTS));

    const body = resourceOf(stack, 'AWS::CloudWatch::Dashboard').properties.DashboardBody['Fn::Join'][1]
      .map((part: unknown) => (typeof part === 'string' ? part : 'TOKEN')).join('');
    const widgets = JSON.parse(body).widgets.map(({ x, y, properties }: any) => [properties.title, x, y, properties.metrics.map((metric: any) => metric[1])]);
    expect(widgets.slice(3)).toEqual([
      ['digits: percent of a node', 0, 6, ['pod_cpu_utilization', 'pod_memory_utilization']],
      ['digits: restarts', 8, 6, ['pod_number_of_container_restarts']],
      ['digits: running pods', 16, 6, ['service_number_of_running_pods']],
    ]);
  });

  test('refuses one without Container Insights', () => {
    const stack = emptyStack();
    const service = modelService(stack, { cluster: importedCluster(stack) });

    expect(() => new ModelDashboard(stack, 'Dashboard').addEndpoint(service)).toThrow(/^endpoint must be an endpoint with metrics .* got "Stack\/Digits", which has no metrics/);
  });
});
