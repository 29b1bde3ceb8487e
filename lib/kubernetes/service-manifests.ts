import { Tokenization } from 'aws-cdk-lib';
import { HEALTH_CHECK, healthCheckPath, schemeOf } from '../serving/serving-settings';
import type { ServingSettings } from '../serving/serving-settings';
import type { KubernetesObject, ObjectIdentity } from './kubernetes-object';
import { metadata, selectorLabels } from './kubernetes-object';

/**
 * Enables pod readiness gates in EKS Auto Mode and the AWS Load Balancer Controller: a pod becomes ready only when its load balancer sends it requests.
 *
 * @see https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/pod_readiness_gate/
 */
const READINESS_GATES = { 'eks.amazonaws.com/pod-readiness-gate-inject': 'enabled', 'elbv2.k8s.aws/pod-readiness-gate-inject': 'enabled' };

const HEADLESS_SUFFIX = '-headless';

export const LOAD_BALANCER_SUFFIX = '-nlb';

/** Returns the Service with one address for all pods. */
export function serviceManifest(identity: ObjectIdentity, serving: ServingSettings): KubernetesObject {
  return service(identity, '', { type: 'ClusterIP', ports: ports(serving) });
}

/** Returns the headless Service, for client-side gRPC load balancing: otherwise a connection stays with one pod. */
export function headlessServiceManifest(identity: ObjectIdentity, serving: ServingSettings): KubernetesObject {
  return service(identity, HEADLESS_SUFFIX, { clusterIP: 'None', ports: ports(serving) });
}

export interface LoadBalancerOptions {
  readonly modelName: string;
  readonly loadBalancerClass: string;
  /** CIDR blocks of clients; all if undefined. */
  readonly sourceRanges?: string[];
  readonly drainSeconds: number;
}

/** Returns the Service with an internal network load balancer. */
export function loadBalancerManifest(identity: ObjectIdentity, serving: ServingSettings, options: LoadBalancerOptions): KubernetesObject {
  const { modelName, loadBalancerClass, sourceRanges, drainSeconds } = options;
  const prefix = 'service.beta.kubernetes.io/aws-load-balancer';
  const clients = sourceRanges ? { loadBalancerSourceRanges: sourceRanges } : {};
  return service(identity, LOAD_BALANCER_SUFFIX, { type: 'LoadBalancer', loadBalancerClass, ...clients, ports: ports(serving) }, {
    [`${prefix}-scheme`]: 'internal',
    [`${prefix}-nlb-target-type`]: 'ip',
    [`${prefix}-healthcheck-protocol`]: schemeOf(serving),
    [`${prefix}-healthcheck-port`]: Tokenization.stringifyNumber(serving.restPort),
    [`${prefix}-healthcheck-path`]: healthCheckPath(modelName),
    [`${prefix}-healthcheck-interval`]: String(HEALTH_CHECK.intervalSeconds),
    [`${prefix}-healthcheck-timeout`]: String(HEALTH_CHECK.timeoutSeconds),
    [`${prefix}-healthcheck-healthy-threshold`]: String(HEALTH_CHECK.healthyThreshold),
    [`${prefix}-healthcheck-unhealthy-threshold`]: String(HEALTH_CHECK.unhealthyThreshold),
    [`${prefix}-target-group-attributes`]: `deregistration_delay.timeout_seconds=${drainSeconds}`,
  });
}

function service(identity: ObjectIdentity, suffix: string, spec: Record<string, unknown>, annotations?: Record<string, string>): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...metadata(identity, suffix), ...(annotations ? { annotations } : {}) },
    spec: { ...spec, selector: selectorLabels(identity) },
  };
}

function ports(serving: ServingSettings): Record<string, unknown>[] {
  // To a service mesh, both are encrypted.
  const [grpc, rest] = serving.certificate === undefined ? ['grpc', 'http'] : ['https', 'https'];
  return [
    { name: 'grpc', port: serving.grpcPort, targetPort: 'grpc', appProtocol: grpc },
    { name: 'http', port: serving.restPort, targetPort: 'http', appProtocol: rest },
  ];
}

/** Returns a namespace that enforces the restricted pod security standard. */
export function namespaceManifest(name: string): KubernetesObject {
  const standard = Object.fromEntries(['enforce', 'audit', 'warn'].map((mode) => [`pod-security.kubernetes.io/${mode}`, 'restricted']));
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { 'app.kubernetes.io/managed-by': 'cdk-tensorflow', ...standard, ...READINESS_GATES } } };
}

/**
 * Returns the service account for EKS Pod Identity.
 *
 * It must not have the annotation eks.amazonaws.com/role-arn, which the CDK's ServiceAccount adds even for Pod Identity: Mountpoint's driver
 * would then use IRSA, which the role does not trust, and the mount would fail.
 */
export function serviceAccountManifest(identity: ObjectIdentity): KubernetesObject {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: metadata(identity), automountServiceAccountToken: false };
}
