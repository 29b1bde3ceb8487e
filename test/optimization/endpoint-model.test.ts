import { readFileSync } from 'fs';
import { App, CfnParameter, Size, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { IModelArtifact } from '../../lib';
import { ModelArtifact, ModelFormat, ModelOptimizer, ModelSource, QualityGate } from '../../lib';
import type { ArtifactForProps } from '../../lib/optimization/endpoint-model';
import { artifactFor, checkArtifactFor } from '../../lib/optimization/endpoint-model';
import type { EndpointOffer } from '../../lib/optimization/model-compatibility';
import { ModelCompatibility } from '../../lib/optimization/model-compatibility';
import { directoryWith, savedModelFiles } from '../model/model-files';
import { createdBefore } from './optimizer-fixtures';

const env = { account: '111122223333', region: 'eu-west-1' };
const source = ModelSource.fromAsset(directoryWith(savedModelFiles()));
const offer: EndpointOffer = {
  endpoint: 'function', format: ModelFormat.LITERT, architecture: lambda.Architecture.X86_64, memoryMebibytes: 1769, timeoutSeconds: 30,
  runtimes: { native: { layerArn: 'arn:native', functionRuntime: 'provided.al2023' }, numpy: { layerArn: 'arn:numpy', functionRuntime: 'python3.13' } },
};

let app: App;
let stack: Stack;
let bucket: s3.IBucket;

beforeEach(() => {
  app = new App();
  stack = new Stack(app, 'Stack', { env });
  bucket = s3.Bucket.fromBucketName(stack, 'Models', 'models');
});

function wanted(changes: Partial<ArtifactForProps> = {}): ArtifactForProps {
  return { model: source, modelName: 'digits', format: ModelFormat.LITERT, architecture: lambda.Architecture.X86_64, ...changes };
}

const imported = (manifestKey = 'digits-1/litert/3/manifest.json', scope = stack) =>
  ModelArtifact.fromBucket(scope, 'Imported', { bucket, manifestKey, manifestSha256: 'ab'.repeat(32) });

function compatibilityProperties(): any {
  return Object.values(Template.fromStack(stack).findResources('Custom::TensorFlowModelCompatibility'))[0].Properties;
}

const valuesOf = (construct: ModelCompatibility | ModelOptimizer) => Object.entries(construct).filter(([, value]) => typeof value === 'string');
const pascalCase = (name: string) => name[0].toUpperCase() + name.slice(1);

describe('the artifact of an endpoint', () => {
  test('is made by its own optimizer, with the endpoint\'s name, format, architecture and options', () => {
    const artifact = artifactFor(stack, 'Optimizer', wanted({
      format: ModelFormat.SAVED_MODEL, architecture: lambda.Architecture.ARM_64, gate: QualityGate.maxSize(Size.bytes(9)), seed: 4,
    })) as ModelOptimizer;

    expect(artifact).toBeInstanceOf(ModelOptimizer);
    expect(artifact).toMatchObject({ modelName: 'digits', format: ModelFormat.SAVED_MODEL });
    const [build] = Object.values(Template.fromStack(stack).findResources('Custom::TensorFlowModelBuild'));
    expect(JSON.parse(build.Properties.Job)).toMatchObject({
      model: 'digits', format: 'saved_model', architecture: 'arm64', seed: 4, gate: { rules: [{ rule: 'maxSizeBytes', value: 9 }] },
    });
  });

  test('does not depend on an endpoint\'s other properties', () => {
    const props = { ...wanted(), pointerParameterName: '/of/somebody/else' };

    artifactFor(stack, 'Optimizer', props);

    Template.fromStack(stack).resourceCountIs('AWS::SSM::Parameter', 0);
  });

  test('is the one that the source names', () => {
    const artifact = imported();

    expect(artifactFor(stack, 'Optimizer', wanted({ model: ModelSource.fromArtifact(artifact) }))).toBe(artifact);
    Template.fromStack(stack).resourceCountIs('AWS::CodeBuild::Project', 0);
  });

  test('feeds several endpoints of one format', () => {
    const optimizer = new ModelOptimizer(stack, 'Shared', { model: source });

    for (const id of ['A', 'B']) {
      new ModelCompatibility(stack, id, { artifact: artifactFor(stack, 'x', wanted({ model: ModelSource.fromArtifact(optimizer) })), offer });
    }

    Template.fromStack(stack).resourceCountIs('Custom::TensorFlowModelBuild', 1);
    Template.fromStack(stack).resourceCountIs('Custom::TensorFlowModelCompatibility', 2);
  });

  test('that is already published takes no options', () => {
    const props = wanted({ model: ModelSource.fromArtifact(imported()), gate: QualityGate.maxSize(Size.bytes(1)), labels: ['a'] });

    expect(checkArtifactFor(stack, 'x', props)).toEqual([
      expect.stringContaining('gate has no effect on a model that is published already'),
      expect.stringContaining('labels has no effect on a model that is published already'),
    ]);
  });

  test.each<[string, Partial<ArtifactForProps>, string]>([
    ['format', { format: ModelFormat.SAVED_MODEL }, 'is published as litert, and saved_model is needed here'],
    ['architecture', { architecture: lambda.Architecture.ARM_64 }, 'proved on x86_64, and this endpoint runs on arm64'],
  ])('must have the endpoint\'s %s', (_, changes, words) => {
    const optimizer = new ModelOptimizer(stack, 'Shared', { model: source });

    expect(checkArtifactFor(stack, 'x', wanted({ model: ModelSource.fromArtifact(optimizer), ...changes }))).toEqual([expect.stringContaining(words)]);
  });

  test('of another stack is refused, with the way out', () => {
    const optimizer = new ModelOptimizer(new Stack(app, 'Other', { env }), 'Shared', { model: source });
    const refusal = /belongs to another stack.*pointerParameterName.*ModelArtifact\.fromParameter/;

    expect(checkArtifactFor(stack, 'x', wanted({ model: ModelSource.fromArtifact(optimizer) }))).toEqual([expect.stringMatching(refusal)]);
  });

  test('must come from this library', () => {
    const foreign = { node: stack.node, bucket, grantRead: () => undefined } as unknown as IModelArtifact;

    expect(checkArtifactFor(stack, 'x', wanted({ model: ModelSource.fromArtifact(foreign) }))).toEqual([
      expect.stringContaining('must be a ModelOptimizer, or imported with ModelArtifact'),
    ]);
  });

  test('that must be built first has its problems reported before anything is created', () => {
    expect(checkArtifactFor(stack, 'Optimizer', wanted({ model: ModelSource.fromAsset('no/such'), seed: -1 }))).toHaveLength(2);
    expect(checkArtifactFor(stack, 'Optimizer', wanted())).toEqual([]);
    expect(stack.node.tryFindChild('Optimizer')).toBeUndefined();
  });
});

describe('the compatibility check', () => {
  test('gives the handlers the manifest of an optimizer of the stack, and the offer as one text', () => {
    const optimizer = new ModelOptimizer(stack, 'Shared', { model: source });
    new ModelCompatibility(stack, 'Compatibility', { artifact: optimizer, offer: { ...offer, runtime: 'native', cpuFeatures: ['avx2'] } });
    const build = Object.keys(Template.fromStack(stack).findResources('Custom::TensorFlowModelBuild'))[0];

    const properties = compatibilityProperties();

    expect(properties).toMatchObject({
      Mode: 'compatibility',
      Bucket: stack.resolve(optimizer.bucket.bucketName),
      ManifestKey: { 'Fn::GetAtt': [build, 'ManifestKey'] },
      ManifestSha256: { 'Fn::GetAtt': [build, 'ManifestSha256'] },
    });
    expect(JSON.parse(properties.Offer)).toEqual({
      endpoint: 'function', format: 'litert', architecture: 'x86_64', memoryMebibytes: 1769, timeoutSeconds: 30, runtime: 'native',
      runtimes: offer.runtimes, cpuFeatures: ['avx2'],
    });
  });

  test('gives the handlers the manifest of an import by key', () => {
    new ModelCompatibility(stack, 'Compatibility', { artifact: imported(), offer });

    expect(compatibilityProperties()).toMatchObject({ Bucket: 'models', ManifestKey: 'digits-1/litert/3/manifest.json', ManifestSha256: 'ab'.repeat(32) });
  });

  test('without a digest, asks for none', () => {
    new ModelCompatibility(stack, 'Compatibility', {
      artifact: ModelArtifact.fromBucket(stack, 'I', { bucket, manifestKey: 'digits-1/litert/3/manifest.json' }), offer,
    });

    expect(compatibilityProperties().ManifestSha256).toBe('');
  });

  test('gives the handlers the value of a parameter, so that a new pointer is noticed', () => {
    new ModelCompatibility(stack, 'Compatibility', { artifact: ModelArtifact.fromParameter(stack, 'I', { bucket, parameterName: '/models/digits' }), offer });

    const template = Template.fromStack(stack);
    const [parameter] = Object.keys(template.findParameters('*', { Type: 'AWS::SSM::Parameter::Value<String>', Default: '/models/digits' }));
    expect(compatibilityProperties()).toMatchObject({ Pointer: { Ref: parameter } });
    expect(compatibilityProperties()).not.toHaveProperty('ManifestKey');
  });

  test('lets the handlers read only the version\'s model', () => {
    new ModelCompatibility(stack, 'Compatibility', { artifact: imported(), offer });

    Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({ Action: ['s3:GetObject', 's3:GetObjectVersion'], Resource: { 'Fn::Join': ['', Match.arrayWith([':s3:::models/digits-1/*'])] } }),
          Match.objectLike({ Action: ['s3:ListBucket', 's3:ListBucketVersions'], Condition: { StringLike: { 's3:prefix': ['digits-1/*'] } } }),
        ]),
      },
    });
    Template.fromStack(stack).resourceCountIs('AWS::S3::Bucket', 0);
  });

  test('waits for the handlers and their policies', () => {
    new ModelCompatibility(stack, 'Compatibility', { artifact: imported(), offer });
    const template = Template.fromStack(stack);
    const waitsFor = createdBefore(template, Object.keys(template.findResources('Custom::TensorFlowModelCompatibility'))[0]);

    for (const type of ['AWS::IAM::Policy', 'AWS::Lambda::Function', 'AWS::StepFunctions::StateMachine']) {
      expect(Object.keys(template.findResources(type)).filter((id) => !waitsFor.has(id))).toEqual([]);
    }
  });

  test('exposes what it returns', () => {
    const compatibility = new ModelCompatibility(stack, 'Compatibility', { artifact: imported(), offer });
    const id = stack.getLogicalId(compatibility.resource.node.defaultChild as never);
    const values = valuesOf(compatibility);

    expect(values).toHaveLength(17);
    for (const [name, value] of values) {
      expect(stack.resolve(value)).toEqual({ 'Fn::GetAtt': [id, pascalCase(name)] });
    }
  });

  test('and an optimizer expose exactly the values of the record that the optimizer publishes', () => {
    // The check reads Runtime itself, to choose the function's runtime and layer; a record without the mark of success, Status, counts for nobody.
    const record = Object.keys(JSON.parse(readFileSync('runtime/build_runner/src/model_builds/versions/record.schema.json', 'utf8')).properties)
      .filter((name) => !['Runtime', 'Status'].includes(name));
    const optimizer = new ModelOptimizer(stack, 'Shared', { model: source });
    const attributes = valuesOf(optimizer).map(([, value]) => stack.resolve(value)['Fn::GetAtt']?.[1]).filter((name) => record.includes(name));
    const names = valuesOf(new ModelCompatibility(stack, 'Compatibility', { artifact: optimizer, offer })).map(([name]) => pascalCase(name));

    expect(attributes).toEqual(expect.arrayContaining(['Version', 'ReportKey', 'BuildUrl', 'Summary']));
    expect([...new Set([...names, ...attributes])].sort()).toEqual([...record, 'FunctionRuntime', 'GoldenSha256', 'LayerSha256', 'MemoryRequest', 'RuntimeLayerArn'].sort());
  });

  test('accepts tokens in its offer', () => {
    const memory = new CfnParameter(stack, 'Memory', { type: 'Number' });

    new ModelCompatibility(stack, 'Compatibility', { artifact: imported(), offer: { ...offer, memoryMebibytes: memory.valueAsNumber } });

    expect(JSON.stringify(compatibilityProperties().Offer)).toContain('{"Ref":"Memory"}');
  });

  test.each([
    ['an optimizer', () => new ModelOptimizer(stack, 'Shared', { model: source })],
    ['an import by key', () => imported()],
    ['an import by parameter', () => ModelArtifact.fromParameter(stack, 'I', { bucket, parameterName: '/models/digits' })],
    ['an encrypted bucket', () => ModelArtifact.fromBucket(stack, 'I', {
      bucket: new s3.Bucket(new Stack(app, 'B', { env }), 'Mine', {
        encryptionKey: new kms.Key(stack, 'Key', { enableKeyRotation: true }),
      }),
      manifestKey: 'a/litert/1/manifest.json',
    })],
  ])('of %s has no open finding of cdk-nag', (_, artifact) => {
    new ModelCompatibility(stack, 'Compatibility', { artifact: artifact(), offer });

    expect(new AwsSolutionsChecks(app).validateScope(stack).violations).toEqual([]);
  });
});

