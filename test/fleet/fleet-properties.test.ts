import { createHash } from 'crypto';
import { App, Duration, RemovalPolicy, Size, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { ModelFleetProps } from '../../lib';
import { MissingCpuFeatures, ModelFleet, ModelServer, ModelSource, ServingBinary } from '../../lib';
import { PinnedAmazonLinux } from '../../lib/fleet/fleet-instances';
import { directoryWith, savedModelFiles } from '../model/model-files';
import { bootSettings, env, fleet, properties, userData } from './fixtures';

const LISTENER = 'AWS::ElasticLoadBalancingV2::Listener';
const ENDPOINT = 'AWS::EC2::VPCEndpoint';
const TARGET_GROUP = 'AWS::ElasticLoadBalancingV2::TargetGroup';

function fitOffer(stack: Stack): any {
  return JSON.parse(properties(stack, 'Custom::TensorFlowModelCompatibility')[0].Offer);
}

function actionsOf(stack: Stack, role: string): string[] {
  return properties(stack, 'AWS::IAM::Policy').filter(({ Roles }) => JSON.stringify(Roles).includes(role))
    .flatMap(({ PolicyDocument }) => PolicyDocument.Statement.flatMap(({ Action }: any) => Action));
}

describe('the load balancer', () => {
  test('speaks TCP, checks the model\'s metadata on the REST port for both of its ports, and nobody may reach it', () => {
    const { stack } = fleet();

    expect(properties(stack, LISTENER).map(({ Port, Protocol }) => [Port, Protocol])).toEqual([[8500, 'TCP'], [8501, 'TCP']]);
    for (const group of properties(stack, TARGET_GROUP)) {
      expect(group).toMatchObject({
        HealthCheckPath: '/v1/models/digits/metadata', HealthCheckPort: '8501', HealthCheckProtocol: 'HTTP', Matcher: { HttpCode: '200' },
        HealthCheckIntervalSeconds: 30, HealthCheckTimeoutSeconds: 20, UnhealthyThresholdCount: 5, HealthyThresholdCount: 2,
      });
    }
    const ids = Object.keys(Template.fromStack(stack).findResources('AWS::EC2::SecurityGroup')).filter((id) => id.includes('LoadBalancer'));
    expect(properties(stack, 'AWS::EC2::SecurityGroupIngress').filter(({ GroupId }) => GroupId['Fn::GetAtt'][0] === ids[0])).toEqual([]);
  });

  test('speaks TLS at both ports with a certificate, and HTTP/2 at gRPC\'s', () => {
    const { stack } = fleet((scope) => ({
      certificate: acm.Certificate.fromCertificateArn(scope, 'Certificate', 'arn:aws:acm:us-east-1:123456789012:certificate/1'),
    }));

    expect(properties(stack, LISTENER)).toEqual([
      expect.objectContaining({ Port: 8500, Protocol: 'TLS', AlpnPolicy: ['HTTP2Only'], Certificates: [{ CertificateArn: expect.stringContaining(':certificate/1') }] }),
      expect.objectContaining({ Port: 8501, Protocol: 'TLS', Certificates: [{ CertificateArn: expect.stringContaining(':certificate/1') }] }),
    ]);
    expect(properties(stack, LISTENER).map(({ SslPolicy }) => SslPolicy)).toEqual([expect.stringMatching(/TLS13/), expect.stringMatching(/TLS13/)]);
    // TLS ends at the load balancer.
    expect(properties(stack, TARGET_GROUP).map(({ Protocol }) => Protocol)).toEqual(['TCP', 'TCP']);
  });

  test('listens on the given ports', () => {
    const { stack } = fleet({ grpcPort: 9000, restPort: 9001 });

    expect(properties(stack, LISTENER).map(({ Port }) => Port)).toEqual([9000, 9001]);
    expect(properties(stack, 'AWS::EC2::SecurityGroupIngress').map(({ FromPort }) => FromPort)).toEqual([9000, 9001]);
    expect(userData(stack)).toContain('--rest_api_port=9001');
  });

  test('lets in allowed clients, at REST\'s port unless another is named', () => {
    const { stack, digits } = fleet();
    digits.connections.allowDefaultPortFrom(ec2.Peer.ipv4('10.0.0.0/16'));

    const [group] = properties(stack, 'AWS::EC2::SecurityGroup').filter(({ SecurityGroupIngress }) => SecurityGroupIngress);
    expect(group.SecurityGroupIngress).toEqual([expect.objectContaining({ CidrIp: '10.0.0.0/16', FromPort: 8501, ToPort: 8501 })]);
  });

  test('the instances\' role gets what is granted to the endpoint', () => {
    const { digits } = fleet();

    expect(digits.grantPrincipal).toBe(digits.role.grantPrincipal);
  });

  test('drains connections for the given time, and the server for at most a minute', () => {
    const { stack } = fleet({ connectionDraining: Duration.minutes(5) });

    const attributes = properties(stack, TARGET_GROUP).map(({ TargetGroupAttributes }) => TargetGroupAttributes);
    expect(attributes[0]).toContainEqual({ Key: 'deregistration_delay.timeout_seconds', Value: '300' });
    expect(attributes[1]).toContainEqual({ Key: 'deregistration_delay.timeout_seconds', Value: '300' });
    expect(userData(stack)).toContain('ExecStop=/usr/bin/sleep 60\n');
    expect(userData(fleet({ connectionDraining: Duration.seconds(20) }).stack)).toContain('ExecStop=/usr/bin/sleep 20\n');
  });
});

test('targets see the load balancer\'s addresses: with the clients\', two connections with one source port through two zones would collide', () => {
  for (const { TargetGroupAttributes } of properties(fleet().stack, TARGET_GROUP)) {
    expect(TargetGroupAttributes).toContainEqual({ Key: 'preserve_client_ip.enabled', Value: 'false' });
  }
});

test('health checks request another model only after that model exists', () => {
  const { stack } = fleet();

  const fits = Object.keys(Template.fromStack(stack).findResources('Custom::TensorFlowModelCompatibility'));
  for (const group of Object.values(Template.fromStack(stack).findResources(TARGET_GROUP))) {
    expect(group.DependsOn).toEqual(expect.arrayContaining(fits));
  }
});

test('gRPC connections end by themselves before the remaining ones are cut', () => {
  for (const given of [{}, { connectionDraining: Duration.seconds(20) }]) {
    const { stack } = fleet(given);

    const [, age] = /grpc\.max_connection_age_ms=(\d+)/.exec(userData(stack))!;
    const delays = properties(stack, TARGET_GROUP).map(({ TargetGroupAttributes }) => (
      TargetGroupAttributes.find(({ Key }: any) => Key === 'deregistration_delay.timeout_seconds').Value));
    expect(delays).toEqual(given.connectionDraining ? ['20', '20'] : ['120', '120']);
    // gRPC varies the age by a tenth.
    expect(1.1 * Number(age)).toBeLessThan(0.6 * 1000 * Number(delays[0]));
  }
});

test('the load balancer\'s own resources can be changed', () => {
  const { stack, digits } = fleet();
  digits.grpcTargetGroup.setAttribute('preserve_client_ip.enabled', 'true');
  digits.restTargetGroup.configureHealthCheck({ protocol: elbv2.Protocol.TCP, port: '8501' });

  const [grpc, rest] = properties(stack, TARGET_GROUP);
  expect(grpc.TargetGroupAttributes).toContainEqual({ Key: 'preserve_client_ip.enabled', Value: 'true' });
  expect(rest).toMatchObject({ HealthCheckProtocol: 'TCP' });
  expect([digits.grpcListener, digits.restListener].map((listener) => stack.getLogicalId(listener.node.defaultChild as elbv2.CfnListener)))
    .toEqual(Object.keys(Template.fromStack(stack).findResources(LISTENER)));
});

describe('the network', () => {
  test('endpoints reach every service that a boot and Session Manager need, and the group waits for them', () => {
    const { stack } = fleet({ vpcEndpoints: true });

    const services = properties(stack, ENDPOINT).map(({ ServiceName }) => JSON.stringify(ServiceName));
    for (const service of ['s3', 'cloudformation', 'elasticloadbalancing', 'logs', 'ssm', 'ssmmessages']) {
      expect(services.filter((name) => name.includes(`.${service}"`))).toHaveLength(1);
    }
    const [group] = Object.values(Template.fromStack(stack).findResources('AWS::AutoScaling::AutoScalingGroup'));
    expect((group.DependsOn as string[]).filter((id) => id.startsWith('TensorFlowFleetEndpoints')).length).toBeGreaterThanOrEqual(6);
    Template.fromStack(fleet().stack).resourceCountIs(ENDPOINT, 0);
  });

  test('endpoints let in the whole VPC, whose names for the services they change', () => {
    const { stack, digits } = fleet({ vpcEndpoints: true });
    digits.vpcEndpointConnections!.allowDefaultPortFrom(ec2.Peer.ipv4('100.64.0.0/16'));

    const [group] = properties(stack, 'AWS::EC2::SecurityGroup').filter(({ SecurityGroupIngress }) => SecurityGroupIngress);
    expect(group.SecurityGroupIngress).toEqual([
      expect.objectContaining({ CidrIp: { 'Fn::GetAtt': [expect.stringMatching(/^Vpc/), 'CidrBlock'] }, FromPort: 443, ToPort: 443 }),
      expect.objectContaining({ CidrIp: '100.64.0.0/16', FromPort: 443, ToPort: 443 }),
    ]);
    expect(group.SecurityGroupEgress).toEqual([expect.objectContaining({ Description: 'Disallow all traffic' })]);
    for (const endpoint of properties(stack, ENDPOINT).filter(({ VpcEndpointType }) => VpcEndpointType === 'Interface')) {
      expect(endpoint).toMatchObject({ PrivateDnsEnabled: true, SecurityGroupIds: [{ 'Fn::GetAtt': [expect.stringMatching(/^TensorFlowFleetEndpoints/), 'GroupId'] }] });
    }
    expect(fleet().digits.vpcEndpointConnections).toBeUndefined();
  });

  test('fleets of one VPC share its endpoints, and each has a way to S3 from its own subnets', () => {
    const stack = new Stack(new App(), 'Stack', { env });
    const vpc = new ec2.Vpc(stack, 'Vpc', {
      maxAzs: 2, natGateways: 0, subnetConfiguration: ['One', 'Two'].map((name) => ({ name, subnetType: ec2.SubnetType.PRIVATE_ISOLATED })),
    });
    for (const [id, subnetGroupName] of [['First', 'One'], ['Second', 'One'], ['Third', 'Two']]) {
      fleet({ vpc, vpcSubnets: { subnetGroupName }, vpcEndpoints: true }, stack, id);
    }

    const endpoints = properties(stack, ENDPOINT);
    expect(endpoints.filter(({ VpcEndpointType }) => VpcEndpointType === 'Interface')).toHaveLength(5);
    const gateways = endpoints.filter(({ VpcEndpointType }) => VpcEndpointType === 'Gateway');
    const tables = gateways.map(({ RouteTableIds }) => RouteTableIds.map(({ Ref }: any) => Ref));
    expect(tables).toEqual([
      [expect.stringMatching(/^VpcOneSubnet1/), expect.stringMatching(/^VpcOneSubnet2/)],
      [expect.stringMatching(/^VpcTwoSubnet1/), expect.stringMatching(/^VpcTwoSubnet2/)],
    ]);
  });

  test('endpoints and load balancer are in one subnet of each zone, of which neither takes a second, where instances may be in more', () => {
    const { stack } = fleet((scope) => {
      const vpc = new ec2.Vpc(scope, 'Vpc', {
        maxAzs: 2, natGateways: 0, subnetConfiguration: ['One', 'Two'].map((name) => ({ name, subnetType: ec2.SubnetType.PRIVATE_ISOLATED })),
      });
      return { vpc, vpcSubnets: { subnets: vpc.isolatedSubnets }, vpcEndpoints: true };
    });

    const onePerZone = [{ Ref: expect.stringMatching(/^VpcOneSubnet1/) }, { Ref: expect.stringMatching(/^VpcOneSubnet2/) }];
    const subnets = properties(stack, ENDPOINT).filter(({ VpcEndpointType }) => VpcEndpointType === 'Interface').map(({ SubnetIds }) => SubnetIds);
    expect(subnets).toEqual(subnets.map(() => onePerZone));
    expect(properties(stack, 'AWS::ElasticLoadBalancingV2::LoadBalancer')[0].Subnets).toEqual(onePerZone);
    expect(properties(stack, 'AWS::AutoScaling::AutoScalingGroup')[0].VPCZoneIdentifier).toHaveLength(4);
  });

  test('instances and load balancer are in the chosen subnets', () => {
    const { stack } = fleet((scope) => ({
      vpc: ec2.Vpc.fromVpcAttributes(scope, 'Vpc', {
        vpcId: 'vpc-1', availabilityZones: ['us-east-1a', 'us-east-1b'],
        privateSubnetIds: ['subnet-1', 'subnet-2'], isolatedSubnetIds: ['subnet-3', 'subnet-4'],
      }),
      vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
    }));

    expect(properties(stack, 'AWS::AutoScaling::AutoScalingGroup')[0].VPCZoneIdentifier).toEqual(['subnet-3', 'subnet-4']);
    expect(properties(stack, 'AWS::ElasticLoadBalancingV2::LoadBalancer')[0].Subnets).toEqual(['subnet-3', 'subnet-4']);
  });
});

test('the load balancer takes one subnet of each Availability Zone, however they were chosen', () => {
  const vpcOf = (stack: Stack) => new ec2.Vpc(stack, 'Vpc', {
    maxAzs: 2, natGateways: 0, subnetConfiguration: ['One', 'Two'].map((name) => ({ name, subnetType: ec2.SubnetType.PRIVATE_ISOLATED })),
  });
  for (const choose of [() => ({ subnetType: ec2.SubnetType.PRIVATE_ISOLATED }), (vpc: ec2.Vpc) => ({ subnets: vpc.isolatedSubnets })]) {
    const { stack } = fleet((scope) => {
      const vpc = vpcOf(scope);
      return { vpc, vpcSubnets: choose(vpc) };
    });

    expect(properties(stack, 'AWS::ElasticLoadBalancingV2::LoadBalancer')[0].Subnets).toHaveLength(2);
    expect(properties(stack, 'AWS::AutoScaling::AutoScalingGroup')[0].VPCZoneIdentifier).toHaveLength(4);
  }
});

describe('instances', () => {
  test('keep the given number in service during an update', () => {
    const { stack } = fleet({ minCapacity: 2, maxCapacity: 10, minInstancesInService: 6 });

    const [group] = Object.values(Template.fromStack(stack).findResources('AWS::AutoScaling::AutoScalingGroup'));
    expect(group.UpdatePolicy.AutoScalingRollingUpdate.MinInstancesInService).toBe(6);
    expect(group.Properties).toMatchObject({ MinSize: '2', MaxSize: '10' });
  });

  test('do not count for scaling while they boot', () => {
    const warmup = (props: Partial<ModelFleetProps>) => properties(fleet(props).stack, 'AWS::AutoScaling::AutoScalingGroup')[0].DefaultInstanceWarmup;

    expect(warmup({})).toBe(300);
    expect(warmup({ instanceWarmup: Duration.minutes(12) })).toBe(720);
  });

  test('scale to the given processor load', () => {
    const { stack } = fleet({ targetCpuUtilization: 35, minCapacity: 1, maxCapacity: 7 });

    expect(properties(stack, 'AWS::AutoScaling::ScalingPolicy')).toEqual([expect.objectContaining({
      PolicyType: 'TargetTrackingScaling',
      TargetTrackingConfiguration: { PredefinedMetricSpecification: { PredefinedMetricType: 'ASGAverageCPUUtilization' }, TargetValue: 35 },
    })]);
    expect(properties(stack, 'AWS::AutoScaling::AutoScalingGroup')[0]).toMatchObject({ MinSize: '1', MaxSize: '7' });
  });

  test('have a disk of the given size, encrypted with the given key', () => {
    const { stack } = fleet((scope) => ({ volumeSize: Size.gibibytes(64), volumeEncryptionKey: new kms.Key(scope, 'Key') }));

    expect(properties(stack, 'AWS::EC2::LaunchTemplate')[0].LaunchTemplateData.BlockDeviceMappings).toEqual([
      { DeviceName: '/dev/xvda', Ebs: { Encrypted: true, KmsKeyId: { 'Fn::GetAtt': [expect.stringMatching(/^Key/), 'Arn'] }, VolumeSize: 64, VolumeType: 'gp3' } },
    ]);
  });

  test.each([ec2.AmazonLinuxCpuType.X86_64, ec2.AmazonLinuxCpuType.ARM_64])('of %s keep their image under the key of the CDK\'s own look-up', (cpuType) => {
    const look = (make: (stack: Stack) => unknown) => {
      const app = new App({ context: { 'aws:cdk:bundling-stacks': [] } });
      make(new Stack(app, 'Stack', { env }));
      return (app.synth().manifest.missing ?? []).filter(({ provider }) => provider === 'ssm').map(({ key, props }) => ({ key, mustExist: !(props as any).ignoreErrorOnMissingContext }));
    };

    expect(look((stack) => new ec2.LaunchTemplate(stack, 'Template', { machineImage: new PinnedAmazonLinux(cpuType) })))
      .toEqual(look((stack) => new ec2.LaunchTemplate(stack, 'Template', { machineImage: ec2.MachineImage.latestAmazonLinux2023({ cpuType, cachedInContext: true }) })));
  });

  test('get the given role, which gets the permissions that a boot needs and no more', () => {
    const { stack } = fleet((scope) => ({ role: new iam.Role(scope, 'Mine', { assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com') }) }));

    expect(properties(stack, 'AWS::IAM::InstanceProfile')[0].Roles).toEqual([{ Ref: expect.stringMatching(/^Mine/) }]);
    expect(Object.keys(Template.fromStack(stack).findResources('AWS::IAM::Role')).filter((id) => id.startsWith('DigitsRole'))).toEqual([]);
    expect([...new Set(actionsOf(stack, 'Mine'))].sort()).toEqual([
      'cloudformation:SignalResource', 'elasticloadbalancing:DescribeTargetHealth', 'logs:CreateLogStream', 'logs:PutLogEvents', 's3:GetObject', 's3:GetObjectVersion',
      's3:ListBucket', 'ssm:UpdateInstanceInformation', 'ssmmessages:CreateControlChannel', 'ssmmessages:CreateDataChannel', 'ssmmessages:OpenControlChannel',
      'ssmmessages:OpenDataChannel',
    ]);
  });

  test('write to the given log group, or to one that outlives the stack', () => {
    const given = fleet((scope) => ({ logGroup: new logs.LogGroup(scope, 'Mine', { removalPolicy: RemovalPolicy.DESTROY }) })).stack;
    const own = fleet({ logRetention: logs.RetentionDays.ONE_WEEK }).stack;

    const kept = Object.keys(Template.fromStack(given).findResources('AWS::Logs::LogGroup')).filter((id) => id.startsWith('DigitsLogGroup'));
    expect(kept).toEqual([]);
    expect(userData(given)).toContain("log_group='token'");
    Template.fromStack(own).hasResource('AWS::Logs::LogGroup', { DeletionPolicy: 'Retain', Properties: { RetentionInDays: 7 } });
  });

  test('start from a pinned image, or from the given one', () => {
    const given = fleet({ machineImage: ec2.MachineImage.genericLinux({ 'us-east-1': 'ami-0123456789' }) }).stack;
    const own = fleet().stack;

    expect(properties(given, 'AWS::EC2::LaunchTemplate')[0].LaunchTemplateData.ImageId).toBe('ami-0123456789');
    // A look-up in cdk.context.json, not a parameter that every deployment resolves again. Until it is made, the CDK's validation accepts the template.
    expect(properties(own, 'AWS::EC2::LaunchTemplate')[0].LaunchTemplateData.ImageId).toMatch(/^ami-[0-9a-f]{17}$/);
  });

  test('may boot until two minutes before CloudFormation gives up, from the script\'s start', () => {
    const { stack } = fleet({ bootTimeout: Duration.minutes(30) });

    const [group] = Object.values(Template.fromStack(stack).findResources('AWS::AutoScaling::AutoScalingGroup'));
    expect(group.CreationPolicy.ResourceSignal.Timeout).toBe('PT30M');
    expect(group.UpdatePolicy.AutoScalingRollingUpdate.PauseTime).toBe('PT30M');
    expect(group.Properties.HealthCheckGracePeriod).toBe(1800);
    expect(userData(stack)).toContain(`\nlimit=${28 * 60}\n`);
  });

  test('serve under the given name', () => {
    const { stack } = fleet({ modelName: 'numbers' });

    expect(bootSettings(stack)).toMatchObject({ model: 'numbers', modelDirectory: '/models/numbers' });
    expect(properties(stack, TARGET_GROUP)[0].HealthCheckPath).toBe('/v1/models/numbers/metadata');
  });
});

describe('processors', () => {
  test.each([
    ['m7i.large', true], ['c7a.xlarge', true], ['m8i.large', true], ['r7iz.large', true], ['m6i.large', false], ['m5.large', false], ['t3.large', false],
  ])('%s offers bfloat16 to a model: %s', (type, offered) => {
    const offer = fitOffer(fleet({ instanceType: new ec2.InstanceType(type) }).stack);

    expect(offer.cpuFeatures.includes('bf16')).toBe(offered);
    expect(offer.cpuFeatures).toContain('avx2');
  });

  test('a processor that lacks what the model needs refuses it, or serves with oneDNN off if that is allowed', () => {
    const refusing = fleet().stack;
    const serving = fleet({ missingCpuFeatures: MissingCpuFeatures.DISABLE_ONEDNN, instanceType: new ec2.InstanceType('m6i.large') }).stack;

    expect(bootSettings(refusing).missingCpuFeatures).toBe('refuse');
    expect(bootSettings(serving).missingCpuFeatures).toBe('disable_onednn');
    expect(fitOffer(serving).cpuFeatures).toBeUndefined();
  });

  test.each([[ModelServer.TENSORFLOW_SERVING, 'm7i'], [ModelServer.LITERT, ''], [undefined, 'none']])('with the server %s, %j is refused as no type', (server, type) => {
    expect(() => fleet({ server, instanceType: new ec2.InstanceType(type) }))
      .toThrow(`instanceType must be a family with its generation and a size, got "${type}": give a type such as m7i.large`);
  });

  test.each(['m7g.large', 't4g.medium', 'c8g.large'])('%s is refused, because no TensorFlow Serving exists for arm64', (type) => {
    expect(() => fleet({ instanceType: new ec2.InstanceType(type) }))
      .toThrow(/instanceType must be of x86_64.*no official TensorFlow Serving for arm64.*ModelFunction/);
  });
});

describe('the server\'s program', () => {
  test('comes from a bucket, with the expected SHA-256', () => {
    expect(bootSettings(fleet().stack)).toMatchObject({ serverFiles: [{ path: '/usr/bin/tensorflow_model_server', bucket: 'models', key: 'server', sha256: 'a'.repeat(64) }] });
  });

  test('comes from this machine as an asset, which the instances may read', () => {
    const path = `${directoryWith({ tensorflow_model_server: '#!/bin/sh\n' })}/tensorflow_model_server`;
    const { stack } = fleet({ servingBinary: ServingBinary.fromAsset(path) });

    const [{ key, sha256 }] = bootSettings(stack).serverFiles;
    expect(sha256).toBe(createHash('sha256').update('#!/bin/sh\n').digest('hex'));
    expect(JSON.stringify(properties(stack, 'AWS::IAM::Policy'))).toContain(key);
  });

  test('comes from TensorFlow Serving\'s image when none is given', () => {
    const stack = new Stack(new App({ context: { 'aws:cdk:bundling-stacks': [] } }), 'Stack', { env });
    const digits = new ModelFleet(stack, 'Digits', {
      vpc: new ec2.Vpc(stack, 'Vpc'), model: ModelSource.fromAsset(directoryWith(savedModelFiles())),
    });

    expect(digits.optimizer).toBeDefined();
    expect(JSON.stringify(properties(stack, 'Custom::TensorFlowModelBuild'))).toContain('tensorflow/serving:2.20.0');
    expect(fitOffer(stack).requiresServer).toBe(true);
  });
});

test.each([
  ['g5.xlarge', [/has accelerators, which no server of this library uses/]],
  ['t3.nano', [/only while it has credits, and has too little memory/]],
  ['t3.large', [/only while it has credits: give a type such as m7i.large/]],
  ['m7i.large', []],
  ['c7i-flex.large', []],
])('instances of the type %s are warned of where they waste money or time', (type, expected) => {
  const { stack } = fleet({ instanceType: new ec2.InstanceType(type) });
  const warnings = Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('instanceType')).map(({ entry }) => entry.data);
  expect(warnings).toEqual(expected.map((text) => expect.stringMatching(text)));
});
