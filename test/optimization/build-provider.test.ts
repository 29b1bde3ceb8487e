import { spawnSync } from 'child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { join } from 'path';
import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { ModelOptimizer, ModelSource } from '../../lib';
import { directoryWith, savedModelFiles } from '../model/model-files';
import { createdBefore, statementsOf as statementsOfRole } from './optimizer-fixtures';

const model = ModelSource.fromAsset(directoryWith(savedModelFiles()));

function synthesized() {
  // The code for a build is read where it is staged.
  const app = new App({ postCliContext: { 'aws:cdk:disable-asset-staging': false } });
  const stack = new Stack(app, 'Stack', { env: { account: '111122223333', region: 'eu-west-1' } });
  const optimizer = new ModelOptimizer(stack, 'Digits', { model });
  return { app, stack, optimizer, template: Template.fromStack(stack) };
}

const { template, optimizer } = synthesized();
const resources = template.toJSON().Resources as Record<string, any>;

function only(type: string, path: RegExp): [string, any] {
  const found = Object.entries(resources).filter(([id, resource]) => resource.Type === type && path.test(id));
  expect(found).toHaveLength(1);
  return found[0];
}

function statementsOf(roleId: RegExp): any[] {
  return statementsOfRole(template, only('AWS::IAM::Role', roleId)[0]);
}

const functionIds = Object.keys(template.findResources('AWS::Lambda::Function'));

test('what depends on the provider names one resource of it, which CloudFormation creates after all the others', () => {
  const ids = Object.keys(resources).filter((id) => id.startsWith('TensorFlowModelBuilds') && resources[id].Type !== 'AWS::IAM::Policy');
  const [entry] = only('AWS::Lambda::Function', /frameworkonEvent/);
  const [build, { DependsOn: dependsOn }] = only('Custom::TensorFlowModelBuild', /Build/);

  expect(dependsOn.filter((id: string) => ids.includes(id))).toEqual([entry]);
  for (const type of ['AWS::IAM::Policy', 'AWS::IAM::Role', 'AWS::Lambda::Function', 'AWS::Logs::LogGroup', 'AWS::StepFunctions::StateMachine']) {
    const wanted = Object.keys(resources).filter((id) => id.startsWith('TensorFlowModelBuilds') && resources[id].Type === type);
    expect(wanted.filter((id) => id !== entry && !createdBefore(template, entry).has(id))).toEqual([]);
    expect(wanted.filter((id) => !createdBefore(template, build).has(id))).toEqual([]);
  }
});

