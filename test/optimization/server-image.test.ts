import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import recommended from 'aws-cdk-lib/recommended-feature-flags.json';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { ModelOptimizerProps } from '../../lib';
import { ModelArtifact, ModelFormat, ModelOptimizer, ModelSource } from '../../lib';
import type { ArtifactForProps } from '../../lib/optimization/endpoint-model';
import { artifactFor, checkArtifactFor } from '../../lib/optimization/endpoint-model';
import type { EndpointOffer } from '../../lib/optimization/model-compatibility';
import { ModelCompatibility } from '../../lib/optimization/model-compatibility';
import { directoryWith, savedModelFiles } from '../model/model-files';
import { statementsOf as statementsOfRole } from './optimizer-fixtures';

const IMAGE = 'tensorflow/serving:2.20.0';
const model = ModelSource.fromAsset(directoryWith(savedModelFiles()));
const fleet: EndpointOffer = { endpoint: 'fleet', format: ModelFormat.SAVED_MODEL, architecture: lambda.Architecture.X86_64, requiresServer: true };
const wanted: ArtifactForProps = { model, modelName: 'digits', format: ModelFormat.SAVED_MODEL, architecture: lambda.Architecture.X86_64 };

function newStack(context: Record<string, unknown> = {}): Stack {
  return new Stack(new App({ context }), 'Stack', { env: { account: '111122223333', region: 'eu-west-1' } });
}

function optimize(props: Partial<ModelOptimizerProps>, stack = newStack()): ModelOptimizer {
  return new ModelOptimizer(stack, 'Digits', { model, format: ModelFormat.SAVED_MODEL, ...props });
}

const templateOf = (optimizer: ModelOptimizer) => Template.fromStack(Stack.of(optimizer));

/** Statements of one role about objects below shared/server, and about ECR. */
function statementsOf(template: Template, role: RegExp): any[] {
  return Object.keys(template.findResources('AWS::IAM::Role')).filter((id) => role.test(id))
    .flatMap((id) => statementsOfRole(template, id))
    .filter((statement: any) => /shared\/server|ecr:/.test(JSON.stringify(statement)));
}

const seen = (statements: any[]) => statements.map(({ Effect, Action, Condition }) => [Effect, [Action].flat().sort().join(' '), Condition]);

