import { readFileSync } from 'fs';
import { join, resolve } from 'path';
import { App, Aspects, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks, HIPAASecurityChecks, NIST80053R5Checks, PCIDSS321Checks, ServerlessChecks } from 'cdk-nag';
import { FleetStack } from '../bin/fleet-stack';
import { FunctionStack } from '../bin/function-stack';
import { ServiceStack } from '../bin/service-stack';
import { ModelApi, ModelApiType, ModelFleet, ModelFunction, ModelSource } from '../lib';

const ROOT = resolve(__dirname, '..');
const { context } = JSON.parse(readFileSync(join(ROOT, 'cdk.json'), 'utf8')) as { context: Record<string, unknown> };
const MODEL = { model: join(ROOT, 'examples', 'digits', 'saved_model'), evaluation: join(ROOT, 'examples', 'digits', 'evaluation.npz') };

const PACKS = { AwsSolutions: AwsSolutionsChecks, HIPAA: HIPAASecurityChecks, NIST: NIST80053R5Checks, PCI: PCIDSS321Checks, Serverless: ServerlessChecks };
const STANDARDS = 'HIPAA NIST PCI';

const BUILDS = 'TensorFlowModelBuilds';
const FRAMEWORK = ['isComplete', 'onEvent', 'onTimeout'].map((name) => `${BUILDS}/Provider/framework-${name}`);
const HELPERS = [`${BUILDS}/IsComplete`, `${BUILDS}/OnEvent`, ...FRAMEWORK];
const KUBECTL = ['Cluster/KubectlProvider/Handler', 'Cluster/KubectlProvider/Provider/framework-onEvent'];
const FUNCTIONS = ['Digits/Function', ...HELPERS, 'TensorFlowRollouts/Function', ...KUBECTL];
const WAITER = `${BUILDS}/Provider/waiter-state-machine`;

/** Each open finding of a rule in the library's own resources: the packs that have the rule, and the constructs. docs/security.md answers each rule. */
const LIBRARY: Record<string, [packs: string, constructs: string[]]> = {
  CloudWatchLogGroupEncrypted: [STANDARDS, [
    'Digits/LogGroup', `${BUILDS}/Logs`, 'TensorFlowOptimizations/Logs', 'TensorFlowRollouts/Logs', ...KUBECTL.map((path) => `${path}/LogGroup`),
  ]],
  ELBDeletionProtectionEnabled: ['HIPAA NIST', ['Digits/Network/LoadBalancer']],
  ELBLoggingEnabled: [STANDARDS, ['Digits/Network/LoadBalancer']],
  ELBv2ACMCertificateRequired: [STANDARDS, ['Digits/Network/LoadBalancer/Grpc', 'Digits/Network/LoadBalancer/Rest']],
  IAMNoInlinePolicy: [STANDARDS, [
    'Digits/Access/Role/DefaultPolicy', 'Digits/Optimizer/Optimization/Role', 'Digits/Role', 'Digits/Role/DefaultPolicy',
    ...['FrameworkIsCompleteRole', 'FrameworkOnEventRole', 'Role'].map((role) => `${BUILDS}/${role}/DefaultPolicy`), `${WAITER}/Role/DefaultPolicy`,
    'Cluster/KubectlProvider/Handler/ServiceRole/DefaultPolicy', 'Cluster/KubectlProvider/Provider/framework-onEvent/ServiceRole/DefaultPolicy',
  ]],
  LambdaConcurrency: ['HIPAA NIST', FUNCTIONS],
  LambdaDLQ: ['HIPAA NIST Serverless', FUNCTIONS],
  LambdaDefaultMemorySize: ['Serverless', [...FRAMEWORK, KUBECTL[1]]],
  LambdaInsideVPC: [STANDARDS, ['Digits/Function', ...HELPERS]],
  LambdaTracing: ['Serverless', FUNCTIONS],
  S3BucketLoggingEnabled: [STANDARDS, ['TensorFlowModelArtifacts']],
  S3BucketReplicationEnabled: [STANDARDS, ['TensorFlowModelArtifacts']],
  S3DefaultEncryptionKMS: [STANDARDS, ['TensorFlowModelArtifacts']],
  StepFunctionStateMachineXray: ['Serverless', [WAITER]],
};

