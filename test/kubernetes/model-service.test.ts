import { App, Duration, Size, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';
import { ModelArtifact, ModelOptimizer, ModelSource } from '../../lib';
import type { ModelServiceProps } from '../../lib/kubernetes/model-service-props';
import { ModelStorage } from '../../lib/kubernetes/model-storage';
import { ServingImage } from '../../lib/serving/serving-image';
import {
  deployed, DEPLOYED, emptyStack, FLAG_SETS, importedCluster, modelService, objectOf, objectsOf, podOf, publishedModel, resourceOf, serverOf,
} from './fixtures';

const MANIFEST = 'Custom::AWSCDK-EKS-KubernetesResource';
const GATE = 'Custom::AWSCDK-EKS-KubernetesObjectValue';
const FIT = 'Custom::TensorFlowModelFit';
const DIGITS = 'examples/digits/saved_model';

function stackWith(props: Partial<ModelServiceProps> = {}, flags: Record<string, unknown> = {}): Stack {
  const stack = emptyStack(flags);
  modelService(stack, props);
  return stack;
}

/** What the service offers its model. */
const offerOf = (stack: Stack) => JSON.parse(deployed(resourceOf(stack, FIT).properties.Offer));

describe.each(FLAG_SETS)('ModelService %s', (_, flags) => {
  test('applies one manifest for each object that may go away', () => {
    const stack = stackWith({ createNamespace: true, namespaceName: 'models', maxReplicas: 5, internalLoadBalancer: true }, flags);

    const kinds = Object.values(Template.fromStack(stack).findResources(MANIFEST))
      .map((resource) => JSON.parse(deployed(resource.Properties.Manifest)).map((object: any) => object.kind).join('+'));
    expect(kinds.sort()).toEqual([
      'Deployment', 'HorizontalPodAutoscaler', 'Namespace', 'PersistentVolume+PersistentVolumeClaim', 'PodDisruptionBudget', 'Service', 'Service', 'Service',
      'ServiceAccount',
    ]);
  });

  test('by default: three pods that serve the published version, and no autoscaler', () => {
    const stack = stackWith({}, flags);

    const { spec } = objectOf(stack, 'Deployment');
    expect(spec.replicas).toBe(3);
    expect(spec.strategy).toEqual({ type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } });
    expect(spec.template.metadata.annotations['cdk-tensorflow/models.config']).toMatch(/specific \{\s+versions: 7\s+\}/);
    expect(spec.template.metadata.labels['cdk-tensorflow/version']).toBe('7');
    expect(objectsOf(stack).map(({ kind }) => kind)).not.toContain('HorizontalPodAutoscaler');
  });

  test('the service account has no role annotation, which would make Mountpoint assume the role in a way that it does not trust', () => {
    const stack = stackWith({}, flags);

    expect(objectOf(stack, 'ServiceAccount').metadata).not.toHaveProperty('annotations');
    Template.fromStack(stack).hasResourceProperties('AWS::EKS::PodIdentityAssociation', {
      ClusterName: 'models', Namespace: 'default', ServiceAccount: 'digits', RoleArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^DigitsAccessRole'), 'Arn'] },
    });
    Template.fromStack(stack).hasResourceProperties('AWS::IAM::Role', {
      AssumeRolePolicyDocument: { Statement: [{ Action: ['sts:AssumeRole', 'sts:TagSession'], Principal: { Service: 'pods.eks.amazonaws.com' } }] },
    });
  });

  test('pods may read this model\'s versions and nothing else', () => {
    const stack = stackWith({}, flags);

    const { Statement: statements } = resourceOf(stack, 'AWS::IAM::Policy', 'DigitsAccessRole').properties.PolicyDocument;
    expect(deployed(statements)).toEqual([
      { Effect: 'Allow', Action: ['s3:GetObject', 's3:GetObjectVersion'], Resource: expect.stringMatching(/:s3:::models\/digits-0123abcd\/saved_model\/\*$/) },
      {
        Effect: 'Allow',
        Action: 's3:ListBucket',
        Resource: expect.stringMatching(/:s3:::models$/),
        Condition: { StringLike: { 's3:prefix': expect.anything() } },
      },
    ]);
    expect([statements[1].Condition.StringLike['s3:prefix']].flat()).toEqual(['digits-0123abcd/saved_model/*']);
  });

  test('logical ids do not move', () => {
    const ids = Object.keys(Template.fromStack(stackWith({ maxReplicas: 4 }, flags)).findResources(MANIFEST)).map((id) => id.replace(/[0-9A-F]{8}$/, '')).sort();

    expect(ids).toEqual([
      'DigitsObjectsdefaultdigitsAutoscaler', 'DigitsObjectsdefaultdigitsDeployment', 'DigitsObjectsdefaultdigitsDisruptionBudget',
      'DigitsObjectsdefaultdigitsHeadlessService', 'DigitsObjectsdefaultdigitsService', 'DigitsObjectsdefaultdigitsServiceAccount',
      expect.stringMatching(/^DigitsObjectsdefaultdigitsStorage[0-9a-f]{8}$/),
    ]);
  });

  test('cdk-nag finds nothing', () => {
    const stack = new Stack(new App({ context: { ...flags, 'aws:cdk:bundling-stacks': [] } }), 'Stack');
    modelService(stack, { model: ModelSource.fromAsset(DIGITS), maxReplicas: 5 });
    modelService(stack, { cluster: stack.node.findChild('Cluster') as unknown as eks.ICluster, model: ModelSource.fromAsset(DIGITS), applyManifests: false }, 'Bundle');

    expect(new AwsSolutionsChecks(stack.node.root as App).validateScope(stack).violations).toEqual([]);
  });
});

