import { checkInteger, checkPattern, checkRange } from '../private/validation';
import type { CapturingProps } from './capture-checks';
import type { ReplayOptions } from './replay-options';

/** The properties of an endpoint that a replay depends on. */
export interface ReplayingProps extends CapturingProps {
  readonly replay?: ReplayOptions;
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
