import { Duration } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import type { Construct } from 'constructs';
import type { ObjectIdentity } from './kubernetes-object';
import { LOAD_BALANCER_SUFFIX } from './service-manifests';

/**
 * Makes the deployment wait until a service's load balancer has a DNS name, and fail if it gets none.
 *
 * Kubernetes accepts a LoadBalancer Service even if it cannot be fulfilled, e.g. because no subnet has the required tag.
 */
export function loadBalancerGate(scope: Construct, id: string, cluster: eks.ICluster, identity: ObjectIdentity): eks.KubernetesObjectValue {
  return new eks.KubernetesObjectValue(scope, id, {
    cluster,
    objectNamespace: identity.namespace,
    objectType: 'service',
    objectName: `${identity.name}${LOAD_BALANCER_SUFFIX}`,
    jsonPath: '.status.loadBalancer.ingress[0].hostname',
    timeout: Duration.minutes(10),
  });
}