/** Rules that find something also, or only, in what the example creates around the library: its VPC, its cluster, and the CDK's kubectl for it. */
const EXAMPLE: typeof LIBRARY = {
  CloudWatchLogGroupEncrypted: [STANDARDS, [...LIBRARY.CloudWatchLogGroupEncrypted[1], 'ClusterLogs']],
  IAM4: ['AwsSolutions', ['Cluster/ClusternodePoolRole', 'Cluster/KubectlProvider/Handler/ServiceRole', 'Cluster/KubectlProvider/Provider/framework-onEvent/ServiceRole', 'Cluster/Role']],
  IAM5: ['AwsSolutions', ['Cluster/KubectlProvider/Provider/framework-onEvent/ServiceRole/DefaultPolicy']],
  L1: ['AwsSolutions', ['Cluster/KubectlProvider/Handler']],
  LambdaLatestVersion: ['Serverless', ['Cluster/KubectlProvider/Handler']],
  VPC7: ['AwsSolutions', ['Vpc']],
  VPCFlowLogsEnabled: [STANDARDS, ['Vpc']],
  VPCNoUnrestrictedRouteToIGW: [STANDARDS, ['Vpc/PublicSubnet1/DefaultRoute', 'Vpc/PublicSubnet2/DefaultRoute']],
  VPCSubnetAutoAssignPublicIpDisabled: [STANDARDS, ['Vpc/PublicSubnet1/Subnet', 'Vpc/PublicSubnet2/Subnet']],
};

const REST_STAGE = 'Rest/RestApi/DeploymentStage.prod';

/** The same in a `ModelApi` of each type. */
const APIS: typeof LIBRARY = {
  APIG1: ['AwsSolutions', [REST_STAGE]],
  APIG3: ['AwsSolutions', [REST_STAGE]],
  APIG6: ['AwsSolutions', [REST_STAGE]],
  APIGWAccessLogging: ['Serverless', [REST_STAGE]],
  APIGWAssociatedWithWAF: ['NIST PCI', [REST_STAGE]],
  APIGWCacheEnabledAndEncrypted: [STANDARDS, [REST_STAGE]],
  APIGWDefaultThrottling: ['Serverless', ['Api/HttpApi/Stage', REST_STAGE]],
  APIGWExecutionLoggingEnabled: [STANDARDS, [REST_STAGE]],
  APIGWSSLEnabled: [STANDARDS, [REST_STAGE]],
  APIGWXrayEnabled: ['HIPAA Serverless', [REST_STAGE]],
  CloudWatchLogGroupEncrypted: [STANDARDS, ['Api/LogGroup']],
};

