import { readFileSync } from 'fs';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import type * as events from 'aws-cdk-lib/aws-events';
import * as events_targets from 'aws-cdk-lib/aws-events-targets';
import * as sns from 'aws-cdk-lib/aws-sns';
import { AwsSolutionsChecks } from 'cdk-nag';
import { ModelDelivery, ModelSource, Rollout } from '../../lib';
import { fleet } from '../fleet/fixtures';
import { emptyStack, modelFunction, UNBUNDLED } from '../function/fixtures';
import { MANIFEST, modelService } from '../kubernetes/fixtures';

const EVENT = 'Custom::TensorFlowModelEvent';

interface Endpoint {
  onLive(id: string, options?: events.OnEventOptions): events.Rule;
  onRolledBack(id: string, options?: events.OnEventOptions): events.Rule;
}

const functionStack = (props = {}, flags = {}) => {
  const stack = emptyStack(flags);
  return { stack, endpoint: modelFunction(stack, props) };
};
const serviceStack = (props = {}) => {
  const stack = emptyStack();
  return { stack, endpoint: modelService(stack, props) };
};
const fleetStack = () => {
  const { stack, digits } = fleet();
  return { stack, endpoint: digits };
};
const ENDPOINTS: [string, () => { stack: Stack; endpoint: Endpoint }][] = [
  ['function', functionStack], ['service', serviceStack], ['fleet', fleetStack],
];

/** The two resources, and everything that their order depends on. */
function resourcesOf(stack: Stack) {
  const all = Template.fromStack(stack).toJSON().Resources as Record<string, any>;
  const found = Object.keys(all).filter((id) => all[id].Type === EVENT);
  const [first, last] = ['rolled_back_event', 'live_event'].map((mode) => found.find((id) => all[id].Properties.Mode === mode)!);
  /** Everything that is deployed before a resource. */
  const before = (id: string): Set<string> => {
    const known = new Set<string>();
    const visit = (resource: string): void => {
      const text = JSON.stringify([all[resource].DependsOn ?? [], all[resource].Properties ?? {}]);
      Object.keys(all).filter((other) => other !== resource && !known.has(other) && text.includes(`"${other}"`)).forEach((other) => {
        known.add(other);
        visit(other);
      });
    };
    visit(id);
    return known;
  };
  return { all, found, first, last, before, ofType: (type: string) => Object.keys(all).filter((id) => all[id].Type === type) };
}

describe.each(ENDPOINTS)('a %s', (kind, create) => {
  test('has no resources for events that nobody asks for', () => {
    expect(resourcesOf(create().stack).found).toEqual([]);
  });

  test('has two, however many rules, which name the version that the deployment serves', () => {
    const { stack, endpoint } = create();
    endpoint.onLive('Live');
    endpoint.onRolledBack('RolledBack');
    endpoint.onLive('LiveAgain');

    const { all, found, first, last } = resourcesOf(stack);
    const attribute = (name: string) => ({ 'Fn::GetAtt': [expect.stringContaining('Compatibility'), name] });
    expect(found.sort()).toEqual([first, last].sort());
    for (const id of found) {
      expect(all[id].Properties).toMatchObject({
        Endpoint: kind, Path: 'Stack/Digits', ModelName: 'digits', Bucket: 'models',
        Version: attribute('Version'), ManifestKey: attribute('ManifestKey'), ManifestSha256: attribute('ManifestSha256'),
      });
    }
  });

  test.each([['onLive', 'ModelLive'], ['onRolledBack', 'ModelRolledBack']] as const)('selects by %s the events of itself only', (method, type) => {
    const { stack, endpoint } = create();
    endpoint[method]('Rule', { target: new events_targets.SnsTopic(new sns.Topic(stack, 'Topic')), description: 'tells the team' });

    Template.fromStack(stack).hasResourceProperties('AWS::Events::Rule', {
      Description: 'tells the team',
      EventPattern: { 'source': ['cdk-tensorflow'], 'detail-type': [type], 'detail': { stackId: [{ Ref: 'AWS::StackId' }], path: ['Stack/Digits'] } },
      Targets: [Match.anyValue()],
    });
  });

  test('waits for the permission to publish exactly its own events, and to describe its own stack', () => {
    const { stack, endpoint } = create();
    endpoint.onLive('Live');

    const { all, first, before, ofType } = resourcesOf(stack);
    const policy = ofType('AWS::IAM::Policy').find((id) => /^TensorFlowModelBuildsRoleDefaultPolicy/.test(id))!;
    const statements: any[] = all[policy].Properties.PolicyDocument.Statement;
    expect(before(first)).toContain(policy);
    expect(statements.filter(({ Action }) => Action === 'events:PutEvents').map(({ Condition }) => Condition.StringEquals)).toEqual(
      ['ModelLive', 'ModelRolledBack'].map((type) => ({ 'events:source': 'cdk-tensorflow', 'events:detail-type': type })),
    );
    expect(statements.filter(({ Action }) => Action === 'cloudformation:DescribeStacks').map(({ Resource }) => Resource)).toEqual([{ Ref: 'AWS::StackId' }]);
  });
});

