import { readFileSync } from 'fs';
import { join } from 'path';
import { App, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { AwsSolutionsChecks } from 'cdk-nag';
import { ModelFleet, ModelSource } from '../../lib';
import { directoryWith, savedModelFiles } from '../model/model-files';
import { env, fleet } from './fixtures';

const { context: flags } = JSON.parse(readFileSync(join(__dirname, '..', '..', 'cdk.json'), 'utf8')) as { context: Record<string, unknown> };
const stackWith = (context = {}) => new Stack(new App({ context: { ...context, 'aws:cdk:bundling-stacks': [] } }), 'Stack', { env });
const imported = (stack: Stack) => ec2.Vpc.fromVpcAttributes(stack, 'Imported', {
  vpcId: 'vpc-1', vpcCidrBlock: '10.0.0.0/16', availabilityZones: ['us-east-1a', 'us-east-1b'],
  privateSubnetIds: ['subnet-1', 'subnet-2'], privateSubnetRouteTableIds: ['rtb-1', 'rtb-2'],
});

describe('cdk-nag\'s AwsSolutions pack', () => {
  test('finds nothing in a fleet that optimizes its model and takes the server out of its image, with endpoints', () => {
    const stack = stackWith(flags);
    new ModelFleet(stack, 'Digits', { vpc: imported(stack), vpcEndpoints: true, model: ModelSource.fromAsset(directoryWith(savedModelFiles())) });

    expect(new AwsSolutionsChecks(stack.node.root as App).validateScope(stack).violations).toEqual([]);
  });

  test('finds nothing without feature flags, in a fleet of a published model', () => {
    const { stack } = fleet((scope) => ({ vpc: imported(scope) }), stackWith());

    expect(new AwsSolutionsChecks(stack.node.root as App).validateScope(stack).violations).toEqual([]);
  });
});