describe('the optimizer of a model with a server', () => {
  test('names the image in the job, so that another image gets another build', () => {
    const job = (serverImage?: string) => JSON.parse(Object.values(templateOf(optimize({ serverImage })).findResources('Custom::TensorFlowModelBuild'))[0].Properties.Job);

    expect(job(IMAGE).server).toEqual({ image: IMAGE });
    expect(job()).not.toHaveProperty('server');
  });

  test('adds objects below shared/server, and replaces and deletes none there', () => {
    const template = templateOf(optimize({ serverImage: IMAGE }));

    expect(seen(statementsOf(template, /OptimizationRole/))).toEqual(expect.arrayContaining([
      ['Allow', 's3:AbortMultipartUpload s3:GetObject', undefined],
      ['Allow', 's3:ListBucket', { StringLike: { 's3:prefix': 'shared/server/*' } }],
      ['Allow', 's3:PutObject', { Null: { 's3:if-none-match': 'false' } }],
      ['Allow', 's3:PutObject', { Bool: { 's3:ObjectCreationOperation': 'false' } }],
      ['Deny', 's3:PutObject', { Null: { 's3:if-none-match': 'true' }, Bool: { 's3:ObjectCreationOperation': 'true' } }],
    ]));
    expect(statementsOf(template, /OptimizationRole/)).toHaveLength(5);
  });

  test('makes the build wait for the permissions that its handlers need there', () => {
    const template = templateOf(optimize({ serverImage: IMAGE }));

    expect(seen(statementsOf(template, /ModelBuildsRole/))).toEqual([
      ['Allow', 's3:GetObject s3:GetObjectVersion', undefined],
      ['Allow', 's3:ListBucket', { StringLike: { 's3:prefix': expect.arrayContaining(['shared/server/*']) } }],
    ]);
  });

  test('pulls only from the named repository', () => {
    const stack = newStack();
    const repository = new ecr.Repository(stack, 'Serving');
    const template = templateOf(optimize({ serverImage: repository.repositoryUriForTag('1'), serverRepository: repository }, stack));

    const pulling = statementsOf(template, /OptimizationRole/).filter(({ Action }) => JSON.stringify(Action).includes('ecr:'));

    expect(pulling).toEqual([
      { Effect: 'Allow', Action: ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'], Resource: { 'Fn::GetAtt': [expect.stringMatching(/^Serving/), 'Arn'] } },
      { Effect: 'Allow', Action: 'ecr:GetAuthorizationToken', Resource: '*' },
    ]);
  });

  test('has none of these permissions without a server', () => {
    const template = templateOf(optimize({}));

    expect(statementsOf(template, /./)).toEqual([]);
  });

  test.each([['without feature flags', {}], ['with the recommended feature flags', recommended]])('has no finding of cdk-nag %s', (_, flags) => {
    const stack = newStack(flags);
    const repository = ecr.Repository.fromRepositoryName(stack, 'Serving', 'serving');
    const optimizer = optimize({ serverImage: repository.repositoryUriForTag('1'), serverRepository: repository }, stack);
    new ModelCompatibility(stack, 'Compatibility', { artifact: optimizer, offer: fleet });

    expect(new AwsSolutionsChecks(stack.node.root as App).validateScope(stack).violations).toEqual([]);
  });

  test('also grants these permissions to the user\'s own role', () => {
    const stack = newStack();
    const buildRole = new iam.Role(stack, 'Own', { assumedBy: new iam.ServicePrincipal('codebuild.amazonaws.com') });

    optimize({ serverImage: IMAGE, buildRole }, stack);

    expect(statementsOf(Template.fromStack(stack), /^Own/)).toHaveLength(5);
  });

  test.each<[string, Partial<ModelOptimizerProps>, RegExp]>([
    ['for Lambda', { format: ModelFormat.LITERT, serverImage: IMAGE }, /serverImage has no effect on a LiteRT model/],
    ['for arm64', { architecture: lambda.Architecture.ARM_64, serverImage: IMAGE }, /serverImage needs the architecture x86_64, got arm64/],
    ['that moves', { serverImage: 'tensorflow/serving:latest' }, /serverImage must name one release/],
    ['with a repository and no image', { serverRepository: ecr.Repository.fromRepositoryName(newStack(), 'R', 'r') }, /serverRepository has no effect without serverImage/],
  ])('is refused %s', (_, props, message) => {
    expect(() => optimize(props)).toThrow(message);
  });
});

describe('an endpoint that runs the server published with its model', () => {
  test('requests it from the compatibility check, which may look for it in the bucket', () => {
    const stack = newStack();
    new ModelCompatibility(stack, 'Compatibility', { artifact: optimize({ serverImage: IMAGE }, stack), offer: fleet });

    const [{ Properties: { Offer } }] = Object.values(Template.fromStack(stack).findResources('Custom::TensorFlowModelCompatibility')) as any[];
    expect(JSON.parse(Offer)).toMatchObject({ endpoint: 'fleet', requiresServer: true });
  });

  test('has its optimizer made with the image', () => {
    const stack = newStack();
    artifactFor(stack, 'Optimizer', { ...wanted, serverImage: IMAGE, requiresServer: true });

    const [{ Properties: { Job } }] = Object.values(Template.fromStack(stack).findResources('Custom::TensorFlowModelBuild')) as any[];
    expect(JSON.parse(Job).server).toEqual({ image: IMAGE });
  });

  test('refuses an optimizer of this app that publishes none, and accepts an import, which is checked at deployment', () => {
    const stack = newStack();
    const source = ModelSource.fromArtifact(optimize({}, stack));
    const imported = ModelSource.fromArtifact(ModelArtifact.fromParameter(stack, 'Imported', {
      bucket: (source._artifact as ModelOptimizer).bucket, parameterName: '/digits',
    }));

    expect(checkArtifactFor(stack, 'x', { ...wanted, model: source, requiresServer: true })).toEqual([
      expect.stringMatching(/"Stack\/Digits" is published without a server.*give its ModelOptimizer a serverImage, or this endpoint a servingBinary/),
    ]);
    expect(checkArtifactFor(stack, 'x', { ...wanted, model: source, requiresServer: false })).toEqual([]);
    expect(checkArtifactFor(stack, 'x', { ...wanted, model: imported, requiresServer: true })).toEqual([]);
  });

  test('says that an image has no effect on a model that is already published', () => {
    const stack = newStack();
    const source = ModelSource.fromArtifact(optimize({ serverImage: IMAGE }, stack));

    expect(checkArtifactFor(stack, 'x', { ...wanted, model: source, takesServerFromImage: true, requiresServer: true })).toEqual([
      expect.stringMatching(/servingBinary takes its program from the image when the model is optimized.*leave servingBinary out/),
    ]);
  });
});