describe('a pointer', () => {
  const point = (scope: Stack) => ModelArtifact.fromParameter(scope, 'Pointed', { bucket, parameterName: '/models/digits' });
  const write = (scope: Stack) => new ModelOptimizer(scope, 'Shared', { model: source, pointerParameterName: '/models/digits' });

  test.each([
    ['the optimizer first', () => [write(stack), point(stack)]],
    ['the import first', () => [point(stack), write(stack)]],
  ])('that the same stack writes is refused, because the deployment would read it before it is written: %s', (_, create) => {
    create();
    expect(() => app.synth()).toThrow(
      /another stack writes, got "\/models\/digits", which "Stack\/Shared\/Pointer\/Resource" of this stack writes.*ModelSource\.fromArtifact/,
    );
  });

  test('that an earlier stack writes names a model for this one, and its bucket', () => {
    const optimizing = new Stack(app, 'Optimizing', { env });
    const published = ModelArtifact.fromParameter(stack, 'Pointed', { bucket: write(optimizing).bucket, parameterName: '/models/digits' });
    new ModelCompatibility(stack, 'Compatibility', { artifact: published, offer });

    stack.addStackDependency(optimizing);

    expect(() => app.synth()).not.toThrow();
    expect(Template.fromStack(stack).findParameters('*', { Type: 'AWS::SSM::Parameter::Value<String>' })).not.toEqual({});
  });
});

