import { App, Duration, Stack } from 'aws-cdk-lib';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { ModelFleetProps, ModelServiceProps } from '../../lib';
import { ModelArtifact, ModelFleet, ModelServer, ModelSource, Rollout, ServerCertificate } from '../../lib';
import { bootSettings, env, fileOf, properties } from '../fleet/fixtures';
import { emptyStack, modelService, objectOf, podOf, serverOf, watchedCluster } from '../kubernetes/fixtures';

jest.mock('../../lib/private/asset-paths', () => jest.requireActual('./stand-in-programs').assetPaths);

const SECRET = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:digits/tls-a1b2c3';
const GRPC_AND_REST = ['8500', '8501'];

const ofSecret = (stack: Stack) => ServerCertificate.fromSecretsManager(Secret.fromSecretCompleteArn(stack, 'Secret', SECRET));
const ofCluster = () => ServerCertificate.fromKubernetesSecret('digits-tls');
const published = (stack: Stack) => ModelSource.fromArtifact(ModelArtifact.fromBucket(stack, 'Published', {
  bucket: s3.Bucket.fromBucketName(stack, 'Models', 'models'), manifestKey: 'digits-0123abcd/litert/7/manifest.json', manifestSha256: 'a'.repeat(64),
}));

type Given<Props> = (stack: Stack) => Props;

function fleet(certificate: Given<ServerCertificate | undefined> = ofSecret, props: Given<Partial<ModelFleetProps>> = () => ({})): Stack {
  const stack = new Stack(new App({ context: { 'aws:cdk:bundling-stacks': [] } }), 'Stack', { env });
  new ModelFleet(stack, 'Digits', {
    vpc: new ec2.Vpc(stack, 'Vpc', { maxAzs: 2 }), model: published(stack), server: ModelServer.LITERT, serverCertificate: certificate(stack), ...props(stack),
  });
  return stack;
}

function service(certificate: Given<ServerCertificate | undefined> = ofSecret, props: Given<Partial<ModelServiceProps>> = () => ({})): Stack {
  const stack = emptyStack();
  modelService(stack, { model: published(stack), server: ModelServer.LITERT, serverCertificate: certificate(stack), ...props(stack) });
  return stack;
}

const secretStatements = (stack: Stack) => properties(stack, 'AWS::IAM::Policy').flatMap(({ PolicyDocument }) => PolicyDocument.Statement)
  .filter(({ Action }: any) => JSON.stringify(Action).includes('secretsmanager:'));
const READS_THE_SECRET = [{ Effect: 'Allow', Action: ['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret'], Resource: SECRET }];

describe('a certificate in Secrets Manager', () => {
  test('is read by the server of instances, with their role', () => {
    const stack = fleet();

    expect(fileOf(stack, 'model-server.service')).toContain(` --tls_secret_arn=${SECRET}\n`);
    expect(fileOf(stack, 'model-server.service')).not.toContain('IPAddressDeny');
    expect(secretStatements(stack)).toEqual(READS_THE_SECRET);
  });

  test('is read by the server of pods, with their role', () => {
    const stack = service();

    expect(serverOf(stack).args).toContain(`--tls_secret_arn=${SECRET}`);
    expect(secretStatements(stack)).toEqual(READS_THE_SECRET);
  });

  test('has a load balancer and the boot ask instances by HTTPS, also for metrics', () => {
    const stack = fleet(ofSecret, () => ({ embeddedMetrics: true }));

    expect(properties(stack, 'AWS::ElasticLoadBalancingV2::TargetGroup').map(({ Port, Protocol, HealthCheckProtocol }) => [String(Port), Protocol, HealthCheckProtocol]))
      .toEqual(GRPC_AND_REST.map((port) => [port, 'TCP', 'HTTPS']));
    expect(bootSettings(stack).scheme).toBe('https');
    expect(JSON.parse(fileOf(stack, 'cloudwatch.json')).url).toBe('https://127.0.0.1:8501/monitoring/prometheus/metrics');
  });

  test('has a load balancer with a certificate of its own encrypt again', () => {
    const arn = `arn:aws:acm:us-east-1:123456789012:certificate/${'0'.repeat(8)}`;
    const stack = fleet(ofSecret, (scope) => ({ certificate: acm.Certificate.fromCertificateArn(scope, 'Certificate', arn) }));

    expect(properties(stack, 'AWS::ElasticLoadBalancingV2::TargetGroup').map(({ Protocol }) => Protocol)).toEqual(['TLS', 'TLS']);
  });

  test('has a VPC endpoint where instances have no internet', () => {
    const services = (certificate: typeof ofSecret | (() => undefined)) => (
      JSON.stringify(properties(fleet(certificate, () => ({ vpcEndpoints: true })), 'AWS::EC2::VPCEndpoint')));

    expect(services(ofSecret)).toContain('.secretsmanager');
    expect(services(() => undefined)).not.toContain('.secretsmanager');
  });
});

