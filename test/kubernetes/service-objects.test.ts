import type { Stack } from 'aws-cdk-lib';
import { Lazy } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { IMonitoredEndpoint } from '../../lib';
import type { ModelServiceProps } from '../../lib/kubernetes/model-service-props';
import { emptyStack, GATE, importedCluster, MANIFEST, modelService, objectOf, objectsOf, resourceOf, serverOf, stackWith } from './fixtures';

describe('the service', () => {
  test.each<Partial<ModelServiceProps>>([{}, { replicas: 5 }, { minReplicas: 2, maxReplicas: 8 }])(
    'the Deployment never has a number of pods, which each deployment would reset and taking it away would make one: %j', (props) => {
      expect(objectOf(stackWith(props), 'Deployment').spec).not.toHaveProperty('replicas');
    });

  test('an autoscaler decides the number of pods', () => {
    const stack = stackWith({ minReplicas: 2, maxReplicas: 8, targetCpuUtilization: 70 });

    expect(objectOf(stack, 'HorizontalPodAutoscaler').spec).toMatchObject({
      scaleTargetRef: { kind: 'Deployment', name: 'digits' },
      minReplicas: 2,
      maxReplicas: 8,
      metrics: [{ type: 'ContainerResource', containerResource: { name: 'cpu', container: 'tensorflow-serving', target: { averageUtilization: 70 } } }],
    });
    expect(resourceOf(stack, GATE).properties.JsonPath).toContain('availableReplicas>=2');
  });

  test('an autoscaler starts from three pods at 60 percent', () => {
    expect(objectOf(stackWith({ maxReplicas: 8 }), 'HorizontalPodAutoscaler').spec)
      .toMatchObject({ minReplicas: 3, metrics: [{ containerResource: { target: { averageUtilization: 60 } } }] });
  });

  test('an autoscaler keeps a fixed number of pods', () => {
    const stack = stackWith({ replicas: 5 });

    expect(objectOf(stack, 'HorizontalPodAutoscaler').spec).toMatchObject({ minReplicas: 5, maxReplicas: 5 });
    expect(resourceOf(stack, GATE).properties.JsonPath).toContain('availableReplicas>=5');
  });

  test('has one address for all pods, and one for each', () => {
    const stack = stackWith({ restPort: 9001 });

    expect(objectOf(stack, 'Service', 'digits').spec).toMatchObject({ type: 'ClusterIP', ports: [{ name: 'grpc', port: 8500 }, { name: 'http', port: 9001 }] });
    expect(objectOf(stack, 'Service', '-headless').spec.clusterIP).toBe('None');
  });

  test('a load balancer is internal, checks the model, and gives connections time to end', () => {
    const stack = stackWith({ internalLoadBalancer: true, loadBalancerClass: 'service.k8s.aws/nlb' });

    const { metadata, spec } = objectOf(stack, 'Service', '-nlb');
    expect(spec).toMatchObject({ type: 'LoadBalancer', loadBalancerClass: 'service.k8s.aws/nlb' });
    expect(metadata.annotations).toMatchObject({
      'service.beta.kubernetes.io/aws-load-balancer-scheme': 'internal',
      'service.beta.kubernetes.io/aws-load-balancer-nlb-target-type': 'ip',
      'service.beta.kubernetes.io/aws-load-balancer-healthcheck-protocol': 'http',
      'service.beta.kubernetes.io/aws-load-balancer-healthcheck-path': '/v1/models/digits/metadata',
      'service.beta.kubernetes.io/aws-load-balancer-healthcheck-interval': '30',
      'service.beta.kubernetes.io/aws-load-balancer-healthcheck-timeout': '20',
      'service.beta.kubernetes.io/aws-load-balancer-healthcheck-healthy-threshold': '2',
      'service.beta.kubernetes.io/aws-load-balancer-healthcheck-unhealthy-threshold': '5',
    });
    expect(serverOf(stack).lifecycle.preStop.sleep.seconds).toBe(120);
    expect(objectOf(stackWith({ internalLoadBalancer: true }), 'Service', '-nlb').spec.loadBalancerClass).toBe('eks.amazonaws.com/nlb');
  });

  test('a load balancer lets in the cluster\'s VPC only, or the addresses that the user names, or everybody if the VPC is not known', () => {
    const ranges = (props: Partial<ModelServiceProps>, attributes: (stack: Stack) => Partial<eks.ClusterAttributes> = () => ({})) => {
      const stack = emptyStack();
      modelService(stack, { cluster: importedCluster(stack, attributes(stack)), internalLoadBalancer: true, ...props });
      return objectOf(stack, 'Service', '-nlb').spec.loadBalancerSourceRanges;
    };

    expect(ranges({}, (stack) => ({ vpc: new ec2.Vpc(stack, 'Vpc') }))).toEqual([expect.stringMatching(/^Vpc.*\.CidrBlock$/)]);
    expect(ranges({}, (stack) => ({
      vpc: ec2.Vpc.fromVpcAttributes(stack, 'Vpc', { vpcId: 'vpc-1', availabilityZones: ['a'], vpcCidrBlock: '10.7.0.0/16' }),
    }))).toEqual(['10.7.0.0/16']);
    expect(ranges({}, (stack) => ({ vpc: ec2.Vpc.fromVpcAttributes(stack, 'Vpc', { vpcId: 'vpc-1', availabilityZones: ['a'] }) }))).toBeUndefined();
    expect(ranges({ loadBalancerSourceRanges: ['10.1.0.0/16'] }, (stack) => ({ vpc: new ec2.Vpc(stack, 'Vpc') }))).toEqual(['10.1.0.0/16']);
    expect(ranges({})).toBeUndefined();
  });

  test('the deployment waits for the load balancer and knows its name; without one, or without applying anything, there is none', () => {
    const stack = emptyStack();
    const service = modelService(stack, { internalLoadBalancer: true });

    const gates = Template.fromStack(stack).findResources(GATE, { Properties: { ObjectName: 'digits-nlb' } });
    const [[id, gate]] = Object.entries(gates);
    expect(gate.Properties).toMatchObject({ ObjectType: 'service', JsonPath: '.status.loadBalancer.ingress[0].hostname', TimeoutSeconds: 600 });
    expect(gate.DependsOn).toEqual(expect.arrayContaining(Object.keys(Template.fromStack(stack).findResources(MANIFEST))));
    expect(stack.resolve(service.loadBalancerDnsName)).toEqual({ 'Fn::GetAtt': [id, 'Value'] });
    expect(modelService(emptyStack()).loadBalancerDnsName).toBeUndefined();
    expect(modelService(emptyStack(), { internalLoadBalancer: true, applyManifests: false }).loadBalancerDnsName).toBeUndefined();
  });

  test('nodes are drained one pod at a time', () => {
    expect(objectOf(stackWith(), 'PodDisruptionBudget').spec).toMatchObject({ maxUnavailable: 1, unhealthyPodEvictionPolicy: 'AlwaysAllow' });
  });

  test('serviceName and namespace name all objects, and a new name makes new ones', () => {
    const stack = stackWith({ serviceName: 'numbers', namespaceName: 'models', createNamespace: true });

    for (const { kind, metadata } of objectsOf(stack).filter((object) => object.kind !== 'Namespace' && object.kind !== 'PersistentVolume')) {
      expect([kind, metadata.namespace, metadata.name]).toEqual([kind, 'models', expect.stringMatching(/^numbers/)]);
    }
    expect(objectOf(stack, 'Namespace').metadata).toMatchObject({ name: 'models', labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } });
    Template.fromStack(stack).hasResourceProperties('AWS::EKS::PodIdentityAssociation', { Namespace: 'models', ServiceAccount: 'numbers' });
    const ids = (of: Stack) => Object.keys(Template.fromStack(of).findResources(MANIFEST));
    expect(ids(stack).filter((id) => ids(stackWith()).includes(id))).toEqual([]);
  });

  test.each([['half_plus_two', 'half-plus-two'], ['ResNet-v1.5', 'resnet-v1-5'], ['9digits', 'model-9digits']])('the model name %s gives the objects\' name %s', (modelName, name) => {
    const stack = stackWith({ modelName });

    expect(objectOf(stack, 'Deployment').metadata.name).toBe(name);
    expect(serverOf(stack).readinessProbe.httpGet.path).toBe(`/v1/models/${modelName}/metadata`);
  });

  test('a port that is known only at deployment is the same everywhere', () => {
    const stack = stackWith({ restPort: Lazy.number({ produce: () => 9001 }), internalLoadBalancer: true });

    expect(JSON.stringify(objectsOf(stack))).not.toMatch(/e\+2\d\d/);
    expect(serverOf(stack).args).toContain('--rest_api_port=9001');
    expect(objectOf(stack, 'Deployment').spec.template.metadata.annotations['prometheus.io/port']).toBe('9001');
    expect(objectOf(stack, 'Service', '-nlb').metadata.annotations['service.beta.kubernetes.io/aws-load-balancer-healthcheck-port']).toBe('9001');
  });

  test('monitoring off: no metrics are announced', () => {
    const announced = (stack: Stack) => Object.keys(objectOf(stack, 'Deployment').spec.template.metadata.annotations).filter((name) => /^prometheus/.test(name));

    expect(announced(stackWith())).toHaveLength(3);
    expect(announced(stackWith({ monitoring: false }))).toEqual([]);
  });

  test('accepts the user\'s role and grants it access to the model', () => {
    const stack = emptyStack();
    const role = new iam.Role(stack, 'Mine', { assumedBy: new iam.ServicePrincipal('pods.eks.amazonaws.com') });
    const service = modelService(stack, { role });

    expect(service.role).toBe(role);
    expect(resourceOf(stack, 'AWS::EKS::PodIdentityAssociation').properties.RoleArn).toEqual({ 'Fn::GetAtt': [expect.stringMatching(/^Mine/), 'Arn'] });
    expect(JSON.stringify(resourceOf(stack, 'AWS::IAM::Policy', 'MineDefaultPolicy').properties)).toContain('digits-0123abcd/saved_model/*');
  });

  test('works in a cluster that the app creates', () => {
    const stack = emptyStack();
    const cluster = new eks.Cluster(stack, 'Cluster', {
      version: eks.KubernetesVersion.V1_34,
      kubectlProviderOptions: { kubectlLayer: { layerVersionArn: 'arn:x', compatibleRuntimes: undefined } as any },
    });
    const service = modelService(stack, { cluster });

    expect(service.manifests.length).toBeGreaterThan(5);
    expect(service.connections.securityGroups).toEqual(cluster.connections.securityGroups);
  });
});

