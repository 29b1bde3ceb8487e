import type { Duration } from 'aws-cdk-lib';
import { Token } from 'aws-cdk-lib';
import * as logs from 'aws-cdk-lib/aws-logs';
import { checkDays, checkKinds } from '../private/kinds';
import { checkExclusive } from '../private/validation';
import type { ModelFunctionProps } from './model-function-props';

const LONGEST_DAYS = 3653;

/** Returns every problem of the captured requests. */
export function checkCapture(props: ModelFunctionProps): string[] {
  if (!props.capture) {
    return [];
  }
  const { rate, retention, redact, bucket, encryptionKey } = props.capture._options;
  const ofOtherKinds = [...checkKinds(props.capture._options), ...checkDays({ retention }, ['retention'])];
  if (ofOtherKinds.length > 0) {
    return ofOtherKinds.map((problem) => `capture.${problem}`);
  }
  return [
    ...checkRate(rate),
    ...checkRetention(retention),
    ...checkRedact(redact),
    ...checkLogRetention(props, wholeDays(retention)),
    ...checkExclusive({ 'capture.bucket': bucket, 'capture.encryptionKey': encryptionKey }, 'give the key to the bucket and to a logGroup of your own'),
    ...checkExclusive({ logGroup: props.logGroup, 'capture.encryptionKey': encryptionKey }, 'give the key to the log group itself, and a bucket with the key'),
    ...bucket !== undefined && props.artifactBucket !== undefined && bucket.bucketName === props.artifactBucket.bucketName
      ? ['capture.bucket must not be artifactBucket, which endpoints and builds read: give another bucket, or leave capture.bucket out'] : [],
  ];
}

/** Days of a duration; undefined if they are a token or not whole. */
export function wholeDays(duration: Duration): number | undefined {
  const days = duration.isUnresolved() ? NaN : duration.toDays({ integral: false });
  return Number.isInteger(days) ? days : undefined;
}

/** The longest retention of a log group that is not longer than these days. */
export function logRetentionWithin(days: number | undefined): logs.RetentionDays {
  const known = Object.values(logs.RetentionDays).filter((value) => typeof value === 'number' && value <= (days ?? 1)) as number[];
  return Math.max(logs.RetentionDays.ONE_DAY, ...known);
}

function checkRate(rate: number): string[] {
  if (Token.isUnresolved(rate) || (rate > 0 && rate <= 1)) {
    return [];
  }
  return [`capture.rate must be above 0 and at most 1, got ${JSON.stringify(rate) ?? typeof rate}: it is a share, not a percentage; leave capture out to capture nothing`];
}

function checkRedact(redact: string[] | undefined): string[] {
  if (redact === undefined || Token.isUnresolved(redact)) {
    return [];
  }
  if (!Array.isArray(redact) || redact.length === 0) {
    return [`capture.redact must be a list of names of inputs, got ${JSON.stringify(redact)}: leave it out to capture all values`];
  }
  return redact.filter((name) => typeof name !== 'string' || name === '').map((name) => `capture.redact must have names of inputs, got ${JSON.stringify(name)}`);
}

function checkRetention(retention: Duration): string[] {
  if (retention.isUnresolved()) {
    return ['capture.retention must not be a token: the log group takes the longest of its retentions that is not longer'];
  }
  const days = retention.toDays({ integral: false });
  return Number.isInteger(days) && days >= 1 && days <= LONGEST_DAYS
    ? [] : [`capture.retention must be whole days between 1 and ${LONGEST_DAYS}, got ${days} days: give Duration.days(30)`];
}

function checkLogRetention({ logGroup, logRetention }: ModelFunctionProps, days: number | undefined): string[] {
  if (days === undefined) {
    return [];
  }
  const wayOut = 'captured requests pass through the log: give a shorter one, or a longer capture.retention';
  if (logRetention !== undefined && !Token.isUnresolved(logRetention) && logRetention > days) {
    return [`logRetention must not be longer than capture.retention (${days} days), got ${logRetention === logs.RetentionDays.INFINITE ? 'INFINITE' : `${logRetention} days`}: ${wayOut}`];
  }
  const made = logGroup?.node.defaultChild;
  if (!(made instanceof logs.CfnLogGroup) || Token.isUnresolved(made.retentionInDays)) {
    return [];
  }
  return made.retentionInDays === undefined || made.retentionInDays > days
    ? [`logGroup must not keep events longer than capture.retention (${days} days), got ${made.retentionInDays === undefined ? 'INFINITE' : `${made.retentionInDays} days`}: ${wayOut}`] : [];
}
