import { App, CfnParameter, Lazy, NestedStack, Size, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { ModelFunctionProps } from '../../lib';
import { LiteRtRuntime, ModelArtifact, ModelHook, ModelOptimizer, ModelSource } from '../../lib';
import { emptyStack, FLAG_SETS, hookDirectory, modelFunction, publishedModel, resourceOf, tfliteFile, UNBUNDLED } from './fixtures';

const FUNCTION = 'AWS::Lambda::Function';
const FIT = 'Custom::TensorFlowModelCompatibility';

/** Every resource that a value refers to, and that those refer to. */
function reachedFrom(value: unknown, resources: Record<string, any>, found = new Set<string>()): string[] {
  const names = [...JSON.stringify(value).matchAll(/"(?:Ref|Fn::GetAtt)":\[?"(\w+)"/g)].map(([, id]) => id);
  for (const id of names.filter((name) => name in resources && !found.has(name))) {
    found.add(id);
    reachedFrom(resources[id].Properties, resources, found);
  }
  return [...found];
}

describe.each(FLAG_SETS)('ModelFunction %s', (_, flags) => {
  test('serves the model with two layers: the runtime that fits it, and the model of exactly the published object version', () => {
    const stack = emptyStack(flags);

    modelFunction(stack);

    const fit = resourceOf(stack, FIT).id;
    const modelLayer = resourceOf(stack, 'AWS::Lambda::LayerVersion', 'Digits');
    expect(modelLayer.properties.Content).toEqual({
      S3Bucket: 'models',
      S3Key: { 'Fn::GetAtt': [fit, 'LayerKey'] },
      S3ObjectVersion: { 'Fn::GetAtt': [fit, 'LayerObjectVersion'] },
    });
    expect(resourceOf(stack, FUNCTION, 'Digits').properties).toMatchObject({
      Runtime: { 'Fn::GetAtt': [fit, 'FunctionRuntime'] },
      Architectures: ['x86_64'],
      MemorySize: 1769,
      Timeout: 30,
      Handler: 'index.handler',
      Environment: { Variables: { MODEL_NAME: 'digits', OPENBLAS_NUM_THREADS: '1' } },
    });
    // A feature flag of the CDK sorts them. No file is in both, so their order is of no importance.
    expect(resourceOf(stack, FUNCTION, 'Digits').properties.Layers).toHaveLength(2);
    expect(resourceOf(stack, FUNCTION, 'Digits').properties.Layers)
      .toEqual(expect.arrayContaining([{ 'Fn::GetAtt': [fit, 'RuntimeLayerArn'] }, { Ref: modelLayer.id }]));
  });

  test('a changed model layer or runtime layer publishes a new version: its description names both layer versions', () => {
    const stack = emptyStack(flags);

    modelFunction(stack);

    const fit = resourceOf(stack, FIT).id;
    const number = (arn: unknown) => ({ 'Fn::Select': [7, { 'Fn::Split': [':', arn] }] });
    const description = resourceOf(stack, 'AWS::Lambda::Version').properties.Description['Fn::Join'][1];
    expect(description).toEqual(expect.arrayContaining([
      { 'Fn::GetAtt': [fit, 'Version'] },
      number({ Ref: resourceOf(stack, 'AWS::Lambda::LayerVersion', 'Digits').id }),
      number({ 'Fn::GetAtt': [fit, 'RuntimeLayerArn'] }),
    ]));
  });

  test.each<[string, Partial<ModelFunctionProps>, (offer: string) => boolean]>([
    ['the other runtime', { liteRtRuntime: LiteRtRuntime.NUMPY }, (offer) => offer.includes('"runtime":"numpy"')],
    ['a hook, which needs Python', { hook: ModelHook.fromAsset(hookDirectory()) }, (offer) => !offer.includes('"native"')],
  ])('%s publishes a new version: its description and its environment hold a digest that the compatibility check makes of its choice', (__, props, isIn) => {
    const [before, after] = [{ ...props, liteRtRuntime: undefined, hook: undefined }, props].map((given) => {
      const stack = emptyStack(flags);
      modelFunction(stack, given);
      return { stack, offer: JSON.stringify(stack.resolve(resourceOf(stack, FIT).properties.Offer)).replaceAll('\\"', '"') };
    });

    const digest = { 'Fn::GetAtt': [resourceOf(after.stack, FIT).id, 'FunctionDigest'] };
    expect([isIn(before.offer), isIn(after.offer)]).toEqual([false, true]);
    expect(resourceOf(after.stack, 'AWS::Lambda::Version').properties.Description['Fn::Join'][1]).toContainEqual(digest);
    expect(resourceOf(after.stack, FUNCTION, 'Digits').properties.Environment.Variables.CONFIGURATION_DIGEST).toEqual(digest);
    // Another layer makes the next attempt after a rollback differ from the version that the rollback has left.
    expect(resourceOf(after.stack, 'AWS::Lambda::LayerVersion', 'DigitsModelLayer').properties.Description['Fn::Join'][1]).toContainEqual(digest);
  });

  test('so does a value known only at deployment, in the environment or elsewhere in the function, even if it is added later', () => {
    const stack = emptyStack(flags);
    const [table, mode, memory, extension] = ['Table', 'Mode', 'Memory', 'Extension']
      .map((name) => new CfnParameter(stack, name, { type: name === 'Memory' ? 'Number' : 'String' }));

    const { lambdaFunction } = modelFunction(stack, {
      environment: { TABLE: table.valueAsString },
      memorySize: Size.mebibytes(memory.valueAsNumber),
      layers: [lambda.LayerVersion.fromLayerVersionArn(stack, 'Imported', extension.valueAsString)],
    });
    lambdaFunction.addEnvironment('MODE', `mode-${mode.valueAsString}`);

    const { id, properties } = resourceOf(stack, FIT);
    ['Table', 'Mode', 'Memory', 'Extension'].forEach((name) => expect(JSON.stringify(properties.Digests.FunctionDigest)).toContain(`{"Ref":"${name}"}`));
    // Dependents of the check cannot be part of its digest.
    expect(JSON.stringify(properties.Digests)).not.toContain(id);
    expect(JSON.stringify(properties.Digests)).not.toContain(resourceOf(stack, 'AWS::Lambda::LayerVersion', 'DigitsModelLayer').id);
  });

  test('but no secret, which the check would get, and the provider of its resource write into a log', () => {
    const stack = emptyStack(flags);
    const [secret, mode] = [new secretsmanager.Secret(stack, 'Secret'), new CfnParameter(stack, 'Mode')];
    const token = secret.secretValue.unsafeUnwrap();

    modelFunction(stack, { environment: { TOKEN: token, BOTH: `${mode.valueAsString}:${token}` } });

    const { FunctionDigest } = resourceOf(stack, FIT).properties.Digests;
    expect(JSON.stringify(FunctionDigest)).not.toContain('{{resolve:');
    expect(FunctionDigest).toEqual(expect.arrayContaining([{ Ref: 'Mode' }, stack.resolve(secret.secretArn)]));
    expect(JSON.stringify(resourceOf(stack, FUNCTION, 'Digits').properties.Environment.Variables.TOKEN)).toContain('{{resolve:secretsmanager:');
  });

  test('a changed model changes the published version: the description names results of the build, and the build has other inputs', () => {
    const templates = ['one model', 'another model'].map((content) => {
      const stack = emptyStack(flags);
      modelFunction(stack, { model: ModelSource.fromAsset(tfliteFile(content)) });
      return Template.fromStack(stack).toJSON().Resources as Record<string, any>;
    });

    const [version] = Object.keys(templates[0]).filter((id) => templates[0][id].Type === 'AWS::Lambda::Version');
    const reached = reachedFrom({ Description: templates[0][version].Properties.Description }, templates[0]);
    const changed = reached.filter((id) => JSON.stringify(templates[0][id].Properties) !== JSON.stringify(templates[1][id].Properties));
    expect(Object.keys(templates[1])).toEqual(Object.keys(templates[0]));
    expect(changed.map((id) => templates[0][id].Type)).toContain('Custom::TensorFlowModelBuild');
  });

  test('published versions are retained, unless the deployment fails that adds them to the stack; layers are not, because Lambda keeps the layers of a version', () => {
    const stack = emptyStack(flags);

    modelFunction(stack, { hook: ModelHook.fromAsset(hookDirectory()) });

    // A version that a failed deployment leaves behind forbids to deploy the same change again: Lambda publishes nothing twice.
    const kept = { DeletionPolicy: 'RetainExceptOnCreate', UpdateReplacePolicy: 'Retain' };
    const template = Template.fromStack(stack);
    template.allResources('AWS::Lambda::Version', kept);
    for (const layer of Object.values(template.findResources('AWS::Lambda::LayerVersion'))) {
      expect(['Delete', undefined]).toContain(layer.DeletionPolicy);
      expect(['Delete', undefined]).toContain(layer.UpdateReplacePolicy);
    }
  });

  test('layers of two stacks have different names: layer names are account-wide, and CloudFormation would name both by the logical id', () => {
    const app = new App({ context: { ...flags, ...UNBUNDLED } });
    const stacks = ['Blue', 'Green'].map((name) => new Stack(app, name));
    stacks.forEach((stack) => modelFunction(stack, { hook: ModelHook.fromAsset(hookDirectory()) }));

    const names = stacks.map((stack) => Object.values(Template.fromStack(stack).findResources('AWS::Lambda::LayerVersion'))
      .map(({ Properties }) => Properties.LayerName as string));

    expect(new Set(names.flat()).size).toBe(6);
    for (const [index, name] of ['Blue', 'Green'].entries()) {
      expect(names[index].every((layer) => new RegExp(`^${name}-(numpy-x86_64-python3-\\d+|model-digits|hook-digits)$`).test(layer))).toBe(true);
    }
  });

  test('layers of a nested stack are named with it, whose name only the deployment knows', () => {
    const stack = new NestedStack(emptyStack(flags), 'Nested');
    modelFunction(stack);

    for (const { Properties } of Object.values(Template.fromStack(stack).findResources('AWS::Lambda::LayerVersion'))) {
      expect(Properties.LayerName).toEqual({ 'Fn::Join': ['', [{ Ref: 'AWS::StackName' }, expect.stringMatching(/^-[0-9a-f]{8}$/)]] });
    }
  });

  test('callers use the alias live of the published version', () => {
    const stack = emptyStack(flags);

    const { alias } = modelFunction(stack);

    expect(alias.aliasName).toBe('live');
    expect(resourceOf(stack, 'AWS::Lambda::Alias').properties).toMatchObject({
      Name: 'live',
      FunctionVersion: { 'Fn::GetAtt': [resourceOf(stack, 'AWS::Lambda::Version').id, 'Version'] },
    });
  });

  test('a construct elsewhere in the app changes neither the version\'s logical id nor any other', () => {
    const plain = emptyStack(flags);
    modelFunction(plain);
    const crowded = emptyStack(flags);
    // Tokens are numbered in the order in which they are made.
    Array.from({ length: 40 }, (__, index) => Lazy.string({ produce: () => `${index}` }));
    new logs.LogGroup(crowded, 'Unrelated');
    modelFunction(crowded);

    const ids = (stack: Stack) => Object.keys(Template.fromStack(stack).toJSON().Resources).filter((id) => !id.startsWith('Unrelated'));
    expect(ids(crowded).sort()).toEqual(ids(plain).sort());
  });

  test('changed settings of the function publish a new version', () => {
    const before = emptyStack(flags);
    modelFunction(before);
    const after = emptyStack(flags);
    modelFunction(after, { memorySize: Size.mebibytes(3008) });

    expect(resourceOf(after, 'AWS::Lambda::Version').id).not.toEqual(resourceOf(before, 'AWS::Lambda::Version').id);
  });

  test('construct ids do not change', () => {
    const stack = emptyStack(flags);

    modelFunction(stack).addFunctionUrl();

    const ids = Object.keys(Template.fromStack(stack).toJSON().Resources).filter((id) => id.startsWith('Digits') || id.startsWith('RuntimeLayer'));
    expect(ids.map((id) => id.replace(/[0-9A-F]{8}([0-9a-f]{32})?$/, '')).sort()).toEqual([
      'Digits', 'DigitsAlias', 'DigitsAliasFunctionUrl', 'DigitsCompatibility', 'DigitsFunctionCurrentVersion', 'DigitsLogGroup', 'DigitsModelLayer', 'DigitsRole',
      'DigitsVersionCheck', 'DigitsVersionCheckPermission', 'RuntimeLayernativex8664Layer', 'RuntimeLayernumpyx8664python313Layer',
    ].map((name) => (name === 'Digits' ? 'DigitsFunction' : name)).sort());
  });

  test('the AwsSolutions pack has no finding, with a VPC and a URL too', () => {
    const stack = emptyStack(flags);
    modelFunction(stack, { vpc: ec2.Vpc.fromVpcAttributes(stack, 'Vpc', { vpcId: 'vpc-1', availabilityZones: ['a'], privateSubnetIds: ['subnet-1'] }) })
      .addFunctionUrl();

    expect(new AwsSolutionsChecks(stack.node.root as App).validateScope(stack).violations).toEqual([]);
  });
});

describe('model', () => {
  test('is optimized by the function\'s own optimizer, which has its name and architecture', () => {
    const stack = emptyStack();

    const endpoint = modelFunction(stack, { model: ModelSource.fromAsset(tfliteFile()), architecture: lambda.Architecture.ARM_64, seed: 4 }, 'My_Digits 2');

    expect(endpoint.modelName).toBe('my-digits-2');
    expect(endpoint.optimizer).toBeInstanceOf(ModelOptimizer);
    expect(endpoint.artifact).toBe(endpoint.optimizer);
    const job = JSON.stringify(resourceOf(stack, 'Custom::TensorFlowModelBuild').properties.Job);
    expect(job).toMatch(/\\"model\\":\\"my-digits-2\\"/);
    expect(job).toMatch(/\\"architecture\\":\\"arm64\\"/);
    expect(job).toMatch(/\\"seed\\":4/);
  });

  test('that is already published gets no optimizer, and the function\'s own name', () => {
    const stack = emptyStack();
    const artifact = publishedModel(stack);

    const endpoint = modelFunction(stack, { model: ModelSource.fromArtifact(artifact) });

    expect(endpoint.artifact).toBe(artifact);
    expect(endpoint.optimizer).toBeUndefined();
    Template.fromStack(stack).resourceCountIs('AWS::CodeBuild::Project', 0);
    expect(resourceOf(stack, FIT).properties).toMatchObject({ Bucket: 'models', ManifestKey: 'digits-0123abcd/litert/7/manifest.json' });
  });

  test('that is published in another Region is refused, because Lambda takes layers from its own only', () => {
    const stack = new Stack(new App({ context: UNBUNDLED }), 'Stack', { env: { account: '111122223333', region: 'eu-west-1' } });
    const bucket = s3.Bucket.fromBucketAttributes(stack, 'Models', { bucketName: 'models', region: 'us-east-1' });
    const artifact = ModelArtifact.fromBucket(stack, 'Published', { bucket, manifestKey: 'digits-0123abcd/litert/7/manifest.json' });

    expect(() => modelFunction(stack, { model: ModelSource.fromArtifact(artifact) })).toThrow(
      'the model must be in a bucket of the Region of its function, eu-west-1, because Lambda takes layers from there only, got one in us-east-1: publish it to a bucket of this Region too',
    );
  });

  test('another function adds no runtime layer', () => {
    const stack = emptyStack();

    modelFunction(stack);
    modelFunction(stack, {}, 'Other');

    const layers = Object.keys(Template.fromStack(stack).findResources('AWS::Lambda::LayerVersion'));
    expect(layers.filter((id) => id.startsWith('RuntimeLayer'))).toHaveLength(2);
    expect(layers).toHaveLength(4);
  });
});
