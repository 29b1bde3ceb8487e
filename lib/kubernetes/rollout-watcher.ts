import type { Duration } from 'aws-cdk-lib';
import { CustomResource, Stack, Tokenization } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { ROLLOUT_SERVICE_TIMEOUT, rolloutFunction, rolloutLogGroup } from '../endpoint/rollout-function';
import { acknowledgeWildcard } from '../private/acknowledge';
import { clusterId } from './service-objects';

const ID = 'TensorFlowRollouts';

export interface WatchedRollout {
  readonly namespace: string;
  /** Name of the Deployment. */
  readonly name: string;
  /** Labels of the pods, in the notation of Kubernetes' API. It names the template, so that every change waits again. */
  readonly selector: string;
  readonly replicas: number;
  readonly timeout: Duration;
}

/** A canary to watch while it serves. */
export interface WatchedCanary {
  readonly namespace: string;
  /** Name of the other Deployment, which gets the version after the canary. */
  readonly stableName: string;
  /** Name of the canary's Deployment. */
  readonly name: string;
  /** Labels of the canary's pods. */
  readonly selector: string;
  /** Labels of the other pods of the same version. */
  readonly stableSelector: string;
  readonly replicas: number;
  readonly bakeSeconds: number;
  /** Scheme, port and path of the server's metrics. */
  readonly scheme: 'http' | 'https';
  readonly port: number;
  readonly path: string;
  readonly maxErrorRate: number;
  readonly maxLatencyMilliseconds?: number;
  readonly alarms: cloudwatch.IAlarmRef[];
}

/** Tells whether a cluster's kubectl function is known, whose role and network the watcher uses. */
export function canWatch(cluster: eks.ICluster): boolean {
  return kubectlFunction(cluster) !== undefined;
}

function kubectlFunction(cluster: eks.ICluster): lambda.Function | undefined {
  const kubectl = cluster.kubectlProvider?.node.tryFindChild('Handler');
  return kubectl instanceof lambda.Function ? kubectl : undefined;
}

/**
 * Waits for pods of new versions, and says why they do not start. One for each cluster in a stack.
 *
 * It reads the cluster's API with the role, the network and the environment of the cluster's kubectl function, because these reach it.
 */
export class RolloutWatcher extends Construct {
  /** Returns the watcher of a cluster; undefined if only the service token of its kubectl function is known. */
  public static of(scope: Construct, cluster: eks.ICluster): RolloutWatcher | undefined {
    const kubectl = kubectlFunction(cluster);
    if (kubectl === undefined) {
      return undefined;
    }
    const stack = Stack.of(scope);
    const id = `${ID}.${clusterId(cluster)}`;
    return (stack.node.tryFindChild(id) as RolloutWatcher | undefined) ?? new RolloutWatcher(stack, id, cluster, kubectl);
  }

  private readonly serviceToken: string;

  private constructor(scope: Construct, id: string, private readonly cluster: eks.ICluster, private readonly kubectl: lambda.Function) {
    super(scope, id);
    // The role may describe the cluster, and has an access entry. Nothing is added to it.
    const { role } = kubectl;
    const watcher = rolloutFunction(this, { description: 'Waits for pods of new versions of TensorFlow models', role, logGroup: rolloutLogGroup(this) });
    const [resource, model] = [watcher, kubectl].map(({ node }) => node.defaultChild as lambda.CfnFunction);
    resource.vpcConfig = model.vpcConfig;
    resource.environment = model.environment;
    this.serviceToken = watcher.functionArn;
  }

  /** Makes the deployment wait until enough pods are available. */
  public watch(scope: Construct, id: string, { namespace, name, selector, replicas, timeout }: WatchedRollout): CustomResource {
    return this.resource(scope, id, 'Custom::TensorFlowRollout', {
      Namespace: namespace,
      Name: name,
      Selector: selector,
      Replicas: Tokenization.stringifyNumber(replicas),
      TimeoutSeconds: Tokenization.stringifyNumber(timeout.toSeconds({ integral: false })),
    });
  }

  /** Makes the deployment wait while a canary serves, and fail if the canary's requests fail. */
  public watchCanary(scope: Construct, id: string, canary: WatchedCanary): CustomResource {
    const { alarms, maxLatencyMilliseconds } = canary;
    const resource = this.resource(scope, id, 'Custom::TensorFlowCanary', {
      Namespace: canary.namespace,
      Name: canary.name,
      StableName: canary.stableName,
      Selector: canary.selector,
      StableSelector: canary.stableSelector,
      Replicas: String(canary.replicas),
      BakeSeconds: String(canary.bakeSeconds),
      Scheme: canary.scheme === 'https' ? canary.scheme : undefined,
      Port: Tokenization.stringifyNumber(canary.port),
      Path: canary.path,
      MaxErrorRate: String(canary.maxErrorRate),
      MaxLatencyMilliseconds: maxLatencyMilliseconds === undefined ? undefined : String(maxLatencyMilliseconds),
      Alarms: alarms.length === 0 ? undefined : alarms.map(({ alarmRef }) => alarmRef.alarmName),
    });
    if (alarms.length > 0) {
      this.allowAlarms(resource, canary);
    }
    return resource;
  }

  private resource(scope: Construct, id: string, resourceType: string, properties: Record<string, unknown>): CustomResource {
    const resource = new CustomResource(scope, id, {
      resourceType,
      serviceToken: this.serviceToken,
      serviceTimeout: ROLLOUT_SERVICE_TIMEOUT,
      properties: { ClusterName: this.cluster.clusterName, ...properties },
    });
    // The cluster lets the role in only after this.
    eks.KubectlProvider.getKubectlProvider(resource, this.cluster);
    return resource;
  }

  /** Adds a policy of this stack to the role, which may be another stack's. */
  private allowAlarms(resource: CustomResource, { namespace, name }: WatchedCanary): void {
    // CloudWatch describes composite alarms only to callers that may describe all.
    const statements = [new iam.PolicyStatement({ actions: ['cloudwatch:DescribeAlarms'], resources: ['*'] })];
    const policy = new iam.Policy(resource, 'Alarms', {
      // The name of one canary in the cluster: the role has a policy for each, and the CDK's name, the logical id, would keep `cdk refactor` from a renaming.
      policyName: `${namespace}-${name}`,
      statements,
      roles: [this.kubectl.role!],
    });
    acknowledgeWildcard(policy, '*', 'CloudWatch describes composite alarms only to callers that may describe all');
    resource.node.addDependency(policy);
  }
}
