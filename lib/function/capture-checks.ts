import type { Duration } from 'aws-cdk-lib';
import { Token } from 'aws-cdk-lib';
import * as logs from 'aws-cdk-lib/aws-logs';
import { checkCapture, checkCaptureTypes } from '../endpoint/capture-checks';
import { checkReplay } from '../endpoint/replay-checks';
import { checkExclusive } from '../private/validation';
import type { ModelFunctionProps } from './model-function-props';

/** Returns every problem of the captured requests, which pass through the function's log. */
export function checkFunctionCapture(props: ModelFunctionProps): string[] {
  const problems = checkCapture(props);
  if (!props.capture || checkCaptureTypes(props.capture).length > 0) {
    return problems;
  }
  const { retention, encryptionKey } = props.capture._options;
  return [
    ...problems,
    ...checkLogRetention(props, wholeDays(retention)),
    ...checkExclusive({ logGroup: props.logGroup, 'capture.encryptionKey': encryptionKey }, 'give the key to the log group itself, and a bucket with the key'),
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

/** Returns every problem of the replay of captured requests to a function's new version. */
export function checkFunctionReplay(props: ModelFunctionProps): string[] {
  const { replay, hook, reservedConcurrentExecutions } = props;
  return [
    ...checkReplay(props),
    ...replay && hook ? ['replay must not be used with hook: requests are captured as the hook gives them to the model, and the hook takes others; leave replay out'] : [],
    ...replay && reservedConcurrentExecutions === 0
      ? ['replay has no effect with reservedConcurrentExecutions 0: nothing can be asked; leave one of them out'] : [],
  ];
}