describe('connections and metrics', () => {
  test('clients are allowed at the cluster\'s security group, on both ports', () => {
    const stack = emptyStack();
    const client = new ec2.SecurityGroup(stack, 'Client', { vpc: new ec2.Vpc(stack, 'Vpc') });

    modelService(stack).connections.allowDefaultPortFrom(client);

    Template.fromStack(stack).hasResourceProperties('AWS::EC2::SecurityGroupIngress', { GroupId: 'sg-0123456789abcdef0', FromPort: 8500, ToPort: 8501 });
  });

  test('the pods\' role gets what is granted to the endpoint', () => {
    const stack = emptyStack();
    const service = modelService(stack);

    expect(service.grantPrincipal).toBe(service.role.grantPrincipal);
  });

  test('ports that are not adjacent: REST is the default one, and none between them is opened', () => {
    expect(modelService(emptyStack(), { grpcPort: 9000, restPort: 9100 }).connections.defaultPort?.toString()).toBe('9100');
  });

  test('fails for a cluster whose security group nobody knows', () => {
    const stack = emptyStack();
    const service = modelService(stack, { cluster: importedCluster(stack, { clusterSecurityGroupId: undefined }) });

    expect(() => service.connections).toThrow(/imported without its security group: give Cluster.fromClusterAttributes clusterSecurityGroupId/);
  });

  test.each(['metricInvocations', 'metricErrors', 'metricLatency'])('has no %s, because nothing sends the metrics of its requests to CloudWatch', (method) => {
    // @ts-expect-error a ModelService is an endpoint, and not one whose requests are monitored
    const endpoint: IMonitoredEndpoint = modelService(emptyStack());

    expect(method in endpoint).toBe(false);
  });
});
