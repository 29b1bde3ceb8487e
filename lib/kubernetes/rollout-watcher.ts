import { CustomResource, Duration, RemovalPolicy, Stack, Tokenization, Validations } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { LATEST_RUNTIME_RULES } from '../private/acknowledge';
import { packagePath } from '../private/asset-paths';
import { clusterId } from './service-objects';

const ID = 'TensorFlowRollouts';

/** Lambda's limit, and a minute for its answer to arrive. */
const SERVICE_TIMEOUT = Duration.minutes(16);

export interface WatchedRollout {
  readonly namespace: string;
  /** Name of the Deployment. */
  readonly name: string;
  /** Labels of the pods, in the notation of Kubernetes' API. It names the template, so that every change waits again. */
  readonly selector: string;
  readonly replicas: number;
  readonly timeout: Duration;
}

/**
 * Waits for pods of new versions, and says why they do not start. One for each cluster in a stack.
 *
 * It reads the cluster's API with the role, the network and the environment of the cluster's kubectl function, because these reach it.
 */
export class RolloutWatcher extends Construct {
  /** Returns the watcher of a cluster; undefined if only the service token of its kubectl function is known. */
  public static of(scope: Construct, cluster: eks.ICluster): RolloutWatcher | undefined {
    const kubectl = cluster.kubectlProvider?.node.tryFindChild('Handler');
    if (!(kubectl instanceof lambda.Function)) {
      return undefined;
    }
    const stack = Stack.of(scope);
    const id = `${ID}.${clusterId(cluster)}`;
    return (stack.node.tryFindChild(id) as RolloutWatcher | undefined) ?? new RolloutWatcher(stack, id, cluster, kubectl);
  }

  private readonly serviceToken: string;

  private constructor(scope: Construct, id: string, private readonly cluster: eks.ICluster, kubectl: lambda.Function) {
    super(scope, id);
    const watcher = new lambda.Function(this, 'Function', {
      description: 'Waits for pods of new versions of TensorFlow models',
      runtime: lambda.Runtime.PYTHON_3_13,
      handler: 'index.handler',
      code: lambda.Code.fromAsset(packagePath('python', 'rollout_gate', 'src'), { exclude: ['**/__pycache__', '**/*.pyc', '.*'] }),
      timeout: Duration.minutes(15),
      memorySize: 256,
      // It may describe the cluster, and has an access entry. Nothing is added to it.
      role: kubectl.role,
      logGroup: new logs.LogGroup(this, 'Logs', { retention: logs.RetentionDays.ONE_MONTH, removalPolicy: RemovalPolicy.DESTROY }),
    });
    const [resource, model] = [watcher, kubectl].map(({ node }) => node.defaultChild as lambda.CfnFunction);
    resource.vpcConfig = model.vpcConfig;
    resource.environment = model.environment;
    this.serviceToken = watcher.functionArn;
    for (const id of LATEST_RUNTIME_RULES) {
      Validations.of(watcher).acknowledge({ id, reason: 'The handler is tested with this version of Python' });
    }
  }

  /** Makes the deployment wait until enough pods are available. */
  public watch(scope: Construct, id: string, { namespace, name, selector, replicas, timeout }: WatchedRollout): CustomResource {
    const rollout = new CustomResource(scope, id, {
      resourceType: 'Custom::TensorFlowRollout',
      serviceToken: this.serviceToken,
      serviceTimeout: SERVICE_TIMEOUT,
      properties: {
        ClusterName: this.cluster.clusterName,
        Namespace: namespace,
        Name: name,
        Selector: selector,
        Replicas: Tokenization.stringifyNumber(replicas),
        TimeoutSeconds: Tokenization.stringifyNumber(timeout.toSeconds({ integral: false })),
      },
    });
    // The cluster lets the role in only after this.
    eks.KubectlProvider.getKubectlProvider(rollout, this.cluster);
    return rollout;
  }
}
