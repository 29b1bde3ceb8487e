import type { Stack } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { ModelOptimizerProps } from '../../lib';
import { ModelFormat, ModelSource } from '../../lib';
import { evaluation, newStack, optimize, idOf, build, statementsOf, actionsOf } from './optimizer-fixtures';

describe('the job\'s role', () => {
  const { template, optimizer } = optimize({ evaluation });
  const statements = statementsOf(template(), idOf(optimizer.role as iam.Role));
  const ownPrefix = { 'Fn::Join': ['', [{ 'Fn::GetAtt': [idOf(optimizer.bucket), 'Arn'] }, `/${optimizer.keyPrefix}/*`]] };
  const writing = statements.filter(({ Action }) => [Action].flat().includes('s3:PutObject'));

  test('writes only below its model\'s prefix, and only new objects', () => {
    expect(writing.every(({ Resource }) => JSON.stringify(Resource) === JSON.stringify(ownPrefix))).toBe(true);
    expect(writing.map(({ Effect, Condition }) => [Effect, Condition])).toEqual(expect.arrayContaining([
      ['Allow', { Null: { 's3:if-none-match': 'false' } }],
      ['Allow', { Bool: { 's3:ObjectCreationOperation': 'false' } }],
      ['Deny', { Null: { 's3:if-none-match': 'true' }, Bool: { 's3:ObjectCreationOperation': 'true' } }],
    ]));
    expect(writing).toHaveLength(3);
  });

  test('deletes nothing, and changes no permission', () => {
    expect(actionsOf(statements).filter((action) => /Delete|Acl|Policy|\*/.test(action))).toEqual([]);
  });

  test('lists only its model\'s prefix', () => {
    expect(statements.filter(({ Action }) => Action === 's3:ListBucket').map(({ Condition }) => Condition)).toEqual([
      { StringLike: { 's3:prefix': `${optimizer.keyPrefix}/*` } },
    ]);
  });

  test('reads what it publishes below its model\'s prefix only, and otherwise single objects', () => {
    const reading = statements.filter(({ Effect, Action }) => Effect === 'Allow' && [Action].flat().some((action) => /^s3:GetObject/.test(action)));
    const resources: string[] = reading.flatMap(({ Resource }) => [Resource].flat()).map((resource) => JSON.stringify(resource));

    const wide = resources.filter((resource) => resource.includes('*'));
    expect(new Set(wide)).toEqual(new Set([JSON.stringify({ 'Fn::Join': ['', [{ 'Fn::GetAtt': [idOf(optimizer.bucket), 'Arn'] }, `/${optimizer.keyPrefix}/*`]] })]));
    expect(wide).toHaveLength(2); // objects, and the object version of a layer
    expect(resources.filter((resource) => !resource.includes('*')).every((resource) => /\.(zip|npz)"/.test(resource))).toBe(true);
  });

  test('reads the model, the data and the optimizer\'s code, and nothing else of the assets', () => {
    const read = JSON.stringify(statements.filter(({ Action }) => [Action].flat().includes('s3:GetObject')));

    expect(read.match(/[0-9a-f]{64}\.(zip|npz)/g)).toHaveLength(3);
    expect(read).not.toMatch(/assets-[^"]*"\]\]\}?,? *"?\/\*/);
  });

  test('gets permissions that the user grants later', () => {
    const later = optimize();
    const other = new s3.Bucket(later.stack, 'Other');

    other.grantRead(later.optimizer.project);

    expect(JSON.stringify(statementsOf(later.template(), idOf(later.optimizer.role as iam.Role)))).toContain(idOf(other));
  });

  test('may read the secrets that its environment names', () => {
    const secret = { type: codebuild.BuildEnvironmentVariableType.SECRETS_MANAGER, value: 'index:url' };

    const { template: withSecret, optimizer: reader } = optimize({ buildEnvironment: { UV_DEFAULT_INDEX: secret } });

    expect(actionsOf(statementsOf(withSecret(), idOf(reader.role as iam.Role)))).toContain('secretsmanager:GetSecretValue');
  });

  test('uses a key only if there is one', () => {
    expect(actionsOf(statements).filter((action) => action.startsWith('kms:'))).toEqual([]);
    const stack = newStack();
    const encrypted = optimize({ encryptionKey: new kms.Key(stack, 'Key') }, stack);

    const ofKey = statementsOf(encrypted.template(), idOf(encrypted.optimizer.role as iam.Role)).filter(({ Action }) => JSON.stringify(Action).includes('kms:'));
    expect(ofKey.map(({ Action }) => Action)).toEqual([['kms:Decrypt', 'kms:GenerateDataKey']]);
  });

  test.each<[string, (key: kms.Key) => kms.IKey]>([
    ['a key', (key) => key],
    ['an alias, which IAM does not accept in a policy', (key) => key.addAlias('models')],
  ])('decrypts with the key of its source, given as %s', (_, given) => {
    const stack = newStack();
    const key = new kms.Key(stack, 'Key');
    const source = new s3.Bucket(stack, 'Mine', { encryptionKey: given(key) });
    const reader = optimize({ model: ModelSource.fromBucket(source, 'digits.keras', { revision: '1' }) }, stack);

    expect(statementsOf(reader.template(), idOf(reader.optimizer.role as iam.Role)).filter(({ Action }) => JSON.stringify(Action).includes('kms:'))).toEqual([
      { Action: 'kms:Decrypt', Effect: 'Allow', Resource: stack.resolve(key.keyArn) },
    ]);
    expect(build(reader.template()).DependsOn).toContain(idOf(reader.optimizer.role.node.findChild('DefaultPolicy') as iam.Policy));
  });
});

describe('the policy of a key may name the job\'s role, which then refers to nothing that the key encrypts', () => {
  test.each<[string, (stack: Stack, key: kms.Key) => Partial<ModelOptimizerProps>]>([
    ['the models', (_, encryptionKey) => ({ encryptionKey })],
    ['the user\'s bucket', (stack, encryptionKey) => ({ artifactBucket: new s3.Bucket(stack, 'Mine', { encryptionKey, versioned: true }) })],
    ['the source of the model', (stack, encryptionKey) => ({
      model: ModelSource.fromBucket(new s3.Bucket(stack, 'Mine', { encryptionKey }), 'digits.keras', { revision: '1' }),
    })],
    ['the repository of the server', (stack, encryptionKey) => ({
      format: ModelFormat.SAVED_MODEL,
      serverImage: '111122223333.dkr.ecr.eu-west-1.amazonaws.com/serving:2.20.0',
      serverRepository: new ecr.Repository(stack, 'Mine', { encryption: ecr.RepositoryEncryption.KMS, encryptionKey }),
    })],
  ])('if it encrypts %s', (_, props) => {
    const stack = newStack();
    const key = new kms.Key(stack, 'Key');
    const { optimizer, template } = optimize(props(stack, key), stack);

    key.addToResourcePolicy(new iam.PolicyStatement({ actions: ['kms:Decrypt'], principals: [optimizer.role], resources: ['*'] }));

    // Template.fromStack() fails if resources depend on each other.
    const role = idOf(optimizer.role as iam.Role);
    expect(template().findResources('AWS::IAM::Role')[role].Properties.Policies).toEqual([]);
    expect(actionsOf(statementsOf(template(), role))).toEqual(expect.arrayContaining(['s3:PutObject', 'logs:PutLogEvents']));
    expect(build(template()).DependsOn).toContain(idOf(optimizer.role.node.findChild('DefaultPolicy') as iam.Policy));
  });
});

describe('the user\'s own role', () => {
  test('gets the permissions that the optimization needs, and the build waits for them', () => {
    const stack = newStack();
    const buildRole = new iam.Role(stack, 'Mine', { assumedBy: new iam.ServicePrincipal('codebuild.amazonaws.com') });

    const { template, optimizer } = optimize({ buildRole }, stack);

    expect(optimizer.role).toBe(buildRole);
    expect(actionsOf(statementsOf(template(), idOf(buildRole)))).toEqual(expect.arrayContaining(['s3:PutObject', 'codebuild:CreateReport']));
    expect(build(template()).DependsOn).toContain(idOf(buildRole.node.findChild('DefaultPolicy') as iam.Policy));
  });

  test('may be imported', () => {
    const stack = newStack();
    const buildRole = iam.Role.fromRoleArn(stack, 'Mine', 'arn:aws:iam::111122223333:role/Mine');

    const { template } = optimize({ buildRole }, stack);

    const policies = template().findResources('AWS::IAM::Policy', { Properties: { Roles: ['Mine'] } });
    expect(build(template()).DependsOn).toEqual(expect.arrayContaining(Object.keys(policies)));
    expect(Object.keys(policies)).toHaveLength(1);
  });
});

test('grantRead lets a principal read and list this model, and nothing else', () => {
  const { stack, optimizer, template } = optimize();
  const reader = new iam.Role(stack, 'Reader', { assumedBy: new iam.AccountRootPrincipal() });

  optimizer.grantRead(reader);

  const statements = statementsOf(template(), idOf(reader));
  expect(new Set(actionsOf(statements))).toEqual(new Set(['s3:GetObject', 's3:GetObjectVersion', 's3:ListBucket']));
  expect(statements[1].Condition).toEqual({ StringLike: { 's3:prefix': [`${optimizer.keyPrefix}/*`] } });
});

test('grantStartBuild lets a principal start builds of this project', () => {
  const { stack, optimizer, template } = optimize();
  const operator = new iam.Role(stack, 'Operator', { assumedBy: new iam.AccountRootPrincipal() });

  optimizer.grantStartBuild(operator);

  expect(statementsOf(template(), idOf(operator))).toEqual([
    { Action: 'codebuild:StartBuild', Effect: 'Allow', Resource: { 'Fn::GetAtt': [idOf(optimizer.project), 'Arn'] } },
  ]);
});
