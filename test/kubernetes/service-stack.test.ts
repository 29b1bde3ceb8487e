import { readFileSync } from 'fs';
import type { Environment } from 'aws-cdk-lib';
import { App } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { ServiceStackProps } from '../../bin/service-stack';
import { ServiceStack } from '../../bin/service-stack';

function serviceStack(env?: Environment, more: Record<string, string> = {}, props: Partial<ServiceStackProps> = {}): ServiceStack {
  const { context } = JSON.parse(readFileSync('cdk.json', 'utf8'));
  const app = new App({ context: { ...context, ...more, 'aws:cdk:bundling-stacks': [] } });
  return new ServiceStack(app, 'ServiceStack', { ...props, env, model: 'examples/digits/saved_model', evaluation: 'examples/digits/evaluation.npz' });
}

describe('the example of a service', () => {
  const stack = serviceStack();

  test('makes an Auto Mode cluster with the add-on that scaling needs, and a free route to S3', () => {
    const template = Template.fromStack(stack);

    template.hasResourceProperties('AWS::EKS::Cluster', { ComputeConfig: { Enabled: true } });
    expect(Object.values(template.findResources('AWS::EKS::Addon')).map(({ Properties }) => Properties.AddonName).sort())
      .toEqual(['metrics-server']);
    template.hasResourceProperties('AWS::EC2::VPCEndpoint', { VpcEndpointType: 'Gateway', ServiceName: Match.objectLike({}) });
  });

  test('keeps the logs of the control plane for a month, in a group that goes with the stack', () => {
    const template = Template.fromStack(stack);
    const [[id, group]] = Object.entries(template.findResources('AWS::Logs::LogGroup')).filter(([name]) => name.startsWith('ClusterLogs'));
    const [cluster] = Object.values(template.findResources('AWS::EKS::Cluster'));

    expect(group).toMatchObject({ DeletionPolicy: 'Delete', Properties: { RetentionInDays: 30, LogGroupName: `/aws/eks/${cluster.Properties.Name}/cluster` } });
    expect(cluster.DependsOn).toContain(id);
  });

  test('the service waits for the add-ons', () => {
    const template = Template.fromStack(stack);
    const addons = Object.keys(template.findResources('AWS::EKS::Addon'));
    const [deployment] = Object.entries(template.findResources('Custom::AWSCDK-EKS-KubernetesResource')).filter(([id]) => id.includes('Deployment'));

    expect(deployment[1].DependsOn).toEqual(expect.arrayContaining(addons));
  });

  test('is in the zones that the context names', () => {
    const zones = Object.values(Template.fromStack(serviceStack(undefined, { zones: 'eu-central-1b,eu-central-1c' })).findResources('AWS::EC2::Subnet'))
      .map(({ Properties }) => Properties.AvailabilityZone);

    expect([...new Set(zones)]).toEqual(['eu-central-1b', 'eu-central-1c']);
  });

  test('lets in an administrator from given addresses; without them nobody reaches the API from outside', () => {
    const template = Template.fromStack(serviceStack(undefined, {}, { adminRoleArn: 'arn:aws:iam::123456789012:role/Admin', apiCidrs: ['203.0.113.0/24'] }));

    template.hasResourceProperties('AWS::EKS::AccessEntry', { PrincipalArn: 'arn:aws:iam::123456789012:role/Admin' });
    template.hasResourceProperties('AWS::EKS::Cluster', {
      ResourcesVpcConfig: { EndpointPublicAccess: true, EndpointPrivateAccess: true, PublicAccessCidrs: ['203.0.113.0/24'] },
    });
    Template.fromStack(stack).hasResourceProperties('AWS::EKS::Cluster', { ResourcesVpcConfig: { EndpointPublicAccess: false } });
  });

  test('looks nothing up, so that the app\'s other stacks need no access to AWS', () => {
    const app = serviceStack({ account: '123456789012', region: 'eu-central-1' }).node.root as App;

    expect(app.synth().manifest.missing).toBeUndefined();
  });

  test('cdk-nag finds nothing in the library\'s resources', () => {
    const { violations } = new AwsSolutionsChecks(stack.node.root as App).validateScope(stack);

    const paths = violations.flatMap(({ ruleName, violatingResources }) => violatingResources.map(({ constructPath }) => `${constructPath} ${ruleName}`));
    expect(paths.filter((path) => /^ServiceStack\/(Digits|TensorFlow)/.test(path))).toEqual([]);
  });
});
