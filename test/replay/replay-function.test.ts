import { App, Duration, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { ModelFleetProps, ModelServiceProps, RequestCaptureOptions } from '../../lib';
import {
  LiteRtRuntime, ModelArtifact, ModelDelivery, ModelFleet, ModelFunction, ModelServer, ModelService, ModelSource, PythonBundling, RequestCapture, Rollout,
} from '../../lib';
import { watchedCluster } from '../kubernetes/fixtures';

jest.mock('../../lib/private/asset-paths', () => jest.requireActual('../serving/stand-in-programs').assetPaths);

const UNBUNDLED = { 'aws:cdk:bundling-stacks': [] };
const env = { account: '123456789012', region: 'us-east-1' };

const MANIFEST = 'Custom::AWSCDK-EKS-KubernetesResource';
const BUNDLE = 'Custom::TensorFlowKubernetesObjects';
const GROUP = 'AWS::AutoScaling::AutoScalingGroup';
const CHECK = 'Custom::TensorFlowVersionCheck';

const capture = (options: Partial<RequestCaptureOptions> = {}) => RequestCapture.sampled({ rate: 1, retention: Duration.days(7), ...options });

type Common = Partial<Omit<ModelServiceProps & ModelFleetProps, 'server'>> & { readonly server?: ModelServer };

function published(stack: Stack): ModelSource {
  const bucket = s3.Bucket.fromBucketName(stack, 'Models', 'models');
  return ModelSource.fromArtifact(ModelArtifact.fromBucket(stack, 'Published', { bucket, manifestKey: 'digits-0123abcd/litert/7/manifest.json' }));
}

const asked = (stack: Stack, props: Common) => ({
  model: props.model ?? published(stack), server: ModelServer.LITERT, capture: capture(), replay: { maxDisagreement: 0.05 }, ...props,
});

/** An endpoint with the LiteRT server that replays, unless `props` say otherwise. */
const ENDPOINTS = {
  service: (stack: Stack, props: Common = {}) => new ModelService(stack, 'Digits', { cluster: watchedCluster(stack), ...asked(stack, props) }),
  fleet: (stack: Stack, props: Common = {}) => new ModelFleet(stack, 'Digits', { vpc: new ec2.Vpc(stack, 'Vpc', { maxAzs: 2 }), ...asked(stack, props) }),
};
type Kind = keyof typeof ENDPOINTS;
const KINDS = Object.keys(ENDPOINTS) as Kind[];

const emptyStack = () => new Stack(new App({ context: UNBUNDLED }), 'Stack', { env });

function stackOf(kind: Kind, props: Common = {}): Stack {
  const stack = emptyStack();
  ENDPOINTS[kind](stack, props);
  return stack;
}

type Resources = Record<string, { Type: string; Properties: any; DependsOn?: string[] }>;
const resourcesOf = (stack: Stack): Resources => Template.fromStack(stack).toJSON().Resources;
const idsOf = (resources: Resources, ...types: string[]) => Object.keys(resources).filter((id) => types.includes(resources[id].Type));

function onlyResource(stack: Stack, type: string, path = ''): any {
  const found = Object.entries(resourcesOf(stack)).filter(([id, { Type }]) => Type === type && id.startsWith(path));
  expect(found).toHaveLength(1);
  return found[0][1];
}

/** All resources that a resource waits for, directly or not. */
function awaited(resources: Resources, id: string, found = new Set<string>()): Set<string> {
  const { DependsOn = [], Properties } = resources[id];
  const text = JSON.stringify(Properties ?? {});
  const named = Object.keys(resources).filter((other) => text.includes(`"${other}"`) || text.includes(`\${${other}`));
  for (const other of [...DependsOn, ...named].filter((neighbour) => neighbour !== id && !found.has(neighbour))) {
    found.add(other);
    awaited(resources, other, found);
  }
  return found;
}

describe.each(KINDS)('replay of a %s', (kind) => {
  test('asks a function with the native runtime, which writes its log and may do nothing else', () => {
    const stack = stackOf(kind);
    const { Properties } = onlyResource(stack, 'AWS::Lambda::Function', 'DigitsReplay');

    expect(Properties).toMatchObject({ Runtime: 'provided.al2023', Architectures: ['x86_64'], Timeout: 180, Environment: { Variables: { MODEL_NAME: 'digits', MODEL_THREADS: '1' } } });
    expect(Object.keys(Properties.Environment.Variables).filter((name) => /^(METRIC|CAPTURE)/.test(name))).toEqual([]);
    const { Policies } = onlyResource(stack, 'AWS::IAM::Role', 'DigitsReplayRole').Properties;
    expect(Policies.flatMap(({ PolicyDocument }: any) => PolicyDocument.Statement)).toEqual([
      { Effect: 'Allow', Action: ['logs:CreateLogStream', 'logs:PutLogEvents'], Resource: { 'Fn::GetAtt': [expect.stringContaining('DigitsReplayLogGroup'), 'Arn'] } },
    ]);
    expect(idsOf(resourcesOf(stack), 'AWS::IAM::Policy').filter((id) => id.startsWith('DigitsReplay'))).toEqual([]);
    Template.fromStack(stack).resourceCountIs('AWS::Lambda::Alias', 0);
    Template.fromStack(stack).resourceCountIs('AWS::Lambda::Url', 0);
  });

  test('gives it the memory that the model needs, which the deployment finds out, up to Lambda\'s most', () => {
    const stack = stackOf(kind);
    const fit = { 'Fn::GetAtt': [expect.stringContaining('DigitsReplayCompatibility'), 'FunctionMemory'] };

    expect(onlyResource(stack, 'AWS::Lambda::Function', 'DigitsReplay').Properties.MemorySize).toEqual(fit);
    const offer = JSON.stringify(onlyResource(stack, 'Custom::TensorFlowModelCompatibility', 'DigitsReplay').Properties.Offer);
    expect(offer).toContain(`\\"replayOf\\":\\"${kind}\\"`);
    expect(offer).toContain('\\"memoryMebibytes\\":10240');
  });

  test('compares with the endpoint\'s captured requests, in words about the endpoint', () => {
    const stack = stackOf(kind, { replay: { maxRelativeError: 0.01, acceptVersion: '7' } });
    const [bucket] = idsOf(resourcesOf(stack), 'AWS::S3::Bucket').filter((id) => id.startsWith('DigitsCapture'));

    expect(onlyResource(stack, CHECK).Properties).toMatchObject({
      Endpoint: kind,
      Replay: '{"requests":200,"maxRelativeError":0.01,"acceptVersion":"7"}',
      CaptureBucket: { Ref: bucket },
      ModelName: 'digits',
      ModelVersion: { 'Fn::GetAtt': [expect.stringContaining('DigitsReplayCompatibility'), 'Version'] },
    });
  });

  test('lets the deployment\'s handlers read captured requests, and no other role', () => {
    const readers = Object.entries(resourcesOf(stackOf(kind))).filter(([, { Type, Properties }]) => /^AWS::IAM::(Role|Policy)$/.test(Type)
      && [Properties].concat(Properties.Policies ?? []).some(({ PolicyDocument }: any) => PolicyDocument?.Statement.some(({ Action, Resource }: any) => (
        [Action].flat().includes('s3:GetObject') && JSON.stringify(Resource).includes('DigitsCaptureBucket')))));

    expect(readers.map(([id]) => id.replace(/[0-9A-F]{8}$/, ''))).toEqual(['TensorFlowModelBuildsRoleDefaultPolicy']);
  });

  test('reports first what keeps the model from the endpoint itself', () => {
    const resources = resourcesOf(stackOf(kind));
    const [first] = idsOf(resources, 'Custom::TensorFlowModelCompatibility').filter((id) => id.startsWith('DigitsCompatibility'));
    const [second] = idsOf(resources, 'Custom::TensorFlowModelCompatibility').filter((id) => id.startsWith('DigitsReplay'));

    expect(resources[second].DependsOn).toContain(first);
  });

  test('runs on the processor of the endpoint', () => {
    const stack = stackOf(kind, kind === 'fleet' ? { instanceType: new ec2.InstanceType('m8g.medium') } : { architecture: lambda.Architecture.ARM_64 });

    expect(onlyResource(stack, 'AWS::Lambda::Function', 'DigitsReplay').Properties.Architectures).toEqual(['arm64']);
  });

  test('knows what a delivery says to serve, because a version that was live is not compared', () => {
    const app = new App({ context: UNBUNDLED });
    const delivery = new ModelDelivery(new Stack(app, 'Delivery', { env }), 'Digits', { key: 'digits.zip', stackNames: ['Serving'] });
    const serving = new Stack(app, 'Serving', { env });
    ENDPOINTS[kind](serving, { model: ModelSource.fromDelivery(delivery) });

    const { Serve } = onlyResource(serving, CHECK).Properties;
    expect(Serve).toEqual(onlyResource(serving, 'Custom::TensorFlowModelBuild').Properties.Serve);
    expect(Template.fromStack(serving).toJSON().Parameters[Serve.Ref]).toMatchObject({ Default: delivery.serveParameterName });
  });

  test('keeps no version of the function that another one has replaced', () => {
    const version: any = onlyResource(stackOf(kind), 'AWS::Lambda::Version');

    expect(version.DeletionPolicy).toBe('Delete');
  });

  test('is between the events of an endpoint, so that a refused version is one that was rolled back', () => {
    const stack = emptyStack();
    ENDPOINTS[kind](stack).onRolledBack('RolledBack');
    const resources = resourcesOf(stack);
    const events = idsOf(resources, 'Custom::TensorFlowModelEvent');
    const [before] = events.filter((id) => resources[id].Properties.Mode === 'rolled_back_event');

    expect(events).toHaveLength(2);
    expect(resources[idsOf(resources, CHECK)[0]].DependsOn).toContain(before);
    expect(awaited(resources, before)).not.toContain(idsOf(resources, CHECK)[0]);
  });

  test('leaves no finding of cdk-nag', () => {
    const stack = emptyStack();
    const endpoint = ENDPOINTS[kind](stack);

    expect(new AwsSolutionsChecks(stack.node.root as App).validateScope(endpoint.node.findChild('Replay')).violations).toEqual([]);
  });

  test('is off by default: then there is no function', () => {
    const stack = stackOf(kind, { replay: undefined });

    Template.fromStack(stack).resourceCountIs(CHECK, 0);
    expect(Object.keys(resourcesOf(stack)).filter((id) => id.startsWith('DigitsReplay'))).toEqual([]);
  });

  test.each<[string, Common, string]>([
    ['without captured requests', { capture: undefined }, 'replay has no effect without capture, which records the requests to replay: give both'],
    ['of captured requests without values', { capture: capture({ redact: ['age', 'name'] }) }, 'replay must not be used with capture.redact (age, name)'],
    ['without a limit', { replay: {} }, 'replay needs a limit'],
    ['by a percentage', { replay: { maxDisagreement: 5 } }, 'replay.maxDisagreement must be between 0 and 1, got 5'],
    ['of too many requests', { replay: { maxDisagreement: 0.1, requests: 5000 } }, 'replay.requests must be between 1 and 1000, got 5000'],
    ['that accepts a name', { replay: { maxDisagreement: 0.1, acceptVersion: 'better' } }, 'replay.acceptVersion must be a version of the model'],
    ['to TensorFlow Serving', { server: ModelServer.TENSORFLOW_SERVING, capture: undefined }, 'replay needs ModelServer.LITERT, whose models a Lambda function can answer with'],
  ])('%s is refused', (_, props, problem) => {
    expect(() => stackOf(kind, props)).toThrow(problem);
  });
});

describe('before the new version has answered the captured requests', () => {
  const canary = Rollout.canary({ percent: 10, bake: Duration.minutes(5) });

  test.each<[string, Kind, Common, string[], number]>([
    ['no object of a cluster', 'service', { internalLoadBalancer: true, createNamespace: true, namespaceName: 'models' }, [MANIFEST], 8],
    ['no pod of a canary', 'service', { rollout: canary }, [MANIFEST], 7],
    ['no bundle of objects', 'service', { applyManifests: false }, [BUNDLE], 1],
    ['no instance of a fleet', 'fleet', {}, [GROUP], 1],
    ['no instance of a fleet\'s canary', 'fleet', { rollout: canary, embeddedMetrics: true }, [GROUP], 2],
    ['no health check of a load balancer', 'fleet', {}, ['AWS::ElasticLoadBalancingV2::TargetGroup'], 2],
  ])('%s changes', (_, kind, props, types, count) => {
    const resources = resourcesOf(stackOf(kind, props));
    const [check] = idsOf(resources, CHECK);
    const changes = idsOf(resources, ...types);

    expect(changes).toHaveLength(count);
    expect(changes.filter((id) => !resources[id].DependsOn?.includes(check))).toEqual([]);
    const before = awaited(resources, check);
    expect([MANIFEST, BUNDLE, GROUP].flatMap((type) => idsOf(resources, type)).filter((id) => before.has(id))).toEqual([]);
  });
});

describe.each(KINDS)('a %s that replays, and a function with a choice of bundling', (kind) => {
  const BUNDLINGS = { LOCAL: PythonBundling.LOCAL, AUTO: PythonBundling.AUTO, none: undefined };

  function templateOf(bundling: PythonBundling | undefined, functionFirst: boolean): object {
    const stack = emptyStack();
    const model = published(stack);
    const parts = [() => new ModelFunction(stack, 'Function', { model, bundling, liteRtRuntime: LiteRtRuntime.NATIVE }), () => ENDPOINTS[kind](stack, { model })];
    (functionFirst ? parts : parts.reverse()).forEach((add) => add());
    return Template.fromStack(stack).toJSON();
  }

  test.each(Object.entries(BUNDLINGS))('%s: share the runtime layer, whichever is defined first', (_, bundling) => {
    const template = templateOf(bundling, true);

    expect(templateOf(bundling, false)).toEqual(template);
    const layers = Object.values<any>((template as { Resources: Resources }).Resources)
      .filter(({ Type, Properties }) => Type === 'AWS::Lambda::LayerVersion' && /native/.test(Properties.Description));
    expect(layers).toHaveLength(1);
  });

  test('docker(): share it if the function is defined first, and are refused otherwise, with the way out', () => {
    expect(() => templateOf(PythonBundling.docker(), true)).not.toThrow();

    expect(() => templateOf(PythonBundling.docker(), false)).toThrow(/an endpoint with replay: define this before it, or use PythonBundling\.AUTO/);
  });
});

test('a stack of several endpoints that replay shares the runtime layer with its functions', () => {
  const stack = stackOf('service');
  new ModelFleet(stack, 'Others', { ...asked(stack, { model: ModelSource.fromArtifact(stack.node.findChild('Published') as never) }), vpc: new ec2.Vpc(stack, 'Vpc', { maxAzs: 2 }) });

  const layers = Template.fromStack(stack).findResources('AWS::Lambda::LayerVersion', { Properties: { Description: Match.stringLikeRegexp('native') } });
  expect(Object.keys(layers)).toHaveLength(1);
  Template.fromStack(stack).resourceCountIs(CHECK, 2);
});
