import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { addPorted, SECTIONS } from '../../lab/e2e/ported';
import { ModelFleet, ModelService, ModelSource } from '../../lib';

// The page's own code: the test in lab/e2e deploys that of the function.
const MODEL = { 'models/mymodel': 'examples/digits/saved_model' };

function emptyStack(): Stack {
  return new Stack(new App({ context: { 'aws:cdk:bundling-stacks': [] } }), 'Stack', { env: { account: '111122223333', region: 'us-east-1' } });
}

test('the service of docs/porting.md has three pods, and the name, path and port of the Deployment that it replaces', () => {
  const stack = emptyStack();
  const kubectlLayer = lambda.LayerVersion.fromLayerVersionArn(stack, 'KubectlLayer', 'arn:aws:lambda:us-east-1:111122223333:layer:kubectl:1');

  addPorted(stack, SECTIONS.service, { eks, iam, ModelService, ModelSource, kubectlLayer }, MODEL);

  const manifests = JSON.stringify(Object.values(Template.fromStack(stack).findResources('Custom::AWSCDK-EKS-KubernetesResource')));
  for (const text of ['"minReplicas":3', '"maxReplicas":3', '"name":"mymodel"', '--port=8500', '/models/mymodel', '"port":8500', '"port":8501']) {
    expect(manifests.replaceAll('\\"', '"')).toContain(text);
  }
});

test('the fleet of docs/porting.md has listeners for gRPC and REST, and lets its clients in to gRPC alone', () => {
  const stack = emptyStack();
  const vpc = new ec2.Vpc(stack, 'Vpc');
  const clients = new ec2.SecurityGroup(stack, 'Clients', { vpc });

  addPorted(stack, SECTIONS.fleet, { ec2, ModelFleet, ModelSource, vpc, clients }, MODEL);

  const template = Template.fromStack(stack);
  const ports = Object.values(template.findResources('AWS::ElasticLoadBalancingV2::Listener')).map(({ Properties }) => Properties.Port);
  expect(ports.sort()).toEqual([8500, 8501]);
  const fromClients = template.findResources('AWS::EC2::SecurityGroupIngress', {
    Properties: { SourceSecurityGroupId: { 'Fn::GetAtt': Match.arrayWith([stack.getLogicalId(clients.node.defaultChild as ec2.CfnSecurityGroup)]) } },
  });
  expect(Object.values(fromClients).map(({ Properties }) => [Properties.FromPort, Properties.ToPort])).toEqual([[8500, 8500]]);
});