describe('ModelArtifact', () => {
  test.each([
    'manifest.json', 'litert/1/manifest.json', 'a/onnx/1/manifest.json', 'a/litert/0/manifest.json', 'a/litert/01/manifest.json', '/a/litert/1/manifest.json',
    'a/litert/1/model.json',
  ])('refuses the key %s', (manifestKey) => {
    expect(() => imported(manifestKey)).toThrow('manifestKey must be the key of a published manifest');
  });

  test('refuses an invalid digest and an invalid parameter, naming all problems', () => {
    expect(() => ModelArtifact.fromBucket(stack, 'I', { bucket, manifestKey: 'x', manifestSha256: 'AB' })).toThrow('2 problems');
    expect(() => ModelArtifact.fromParameter(stack, 'J', { bucket, parameterName: 'arn:aws:ssm:x' })).toThrow('parameterName must be the name of an SSM parameter');
  });

  test('accepts a token for the key, and then knows the model only at deployment', () => {
    const manifestKey = new CfnParameter(stack, 'Key').valueAsString;
    const reader = new iam.Role(stack, 'Reader', { assumedBy: new iam.AccountRootPrincipal() });

    const artifact = ModelArtifact.fromBucket(stack, 'I', { bucket, manifestKey });
    artifact.grantRead(reader);

    const text = JSON.stringify(Template.fromStack(stack).findResources('AWS::IAM::Policy'));
    expect(text).toContain(':s3:::models/*/litert/*');
    expect(text).not.toContain(':s3:::models/*"');
  });

  test('of an encrypted bucket brings the key', () => {
    const encryptionKey = new kms.Key(stack, 'Key');
    const encrypted = s3.Bucket.fromBucketAttributes(stack, 'Encrypted', { bucketName: 'models', encryptionKey });
    const reader = new iam.Role(stack, 'Reader', { assumedBy: new iam.AccountRootPrincipal() });

    ModelArtifact.fromBucket(stack, 'I', { bucket: encrypted, manifestKey: 'a/litert/1/manifest.json' }).grantRead(reader);

    Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: { Statement: Match.arrayWith([Match.objectLike({ Action: 'kms:Decrypt' })]) },
    });
  });
});
