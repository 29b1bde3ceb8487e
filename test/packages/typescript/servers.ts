import {
  Duration, RemovalPolicy, Stack, aws_certificatemanager as acm, aws_cloudwatch as cloudwatch, aws_ec2 as ec2, aws_ecr as ecr, aws_eks_v2 as eks,
  aws_kms as kms, aws_s3 as s3, aws_secretsmanager as secretsmanager,
} from 'aws-cdk-lib';
import {
  Graph, IModelEndpoint, MissingCpuFeatures, ModelAlarms, ModelApi, ModelArtifact, ModelDashboard, ModelDelivery, ModelFleet, ModelFunction,
  ModelMonitor, ModelOptimizer, ModelServer, ModelService, ModelSource, ModelStorage, OptimizationRecipe, Quantization, RequestCapture, Rollout,
  RuntimeLayer, ServerCertificate, ServingBinary, ServingImage,
} from 'cdk-tensorflow';
import { alarm, data } from './shared';

const ORDERS_ARN = 'arn:aws:cloudwatch:eu-central-1:111122223333:alarm:orders';
const CERTIFICATE_ARN = 'arn:aws:acm:eu-central-1:111122223333:certificate/0a1b2c3d-0000-4000-8000-0123456789ab';
const VOLUME_KEY_ARN = 'arn:aws:kms:eu-central-1:111122223333:key/0a1b2c3d-0000-4000-8000-0123456789ab';

/** The endpoint on Kubernetes, in a cluster that exists already. */
export function services(stack: Stack): void {
  const cluster = eks.Cluster.fromClusterAttributes(stack, 'Cluster', {
    clusterName: 'models',
    clusterSecurityGroupId: 'sg-0123456789abcdef0',
    kubectlProvider: eks.KubectlProvider.fromKubectlProviderAttributes(stack, 'Kubectl', {
      serviceToken: stack.formatArn({ service: 'lambda', resource: 'function:kubectl' }),
    }),
  });
  const mounted = new ModelService(stack, 'Mounted', {
    cluster,
    containerInsights: true,
    model: ModelSource.fromAsset('digits/saved_model'),
    recipe: OptimizationRecipe.of(Graph.freeze()),
    modelStorage: ModelStorage.MOUNTPOINT,
    podLabels: { tier: 'serving' },
    podAnnotations: { 'karpenter.sh/do-not-disrupt': 'true' },
    extraContainers: [{ name: 'agent', image: 'agent:1', volumeMounts: [{ name: 'spool', mountPath: '/spool' }] }],
    extraVolumes: [{ name: 'spool', emptyDir: {} }],
    servingImage: ServingImage.fromRegistry('tensorflow/serving:2.20.0'),
    replicas: 2,
    environment: { TF_ENABLE_ONEDNN_OPTS: '0', TF_CPP_MIN_LOG_LEVEL: '1' },
    internalLoadBalancer: true,
    loadBalancerSourceRanges: ['10.0.0.0/16'],
    minReadyTime: Duration.minutes(2),
    removalPolicy: RemovalPolicy.RETAIN,
    adoptExisting: true,
  });
  new ModelAlarms(stack, 'MountedAlarms', { endpoint: mounted, maxRestarts: 2 });
  new ModelDashboard(stack, 'MountedDashboard').addEndpoint(mounted);
  alarm(mounted.metricCpuUtilization(), mounted, 'CpuUtilization');
  alarm(mounted.metricMemoryUtilization(), mounted, 'MemoryUtilization');
  alarm(mounted.metricRestarts(), mounted, 'Restarts');
  alarm(mounted.metricRunningPods(), mounted, 'RunningPods');
  mounted.connections.allowDefaultPortFrom(ec2.Peer.ipv4('10.0.0.0/16'));
  mounted.onLive('Live');
  mounted.onRolledBack('RolledBack');

  new ModelService(stack, 'Copied', {
    cluster,
    model: ModelSource.fromAsset('digits/saved_model'),
    recipe: OptimizationRecipe.of(Graph.strip()),
    modelStorage: ModelStorage.COPY,
    servingImage: ServingImage.fromEcrRepository(ecr.Repository.fromRepositoryName(stack, 'Repository', 'serving'), '2.20.0'),
    maxReplicas: 6,
    rollout: Rollout.allAtOnce(),
    batching: true,
  });
  const bundled = new ModelService(stack, 'Bundled', {
    cluster,
    model: ModelSource.fromArtifact(mounted.artifact),
    servingImage: ServingImage.fromAsset('serving', { file: 'Dockerfile' }),
    applyManifests: false,
  });
  bundled.toYaml();
  new ModelService(stack, 'Encrypted', {
    cluster,
    model: ModelSource.fromAsset('digits/saved_model'),
    server: ModelServer.LITERT,
    serverCertificate: ServerCertificate.fromKubernetesSecret('digits-tls'),
    explorer: true,
    cors: { allowedOrigins: ['https://www.example.com'], allowedHeaders: ['content-type', 'x-request-id'], maxAge: Duration.hours(1) },
  });
  const endpoint: IModelEndpoint = bundled;
  stack.addMetadata('Bundled', endpoint.modelName);
  stack.addMetadata('InjectionIds', [
    ModelAlarms.PROPERTY_INJECTION_ID,
    ModelApi.PROPERTY_INJECTION_ID,
    ModelDashboard.PROPERTY_INJECTION_ID,
    ModelDelivery.PROPERTY_INJECTION_ID,
    ModelFleet.PROPERTY_INJECTION_ID,
    ModelFunction.PROPERTY_INJECTION_ID,
    ModelMonitor.PROPERTY_INJECTION_ID,
    ModelOptimizer.PROPERTY_INJECTION_ID,
    ModelService.PROPERTY_INJECTION_ID,
    RuntimeLayer.PROPERTY_INJECTION_ID,
  ]);
}

