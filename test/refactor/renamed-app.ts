import { join } from 'path';
import { App, Duration, Stack } from 'aws-cdk-lib';
import type { CfnAutoScalingGroup } from 'aws-cdk-lib/aws-autoscaling';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import {
  EvaluationData, ModelApi, ModelApiType, ModelDelivery, ModelFleet,
  ModelFunction, ModelHook, ModelMonitor, ModelOptimizer, ModelServer, ModelService, ModelSource, ModelStorage,
  RefusalBehavior, RequestCapture, Rollout,
} from '../../lib';
import { hookDirectory } from '../function/fixtures';
import { watchedCluster } from '../kubernetes/fixtures';

const DIGITS = join(__dirname, '..', '..', 'examples', 'digits');
const model = ModelSource.fromAsset(join(DIGITS, 'saved_model'));
const evaluation = EvaluationData.fromAsset(join(DIGITS, 'evaluation.npz'));
const hook = ModelHook.fromAsset(hookDirectory());

/** The names that docs/operating.md tells to give before a construct is renamed. */
export const MODEL = { model, modelName: 'digits', artifactPrefix: 'digits-0123abcd' };

const capture = (streamName: string) => RequestCapture.sampled({ rate: 0.1, retention: Duration.days(7), streamName });

function canary(stack: Stack): Rollout {
  const alarm = cloudwatch.Alarm.fromAlarmArn(stack, 'Alarm', stack.formatArn({ service: 'cloudwatch', resource: 'alarm:orders' }));
  return Rollout.canary({ percent: 10, bake: Duration.minutes(5), alarms: [alarm] });
}

/** Each construct with everything that adds resources, in a stack of its own. */
export const CONSTRUCTS: Record<string, (stack: Stack, id: string) => void> = {
  ModelFunction: (stack, id) => void new ModelFunction(stack, id, {
    ...MODEL, evaluation, hook, rollout: canary(stack), capture: capture('requests'), onRefusal: RefusalBehavior.KEEP_PREVIOUS,
    retention: { versions: 3, age: Duration.days(3) },
  }),
  ReplayedFunction: (stack, id) => void new ModelFunction(stack, id, { ...MODEL, capture: capture('replayed'), replay: { maxDisagreement: 0.05 } }),
  ModelService: (stack, id) => void new ModelService(stack, id, {
    ...MODEL, cluster: watchedCluster(stack), server: ModelServer.LITERT, rollout: canary(stack), capture: capture('pods'), replay: { maxDisagreement: 0.05 },
    modelStorage: ModelStorage.MOUNTPOINT, internalLoadBalancer: true, createNamespace: true, namespaceName: 'models',
  }),
  ModelFleet: (stack, id) => {
    const fleet = new ModelFleet(stack, id, {
      ...MODEL, vpc: new ec2.Vpc(stack, 'Vpc'), server: ModelServer.LITERT, rollout: canary(stack), capture: capture('instances'), replay: { maxDisagreement: 0.05 },
      embeddedMetrics: true, serverLogging: true,
    });
    // Keep the logical id, which the instances signal to, as docs/operating.md tells.
    (fleet.autoScalingGroup.node.defaultChild as CfnAutoScalingGroup).overrideLogicalId('DigitsGroup');
    (fleet.node.findChild('CanaryGroup').node.defaultChild as CfnAutoScalingGroup).overrideLogicalId('DigitsCanaryGroup');
  },
  ModelOptimizer: (stack, id) => void new ModelOptimizer(stack, id, { ...MODEL, evaluation, pointerParameterName: '/models/digits' }),
  ModelDelivery: (stack, id) => void new ModelDelivery(stack, id, {
    key: 'digits.zip', stackNames: ['Serving'], parameterPrefix: '/digits', stateMachineName: 'digits',
  }),
  ModelApi: (stack, id) => {
    const models = [new ModelFunction(stack, 'Function', MODEL)];
    void new ModelApi(stack, id, { models });
    void new ModelApi(stack, `${id}Rest`, { models, apiType: ModelApiType.REST, apiKeyRequired: true });
  },
  ModelMonitor: (stack, id) => {
    const endpoint = new ModelFunction(stack, 'Function', { ...MODEL, evaluation, capture: capture('monitored') });
    void new ModelMonitor(stack, id, { endpoint });
  },
};

/** An app with each of these constructs under an id. */
export function appOf(constructs: Record<string, (stack: Stack, id: string) => void>, id: string, flags: Record<string, unknown> = {}): {
  app: App; stacks: Stack[];
} {
  // Bundled are only the programs that are copied: the hash of an asset that is not bundled is that of its path.
  const app = new App({ context: { ...flags, 'aws:cdk:bundling-stacks': ['ModelDelivery', 'ModelFleet'] } });
  const stacks = Object.entries(constructs).map(([name, define]) => {
    const stack = new Stack(app, name, { env: { account: '111122223333', region: 'eu-central-1' } });
    define(stack, id);
    return stack;
  });
  return { app, stacks };
}

/** A template with numbers, in the order of the template, for logical ids. */
export function withoutLogicalIds(template: Record<string, any>): unknown {
  const ids = ['Resources', 'Outputs', 'Parameters'].flatMap((section) => Object.keys((template[section] ?? {}) as object).map((id, index) => [id, `${section} ${index}`] as const));
  const places = new Map<string, string>(ids);
  const visit = (value: any, key?: string): any => {
    if (typeof value === 'string') {
      return places.get(value) ?? value;
    }
    if (Array.isArray(value)) {
      const items = value.map((item) => visit(item));
      return key === 'DependsOn' ? items.sort() : items;
    }
    return typeof value !== 'object' || value === null ? value
      : Object.fromEntries(Object.entries(value).filter(([name]) => name !== 'aws:cdk:path').map(([name, member]) => [places.get(name) ?? name, visit(member, name)]));
  };
  return visit(template);
}