describe('model', () => {
  test('a volume shows the model\'s prefix only, read-only, by a handle of its own and with the pods\' own role', () => {
    const stack = stackWith();
    const volume = objectOf(stack, 'PersistentVolume');
    const claim = objectOf(stack, 'PersistentVolumeClaim');

    expect(volume.spec).toMatchObject({
      accessModes: ['ReadOnlyMany'],
      storageClassName: '',
      claimRef: { namespace: 'default', name: claim.metadata.name },
      mountOptions: ['region eu-central-1', 'prefix digits-0123abcd/saved_model/'],
      csi: { driver: 's3.csi.aws.com', volumeHandle: volume.metadata.name, volumeAttributes: { bucketName: 'models', authenticationSource: 'pod' } },
    });
    expect(claim.spec).toMatchObject({ accessModes: ['ReadOnlyMany'], storageClassName: '', volumeName: volume.metadata.name });
    expect(podOf(stack).volumes[0]).toEqual({ name: 'model', persistentVolumeClaim: { claimName: claim.metadata.name, readOnly: true } });
    expect(serverOf(stack).volumeMounts[0]).toEqual({ name: 'model', mountPath: '/models/digits', readOnly: true });
  });

  test('no version is in the volume, which can never be changed: a new version is served by the same one', () => {
    const stack = stackWith();

    const names = (version: string) => objectsOf(stack, { ...DEPLOYED, Version: version }).filter(({ kind }) => /^Persistent/.test(kind));
    expect(names('8')).toEqual(names('7'));
  });

  test('another bucket is another volume, made before the old one goes', () => {
    const stack = emptyStack();
    const elsewhere = ModelArtifact.fromBucket(stack, 'Elsewhere', {
      bucket: s3.Bucket.fromBucketName(stack, 'Other', 'other'), manifestKey: 'digits-0123abcd/saved_model/7/manifest.json',
    });
    modelService(stack, { model: ModelSource.fromArtifact(elsewhere) });

    const idOf = (of: Stack) => Object.keys(Template.fromStack(of).findResources(MANIFEST)).find((id) => id.includes('Storage'));
    expect(idOf(stack)).not.toEqual(idOf(stackWith()));
  });

  test('a model that a parameter names: its prefix is taken from the version that it points at', () => {
    const stack = emptyStack();
    const artifact = ModelArtifact.fromParameter(stack, 'Pointed', { bucket: s3.Bucket.fromBucketName(stack, 'Models', 'models'), parameterName: '/digits' });
    modelService(stack, { model: ModelSource.fromArtifact(artifact) });

    expect(objectOf(stack, 'PersistentVolume').spec.mountOptions).toContain('prefix digits-0123abcd/saved_model/');
    const policy = JSON.stringify(deployed(resourceOf(stack, 'AWS::IAM::Policy', 'DigitsAccessRole').properties));
    expect(policy).toContain('models/digits-0123abcd/saved_model/*');
    expect(policy).not.toContain('*/saved_model');
  });

  test('each pod checks the list of files against the digest of the deployment, and the files against the list, before it serves', () => {
    const [verify, ...others] = podOf(stackWith()).initContainers;

    expect(others).toEqual([]);
    expect(verify.image).toBe('tensorflow/serving:2.20.0');
    expect(verify.env).toEqual(expect.arrayContaining([
      { name: 'VERSION_DIRECTORY', value: '/models/digits/7' }, { name: 'CHECKSUMS_SHA256', value: 'c'.repeat(64) },
    ]));
  });

  test('copies the version where nothing can mount it, and checks it all the same', () => {
    const stack = stackWith({ modelStorage: ModelStorage.COPY, copyImage: 'registry.example.com/aws-cli:2.1.0' });
    const pod = podOf(stack);

    expect(pod.initContainers.map(({ name }: any) => name)).toEqual(['copy-model', 'verify-model']);
    expect(pod.initContainers[0]).toMatchObject({
      image: 'registry.example.com/aws-cli:2.1.0',
      args: ['s3', 'cp', '--recursive', '--only-show-errors', 's3://models/digits-0123abcd/saved_model/7/', '/models/digits/7/'],
    });
    expect(pod.volumes[0]).toEqual({ name: 'model', emptyDir: {} });
    expect(objectsOf(stack).map(({ kind }) => kind)).not.toContain('PersistentVolume');
  });

  test('makes an optimizer of its own for a source, for TensorFlow Serving on x86_64', () => {
    const stack = emptyStack();
    const service = modelService(stack, { model: ModelSource.fromAsset(DIGITS) });

    expect(service.optimizer).toBeInstanceOf(ModelOptimizer);
    expect(service.artifact).toBe(service.optimizer);
    const job = JSON.parse(deployed(resourceOf(stack, 'Custom::TensorFlowModelBuild').properties.Job));
    expect(job).toMatchObject({ model: 'digits', format: 'saved_model', architecture: 'x86_64', recipe: { kind: 'forServing' } });
    expect(objectOf(stack, 'PersistentVolume').spec.mountOptions[1]).toMatch(/^prefix digits-[0-9a-f]{8}.*\/saved_model\/$/);
  });

  test('reads with the bucket\'s key where it has one', () => {
    const stack = emptyStack();
    modelService(stack, { model: ModelSource.fromAsset(DIGITS), encryptionKey: new kms.Key(stack, 'Key') });

    expect(JSON.stringify(resourceOf(stack, 'AWS::IAM::Policy', 'DigitsAccessRole').properties)).toContain('kms:Decrypt');
  });

  test('offers the model what the pods have', () => {
    expect(offerOf(stackWith())).toEqual({ endpoint: 'service', format: 'saved_model', architecture: 'x86_64', cpuFeatures: [] });
    expect(offerOf(stackWith({ memoryRequest: Size.gibibytes(1), memoryLimit: Size.gibibytes(2), cpuFeatures: ['avx512_bf16'] })))
      .toMatchObject({ memoryMebibytes: 2048, cpuFeatures: ['avx512_bf16'] });
    expect(offerOf(stackWith({ memoryRequest: Size.gibibytes(1) }))).toMatchObject({ memoryMebibytes: 1024 });
  });
});

