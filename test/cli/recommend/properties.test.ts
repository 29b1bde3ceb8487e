import { App, Size, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { LEAST_INSTANCES, LEAST_PODS, ONE_PROCESSOR_MEBIBYTES, PLANNED_LOAD } from '../../../cli/recommend/defaults';
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

const offerOf = (path: string, rate: number) => (
  recommend({ measured: SLOW, wanted: { rate, p99: 40, processorFactor: 1 }, prices: readPrices() }).offers.find((each) => each.path === path)!);
// Ask for so many requests that no count in the offer is a default.
const offer = (path: string) => offerOf(path, 2000);

/** A stack for a fleet: without a Region there is no image of Amazon Linux. */
function regionalStack(): Stack {
  return new Stack(new App({ context: { 'aws:cdk:bundling-stacks': [] } }), 'Fleet', { env: { region: 'eu-central-1', account: '123456789012' } });
}

test('what is printed for a function is a program of this library', () => {
  deployed(emptyStack(), offer('function').properties).hasResourceProperties('AWS::Lambda::Function', { MemorySize: offer('function').memoryMebibytes });
});

test('what is printed for a fleet has its instances', () => {
  const { count, instanceType, properties } = offer('fleet');
  expect(count).toBeGreaterThan(2);
  const template = deployed(regionalStack(), properties);
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

test('counts that are not printed, and the planned load, are the defaults of the library', () => {
  const fleet = deployed(regionalStack(), offerOf('fleet', 1).properties);
  fleet.hasResourceProperties('AWS::AutoScaling::AutoScalingGroup', { MinSize: String(LEAST_INSTANCES) });
  fleet.hasResourceProperties('AWS::AutoScaling::ScalingPolicy', { TargetTrackingConfiguration: { TargetValue: 100 * PLANNED_LOAD } });
  const service = JSON.stringify(deployed(emptyStack(), offerOf('service', 1).properties).findResources('Custom::AWSCDK-EKS-KubernetesResource'));
  expect(service).toMatch(new RegExp(`minReplicas\\W+${LEAST_PODS}\\b.*averageUtilization\\W+${100 * PLANNED_LOAD}\\b`));
});

test('the memory of one full processor is the default of the library', () => {
  const template = deployed(emptyStack(), "new ModelFunction(this, 'Model', { model });");
  template.hasResourceProperties('AWS::Lambda::Function', { MemorySize: ONE_PROCESSOR_MEBIBYTES });
});