describe('the events of a function', () => {
  test.each([[{}], [{ rollout: Rollout.canary({ percent: 10, bake: Duration.minutes(5) }) }], [{ reservedConcurrentExecutions: 0 }]])(
    'are around the check of a version and the move of the alias: %#', (props) => {
      const { stack, endpoint } = functionStack(props);
      endpoint.onLive('Live');

      const { first, last, before, ofType } = resourcesOf(stack);
      const [alias] = ofType('AWS::Lambda::Alias');
      expect([...ofType('Custom::TensorFlowVersionCheck'), alias].map((id) => before(id).has(first))).not.toContain(false);
      expect(before(last)).toContain(alias);
      expect(before(first)).not.toContain(ofType('AWS::Lambda::Version')[0]);
    },
  );

  test('publish no new version of the function when they are added', () => {
    const versionsOf = (stack: Stack) => Object.keys(Template.fromStack(stack).findResources('AWS::Lambda::Version'));
    const { stack, endpoint } = functionStack();
    endpoint.onLive('Live');

    expect(versionsOf(stack)).toEqual(versionsOf(functionStack().stack));
  });

  test('have no open finding of cdk-nag', () => {
    const { stack, endpoint } = functionStack();
    endpoint.onRolledBack('RolledBack');

    expect(new AwsSolutionsChecks(stack.node.root as App).validateScope(stack).violations).toEqual([]);
  });

  test('can have a rule in another stack', () => {
    const app = new App({ context: UNBUNDLED });
    const endpoint = modelFunction(new Stack(app, 'Stack'));
    const other = new Stack(app, 'Other');
    endpoint.onLive('Live', { crossStackScope: other });

    Template.fromStack(other).hasResourceProperties('AWS::Events::Rule', { EventPattern: Match.objectLike({ 'detail-type': ['ModelLive'] }) });
    expect(resourcesOf(other).found).toEqual([]);
  });
});

test('the events of a service are around its manifests and the wait for its pods', () => {
  const { stack, endpoint } = serviceStack();
  endpoint.onLive('Live');

  const { first, last, before, ofType } = resourcesOf(stack);
  expect(ofType(MANIFEST).length).toBeGreaterThan(4);
  ofType(MANIFEST).forEach((id) => expect(before(id)).toContain(first));
  expect([...before(last)].some((id) => id.startsWith('DigitsRollout'))).toBe(true);
});

test('the events of a fleet are around its group', () => {
  const { stack, endpoint } = fleetStack();
  endpoint.onLive('Live');

  const { first, last, before, ofType } = resourcesOf(stack);
  const [group] = ofType('AWS::AutoScaling::AutoScalingGroup');
  expect(before(group)).toContain(first);
  expect(before(last)).toContain(group);
});

describe('an error is', () => {
  test.each(['onLive', 'onRolledBack'] as const)('%s of a model that a delivery makes live, which has events of its own', (method) => {
    const app = new App({ context: UNBUNDLED });
    const delivery = new ModelDelivery(new Stack(app, 'Delivery'), 'Digits', { key: 'digits.zip', stackNames: ['Serving'] });
    const endpoint = modelFunction(new Stack(app, 'Serving'), { model: ModelSource.fromDelivery(delivery) });

    expect(() => endpoint[method]('Rule')).toThrow(`${method} has no event to select, because a ModelDelivery makes versions of this model live`);
    expect(() => endpoint[method]('Rule')).toThrow('use delivery.onDelivered() and delivery.onFailed()');
  });

  test('onLive of a service whose manifests something else applies', () => {
    const { stack, endpoint } = serviceStack({ applyManifests: false });

    expect(() => endpoint.onLive('Live')).toThrow('onLive has no event to select, because applyManifests is false');
    expect(resourcesOf(stack).found).toEqual([]);
  });
});

test('names of events and modes are those that the handlers use', () => {
  const handlers = readFileSync('runtime/build_runner/src/model_builds/events/serving.py', 'utf8');
  for (const line of ['LIVE = "ModelLive"', 'ROLLED_BACK = "ModelRolledBack"', 'LIVE_MODE = "live_event"', 'ROLLED_BACK_MODE = "rolled_back_event"']) {
    expect(handlers).toContain(`\n${line}\n`);
  }
});
