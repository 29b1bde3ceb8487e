import { Tokenization } from 'aws-cdk-lib';
import { HEALTH_CHECK, healthCheckPath } from '../serving/health-check';
import type { ServingSettings } from '../serving/serving-settings';
import type { KubernetesObject, ObjectIdentity } from './kubernetes-object';
import { metadata, selectorLabels } from './kubernetes-object';

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
    [`${prefix}-healthcheck-protocol`]: 'http',
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
  return [
    { name: 'grpc', port: serving.grpcPort, targetPort: 'grpc', appProtocol: 'grpc' },
    { name: 'http', port: serving.restPort, targetPort: 'http', appProtocol: 'http' },
  ];
}
