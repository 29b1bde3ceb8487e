import { readFileSync } from 'fs';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { IModelArtifact } from '../../lib';
import { ModelArtifact, ModelFormat, ModelSource, UnsignedVersions } from '../../lib';
import { artifactFor, checkArtifactFor } from '../../lib/optimization/endpoint-model';
import { ModelCompatibility } from '../../lib/optimization/model-compatibility';
import { build, idOf, model, newStack, optimize, plain, statementsOf } from './optimizer-fixtures';

const ARN = 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';

function newKey(stack: Stack, keySpec = kms.KeySpec.ECC_NIST_P256, keyUsage = kms.KeyUsage.SIGN_VERIFY): kms.Key {
  return new kms.Key(stack, 'SigningKey', { keySpec, keyUsage });
}

function signing(unsignedVersions?: UnsignedVersions) {
  const stack = newStack();
  const signingKey = newKey(stack);
  return { ...optimize({ signingKey, unsignedVersions }, stack), signingKey };
}

const signed = signing();

const roleOf = (template: Template, pattern: RegExp) => Object.keys(template.findResources('AWS::IAM::Role')).find((id) => pattern.test(id))!;
const handlersOf = (template: Template) => statementsOf(template, roleOf(template, /^TensorFlowModelBuildsRole[0-9A-F]{8}$/));
const jobsOf = (template: Template) => statementsOf(template, roleOf(template, /^DigitsOptimizationRole[0-9A-F]{8}$/));

function added(statements: (template: Template) => any[], template: Template, before: Template): any[] {
  // Other ids and prefixes do not differ: both stacks have the same names.
  const known = statements(before).map((statement) => JSON.stringify(statement));
  return statements(template).filter((statement) => !known.includes(JSON.stringify(statement)));
}

const signatures = ({ optimizer }: { optimizer: typeof plain.optimizer }) => ({
  'Fn::Join': ['', [{ 'Fn::GetAtt': [idOf(optimizer.bucket), 'Arn'] }, `/${optimizer.keyPrefix}/*/manifest.json.sigstore.json`]],
});