describe('versions', () => {
  test('the deployment waits for pods of the very template that it applied, anew for every version', () => {
    const stack = stackWith();

    const { properties } = resourceOf(stack, GATE);
    const rollout = objectOf(stack, 'Deployment').spec.template.metadata.labels['cdk-tensorflow/rollout'];
    expect(rollout).toMatch(/^[0-9a-f]{8}-7$/);
    expect(deployed(properties)).toMatchObject({
      ObjectType: 'replicasets',
      ObjectName: `--selector=app.kubernetes.io/name=tensorflow-serving,app.kubernetes.io/instance=digits,cdk-tensorflow/rollout=${rollout}`,
      ObjectNamespace: 'default',
      JsonPath: '.items[?(@.status.availableReplicas>=3)].metadata.name',
      TimeoutSeconds: 840,
    });
    expect(deployed(properties, { ...DEPLOYED, Version: '8' }).ObjectName).toMatch(/-8$/);
  });

  test('it waits after everything is applied', () => {
    const stack = stackWith({ maxReplicas: 5 });

    const manifests = Object.keys(Template.fromStack(stack).findResources(MANIFEST));
    expect(resourceOf(stack, GATE).resource.DependsOn).toEqual(expect.arrayContaining(manifests));
  });

  test('it waits again when the pods change in another way', () => {
    const before = resourceOf(stackWith(), GATE).properties.ObjectName;

    expect(resourceOf(stackWith({ cpuRequest: 2 }), GATE).properties.ObjectName).not.toEqual(before);
    expect(resourceOf(stackWith(), GATE).properties.ObjectName).toEqual(before);
  });

  test('pods are made only after they may read the model', () => {
    const stack = stackWith();

    const { DependsOn: before } = resourceOf(stack, MANIFEST, 'DigitsObjectsdefaultdigitsDeployment').resource;
    expect(before).toEqual(expect.arrayContaining([
      expect.stringMatching(/^DigitsAccessAssociation/), expect.stringMatching(/^DigitsAccessRoleDefaultPolicy/),
      expect.stringMatching(/ServiceAccount/), expect.stringMatching(/Storage/),
    ]));
  });

  test('rolloutTimeout', () => {
    expect(resourceOf(stackWith({ rolloutTimeout: Duration.minutes(5) }), GATE).properties.TimeoutSeconds).toBe(300);
  });
});

