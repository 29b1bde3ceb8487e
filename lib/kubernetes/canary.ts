import { Token } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { checkRollout, DEFAULT_MAX_ERROR_RATE } from '../endpoint/rollout-checks';
import { LONGEST_BAKE } from '../endpoint/rollout-function';
import type { ModelServiceProps } from './model-service-props';
import { fewestPods } from './rollout-plan';
import { canWatch } from './rollout-watcher';

const WITHOUT_MANIFESTS = 'has no effect without applyManifests: whatever applies the objects decides their order';

/** A service's canary with defaults. */
export interface CanarySettings {
  readonly replicas: number;
  readonly bakeSeconds: number;
  readonly maxErrorRate: number;
  readonly maxLatencyMilliseconds?: number;
  readonly alarms: cloudwatch.IAlarmRef[];
}

/** Returns the settings of a service's canary; undefined without one. Call only if `canaryProblems()` returned none. */
export function canarySettings(props: ModelServiceProps): CanarySettings | undefined {
  const canary = props.rollout?._canary;
  return canary && {
    replicas: Math.max(1, Math.round(fewestPods(props) * canary.percent / 100)),
    bakeSeconds: canary.bake.toSeconds({ integral: false }),
    maxErrorRate: canary.maxErrorRate ?? DEFAULT_MAX_ERROR_RATE,
    maxLatencyMilliseconds: canary.maxLatency?.toMilliseconds({ integral: false }),
    alarms: canary.alarms ?? [],
  };
}

/** Returns all problems with a service's canary. */
export function canaryProblems(props: ModelServiceProps): string[] {
  const { rollout, cluster, monitoring, applyManifests } = props;
  if (rollout?._linear) {
    return ['rollout must not be Rollout.linear() for a ModelService, whose pods cannot get a growing share of the requests: use Rollout.canary()'];
  }
  if (rollout?._canary === undefined) {
    return rollout && applyManifests === false ? [`rollout ${WITHOUT_MANIFESTS}`] : [];
  }
  const problems = checkRollout(rollout, LONGEST_BAKE);
  if (Token.isUnresolved(fewestPods(props))) {
    problems.push('rollout needs a number of pods that is known when the app is synthesized, because the canary\'s follows from it: give replicas or minReplicas a number');
  }
  if (monitoring === false) {
    problems.push('rollout needs the server\'s metrics, which tell whether requests to the canary fail: leave monitoring out');
  }
  if (applyManifests === false) {
    problems.push(`rollout ${WITHOUT_MANIFESTS}`);
  } else if (cluster.kubectlProvider !== undefined && !canWatch(cluster)) {
    problems.push('rollout needs the role and the network of the cluster\'s kubectl function, to read the metrics of the canary\'s pods, and the cluster was imported with '
      + 'a service token only: give Cluster.fromClusterAttributes a new KubectlProvider as kubectlProvider, or use Rollout.allAtOnce()');
  }
  return problems;
}
