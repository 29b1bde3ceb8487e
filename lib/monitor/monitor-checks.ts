import type { Duration } from 'aws-cdk-lib';
import { Stack, Token } from 'aws-cdk-lib';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { IConstruct } from 'constructs';
import { referenceOf } from '../model/artifact-reference';
import type { IModelArtifact } from '../model/published-model';
import { packageIndexProblems } from '../optimization/optimization-checks';
import { outermostStack } from '../private/outermost-stack';
import { checkInteger, checkRange } from '../private/validation';
import type { ModelMonitorProps } from './model-monitor-props';

const LONGEST_PERIOD_HOURS = 31 * 24;

/** The bucket of the endpoint's captured requests, where it captures any. */
export function captureBucketOf({ captureBucket, endpoint }: ModelMonitorProps): s3.IBucket | undefined {
  return captureBucket ?? (endpoint as { captureBucket?: s3.IBucket } | undefined)?.captureBucket;
}

/** Returns all problems of a monitor's properties. */
export function checkMonitor(scope: IConstruct, props: ModelMonitorProps): string[] {
  const { endpoint } = props;
  if (!endpoint?.artifact) {
    return ['endpoint must be an endpoint with a model, such as a ModelFunction'];
  }
  return [
    ...captureBucketOf(props) ? [] : [
      `the endpoint ${endpoint.node.path} captures no requests, so that there is nothing to compare: give it capture, or give captureBucket`,
    ],
    ...redactionProblems(props),
    ...artifactProblems(scope, endpoint.artifact),
    ...periodProblems(props.period),
    ...checkInteger('minSamples', props.minSamples, 20, 100_000, 'captured requests beyond the newest 10,000 are not read'),
    ...packageIndexProblems(props.packageIndexUrl, 'give the address of an index that asks for none'),
    ...checkRange('minStabilityIndex', props.minStabilityIndex, 0, 10, '0.1 is usually called a small difference, 0.2 a large one'),
  ];
}

/** Refuses a model without a profile, and one in another stack, which would export the manifest's key and then could publish no other version. */
function artifactProblems(scope: IConstruct, artifact: IModelArtifact): string[] {
  const reference = referenceOf(artifact);
  if (!reference) {
    return ['the endpoint\'s artifact is a class of your own, so that its manifest is not known: serve a ModelOptimizer\'s model, or one of ModelArtifact'];
  }
  const [here, there] = [scope, artifact].map((construct) => outermostStack(Stack.of(construct)));
  const isImported = here !== there && Token.isUnresolved(reference.pointer ?? reference.manifestKey);
  return [
    ...reference.hasProfile === false ? [
      `the model ${JSON.stringify(artifact.node.path)} is published without evaluation data, so that requests have nothing to be compared with, and every comparison would `
      + 'fail: give it evaluation: EvaluationData.fromAsset(…) or fromBucket(…)',
    ] : [],
    ...isImported ? [
      `the model ${JSON.stringify(artifact.node.path)} belongs to another stack, and CloudFormation refuses to change what one stack exports while another uses it, so that `
      + `no further version could be deployed: make the monitor in the stack ${JSON.stringify(there.node.path)}`,
    ] : [],
  ];
}

function periodProblems(period: Duration | undefined): string[] {
  if (period?.isUnresolved()) {
    return ['period must be known when the app is synthesized, because the unit of the schedule follows from it, and got a token: give e.g. Duration.days(1)'];
  }
  const seconds = period?.toSeconds({ integral: false }) ?? 3600;
  return seconds % 3600 === 0 && seconds >= 3600 && seconds <= LONGEST_PERIOD_HOURS * 3600 ? [] : [
    `period must be whole hours, at least one and at most 31 days, got ${seconds} seconds: give e.g. Duration.days(1)`,
  ];
}

/** A comparison needs all inputs. Not known of a bucket that something else writes to. */
function redactionProblems({ captureBucket, endpoint }: ModelMonitorProps): string[] {
  const { _redacted: redacted } = endpoint as { _redacted?: string[] };
  return redacted === undefined || captureBucket !== undefined ? [] : [
    `the endpoint ${endpoint.node.path} captures requests without the values of ${redacted.join(', ')} (capture.redact), and a comparison needs all inputs: `
    + 'leave redact out, or give a captureBucket with whole requests',
  ];
}
