import { App, Duration, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import type * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import recommended from 'aws-cdk-lib/recommended-feature-flags.json';
import { AwsSolutionsChecks } from 'cdk-nag';
import { ModelFunction, ModelOptimizer } from '../../lib';
import { model, evaluation, newStack, optimize, plain, idOf, statementsOf, actionsOf } from './optimizer-fixtures';

describe.each([['without feature flags', {}], ['with the recommended feature flags', recommended]])('%s', (_, flags) => {
  test('cdk-nag has no open finding', () => {
    const stack = newStack(flags);
    optimize({ evaluation }, stack);

    expect(new AwsSolutionsChecks(stack.node.root as App).validateScope(stack).violations).toEqual([]);
  });

  test('cdk-nag finds nothing if account and Region are not known', () => {
    const stack = new Stack(new App({ context: flags }), 'Stack');
    optimize({ encryptionKey: new kms.Key(stack, 'Key', { enableKeyRotation: true }) }, stack);

    expect(new AwsSolutionsChecks(stack.node.root as App).validateScope(stack).violations).toEqual([]);
  });

  test('the job\'s role has exactly the permissions that the path needs', () => {
    const { template, optimizer } = optimize({ evaluation }, newStack(flags));

    const statements = statementsOf(template(), idOf(optimizer.role as iam.Role));

    expect(new Set(actionsOf(statements))).toEqual(new Set([
      's3:GetObject', 's3:GetObjectVersion', 's3:ListBucket', 's3:PutObject', 's3:AbortMultipartUpload',
      'logs:CreateLogStream', 'logs:PutLogEvents', 'codebuild:CreateReport', 'codebuild:UpdateReport', 'codebuild:BatchPutTestCases',
    ]));
    expect(JSON.stringify(statements)).not.toContain('"*"');
  });
});

describe('several models of a stack', () => {
  test('share the log group and the report group, and each can write its own log streams only', () => {
    const stack = newStack();
    const [first, second] = ['One', 'Two'].map((id) => new ModelOptimizer(stack, id, { model }));
    const template = Template.fromStack(stack);

    expect([second.logGroup, second.reportGroup]).toEqual([first.logGroup, first.reportGroup]);
    template.resourceCountIs('AWS::CodeBuild::ReportGroup', 1);
    const written = [first, second].map(({ role }) => statementsOf(template, idOf(role as iam.Role)).filter(({ Action }) => Action === 'logs:PutLogEvents'));
    expect(written.map((statements) => statements.map(({ Resource }) => Resource))).toEqual([first, second].map(({ keyPrefix }) => [stack.resolve(
      `arn:${stack.partition}:logs:${stack.region}:${stack.account}:log-group:${first.logGroup.logGroupName}:log-stream:${keyPrefix}/*`)]));
    for (const { keyPrefix } of [first, second]) {
      template.hasResourceProperties('AWS::CodeBuild::Project', {
        LogsConfig: { CloudWatchLogs: { StreamName: stack.resolve(keyPrefix) } },
      });
    }
  });

  test('a second model function adds twelve resources to a stack', () => {
    const resources = (count: number) => {
      const stack = newStack({ 'aws:cdk:bundling-stacks': [] });
      Array.from({ length: count }, (_, index) => new ModelFunction(stack, `Model${index}`, { model }));
      return Object.keys(Template.fromStack(stack).toJSON().Resources as object).length;
    };

    expect(resources(2) - resources(1)).toBe(12);
  });

  test('share bucket and provider, and not each other\'s prefix', () => {
    const stack = newStack();
    const first = new ModelOptimizer(stack, 'One', { model });
    const second = new ModelOptimizer(stack, 'Two', { model, modelName: 'one' });
    const template = Template.fromStack(stack);

    expect(second.bucket).toBe(first.bucket);
    expect(second.keyPrefix).not.toBe(first.keyPrefix);
    template.resourceCountIs('AWS::S3::Bucket', 1);
    template.resourceCountIs('AWS::StepFunctions::StateMachine', 1);
    template.resourceCountIs('AWS::CodeBuild::Project', 2);
    expect(JSON.stringify(statementsOf(template, idOf(second.role as iam.Role)))).not.toContain(first.keyPrefix);
  });

  test('must share the key, or have separate buckets', () => {
    const stack = newStack();
    optimize({}, stack);

    expect(() => new ModelOptimizer(stack, 'Other', { model, encryptionKey: new kms.Key(stack, 'Key') })).toThrow('or this one its own artifactBucket');
  });
});

test('the bucket is private, encrypted, versioned, for TLS only, and outlives the stack', () => {
  const { template } = plain;

  template().hasResource('AWS::S3::Bucket', {
    DeletionPolicy: 'Retain',
    UpdateReplacePolicy: 'Retain',
    Properties: {
      BucketName: Match.absent(),
      VersioningConfiguration: { Status: 'Enabled' },
      BucketEncryption: { ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }] },
      PublicAccessBlockConfiguration: { BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true },
      LifecycleConfiguration: { Rules: [{ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 }, Status: 'Enabled' }] },
    },
  });
  template().hasResourceProperties('AWS::S3::BucketPolicy', {
    PolicyDocument: { Statement: [Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } })] },
  });
});

test('resources that only builds use are deleted with the stack, so a failed first deployment leaves nothing in the way', () => {
  const { template } = plain;
  const retained = Object.entries(template().toJSON().Resources as Record<string, any>)
    .filter(([, { DeletionPolicy }]) => DeletionPolicy === 'Retain').map(([, { Type }]) => Type);

  expect(retained).toEqual(['AWS::S3::Bucket']);
  template().hasResourceProperties('AWS::CodeBuild::ReportGroup', { DeleteReports: true, Type: 'TEST' });
});

test('an encryption key encrypts bucket and builds', () => {
  const stack = newStack();
  const encryptionKey = new kms.Key(stack, 'Key');
  const { template } = optimize({ encryptionKey }, stack);
  const arn = { 'Fn::GetAtt': [idOf(encryptionKey), 'Arn'] };

  template().hasResourceProperties('AWS::S3::Bucket', {
    BucketEncryption: { ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: arn } }] },
  });
  template().hasResourceProperties('AWS::CodeBuild::Project', { EncryptionKey: arn });
});

test('metrics belong to the project', () => {
  const { stack, optimizer } = plain;
  const dimensions = { ProjectName: stack.resolve(optimizer.project.projectName) };

  expect(stack.resolve(optimizer.metricBuildDuration().toMetricConfig().metricStat)).toMatchObject({
    namespace: 'AWS/CodeBuild', metricName: 'Duration', statistic: 'Average', dimensions: [{ name: 'ProjectName', value: dimensions.ProjectName }],
  });
  expect(optimizer.metricFailedBuilds({ period: Duration.hours(1) }).toMetricConfig().metricStat).toMatchObject({
    metricName: 'FailedBuilds', statistic: 'Sum', period: Duration.hours(1),
  });
});

test('the pointer of one app can be read in another', () => {
  const { optimizer } = optimize({ pointerParameterName: '/models/digits' });

  expect(optimizer.pointerParameter).toBeInstanceOf(ssm.StringParameter);
});