describe('the handlers', () => {
  test.each([['OnEvent', 'index.on_event', 300], ['IsComplete', 'index.is_complete', 300]])('%s runs on Python 3.13 without bundling', (name, handler, timeout) => {
    const [, { Properties }] = only('AWS::Lambda::Function', new RegExp(`^TensorFlowModelBuilds${name}[0-9A-F]{8}$`));

    expect(Properties).toMatchObject({ Runtime: 'python3.13', Handler: handler, Timeout: timeout });
  });

  test('may build this model, read its prefix, write its jobs, publish its event, and nothing else', () => {
    const bucket = Object.keys(template.findResources('AWS::S3::Bucket'))[0];
    const project = Object.keys(template.findResources('AWS::CodeBuild::Project'))[0];
    const below = (pattern: string) => ({ 'Fn::Join': ['', [{ 'Fn::GetAtt': [bucket, 'Arn'] }, `/${optimizer.keyPrefix}/${pattern}`]] });

    expect(statementsOf(/^TensorFlowModelBuildsRole[0-9A-F]{8}$/).map(({ Action, Resource, Condition }) => [Action, Resource, Condition])).toEqual([
      [['logs:CreateLogStream', 'logs:PutLogEvents'], { 'Fn::GetAtt': [only('AWS::Logs::LogGroup', /^TensorFlowModelBuilds/)[0], 'Arn'] }, undefined],
      ['cloudformation:DescribeStacks', { Ref: 'AWS::StackId' }, undefined],
      ['s3:DeleteBucket', { 'Fn::GetAtt': [bucket, 'Arn'] }, undefined],
      [['codebuild:StartBuild', 'codebuild:BatchGetBuilds', 'codebuild:ListBuildsForProject', 'codebuild:StopBuild'], { 'Fn::GetAtt': [project, 'Arn'] }, undefined],
      ['logs:GetLogEvents', { 'Fn::GetAtt': [only('AWS::Logs::LogGroup', /^TensorFlowOptimizations/)[0], 'Arn'] }, undefined],
      ['s3:PutObject', below('keys/*/job.json'), undefined],
      [['s3:GetObject', 's3:GetObjectVersion'], below('*'), undefined],
      [['s3:ListBucket', 's3:ListBucketVersions'], { 'Fn::GetAtt': [bucket, 'Arn'] }, { StringLike: { 's3:prefix': [`${optimizer.keyPrefix}/*`] } }],
      [
        'events:PutEvents', { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':events:eu-west-1:111122223333:event-bus/default']] },
        { StringEquals: { 'events:source': 'cdk-tensorflow', 'events:detail-type': 'ModelPublished' } },
      ],
    ]);
  });

  test('ship their code without tests and caches', () => {
    const source = 'runtime/build_runner/src';
    const cache = join(source, '__pycache__');
    rmSync(cache, { recursive: true, force: true });
    const before = synthesized().template.toJSON();
    mkdirSync(cache, { recursive: true });
    writeFileSync(join(cache, 'index.cpython-313.pyc'), String(Date.now()));

    try {
      expect(synthesized().template.toJSON()).toEqual(before);
    } finally {
      rmSync(cache, { recursive: true, force: true });
    }
  });
});

describe('the framework', () => {
  test('polls for an hour, which is longer than any build', () => {
    const [, { Properties }] = only('AWS::StepFunctions::StateMachine', /./);

    const definition = Properties.DefinitionString['Fn::Join'][1].map((part: unknown) => typeof part === 'string' ? part : 'arn').join('');
    const [{ IntervalSeconds, MaxAttempts, BackoffRate }] = JSON.parse(definition).States['framework-isComplete-task'].Retry;
    expect({ seconds: IntervalSeconds * MaxAttempts, BackoffRate }).toEqual({ seconds: 3600, BackoffRate: 1 });
  });

  test('invokes only the handlers, one by each function, and not their other versions', () => {
    const invoking = [/FrameworkOnEventRole/, /FrameworkIsCompleteRole/, /waiterstatemachineRole/].flatMap((role) => statementsOf(role))
      .filter(({ Action }) => JSON.stringify(Action).includes('lambda:'));

    expect(invoking).toHaveLength(3);
    expect(JSON.stringify(invoking)).not.toContain('*');
    const invoked = invoking.slice(0, 2).map(({ Resource }) => JSON.stringify(Resource));
    expect(invoked).toEqual([expect.stringMatching(/OnEvent[^,]*,"Arn"/), expect.stringMatching(/IsComplete[^,]*,"Arn"/)]);
  });

  test('every function logs to the one group, and has no managed policy', () => {
    const [logs] = only('AWS::Logs::LogGroup', /^TensorFlowModelBuilds/);

    expect(functionIds).toHaveLength(5);
    for (const id of functionIds) {
      expect(resources[id].Properties.LoggingConfig).toMatchObject({ LogGroup: { Ref: logs } });
    }
    for (const role of Object.values(template.findResources('AWS::IAM::Role'))) {
      expect(role.Properties).not.toHaveProperty('ManagedPolicyArns');
    }
  });

  test('exists once for each stack', () => {
    const stack = new Stack(new App(), 'Stack');
    new ModelOptimizer(stack, 'One', { model });
    new ModelOptimizer(stack, 'Two', { model });

    Template.fromStack(stack).resourceCountIs('AWS::Lambda::Function', 5);
  });
});