describe('pods', () => {
  test('keep to the restricted pod security standard', () => {
    const pod = podOf(stackWith({ modelStorage: ModelStorage.COPY }));

    expect(pod.securityContext).toEqual({ runAsNonRoot: true, runAsUser: 65_532, runAsGroup: 65_532, fsGroup: 65_532, seccompProfile: { type: 'RuntimeDefault' } });
    for (const container of [...pod.initContainers, ...pod.containers]) {
      expect(container.securityContext).toEqual({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } });
    }
    expect(pod.automountServiceAccountToken).toBe(false);
  });

  test('are ready when the model answers, and alive when the server does', () => {
    const { startupProbe, readinessProbe, livenessProbe } = serverOf(stackWith());

    expect(startupProbe).toMatchObject({ httpGet: { path: '/v1/models/digits/metadata', port: 'http' }, periodSeconds: 5, failureThreshold: 120 });
    expect(readinessProbe).toMatchObject({ httpGet: { path: '/v1/models/digits/metadata', port: 'http' } });
    expect(livenessProbe).toMatchObject({ grpc: { port: 8500 } });
  });

  test('serve on while they are taken out of the Service, and no longer than they are given', () => {
    const stack = stackWith();

    expect(serverOf(stack).lifecycle).toEqual({ preStop: { sleep: { seconds: 45 } } });
    expect(podOf(stack)).toMatchObject({ terminationGracePeriodSeconds: 60, shareProcessNamespace: true });
  });

  test('bring their own configuration, so that two versions can serve side by side', () => {
    const stack = stackWith({ batching: true });
    const { annotations } = objectOf(stack, 'Deployment').spec.template.metadata;
    const [, config] = podOf(stack).volumes;

    expect(config.downwardAPI.items.map(({ path }: any) => path)).toEqual(['models.config', 'batching.config', 'monitoring.config']);
    for (const { path, fieldRef } of config.downwardAPI.items) {
      expect(fieldRef.fieldPath).toBe(`metadata.annotations['cdk-tensorflow/${path}']`);
      expect(annotations).toHaveProperty([`cdk-tensorflow/${path}`]);
    }
    expect(objectsOf(stack).map(({ kind }) => kind)).not.toContain('ConfigMap');
  });

  test('spread over zones and nodes, each version by itself', () => {
    const constraints = podOf(stackWith()).topologySpreadConstraints;

    expect(constraints.map(({ topologyKey }: any) => topologyKey)).toEqual(['topology.kubernetes.io/zone', 'kubernetes.io/hostname']);
    expect(constraints[0]).toMatchObject({ maxSkew: 1, whenUnsatisfiable: 'ScheduleAnyway', matchLabelKeys: ['pod-template-hash'] });
  });

  test.each<[string, Partial<ModelServiceProps>, (pod: any) => unknown, unknown]>([
    ['servingImage', { servingImage: ServingImage.fromRegistry('example/serving:1') }, (pod) => [pod.containers[0].image, pod.initContainers[0].image],
      ['example/serving:1', 'example/serving:1']],
    ['cpuRequest', { cpuRequest: 0.5 }, (pod) => pod.containers[0].resources.requests.cpu, '500m'],
    ['cpuLimit', { cpuLimit: 2 }, (pod) => pod.containers[0].resources.limits, { cpu: '2000m' }],
    ['memoryRequest', { memoryRequest: Size.gibibytes(1) }, (pod) => pod.containers[0].resources, { requests: { cpu: '1000m', memory: '1024Mi' } }],
    ['memoryLimit', { memoryLimit: Size.gibibytes(2) }, (pod) => pod.containers[0].resources,
      { requests: { cpu: '1000m', memory: '2048Mi' }, limits: { memory: '2048Mi' } }],
    ['no memory', {}, (pod) => pod.containers[0].resources, { requests: { cpu: '1000m', memory: '640Mi' } }],
    ['startupTimeout', { startupTimeout: Duration.minutes(1) }, (pod) => pod.containers[0].startupProbe.failureThreshold, 12],
    ['drainTime', { drainTime: Duration.seconds(20) }, (pod) => [pod.containers[0].lifecycle.preStop.sleep.seconds, pod.terminationGracePeriodSeconds], [20, 35]],
    ['readOnlyRootFilesystem', { readOnlyRootFilesystem: false }, (pod) => pod.containers[0].securityContext.readOnlyRootFilesystem, false],
    ['runAsUser', { runAsUser: 1000 }, (pod) => [pod.securityContext.runAsUser, pod.securityContext.fsGroup], [1000, 1000]],
    ['cpuFeatures', { cpuFeatures: ['avx2', 'avx512_bf16'] }, (pod) => pod.initContainers[0].env.find(({ name }: any) => name === 'CPU_FEATURES').value, 'avx2 avx512_bf16'],
    ['nodeSelector', { nodeSelector: { pool: 'models' } }, (pod) => pod.nodeSelector, { 'kubernetes.io/arch': 'amd64', 'pool': 'models' }],
    ['podSpec', { podSpec: { tolerations: [{ operator: 'Exists' }] } }, (pod) => pod.tolerations, [{ operator: 'Exists' }]],
    ['a serving option', { grpcPort: 9000 }, (pod) => [pod.containers[0].args[0], pod.containers[0].ports[0].containerPort, pod.containers[0].livenessProbe.grpc.port],
      ['--port=9000', 9000, 9000]],
    ['modelName', { modelName: 'other' }, (pod) => pod.containers[0].readinessProbe.httpGet.path, '/v1/models/other/metadata'],
  ])('%s', (_, props, pick, expected) => {
    expect(pick(podOf(stackWith(props)))).toEqual(expected);
  });
});

