import { Duration } from 'aws-cdk-lib';
import * as codedeploy from 'aws-cdk-lib/aws-codedeploy';
import type { Construct } from 'constructs';
import type { Rollout, RolloutLimits } from '../endpoint/rollout';
import { DEFAULT_MAX_ERROR_RATE } from '../endpoint/rollout-checks';

const { LambdaDeploymentConfig } = codedeploy;

/** CodeDeploy's own configurations with steps of ten percent, by minutes. An account may have only so many others. */
const CANARIES: Record<number, codedeploy.ILambdaDeploymentConfig> = {
  5: LambdaDeploymentConfig.CANARY_10PERCENT_5MINUTES,
  10: LambdaDeploymentConfig.CANARY_10PERCENT_10MINUTES,
  15: LambdaDeploymentConfig.CANARY_10PERCENT_15MINUTES,
  30: LambdaDeploymentConfig.CANARY_10PERCENT_30MINUTES,
};
const LINEAR: Record<number, codedeploy.ILambdaDeploymentConfig> = {
  1: LambdaDeploymentConfig.LINEAR_10PERCENT_EVERY_1MINUTE,
  2: LambdaDeploymentConfig.LINEAR_10PERCENT_EVERY_2MINUTES,
  3: LambdaDeploymentConfig.LINEAR_10PERCENT_EVERY_3MINUTES,
  10: LambdaDeploymentConfig.LINEAR_10PERCENT_EVERY_10MINUTES,
};

/** Returns CodeDeploy's configuration of a rollout; undefined for all at once. */
export function trafficSteps(scope: Construct, id: string, { _canary: canary, _linear: linear }: Rollout): codedeploy.ILambdaDeploymentConfig | undefined {
  if (canary) {
    return predefined(CANARIES, canary.percent, canary.bake)
      ?? configuration(scope, id, codedeploy.TrafficRouting.timeBasedCanary({ percentage: canary.percent, interval: canary.bake }));
  }
  return linear && (predefined(LINEAR, linear.percent, linear.interval)
    ?? configuration(scope, id, codedeploy.TrafficRouting.timeBasedLinear({ percentage: linear.percent, interval: linear.interval })));
}

/**
 * Returns a rollout's limits with defaults.
 *
 * @param timeout of the function; may be a token where the rollout has a maxLatency
 */
export function rolloutLimits(rollout: Rollout | undefined, timeout: Duration): Required<RolloutLimits> {
  const given = rollout?._canary ?? rollout?._linear;
  return {
    maxErrorRate: given?.maxErrorRate ?? DEFAULT_MAX_ERROR_RATE,
    maxLatency: given?.maxLatency ?? Duration.millis(timeout.toMilliseconds() / 2),
    alarms: given?.alarms ?? [],
  };
}

function predefined(all: Record<number, codedeploy.ILambdaDeploymentConfig>, percent: number, step: Duration) {
  return percent === 10 ? all[step.toMinutes()] : undefined;
}

function configuration(scope: Construct, id: string, trafficRouting: codedeploy.TrafficRouting): codedeploy.ILambdaDeploymentConfig {
  return new LambdaDeploymentConfig(scope, id, { trafficRouting });
}