describe('the failure message in CloudFormation', () => {
  const message = `no candidate passed the gate\n${'x'.repeat(2440)}\nBuild: https://console.example`;

  /** Payload of an exception, as Python's runtime client reports it. */
  const payload = JSON.stringify({ errorMessage: message, errorType: 'ModelError', stackTrace: ['  File "/var/task/index.py", line 1, in is_complete\n'] });

  function answer(environment: Record<string, string>): { text: string; Reason: string } {
    const { stdout, stderr } = spawnSync('node', [join(__dirname, 'framework-reason.js'), payload], {
      encoding: 'utf8', env: { PATH: process.env.PATH, ...environment },
    });
    expect(stderr).toBe('');
    const text = stdout.trim();
    return { text, ...JSON.parse(text) };
  }

  test('is the message, without a trace of the framework or of Python', () => {
    const environment = template.findResources('AWS::Lambda::Function')[functionIds.find((id) => /frameworkisComplete/.test(id))!].Properties.Environment;
    const { NODE_OPTIONS } = environment.Variables;

    const { Reason, text } = answer({ NODE_OPTIONS });

    expect(Reason).toContain(message);
    expect(Reason).not.toMatch(/^\s+at /m);
    expect(Reason).not.toContain('File "');
    expect(Buffer.byteLength(text)).toBeLessThan(4096);
  });

  test('would end in the framework\'s stack without our setting', () => {
    expect(answer({}).Reason).toMatch(/^\s+at /m);
  });

  test('every function of the framework has the setting', () => {
    for (const id of functionIds.filter((it) => /framework/.test(it))) {
      expect(resources[id].Properties.Environment.Variables).toMatchObject({ NODE_OPTIONS: '--stack-trace-limit=0' });
    }
  });
});

describe('the code for a build', () => {
  const { app, template: withCode } = synthesized();
  const assembly = app.synth();
  const location = JSON.stringify(Object.values(withCode.findResources('AWS::CodeBuild::Project'))[0].Properties.Source.Location);
  const hash = /([0-9a-f]{64})\.zip/.exec(location)![1];
  const directory = join(assembly.directory, `asset.${hash}`);
  const files = (readdirSync(directory, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1)).sort();

  test('is the optimizer with its pinned requirements, and the program and the handler that it proves models with', () => {
    expect(files).toEqual(expect.arrayContaining([
      'server/dist/x86_64/bootstrap', 'runtime/handler/src/index.py', 'optimizer/requirements.txt', 'optimizer/uv-requirements.txt',
      'optimizer/src/tensorflow_optimizer/documents/job.py', 'runtime/shared/src/cdk_tensorflow_shared/build_key.py',
    ]));
    expect(new Set(files.map((file) => file.split('/').slice(0, 3).join('/')))).toEqual(new Set([
      'server/dist/x86_64', 'runtime/handler/src', 'runtime/shared/src', 'optimizer/requirements.txt', 'optimizer/uv-requirements.txt', 'optimizer/src/tensorflow_optimizer',
    ]));
    expect(files.filter((file) => file.startsWith('server/'))).toEqual(['server/dist/x86_64/bootstrap']);
  });

  test('has no tests, caches or bytecode, so its hash depends only on the code', () => {
    expect(files.filter((file) => /(^|\/)(tests|__pycache__|\.[^/]*)(\/|$)|\.pyc$/.test(file))).toEqual([]);
  });

  test('has the files that the build\'s commands name', () => {
    const commands = readFileSync('lib/optimization/build/buildspec.ts', 'utf8');
    for (const name of ['optimizer/uv-requirements.txt', 'optimizer/requirements.txt', 'optimizer/src', 'runtime/shared/src']) {
      expect(commands).toContain(name);
    }
  });
});

test('nothing of it has a fixed name', () => {
  template.allResourcesProperties('AWS::Lambda::Function', { FunctionName: Match.absent() });
  template.allResourcesProperties('AWS::IAM::Role', { RoleName: Match.absent() });
  template.allResourcesProperties('AWS::Logs::LogGroup', { LogGroupName: Match.absent() });
  template.allResourcesProperties('AWS::CodeBuild::Project', { Name: Match.absent() });
});
