import { existsSync, mkdtempSync, readdirSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import type { Stack } from 'aws-cdk-lib';
import { App, Lazy, Stack as CdkStack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { AwsSolutionsChecks } from 'cdk-nag';
import { LiteRtRuntime, ModelHook, ModelSource } from '../../lib';
import { packagePath } from '../../lib/private/asset-paths';
import { FakeHost, SHARED_OBJECT, wheel } from '../bundling/fake-tools';
import { emptyStack, FLAG_SETS, hookDirectory, modelFunction, PREPROCESS, resourceOf, tfliteFile } from './fixtures';

function offer(stack: Stack): string {
  return JSON.stringify(resourceOf(stack, 'Custom::TensorFlowModelCompatibility').properties.Offer);
}

describe.each(FLAG_SETS)('a hook %s', (_, flags) => {
  test('comes as a layer, which the published version\'s description names', () => {
    const stack = emptyStack(flags);

    modelFunction(stack, { hook: ModelHook.fromAsset(hookDirectory()) });

    const layer = resourceOf(stack, 'AWS::Lambda::LayerVersion', 'DigitsHookLayer');
    const { Layers: layers, Environment: environment } = resourceOf(stack, 'AWS::Lambda::Function', 'Digits').properties;
    expect(layer.properties.LayerName).toMatch(/^Stack-hook-/);
    expect(layers).toHaveLength(3);
    expect(layers).toContainEqual({ Ref: layer.id });
    expect(environment.Variables.MODEL_HOOK).toBe('hook');
    expect(resourceOf(stack, 'AWS::Lambda::Version').properties.Description['Fn::Join'][1])
      .toContainEqual({ 'Fn::Select': [7, { 'Fn::Split': [':', { Ref: layer.id }] }] });
    expect(new AwsSolutionsChecks(stack.node.root as App).validateScope(stack).violations).toEqual([]);
  });

  test('that is edited changes nothing in the model\'s build', () => {
    const build = (hook: string) => {
      const stack = emptyStack(flags);
      modelFunction(stack, { model: ModelSource.fromAsset(tfliteFile()), hook: ModelHook.fromAsset(hook) });
      const template = Template.fromStack(stack).toJSON().Resources as Record<string, any>;
      return Object.fromEntries(Object.entries(template).filter(([id]) => id.startsWith('DigitsOptimizer') || id.startsWith('TensorFlowModel')));
    };

    const before = build(hookDirectory());
    expect(build(hookDirectory({ 'hook.py': `${PREPROCESS}# edited` }))).toEqual(before);
    expect(Object.values(before).map((resource) => resource.Type)).toContain('AWS::CodeBuild::Project');
  });
});

test('a hook gets the numpy runtime, since the native one has no Python', () => {
  const stack = emptyStack();

  modelFunction(stack, { hook: ModelHook.fromAsset(hookDirectory()) });

  expect([offer(stack).includes('python3.13'), offer(stack).includes('provided.al2023')]).toEqual([true, false]);
  expect(resourceOf(stack, 'AWS::Lambda::Function', 'Digits').properties.Runtime).toBe('python3.13');
});

describe('refused', () => {
  test.each<[string, () => ModelHook, RegExp]>([
    ['a directory that is not there', () => ModelHook.fromAsset(join(tmpdir(), 'no-such-hook')), /there is no directory ".*no-such-hook"/],
    ['a directory without hook.py', () => ModelHook.fromAsset(mkdtempSync(join(tmpdir(), 'hook-'))), /hook has no hook.py: define preprocess\(event\)/],
    ['a hook without preprocess', () => ModelHook.fromAsset(hookDirectory({ 'hook.py': 'x = 1' })), /does not define preprocess\(event\).*may be left out/],
    ['packages in uv.lock alone', () => ModelHook.fromAsset(hookDirectory({ 'uv.lock': '' })), /uv\.lock and no requirements\.txt.*by "uv export .*-file requirements\.txt"/],
    ['packages in poetry.lock alone', () => ModelHook.fromAsset(hookDirectory({ 'poetry.lock': '' })), /poetry\.lock and no requirements\.txt/],
    ['packages in Pipfile.lock alone', () => ModelHook.fromAsset(hookDirectory({ 'Pipfile.lock': '' })), /Pipfile\.lock and no requirements\.txt/],
  ])('%s', (_, hook, message) => {
    expect(() => modelFunction(emptyStack(), { hook: hook() })).toThrow(message);
  });

  test('but not a lock beside requirements.txt', () => {
    expect(() => modelFunction(emptyStack(), { hook: ModelHook.fromAsset(hookDirectory({ 'uv.lock': '', 'requirements.txt': '' })) })).not.toThrow();
  });

  test('the native runtime, and more layers than the hook leaves room for, together', () => {
    const stack = emptyStack();
    const layer = lambda.LayerVersion.fromLayerVersionArn(stack, 'Extension', 'arn:aws:lambda:eu-west-1:123456789012:layer:extension:3');

    expect(() => modelFunction(stack, {
      hook: ModelHook.fromAsset(hookDirectory()), liteRtRuntime: LiteRtRuntime.NATIVE, layers: [layer, layer, layer],
    })).toThrow(/2 problems:[^]*at most 2, got 3: .*runtime, model and hook take 3[^]*hook is a Python module.*leave liteRtRuntime out/);
  });
});

describe('bundling', () => {
  let host: FakeHost;
  beforeEach(() => {
    host = new FakeHost();
  });
  afterEach(() => host.remove());

  test('installs the hook\'s own packages next to it, and leaves NumPy to the runtime layer', () => {
    host.addUv({
      ...wheel('ai_edge_litert', '2.3.0', 'manylinux_2_27_x86_64', { 'ai_edge_litert/libLiteRt.so': SHARED_OBJECT, 'ai_edge_litert/__init__.py': '' }),
      ...wheel('pillow', '12.0.0', 'manylinux_2_27_x86_64', { 'PIL/__init__.py': '' }),
      ...wheel('numpy', '2.4.6', 'manylinux_2_27_x86_64', { 'numpy/__init__.py': '' }),
    });
    const app = new App();
    const stack = new CdkStack(app, 'Stack');
    modelFunction(stack, { hook: ModelHook.fromAsset(hookDirectory({ 'requirements.txt': 'pillow\nnumpy\n' })) });

    const { directory } = app.synth();
    const layers = readdirSync(directory).map((name) => join(directory, name, 'python')).filter((path) => existsSync(join(path, 'hook.py')));
    expect(layers).toHaveLength(1);
    expect(readdirSync(layers[0]).filter((name) => !name.endsWith('.dist-info'))).toEqual(['PIL', 'ai_edge_litert', 'hook.py', 'requirements.txt']); // the host installs all it has
    expect(readdirSync(layers[0]).filter((name) => name.startsWith('numpy'))).toEqual([]);
  });
});

test.each(['stdlib', 'jpeg'])('the example %s is a hook', (name) => {
  const stack = emptyStack();

  modelFunction(stack, { hook: ModelHook.fromAsset(packagePath('examples', 'hooks', name)) });

  expect(resourceOf(stack, 'AWS::Lambda::Function', 'Digits').properties.Environment.Variables.MODEL_HOOK).toBe('hook');
});

const ASSETS = { 'Fn::Sub': 'cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}' };

/** A hook with an event of so many characters. */
function hookWithEvent(characters: number): ModelHook {
  const directory = hookDirectory({ 'event.json': JSON.stringify({ body: 'A'.repeat(characters) }) });
  return ModelHook.fromAsset(directory, { checkEventFile: join(directory, 'event.json') });
}

describe('before the alias moves', () => {
  test.each<[string, (stack: Stack) => unknown, Record<string, unknown>]>([
    ['a model is sent its golden requests', (stack) => modelFunction(stack), { Hooked: 'false', EventBucket: '', EventKey: '' }],
    ['a hook must start', (stack) => modelFunction(stack, { hook: ModelHook.fromAsset(hookDirectory()) }), { Hooked: 'true', EventBucket: '', EventKey: '' }],
    ['a hook is sent its own event', (stack) => {
      const directory = hookDirectory({ 'event.json': '{ "rows": [[1]] }' });
      return modelFunction(stack, { hook: ModelHook.fromAsset(directory, { checkEventFile: join(directory, 'event.json') }) });
    }, { Hooked: 'true', EventBucket: ASSETS, EventKey: expect.stringMatching(/^[0-9a-f]{64}\.json$/) }],
  ])('%s, by the published version itself', (_, build, expected) => {
    const stack = emptyStack();

    build(stack);

    const check = resourceOf(stack, 'Custom::TensorFlowVersionCheck');
    const version = { Ref: resourceOf(stack, 'AWS::Lambda::Version').id };
    const permission = resourceOf(stack, 'AWS::Lambda::Permission', 'DigitsVersionCheck');
    const provider = resourceOf(stack, 'AWS::IAM::Role', 'TensorFlowModelBuildsRole');
    const compatibility = resourceOf(stack, 'Custom::TensorFlowModelCompatibility').id;
    const golden = {
      Bucket: 'models', GoldenKey: { 'Fn::GetAtt': [compatibility, 'GoldenKey'] }, GoldenSha256: { 'Fn::GetAtt': [compatibility, 'GoldenSha256'] },
    };
    expect(check.properties).toMatchObject({ Mode: 'version_check', FunctionVersion: version, ModelName: 'digits', ...golden, ...expected });
    expect(check.resource.DependsOn).toContain(permission.id);
    expect(permission.properties).toEqual({ Action: 'lambda:InvokeFunction', FunctionName: version, Principal: { 'Fn::GetAtt': [provider.id, 'Arn'] } });
    expect(resourceOf(stack, 'AWS::Lambda::Alias').resource.DependsOn).toContain(check.id);
  });

  test('an event that is not a JSON object is refused at synth', () => {
    const directory = hookDirectory({ 'event.json': '[1]' });

    expect(() => modelFunction(emptyStack(), { hook: ModelHook.fromAsset(directory, { checkEventFile: join(directory, 'event.json') }) }))
      .toThrow(/checkEventFile must be a file with one event as JSON, got ".*event.json"/);
  });

  test('a photograph as an event is uploaded, because a custom resource cannot hold it, and only it may be read', () => {
    const stack = emptyStack();

    modelFunction(stack, { hook: hookWithEvent(2_000_000) });

    const { properties, resource } = resourceOf(stack, 'Custom::TensorFlowVersionCheck');
    const policy = resourceOf(stack, 'AWS::IAM::Policy', 'TensorFlowModelBuildsRole');
    expect(JSON.stringify(properties).length).toBeLessThan(1000);
    expect(policy.properties.PolicyDocument.Statement.filter(({ Resource }: any) => JSON.stringify(Resource).includes(properties.EventKey))).toEqual([
      { Action: 's3:GetObject', Effect: 'Allow', Resource: expect.anything() },
    ]);
    expect(resource.DependsOn).toContain(policy.id);
  });

  test('a changed event is sent again', () => {
    const [first, second] = [10, 11].map((characters) => {
      const stack = emptyStack();
      modelFunction(stack, { hook: hookWithEvent(characters) });
      return resourceOf(stack, 'Custom::TensorFlowVersionCheck').properties.EventKey;
    });

    expect(first).not.toEqual(second);
  });

  test('an event that is larger than a request can be is refused at synth', () => {
    expect(() => modelFunction(emptyStack(), { hook: hookWithEvent(6_291_456) }))
      .toThrow(/checkEventFile must have at most 6291456 bytes, got 6291467: Lambda takes no larger request/);
  });

  test('no event is sent if no executions are reserved, because nothing could answer, and a warning says so', () => {
    const stack = emptyStack();

    modelFunction(stack, { reservedConcurrentExecutions: 0 });

    Template.fromStack(stack).resourceCountIs('Custom::TensorFlowVersionCheck', 0);
    Annotations.fromStack(stack).hasWarning('/Stack/Digits', Match.stringLikeRegexp('reservedConcurrentExecutions is 0.*the alias moves to a new version unchecked'));
  });

  test.each([1, Lazy.number({ produce: () => 0 })])('it is asked where %p are reserved', (reservedConcurrentExecutions) => {
    const stack = emptyStack();

    modelFunction(stack, { reservedConcurrentExecutions });

    Template.fromStack(stack).resourceCountIs('Custom::TensorFlowVersionCheck', 1);
  });
});
