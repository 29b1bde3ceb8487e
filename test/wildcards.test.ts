import { readFileSync } from 'fs';
import { join, resolve } from 'path';
import type { Stack } from 'aws-cdk-lib';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { FleetStack } from '../bin/fleet-stack';
import { FunctionStack } from '../bin/function-stack';
import { ServiceStack } from '../bin/service-stack';
import { ModelServer } from '../lib';
import { everything } from './everything';

const ROOT = resolve(__dirname, '..');
const { context } = JSON.parse(readFileSync(join(ROOT, 'cdk.json'), 'utf8')) as { context: Record<string, unknown> };
const MODEL = { model: join(ROOT, 'examples', 'digits', 'saved_model'), evaluation: join(ROOT, 'examples', 'digits', 'evaluation.npz') };
const app = () => new App({ context: { ...context, 'aws:cdk:bundling-stacks': [] } });

/** Actions on every resource, and why. Those of the CDK's own constructs are not narrowed. */
const EVERY_RESOURCE: Record<string, string> = {
  'autoscaling:DescribeAutoScalingGroups': 'no resource in the Service Authorization Reference',
  'cloudwatch:DescribeAlarms': 'AWS describes composite alarms only to callers that may describe all',
  'cloudwatch:GetMetricData': 'no resource in the Service Authorization Reference',
  'cloudwatch:PutMetricData': 'no resource in the Service Authorization Reference; the namespace is a condition',
  'ec2:DescribeNetworkInterfaces': 'no resource in the Service Authorization Reference',
  'ec2:DescribeSubnets': 'no resource in the Service Authorization Reference',
  'ecr:GetAuthorizationToken': 'no resource in the Service Authorization Reference',
  'elasticloadbalancing:DescribeTargetHealth': 'no resource in the Service Authorization Reference',
  'ssmmessages:CreateControlChannel': 'no resource in the Service Authorization Reference',
  'ssmmessages:CreateDataChannel': 'no resource in the Service Authorization Reference',
  'ssmmessages:OpenControlChannel': 'no resource in the Service Authorization Reference',
  'ssmmessages:OpenDataChannel': 'no resource in the Service Authorization Reference',
  'xray:PutTelemetryRecords': 'no resource in the Service Authorization Reference',
  'xray:PutTraceSegments': 'no resource in the Service Authorization Reference',
  'ssm:UpdateInstanceInformation': 'AWS documents Session Manager with every resource; narrower was not tried on AWS',
  // CodeBuild's project in a VPC, by the CDK.
  'ec2:CreateNetworkInterface': 'the CDK\'s CodeBuild project in a VPC',
  'ec2:DeleteNetworkInterface': 'the CDK\'s CodeBuild project in a VPC',
  'ec2:DescribeDhcpOptions': 'no resource in the Service Authorization Reference',
  'ec2:DescribeSecurityGroups': 'no resource in the Service Authorization Reference',
  'ec2:DescribeVpcs': 'no resource in the Service Authorization Reference',
};

const stacks: [string, () => Stack][] = [
  ['FunctionStack', () => new FunctionStack(app(), 'FunctionStack', MODEL)],
  ['ServiceStack', () => new ServiceStack(app(), 'ServiceStack', MODEL)],
  ['ServiceStack with the LiteRT server', () => new ServiceStack(app(), 'ServiceStack', { ...MODEL, server: ModelServer.LITERT })],
  ['FleetStack', () => new FleetStack(app(), 'FleetStack', MODEL)],
  ['FleetStack with the LiteRT server', () => new FleetStack(app(), 'FleetStack', { ...MODEL, server: ModelServer.LITERT })],
  ['a stack with networks, traces, an image in ECR, kept versions and canaries', () => everything(app())],
];

interface Grant { readonly id: string; readonly actions: string[]; readonly resources: unknown[] }

/** All that the policies of a template's roles allow. */
function grants(stack: Stack): Grant[] {
  const { Resources } = Template.fromStack(stack).toJSON() as { Resources: Record<string, { Type: string; Properties?: Record<string, any> }> };
  const list = <T>(value: T | T[] | undefined): T[] => value === undefined ? [] : ([] as T[]).concat(value);
  return Object.entries(Resources).flatMap(([id, { Type, Properties = {} }]) => {
    const documents = /^AWS::IAM::(Managed)?Policy$/.test(Type) ? [Properties.PolicyDocument] : list(Type === 'AWS::IAM::Role' ? Properties.Policies : []).map((policy: any) => policy.PolicyDocument);
    return documents.flatMap(({ Statement }: any) => list(Statement).filter(({ Effect }: any) => Effect === 'Allow'))
      .map(({ Action, Resource }: any) => ({ id, actions: list<string>(Action), resources: list<unknown>(Resource) }));
  });
}

const granted = stacks.map(([name, make]): [string, Grant[]] => [name, grants(make())]);
const onEveryResource = (all: Grant[]) => new Set(all.filter(({ resources }) => resources.includes('*')).flatMap(({ actions }) => actions));

describe.each(granted)('%s', (_, all) => {
  test('grants no action by a wildcard', () => {
    expect(all.length).toBeGreaterThan(5);
    expect(all.flatMap(({ id, actions }) => actions.filter((action) => action.includes('*')).map((action) => `${id} ${action}`))).toEqual([]);
  });

  test('grants actions on every resource only where there is a reason', () => {
    expect([...onEveryResource(all)].filter((action) => !(action in EVERY_RESOURCE))).toEqual([]);
  });
});

test('each of the reasons is needed', () => {
  const used = onEveryResource(granted.flatMap(([, all]) => all));

  expect(Object.keys(EVERY_RESOURCE).filter((action) => !used.has(action))).toEqual([]);
});