/** `{ rule: { pack: [construct, …] } }`, with the rule's name as the packs share it, and the construct's path below its stack. */
function findings(stacks: Stack[]): Record<string, Record<string, string[]>> {
  const found: Record<string, Record<string, Set<string>>> = {};
  for (const stack of stacks) {
    for (const [name, Pack] of Object.entries(PACKS)) {
      for (const { ruleName, violatingResources } of new Pack(stack.node.root as App).validateScope(stack).violations) {
        const rule = ruleName.replace(/\[.*/s, '').replace(/^.*?-/, '');
        const places = ((found[rule] ??= {})[name] ??= new Set());
        violatingResources.forEach(({ constructPath }) => places.add(constructPath!.slice(stack.node.path.length + 1).replace(/\/Resource$/, '').replace(/[.-][0-9a-f]{8,}/, '')));
      }
    }
  }
  return Object.fromEntries(Object.entries(found).map(([rule, packs]) => [
    rule, Object.fromEntries(Object.entries(packs).map(([pack, places]) => [pack, [...places].sort()])),
  ]));
}

const app = () => new App({ context: { ...context, 'aws:cdk:bundling-stacks': [] } });

describe('the rule packs AwsSolutions, HIPAA, NIST 800-53 R5, PCI DSS 3.2.1 and Serverless', () => {
  test('find in the example app what docs/security.md lists, and nothing else', () => {
    const stacks = [new FunctionStack(app(), 'FunctionStack', MODEL), new ServiceStack(app(), 'ServiceStack', MODEL), new FleetStack(app(), 'FleetStack', MODEL)];

    expect(findings(stacks)).toEqual(Object.fromEntries(Object.entries({ ...LIBRARY, ...EXAMPLE }).map(([rule, [packs, constructs]]) => [
      rule, Object.fromEntries(packs.split(' ').map((pack) => [pack, [...constructs].sort()])),
    ])));
  });

  test('find less with everything that docs/security.md says how to switch on', () => {
    const stack = new Stack(app(), 'Stack', { env: { account: '111122223333', region: 'eu-central-1' } });
    const key = new kms.Key(stack, 'Key', { enableKeyRotation: true });
    const vpc = ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
      vpcId: 'vpc-1', vpcCidrBlock: '10.0.0.0/16', availabilityZones: ['eu-central-1a', 'eu-central-1b'], privateSubnetIds: ['subnet-1', 'subnet-2'],
      privateSubnetRouteTableIds: ['rtb-1', 'rtb-2'],
    });
    const accessLogs = s3.Bucket.fromBucketName(stack, 'AccessLogs', 'access-logs');
    const artifactBucket = s3.Bucket.fromBucketAttributes(stack, 'Artifacts', { bucketName: 'models', encryptionKey: key });
    const model = ModelSource.fromAsset(MODEL.model);
    new ModelFunction(stack, 'Function', {
      model, vpc, artifactBucket, encryptionKey: key, environmentEncryption: key, tracing: lambda.Tracing.ACTIVE, reservedConcurrentExecutions: 20,
    });
    const fleet = new ModelFleet(stack, 'Fleet', {
      model, vpc, artifactBucket, encryptionKey: key, certificate: acm.Certificate.fromCertificateArn(stack, 'Certificate', 'arn:aws:acm:eu-central-1:111122223333:certificate/1'),
    });
    fleet.loadBalancer.logAccessLogs(accessLogs);
    fleet.loadBalancer.setAttribute('deletion_protection.enabled', 'true');
    Aspects.of(stack).add({
      visit: (node) => {
        if (node instanceof logs.CfnLogGroup) {
          node.kmsKeyId = key.keyArn;
        }
      },
    });
    Template.fromStack(stack); // invokes the aspects
    const open = findings([stack]);

    expect(Object.keys(open).sort()).toEqual([
      'IAMNoInlinePolicy', 'LambdaConcurrency', 'LambdaDLQ', 'LambdaDefaultMemorySize', 'LambdaInsideVPC', 'LambdaTracing', 'StepFunctionStateMachineXray',
    ]);
    expect([open.LambdaConcurrency.NIST, open.LambdaTracing.Serverless]).toEqual([HELPERS, HELPERS].map((helpers) => [...helpers].sort()));
  });

  test('find in APIs for several models what docs/security.md lists beside that, and nothing else', () => {
    const stack = new Stack(app(), 'Stack', { env: { account: '111122223333', region: 'eu-central-1' } });
    const models = [new ModelFunction(stack, 'Digits', { model: ModelSource.fromAsset(MODEL.model) })];
    new ModelApi(stack, 'Api', { models });
    new ModelApi(stack, 'Rest', { models, apiType: ModelApiType.REST, apiKeyRequired: true });
    const inApis = (places: string[]) => places.filter((place) => /^(Api|Rest)\//.test(place));
    const found = Object.entries(findings([stack])).flatMap(([rule, packs]) => {
      const inPacks = Object.entries(packs).map(([pack, places]) => [pack, inApis(places)] as const).filter(([, places]) => places.length > 0);
      return inPacks.length > 0 ? [[rule, Object.fromEntries(inPacks)]] : [];
    });

    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(Object.entries(APIS).map(([rule, [packs, constructs]]) => [
      rule, Object.fromEntries(packs.split(' ').map((pack) => [pack, constructs])),
    ])));
  });

  test('are answered in docs/security.md, rule by rule', () => {
    const guide = readFileSync(join(ROOT, 'docs', 'security.md'), 'utf8');
    const [, section] = /\n## Rule packs\n(.*?)(?=\n## |$)/s.exec(guide)!;
    const answered = section.split('\n').filter((line) => line.startsWith('| `')).flatMap((line) => [...line.split('|')[1].matchAll(/`([^`]+)`/g)].map(([, rule]) => rule));

    expect(answered.filter((rule) => !rule.startsWith('CKV')).sort()).toEqual(Object.keys({ ...LIBRARY, ...EXAMPLE, ...APIS }).sort());
  });
});
