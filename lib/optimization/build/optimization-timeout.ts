import { Duration } from 'aws-cdk-lib';
import { checkInteger } from '../../private/validation';
import type { OptimizationOptions } from '../optimization-options';

/** CloudFormation waits an hour at most for a custom resource; the handlers need the rest. */
const LONGEST_OPTIMIZATION_MINUTES = 55;

/** The sum of CodeBuild's shortest queue and shortest build. */
const SHORTEST_OPTIMIZATION_MINUTES = 10;

export function timeoutProblems({ optimizationTimeout }: OptimizationOptions): string[] {
  if (optimizationTimeout?.isUnresolved()) {
    return ['optimizationTimeout must be known when the app is synthesized, because the times of the queue and of the build follow from it, and got a token: '
      + 'give e.g. Duration.minutes(30)'];
  }
  const minutes = optimizationTimeout?.toMinutes({ integral: false });
  return checkInteger('optimizationTimeout in minutes', minutes, SHORTEST_OPTIMIZATION_MINUTES, LONGEST_OPTIMIZATION_MINUTES,
    'a deployment cannot wait longer; optimize and publish from the command line (npx cdk-tensorflow), '
    + 'then serve the result with ModelArtifact.fromBucket');
}

/**
 * Splits the limit between queue and build. The queue may take all but the shortest build, because an account may run few builds at once.
 *
 * The custom resource limits the sum of both (builds.py).
 */
export function buildTimeouts(limit?: Duration): { timeout: Duration; queuedTimeout: Duration } {
  const minutes = limit?.toMinutes() ?? LONGEST_OPTIMIZATION_MINUTES;
  return { timeout: Duration.minutes(minutes - (minutes >= 30 ? 10 : 5)), queuedTimeout: Duration.minutes(minutes - 5) };
}