describe('a certificate in a Kubernetes secret', () => {
  test('is mounted into the server\'s container only, which needs no permission for it', () => {
    const stack = service(ofCluster);
    const { args, volumeMounts } = serverOf(stack);

    expect(args).toEqual(expect.arrayContaining(['--tls_certificate_file=/etc/model-server/tls/tls.crt', '--tls_key_file=/etc/model-server/tls/tls.key']));
    expect(volumeMounts).toContainEqual({ name: 'certificate', mountPath: '/etc/model-server/tls', readOnly: true });
    expect(podOf(stack).volumes).toContainEqual({ name: 'certificate', secret: { secretName: 'digits-tls' } });
    expect(JSON.stringify(podOf(stack).initContainers)).not.toContain('certificate');
    expect(secretStatements(stack)).toEqual([]);
  });

  test('is refused for instances, with what to give instead', () => {
    expect(() => fleet(ofCluster)).toThrow(
      'serverCertificate must not be a Kubernetes secret, which instances cannot read: give ServerCertificate.fromSecretsManager(secret)',
    );
  });

  test('is refused with a name that Kubernetes refuses', () => {
    expect(() => service(() => ServerCertificate.fromKubernetesSecret('Digits_TLS'))).toThrow(/the secret of serverCertificate must be the name .*, got "Digits_TLS"/);
  });
});

describe.each<[string, typeof ofSecret]>([['Secrets Manager', ofSecret], ['a Kubernetes secret', ofCluster]])('pods with a certificate in %s', (_, certificate) => {
  test('are asked by HTTPS: by probes, load balancers, Prometheus and a service mesh', () => {
    const stack = service(certificate, () => ({ internalLoadBalancer: true }));
    const server = serverOf(stack);

    expect(['startupProbe', 'readinessProbe', 'livenessProbe'].map((probe) => server[probe].httpGet.scheme)).toEqual(['HTTPS', 'HTTPS', 'HTTPS']);
    const balanced = objectOf(stack, 'Service', 'digits-nlb');
    expect(balanced.metadata.annotations['service.beta.kubernetes.io/aws-load-balancer-healthcheck-protocol']).toBe('https');
    expect(balanced.spec.ports.map(({ appProtocol }: any) => appProtocol)).toEqual(['https', 'https']);
    expect(objectOf(stack, 'Deployment').spec.template.metadata.annotations['prometheus.io/scheme']).toBe('https');
  });

  test('are asked by HTTPS while they bake as a canary', () => {
    const schemes = (given: Given<ServerCertificate | undefined>) => properties(
      service(given, (stack) => ({ cluster: watchedCluster(stack), rollout: Rollout.canary({ percent: 10, bake: Duration.minutes(1) }) })), 'Custom::TensorFlowCanary',
    ).map(({ Scheme }) => Scheme);

    expect([schemes(certificate), schemes(() => undefined)]).toEqual([['https'], [undefined]]);
  });
});

test('without a certificate nothing is asked by HTTPS', () => {
  expect(JSON.stringify(podOf(service(() => undefined)))).not.toMatch(/https|tls/i);
  expect(bootSettings(fleet(() => undefined)).scheme).toBe('http');
});

test('TensorFlow Serving and other objects are refused', () => {
  const problem = 'serverCertificate needs ModelServer.LITERT';
  expect(() => fleet(ofSecret, () => ({ server: undefined }))).toThrow(problem);
  expect(() => service(ofSecret, () => ({ server: undefined }))).toThrow(problem);
  expect(() => service(() => 'digits-tls' as never)).toThrow('serverCertificate must be a ServerCertificate, got "digits-tls": give ServerCertificate.fromSecretsManager(secret)');
});
