import { App, Size, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { readPrices } from '../../../cli/recommend/prices';
import { recommend } from '../../../cli/recommend/recommend';
import { ModelFleet, ModelFunction, ModelServer, ModelService, ModelSource } from '../../../lib';
import { DIGITS, emptyStack, importedCluster } from '../../kubernetes/fixtures';
import { SLOW } from './manifests';

/** Runs a snippet as it is printed, with the names that a program has. */
function deployed(stack: Stack, snippet: string): Template {
  const names = {
    ModelFleet, ModelFunction, ModelServer, ModelService, Size, ec2, lambda,
    model: ModelSource.fromAsset(DIGITS),
    vpc: new ec2.Vpc(stack, 'Vpc'),
    cluster: importedCluster(stack),
  };
  new Function(...Object.keys(names), snippet).apply(stack, Object.values(names));
  return Template.fromStack(stack);
}

// So many requests that no count is a default.
const { offers } = recommend({ measured: SLOW, wanted: { rate: 2000, p99: 40, processorFactor: 1 }, prices: readPrices() });
const offer = (path: string) => offers.find((each) => each.path === path)!;

test('what is printed for a function is a program of this library', () => {
  deployed(emptyStack(), offer('function').properties).hasResourceProperties('AWS::Lambda::Function', { MemorySize: offer('function').memoryMebibytes });
});

test('what is printed for a fleet has its instances', () => {
  const { count, instanceType, properties } = offer('fleet');
  expect(count).toBeGreaterThan(2);
  // Without a Region there is no image of Amazon Linux.
  const stack = new Stack(new App({ context: { 'aws:cdk:bundling-stacks': [] } }), 'Fleet', { env: { region: 'eu-central-1', account: '123456789012' } });
  const template = deployed(stack, properties);
  template.hasResourceProperties('AWS::AutoScaling::AutoScalingGroup', { MinSize: String(count) });
  template.hasResourceProperties('AWS::EC2::LaunchTemplate', { LaunchTemplateData: { InstanceType: instanceType } });
});

test('what is printed for a service has its pods, with their memory and processors', () => {
  const { count, memoryMebibytes, properties } = offer('service');
  expect(count).toBeGreaterThan(3);
  const manifests = JSON.stringify(deployed(emptyStack(), properties).findResources('Custom::AWSCDK-EKS-KubernetesResource'));
  expect(manifests).toContain(`${memoryMebibytes}Mi`);
  expect(manifests).toMatch(new RegExp(`minReplicas\\W+${count}\\b`));
});