describe('the service', () => {
  test('with an autoscaler the Deployment has no number of pods, which each deployment would reset', () => {
    const stack = stackWith({ minReplicas: 2, maxReplicas: 8, targetCpuUtilization: 70 });

    expect(objectOf(stack, 'Deployment').spec).not.toHaveProperty('replicas');
    expect(objectOf(stack, 'HorizontalPodAutoscaler').spec).toMatchObject({
      scaleTargetRef: { kind: 'Deployment', name: 'digits' },
      minReplicas: 2,
      maxReplicas: 8,
      metrics: [{ resource: { name: 'cpu', target: { averageUtilization: 70 } } }],
    });
    expect(resourceOf(stack, GATE).properties.JsonPath).toContain('availableReplicas>=2');
  });

  test('an autoscaler starts from three pods at 60 percent', () => {
    expect(objectOf(stackWith({ maxReplicas: 8 }), 'HorizontalPodAutoscaler').spec)
      .toMatchObject({ minReplicas: 3, metrics: [{ resource: { target: { averageUtilization: 60 } } }] });
  });

  test('replicas and maxSurge', () => {
    const { spec } = objectOf(stackWith({ replicas: 5, maxSurge: 2 }), 'Deployment');

    expect([spec.replicas, spec.strategy.rollingUpdate]).toEqual([5, { maxUnavailable: 0, maxSurge: 2 }]);
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
      'service.beta.kubernetes.io/aws-load-balancer-healthcheck-path': '/v1/models/digits/metadata',
    });
    expect(serverOf(stack).lifecycle.preStop.sleep.seconds).toBe(120);
    expect(objectOf(stackWith({ internalLoadBalancer: true }), 'Service', '-nlb').spec.loadBalancerClass).toBe('eks.amazonaws.com/nlb');
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

  test('monitoring off: no metrics are announced', () => {
    const announced = (stack: Stack) => Object.keys(objectOf(stack, 'Deployment').spec.template.metadata.annotations).filter((name) => /^prometheus/.test(name));

    expect(announced(stackWith())).toHaveLength(3);
    expect(announced(stackWith({ monitoring: false }))).toEqual([]);
  });

  test('takes a role of the user\'s and adds the model to it', () => {
    const stack = emptyStack();
    const role = new iam.Role(stack, 'Mine', { assumedBy: new iam.ServicePrincipal('pods.eks.amazonaws.com') });
    const service = modelService(stack, { role });

    expect(service.role).toBe(role);
    expect(resourceOf(stack, 'AWS::EKS::PodIdentityAssociation').properties.RoleArn).toEqual({ 'Fn::GetAtt': [expect.stringMatching(/^Mine/), 'Arn'] });
    expect(JSON.stringify(resourceOf(stack, 'AWS::IAM::Policy', 'MineDefaultPolicy').properties)).toContain('digits-0123abcd/saved_model/*');
  });

  test('works in a cluster that the app makes', () => {
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

  test('ports that are no neighbors: REST is the default one, and none between them is opened', () => {
    expect(modelService(emptyStack(), { grpcPort: 9000, restPort: 9100 }).connections.defaultPort?.toString()).toBe('9100');
  });

  test('fails for a cluster whose security group nobody knows', () => {
    const stack = emptyStack();
    const service = modelService(stack, { cluster: importedCluster(stack, { clusterSecurityGroupId: undefined }) });

    expect(() => service.connections).toThrow(/imported without its security group: give Cluster.fromClusterAttributes clusterSecurityGroupId/);
  });

  test.each(['metricInvocations', 'metricErrors', 'metricLatency'] as const)('%s says where the metric is instead of making one up', (method) => {
    expect(() => modelService(emptyStack())[method]())
      .toThrow(/nothing sends those of TensorFlow Serving to CloudWatch: collect.*port 8501.*:tensorflow:serving:request/);
    expect(() => modelService(emptyStack(), { monitoring: false })[method]()).toThrow(/set monitoring to true/);
  });
});

describe('without kubectl', () => {
  const bundled = (props: Partial<ModelServiceProps> = {}) => {
    const stack = emptyStack();
    const cluster = importedCluster(stack, { kubectlProvider: undefined });
    return { stack, service: modelService(stack, { cluster, applyManifests: false, ...props }) };
  };

  test('the template has nothing of kubectl', () => {
    const { stack, service } = bundled();

    expect(service.manifests).toEqual([]);
    expect(service.rollout).toBeUndefined();
    expect(JSON.stringify(Template.fromStack(stack).toJSON())).not.toMatch(/AWSCDK-EKS|kubectl/i);
  });

  test('each deployment writes the objects to the artifact bucket, under a key of their own, and replaces none', () => {
    const { stack, service } = bundled();

    const create = JSON.parse(deployed(resourceOf(stack, 'Custom::TensorFlowKubernetesObjects').properties.Create));
    expect(deployed(stack.resolve(service.bundleKey))).toMatch(/^digits-0123abcd\/manifests\/[0-9a-f]{8}-7\.yaml$/);
    expect(create.parameters).toMatchObject({ Bucket: 'models', Key: deployed(stack.resolve(service.bundleKey)), IfNoneMatch: '*' });
    expect(create.parameters.Body).toContain('kind: "Deployment"');
    expect(create.parameters.Body).toContain('versions: 7');
    expect(create.parameters.Body).not.toContain('${Token');
    expect(resourceOf(stack, 'AWS::IAM::Policy', 'DigitsBundle').properties.PolicyDocument.Statement).toEqual([
      expect.objectContaining({ Action: 's3:PutObject', Resource: expect.objectContaining({}) }),
    ]);
  });

  test('toYaml has the same objects as are applied otherwise', () => {
    const { stack, service } = bundled();

    const yaml: string = deployed(stack.resolve(service.toYaml()));
    const applied = objectsOf(stackWith());
    expect(yaml.match(/^kind: "(\w+)"$/gm)).toHaveLength(applied.length);
    expect(yaml).not.toContain('aws.cdk.eks/prune');
  });

  test('encrypts the objects with the bucket\'s key', () => {
    const stack = emptyStack();
    const cluster = importedCluster(stack);
    modelService(stack, { cluster, applyManifests: false, model: ModelSource.fromAsset(DIGITS), encryptionKey: new kms.Key(stack, 'Key') });

    expect(JSON.stringify(resourceOf(stack, 'AWS::IAM::Policy', 'DigitsBundle').properties)).toContain('kms:GenerateDataKey');
  });
});

describe('bad input', () => {
  test.each<[string, Partial<ModelServiceProps>, RegExp]>([
    ['a name that Kubernetes refuses', { serviceName: 'Digits_1' }, /serviceName must be at most 50 .* got "Digits_1"/],
    ['a name that is too long for the Services', { serviceName: 'd'.repeat(51) }, /serviceName must be at most 50/],
    ['a model name that Kubernetes refuses for a Service', { modelName: '9digits' }, /got "9digits", which is the model's name: give serviceName/],
    ['a namespace that is none', { namespaceName: 'My Models' }, /namespaceName must be at most 63/],
    ['a namespace that every cluster has', { createNamespace: true }, /createNamespace needs a namespace that the cluster does not have, got "default"/],
    ['equal ports', { grpcPort: 8501 }, /grpcPort and restPort must differ/],
    ['min above max', { minReplicas: 5, maxReplicas: 4 }, /minReplicas must not be above maxReplicas, got 5 and 4/],
    ['the default min above max', { maxReplicas: 2 }, /got 3 \(the default\) and 2/],
    ['a fixed number and an autoscaler', { replicas: 3, maxReplicas: 5 }, /replicas and maxReplicas exclude each other/],
    ['a minimum without an autoscaler', { minReplicas: 2 }, /minReplicas has no effect without maxReplicas/],
    ['a target without an autoscaler', { targetCpuUtilization: 50 }, /targetCpuUtilization has no effect without maxReplicas/],
    ['no pods', { replicas: 0 }, /replicas must be between 1/],
    ['a target above all there is', { maxReplicas: 5, targetCpuUtilization: 101 }, /targetCpuUtilization must be between 1 and 100/],
    ['no surge', { maxSurge: 0 }, /maxSurge must be between 1/],
    ['more processors asked for than allowed', { cpuRequest: 3, cpuLimit: 2 }, /cpuRequest must not be above cpuLimit, got 3 and 2/],
    ['the default processors above the limit', { cpuLimit: 0.5 }, /got 1 \(the default\) and 0.5/],
    ['more memory asked for than allowed',
      { memoryRequest: Size.gibibytes(2), memoryLimit: Size.gibibytes(1) }, /memoryRequest must not be above memoryLimit, got 2048 and 1024 MiB/],
    ['too little memory for any model', { memoryLimit: Size.mebibytes(10) }, /memoryLimit in MiB must be between 64/],
    ['an unknown flag', { serverFlags: { fast: true } }, /is no flag of tensorflow_model_server/],
    ['a base path of its own', { serverFlags: { model_base_path: 's3://models' } }, /model_base_path"\] must not be set/],
    ['an image that moves', { servingImage: ServingImage.fromRegistry('tensorflow/serving:latest') }, /must name one release/],
    ['a longer wait than a function has', { rolloutTimeout: Duration.minutes(15) }, /rolloutTimeout in seconds must be between 10 and 840, got 900/],
    ['a wait without anything applied', { applyManifests: false, rolloutTimeout: Duration.minutes(1) }, /rolloutTimeout has no effect without applyManifests/],
    ['no start', { startupTimeout: Duration.seconds(1) }, /startupTimeout/],
    ['no end', { drainTime: Duration.seconds(0) }, /drainTime/],
    ['an image to copy with, and nothing to copy', { copyImage: 'example/aws-cli:1' }, /copyImage has no effect/],
    ['an image to copy with that moves', { modelStorage: ModelStorage.COPY, copyImage: 'example/aws-cli:latest' }, /copyImage must have a tag/],
    ['an image to copy with without a tag', { modelStorage: ModelStorage.COPY, copyImage: 'localhost:5000/aws-cli' }, /copyImage must have a tag/],
    ['a class of load balancers without one', { loadBalancerClass: 'x' }, /loadBalancerClass has no effect/],
    ['root', { runAsUser: 0 }, /runAsUser must be between 1/],
    ['a processor feature as nobody writes it', { cpuFeatures: ['AVX512-BF16'] }, /cpuFeatures must be names of \/proc\/cpuinfo/],
    ['nodes without a server for them', { nodeSelector: { 'kubernetes.io/arch': 'arm64' } }, /must keep kubernetes.io\/arch amd64/],
    ['a label that is none', { nodeSelector: { 'a b': 'c' } }, /nodeSelector label must be/],
    ['containers of its own', { podSpec: { containers: [] } }, /podSpec must not set containers/],
    ['a model that no stripping could fit', { model: ModelSource.fromAsset(DIGITS), memoryLimit: Size.mebibytes(0.001) }, /cannot hold the model/],
    ['options of an optimization that nobody runs', { seed: 1 }, /seed has no effect on a model that is published already/],
  ])('fails for %s', (_, props, message) => {
    expect(() => stackWith(props)).toThrow(message);
  });

  test('fails for an imported cluster that nothing can be applied to', () => {
    const stack = emptyStack();

    expect(() => modelService(stack, { cluster: importedCluster(stack, { kubectlProvider: undefined }) }))
      .toThrow(/the cluster "Stack\/Cluster" has no kubectl provider.* set applyManifests to false/);
  });

  test('fails for a model in the format of Lambda', () => {
    const stack = emptyStack();
    const model = ModelSource.fromArtifact(ModelArtifact.fromBucket(stack, 'Lite', {
      bucket: s3.Bucket.fromBucketName(stack, 'LiteModels', 'models'), manifestKey: 'digits-0123abcd/litert/7/manifest.json',
    }));

    expect(() => modelService(stack, { model })).toThrow(/published as litert, and saved_model is needed here/);
  });

  test('names all problems at once', () => {
    expect(() => stackWith({ serviceName: 'A', replicas: 0, restPort: 8500, memoryLimit: Size.mebibytes(1) })).toThrow(/^4 problems:/m);
  });

  test('a published model of another stack is refused, with the way out', () => {
    const app = new App();
    const elsewhere = publishedModel(new Stack(app, 'Elsewhere'));

    expect(() => modelService(new Stack(app, 'Here'), { model: ModelSource.fromArtifact(elsewhere) })).toThrow(/belongs to another stack/);
  });
});
