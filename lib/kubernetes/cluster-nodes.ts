import { CfnResource, Token, Validations } from 'aws-cdk-lib';
import type { CfnCluster } from 'aws-cdk-lib/aws-eks';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { ModelServiceProps } from './model-service-props';

/**
 * Warns of pods for arm64 that no node of a cluster's built-in pools takes: `general-purpose` has amd64 only, and `system` a taint.
 *
 * A node pool of one's own is a manifest, whose content is not known here. Pods that select one by `nodeSelector` cause no warning.
 */
export function warnOfMissingNodes(scope: Construct, { cluster, architecture, nodeSelector = {} }: ModelServiceProps): void {
  if (architecture?.name !== lambda.Architecture.ARM_64.name || Object.keys(nodeSelector).length > 0) {
    return;
  }
  const resource = cluster.node.findAll().find((node) => CfnResource.isCfnResource(node) && node.cfnResourceType === 'AWS::EKS::Cluster');
  const compute = (resource as CfnCluster | undefined)?.computeConfig;
  if (compute === undefined || Token.isUnresolved(compute) || !('enabled' in compute) || compute.enabled !== true) {
    return;
  }
  Validations.of(scope).addWarning('cdk-tensorflow:NodesForArm64', `the pods are for arm64, and the built-in node pools of EKS Auto Mode in ${JSON.stringify(cluster.node.path)} `
    + 'start no such nodes for them: pods would be Pending until the deployment fails. Add a NodePool for arm64, as in docs/model-service.md#processors, and name it in nodeSelector');
}
