import type { Duration } from 'aws-cdk-lib';
import { Token } from 'aws-cdk-lib';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { PropertyType } from '../private/property-types';
import { BUCKET, checkTypes, DAYS, KEY } from '../private/property-types';
import { checkExclusive, checkInteger, checkPattern, checkRange, shown } from '../private/validation';
import type { ReplayOptions } from './replay-options';
import type { RequestCapture, RequestCaptureOptions } from './request-capture';

const LONGEST_DAYS = 3653;

export const CAPTURE: PropertyType<RequestCapture> = {
  member: '_options', description: 'a RequestCapture', example: () => 'RequestCapture.sampled({ rate: 0.01, retention: Duration.days(30) })',
};

/** The properties of an endpoint that its captured requests depend on. */
export interface CapturingProps {
  readonly capture?: RequestCapture;
  readonly artifactBucket?: s3.IBucket;
}

/** The properties of an endpoint that a replay depends on. */
export interface ReplayingProps extends CapturingProps {
  readonly replay?: ReplayOptions;
}

/** Returns every problem of the captured requests of an endpoint that can capture. */
export function checkCapture({ capture, artifactBucket }: CapturingProps): string[] {
  if (!capture) {
    return [];
  }
  const { rate, retention, redact, bucket, streamName, encryptionKey } = capture._options;
  const ofOtherTypes = checkCaptureTypes(capture);
  if (ofOtherTypes.length > 0) {
    return ofOtherTypes;
  }
  return [
    ...checkRate(rate),
    ...checkRetention(retention),
    ...checkRedact(redact),
    ...checkPattern('capture.streamName', streamName, /^[a-zA-Z0-9_.-]{1,64}$/, 'at most 64 letters, digits, underscores, hyphens and dots'),
    ...checkExclusive({ 'capture.bucket': bucket, 'capture.encryptionKey': encryptionKey }, 'give the key to the bucket, and to a logGroup of your own where there is one'),
    ...bucket !== undefined && artifactBucket !== undefined && bucket.bucketName === artifactBucket.bucketName
      ? ['capture.bucket must not be artifactBucket, which endpoints and builds read: give another bucket, or leave capture.bucket out'] : [],
  ];
}

/** Returns the options with values of another type, of which nothing else can be said. */
export function checkCaptureTypes({ _options: options }: RequestCapture): string[] {
  return checkTypes<RequestCaptureOptions>(options, { retention: DAYS, bucket: BUCKET, encryptionKey: KEY }, ['retention']).map((problem) => `capture.${problem}`);
}

/** Returns every problem of the captured requests of pods or instances. */
export function checkServerCapture(props: CapturingProps, isLiteRt: boolean): string[] {
  return isLiteRt || props.capture === undefined ? checkCapture(props) : [
    'capture needs ModelServer.LITERT, because TensorFlow Serving gives its requests to nothing else: set server to ModelServer.LITERT, or leave capture out',
  ];
}

/** Returns every problem of the replay of captured requests that all endpoints share. */
export function checkReplay({ replay, capture }: ReplayingProps): string[] {
  if (!replay) {
    return [];
  }
  return [
    ...capture ? [] : ['replay has no effect without capture, which records the requests to replay: give both'],
    ...capture?._options.redact === undefined ? [] : [`replay must not be used with capture.redact (${capture._options.redact.join(', ')}): the captured requests `
      + 'have no values to send, so that there is nothing to compare; leave one of them out'],
    ...replay.maxDisagreement === undefined && replay.maxRelativeError === undefined
      ? ['replay needs a limit: give maxDisagreement for a model that decides, maxRelativeError for one whose numbers count, or both'] : [],
    ...checkInteger('replay.requests', replay.requests, 1, 1000, 'more take longer than the deployment waits'),
    ...checkRange('replay.maxDisagreement', replay.maxDisagreement, 0, 1, 'it is a share, not a percentage'),
    ...checkRange('replay.maxRelativeError', replay.maxRelativeError, 0, Number.MAX_VALUE),
    ...checkPattern('replay.acceptVersion', replay.acceptVersion, /^[1-9]\d*$/, 'a version of the model, as the refused deployment named it'),
  ];
}

/** Returns every problem of the replay before pods or instances get a version. */
export function checkServerReplay(props: ReplayingProps, isLiteRt: boolean): string[] {
  return isLiteRt || props.replay === undefined ? checkReplay(props) : [
    'replay needs ModelServer.LITERT, whose models a Lambda function can answer with before they serve: set server to ModelServer.LITERT, or leave replay out',
  ];
}

function checkRate(rate: number): string[] {
  if (Token.isUnresolved(rate) || (rate > 0 && rate <= 1)) {
    return [];
  }
  return [`capture.rate must be above 0 and at most 1, got ${shown(rate)}: it is a share, not a percentage; leave capture out to capture nothing`];
}

function checkRedact(redact: string[] | undefined): string[] {
  if (redact === undefined) {
    return [];
  }
  if (Token.isUnresolved(redact)) {
    return ['capture.redact must not be a token: give the names of the inputs, which a deployment checks against the model'];
  }
  if (!Array.isArray(redact) || redact.length === 0) {
    return [`capture.redact must be a list of names of inputs, got ${JSON.stringify(redact)}: leave it out to capture all values`];
  }
  return redact.filter((name) => typeof name !== 'string' || name === '').map((name) => `capture.redact must have names of inputs, got ${JSON.stringify(name)}`);
}

function checkRetention(retention: Duration): string[] {
  if (retention.isUnresolved()) {
    return ['capture.retention must not be a token: the log group of a function takes the longest of its retentions that is not longer'];
  }
  const days = retention.toDays({ integral: false });
  return Number.isInteger(days) && days >= 1 && days <= LONGEST_DAYS
    ? [] : [`capture.retention must be whole days between 1 and ${LONGEST_DAYS}, got ${days} days: give Duration.days(30)`];
}
