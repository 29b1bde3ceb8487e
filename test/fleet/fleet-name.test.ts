import type { App } from 'aws-cdk-lib';
import { NestedStack, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as servicecatalog from 'aws-cdk-lib/aws-servicecatalog';
import type { ModelFleet } from '../../lib';
import { env, fleet, properties } from './fixtures';

const OWN = [{ Ref: 'AWS::StackName' }, expect.stringMatching(/^\/DigitsGroup/)];
const published = (stack: Stack) => fleet({ embeddedMetrics: true, machineImage: ec2.MachineImage.latestAmazonLinux2023() }, stack);
const top = (scope?: App, id = 'Stack') => new Stack(scope, id, { env });

/** The name in the settings of the instances' program. */
function publishedName(stack: Stack): unknown[] {
  const [{ LaunchTemplateData: { UserData } }] = properties(stack, 'AWS::EC2::LaunchTemplate');
  const parts: any[] = UserData['Fn::Base64']['Fn::Join'][1];
  const index = parts.findIndex((part) => typeof part === 'string' && part.endsWith('"fleet": "'));
  return [parts[index + 1], parts[index + 2].split('"')[0]];
}

/** The name that an alarm in a stack watches. */
function watchedName(stack: Stack, digits: ModelFleet): any {
  digits.metricErrors().createAlarm(stack, 'Errors', { threshold: 1, evaluationPeriods: 1 });
  const [{ Dimensions }] = properties(stack, 'AWS::CloudWatch::Alarm');
  return Dimensions.find(({ Name }: { Name: string }) => Name === 'FleetName').Value;
}

describe('the name of a fleet in its metrics', () => {
  test('begins with the deployed name of its stack, for its instances and for alarms beside it', () => {
    const { stack, digits } = published(top());

    expect(watchedName(stack, digits)).toEqual({ 'Fn::Join': ['', OWN] });
    expect(publishedName(stack)).toEqual(OWN);
  });

  test('is the same in a dashboard beside it', () => {
    const { stack, digits } = published(top());
    new cloudwatch.Dashboard(stack, 'Dashboard', { widgets: [[new cloudwatch.GraphWidget({ left: [digits.metricErrors()] })]] });

    expect(JSON.stringify(properties(stack, 'AWS::CloudWatch::Dashboard'))).toMatch(/\\"FleetName\\",\\"",\{"Ref":"AWS::StackName"\},"\/DigitsGroup/);
  });

  test('begins with the name that the app gives its stack, for alarms in another one', () => {
    const { stack, digits } = published(top());

    expect(watchedName(top(stack.node.root as App, 'Watching'), digits)).toMatch(/^Stack\/DigitsGroup/);
    expect(publishedName(stack)).toEqual(OWN);
  });

  test('is that of the nested stack, as CloudFormation makes it, also for alarms in the stack around', () => {
    const around = top();
    const { stack, digits } = published(new NestedStack(around, 'Nested'));

    const nested = { Ref: expect.stringMatching(/^NestedNestedStack/) };
    expect(watchedName(around, digits)).toEqual({ 'Fn::Join': ['', [{ 'Fn::Select': [1, { 'Fn::Split': ['/', nested] }] }, OWN[1]]] });
    expect(publishedName(stack)).toEqual(OWN);
  });

  test('is another one for each product of Service Catalog that is made of one template', () => {
    const around = top();
    const assetBucket = s3.Bucket.fromBucketName(around, 'Assets', 'assets');
    const { stack, digits } = published(new servicecatalog.ProductStack(around, 'Product', { assetBucket }));

    expect(stack.resolve(digits.metricErrors().dimensions)).toMatchObject({ FleetName: { 'Fn::Join': ['', OWN] } });
  });
});