/** The endpoint on virtual machines. */
export function fleets(stack: Stack): void {
  const vpc = ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
    vpcId: 'vpc-0123456789abcdef0',
    vpcCidrBlock: '10.0.0.0/16',
    availabilityZones: ['eu-central-1a', 'eu-central-1b'],
    privateSubnetIds: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
    privateSubnetRouteTableIds: ['rtb-0123456789abcdef0', 'rtb-0123456789abcdef1'],
  });
  const machineImage = ec2.MachineImage.latestAmazonLinux2023();
  const taken = new ModelFleet(stack, 'Taken', {
    vpc,
    machineImage,
    model: ModelSource.fromAsset('digits/saved_model'),
    recipe: OptimizationRecipe.of(Quantization.bfloat16()),
    evaluation: data,
    servingBinary: ServingBinary.fromImage(ServingImage.fromRegistry('tensorflow/serving:2.20.0')),
    missingCpuFeatures: MissingCpuFeatures.REFUSE,
    embeddedMetrics: true,
    rollout: Rollout.canary({ percent: 10, bake: Duration.minutes(10), maxErrorRate: 0.02, alarms: [cloudwatch.CfnAlarm.fromAlarmArn(stack, 'Orders', ORDERS_ARN)] }),
    certificate: acm.CfnCertificate.fromCertificateId(stack, 'LoadBalancerCertificate', CERTIFICATE_ARN),
    volumeEncryptionKey: kms.CfnKey.fromKeyArn(stack, 'VolumeKey', VOLUME_KEY_ARN),
  });
  stack.addMetadata('Canary', taken.canaryAutoScalingGroup!.autoScalingGroupName);
  taken.connections.allowDefaultPortFrom(ec2.Peer.ipv4(vpc.vpcCidrBlock));
  taken.onLive('Live');
  taken.onRolledBack('RolledBack');
  alarm(taken.metricNewConnections(), taken, 'Connections');
  alarm(taken.metricUnhealthyInstances(), taken, 'Unhealthy');
  alarm(taken.metricHealthyInstances(), taken, 'Healthy');
  alarm(taken.metricCpuUtilization(), taken, 'Load');

  const bucket = s3.Bucket.fromBucketName(stack, 'Bucket', 'servers');
  new ModelFleet(stack, 'Brought', {
    vpc,
    machineImage,
    model: ModelSource.fromArtifact(taken.artifact),
    servingBinary: ServingBinary.fromBucket(bucket, 'tensorflow_model_server', 'a'.repeat(64)),
    missingCpuFeatures: MissingCpuFeatures.DISABLE_ONEDNN,
  });
  new ModelFleet(stack, 'Uploaded', {
    vpc,
    machineImage,
    model: ModelSource.fromArtifact(taken.artifact),
    server: ModelServer.TENSORFLOW_SERVING,
    servingBinary: ServingBinary.fromAsset('serving/tensorflow_model_server'),
    missingCpuFeatures: MissingCpuFeatures.DISABLE_ONEDNN,
  });
  const published = ModelArtifact.fromBucket(stack, 'Published', { bucket, manifestKey: 'digits/litert/3/manifest.json' });
  const captured = new ModelFleet(stack, 'LiteRt', {
    vpc,
    machineImage,
    model: ModelSource.fromArtifact(published),
    server: ModelServer.LITERT,
    capture: RequestCapture.sampled({ rate: 0.01, retention: Duration.days(7) }),
    embeddedMetrics: true,
    serverCertificate: ServerCertificate.fromSecretsManager(secretsmanager.Secret.fromSecretCompleteArn(stack, 'Certificate', 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:digits/tls-a1b2c3')),
    explorer: true,
    cors: { allowedOrigins: ['https://www.example.com'], allowedHeaders: ['content-type', 'x-request-id'], maxAge: Duration.hours(1) },
  });
  alarm(captured.metricDroppedCaptures(), captured, 'DroppedCaptures');
}