describe('signingKey', () => {
  test('is passed to the custom resource, and not to the job, so that a published model is not built again', () => {
    const keyArn = { 'Fn::GetAtt': [idOf(signed.signingKey), 'Arn'] };

    expect(build(signed.template()).Properties).toMatchObject({ SigningKey: keyArn, UnsignedVersions: 'REFUSE' });
    expect(build(signing(UnsignedVersions.SIGN).template()).Properties.UnsignedVersions).toBe('SIGN');
    expect(build(signed.template()).Properties.Job).toEqual(build(plain.template()).Properties.Job);
    for (const name of ['SigningKey', 'UnsignedVersions']) {
      expect(build(plain.template()).Properties).not.toHaveProperty(name);
    }
  });

  test('lets the handlers sign, verify, and make signatures that they cannot replace, and nothing else', () => {
    const Resource = { 'Fn::GetAtt': [idOf(signed.signingKey), 'Arn'] };

    expect(added(handlersOf, signed.template(), plain.template()).map((statement) => [statement.Action, statement.Resource, statement.Condition])).toEqual([
      [['kms:GetPublicKey', 'kms:Verify'], Resource, undefined],
      ['s3:PutObject', signatures(signed), { Null: { 's3:if-none-match': 'false' } }],
      ['kms:Sign', Resource, undefined],
    ]);
  });

  test('gives the job no permission for the key, and denies it to write signatures', () => {
    expect(added(jobsOf, signed.template(), plain.template())).toEqual([{ Effect: 'Deny', Action: 's3:PutObject', Resource: signatures(signed) }]);
  });

  test('is used only after the handlers have their permissions', () => {
    const policy = Object.keys(signed.template().findResources('AWS::IAM::Policy')).find((id) => /^TensorFlowModelBuildsRoleDefaultPolicy/.test(id));

    expect(build(signed.template()).DependsOn).toContain(policy);
  });

  test('has its file name and its specs in common with the handlers', () => {
    const source = (path: string) => readFileSync(`runtime/${path}.py`, 'utf8');

    expect(source('shared/src/cdk_tensorflow_shared/signing_bundle')).toContain('SIGNATURE_BUNDLE = "manifest.json.sigstore.json"');
    for (const spec of [...source('build_runner/src/model_builds/versions/signing_key').matchAll(/"((?:ECC|RSA)_\w+)": \(/g)].map(([, name]) => name)) {
      expect(() => optimize({ signingKey: newKey(newStack(), spec as kms.KeySpec) })).not.toThrow();
    }
  });

  test('has no open finding of cdk-nag, even with an unknown account and Region', () => {
    const stack = new Stack(new App(), 'Stack');
    optimize({ signingKey: newKey(stack) }, stack);

    expect(new AwsSolutionsChecks(stack.node.root as App).validateScope(stack).violations).toEqual([]);
  });
});

describe('an endpoint', () => {
  /** Properties of every endpoint's check of its model, without those of its server. */
  function checked(stack: Stack, artifact: IModelArtifact) {
    const offer = { endpoint: 'function' as const, format: ModelFormat.LITERT, architecture: lambda.Architecture.X86_64 };
    new ModelCompatibility(stack, 'Check', { artifact, offer });
    const template = Template.fromStack(stack);
    return { template, check: Object.values(template.findResources('Custom::TensorFlowModelCompatibility'))[0] };
  }

  test('asks for the signature of the key of its own model, once it may verify', () => {
    const { stack, optimizer, signingKey } = signing();
    const { check } = checked(stack, optimizer);

    expect(check.Properties.SigningKey).toEqual({ 'Fn::GetAtt': [idOf(signingKey), 'Arn'] });
    expect(check.DependsOn).toEqual(expect.arrayContaining([expect.stringMatching(/^TensorFlowModelBuildsRoleDefaultPolicy/)]));
  });

  test.each([
    ['fromBucket', (stack: Stack, bucket: s3.IBucket, signingKey: kms.IKey) =>
      ModelArtifact.fromBucket(stack, 'Published', { bucket, manifestKey: 'digits/litert/1/manifest.json', signingKey })],
    ['fromParameter', (stack: Stack, bucket: s3.IBucket, signingKey: kms.IKey) =>
      ModelArtifact.fromParameter(stack, 'Published', { bucket, parameterName: '/digits', signingKey })],
  ])('asks for the signature of an imported model, and may verify but not sign: %s', (_, published) => {
    const stack = newStack();
    const bucket = s3.Bucket.fromBucketName(stack, 'Bucket', 'models');
    const { check, template } = checked(stack, published(stack, bucket, kms.Key.fromKeyArn(stack, 'Key', ARN)));

    expect(check.Properties.SigningKey).toBe(ARN);
    expect(handlersOf(template).filter(({ Action }) => JSON.stringify(Action).includes('kms:'))).toEqual([
      { Effect: 'Allow', Action: ['kms:GetPublicKey', 'kms:Verify'], Resource: ARN },
    ]);
  });

  test('without a key asks for no signature', () => {
    const { stack, optimizer } = optimize();

    expect(checked(stack, optimizer).check.Properties).not.toHaveProperty('SigningKey');
  });

  test('passes signingKey to its own optimizer, and refuses it for a published model', () => {
    const stack = newStack();
    const props = { modelName: 'digits', format: ModelFormat.LITERT, architecture: lambda.Architecture.X86_64, signingKey: newKey(stack) };
    const published = ModelArtifact.fromBucket(stack, 'Published', {
      bucket: s3.Bucket.fromBucketName(stack, 'Bucket', 'models'), manifestKey: 'digits/litert/1/manifest.json',
    });
    artifactFor(stack, 'Optimizer', { ...props, model });

    expect(build(Template.fromStack(stack)).Properties).toHaveProperty('SigningKey');
    expect(checkArtifactFor(stack, 'Other', { ...props, model: ModelSource.fromArtifact(published) })).toEqual([
      expect.stringMatching(/^signingKey has no effect on a model that is published already/),
    ]);
  });
});

describe('a key that cannot sign', () => {
  test.each([
    ['symmetric', {}, /^2 problems:\n.*signingKey must have one of the specs ECC_NIST_P256, .*, got SYMMETRIC_DEFAULT: create it with keySpec: .*\n.*got ENCRYPT_DECRYPT/],
    ['for encryption', { keySpec: kms.KeySpec.RSA_2048, keyUsage: kms.KeyUsage.ENCRYPT_DECRYPT }, /^signingKey must have the usage SIGN_VERIFY, got ENCRYPT_DECRYPT: /],
    ['of another curve', { keySpec: kms.KeySpec.ECC_SECG_P256K1, keyUsage: kms.KeyUsage.SIGN_VERIFY }, /^signingKey must have one of the specs .*, got ECC_SECG_P256K1: /],
  ])('is refused at synth: %s', (_, props, problem) => {
    const stack = newStack();

    expect(() => optimize({ signingKey: new kms.Key(stack, 'Key', props) }, stack)).toThrow(problem);
  });

  test('is refused as an alias, also for an imported model', () => {
    const stack = newStack();
    const signingKey = kms.Alias.fromAliasName(stack, 'Alias', 'alias/models');
    const bucket = s3.Bucket.fromBucketName(stack, 'Bucket', 'models');
    const problem = /signingKey must be a key, got the alias "alias\/models", which IAM does not accept in a policy.*: give the key itself/;

    expect(() => optimize({ signingKey }, stack)).toThrow(problem);
    expect(() => ModelArtifact.fromBucket(stack, 'A', { bucket, manifestKey: 'digits/litert/1/manifest.json', signingKey })).toThrow(problem);
    expect(() => ModelArtifact.fromParameter(stack, 'B', { bucket, parameterName: '/digits', signingKey })).toThrow(problem);
  });

  test('is accepted if only the deployment can know it', () => {
    const stack = newStack();

    expect(() => optimize({ signingKey: kms.Key.fromKeyArn(stack, 'Key', ARN) }, stack)).not.toThrow();
  });
});

test('unsignedVersions has no effect without signingKey', () => {
  expect(() => optimize({ unsignedVersions: UnsignedVersions.SIGN })).toThrow(/^unsignedVersions has no effect without signingKey, .*: give signingKey/);
});
