import { readFileSync } from 'fs';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { FleetStackProps } from '../../bin/fleet-stack';
import { FleetStack } from '../../bin/fleet-stack';

const { context } = JSON.parse(readFileSync('cdk.json', 'utf8')) as { context: Record<string, unknown> };

function fleetStack(props: Partial<FleetStackProps> = {}): FleetStack {
  return new FleetStack(new App({ context: { ...context, 'aws:cdk:bundling-stacks': [] } }), 'FleetStack', { model: 'examples/digits/saved_model', ...props });
}

describe('the example of a fleet', () => {
  const stack = fleetStack();
  const template = Template.fromStack(stack);

  test('has endpoints instead of a route to the internet', () => {
    template.resourceCountIs('AWS::EC2::NatGateway', 0);
    template.resourceCountIs('AWS::EC2::InternetGateway', 0);
    expect(Object.keys(template.findResources('AWS::EC2::VPCEndpoint')).length).toBeGreaterThanOrEqual(6);
  });

  test('with NAT gateways it has no interface endpoints, only the free gateway endpoint for models', () => {
    const withNat = Template.fromStack(fleetStack({ natGateways: 1 }));

    withNat.resourceCountIs('AWS::EC2::NatGateway', 1);
    withNat.resourceCountIs('AWS::EC2::VPCEndpoint', 1);
    withNat.hasResourceProperties('AWS::EC2::VPCEndpoint', { VpcEndpointType: 'Gateway' });
  });

  test('allows only REST and the services\' endpoints from inside the VPC', () => {
    const ingress = Object.values(template.findResources('AWS::EC2::SecurityGroup')).flatMap(({ Properties }) => Properties.SecurityGroupIngress ?? []);

    expect(ingress).toEqual([
      expect.objectContaining({ FromPort: 8501, ToPort: 8501, CidrIp: '10.0.0.0/16' }),
      expect.objectContaining({ FromPort: 443, ToPort: 443, CidrIp: { 'Fn::GetAtt': [expect.stringMatching(/^Vpc/), 'CidrBlock'] } }),
    ]);
  });

  test('needs no context lookups', () => {
    expect((stack.node.root as App).synth().manifest.missing).toBeUndefined();
  });

  test('cdk-nag finds nothing in the library\'s resources', () => {
    const { violations } = new AwsSolutionsChecks(stack.node.root as App).validateScope(stack);

    const paths = violations.flatMap(({ ruleName, violatingResources }) => violatingResources.map(({ constructPath }) => `${constructPath} ${ruleName}`));
    expect(paths.filter((path) => /^FleetStack\/(Digits|TensorFlow)/.test(path))).toEqual([]);
  });
});
