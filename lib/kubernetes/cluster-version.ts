import { CfnResource, Token, Validations } from 'aws-cdk-lib';
import type { CfnCluster } from 'aws-cdk-lib/aws-eks';
import type * as eks from 'aws-cdk-lib/aws-eks-v2';
import type { Construct } from 'constructs';

/** The first version with `preStop.sleep`, with which pods end. */
const OLDEST = 30;
/** The oldest version that the library is tested with. */
const TESTED = 34;

/** Returns the problem of a cluster that is too old for the pods. */
export function clusterVersionProblems(cluster: eks.ICluster): string[] {
  const version = versionOf(cluster);
  return version === undefined || minorOf(version) >= OLDEST ? [] : [
    `the cluster ${JSON.stringify(cluster.node.path)} has Kubernetes ${version}, and pods need 1.${OLDEST} or newer, whose preStop.sleep lets requests end: `
    + `give it a newer version, best 1.${TESTED} or newer, the oldest one tested`,
  ];
}

export function warnOfOldCluster(scope: Construct, cluster: eks.ICluster): void {
  const version = versionOf(cluster);
  if (version !== undefined && minorOf(version) < TESTED) {
    Validations.of(scope).addWarning('cdk-tensorflow:OldCluster', `the cluster ${JSON.stringify(cluster.node.path)} has Kubernetes ${version}, `
      + `and this library is tested with 1.${TESTED} and newer: update it, or try a deployment before you rely on it`);
  }
}

/** Returns the version of a cluster of this app; undefined where another app made the cluster, or only the deployment knows. */
function versionOf(cluster: eks.ICluster): string | undefined {
  const resource = cluster.node.findAll().find((node) => CfnResource.isCfnResource(node) && node.cfnResourceType === 'AWS::EKS::Cluster');
  const version = (resource as CfnCluster | undefined)?.version;
  return version === undefined || Token.isUnresolved(version) || !/^1\.\d+$/.test(version) ? undefined : version;
}

function minorOf(version: string): number {
  return Number(version.split('.')[1]);
}
