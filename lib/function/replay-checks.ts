import { checkInteger, checkPattern, checkRange } from '../private/validation';
import type { ModelFunctionProps } from './model-function-props';

/** Returns every problem of the replay of captured requests. */
export function checkReplay({ replay, capture, hook, reservedConcurrentExecutions }: ModelFunctionProps): string[] {
  if (!replay) {
    return [];
  }
  return [
    ...capture ? [] : ['replay has no effect without capture, which records the requests to replay: give both'],
    ...capture?._options.redact === undefined ? [] : [`replay must not be used with capture.redact (${capture._options.redact.join(', ')}): the captured requests `
      + 'have no values to send, so that there is nothing to compare; leave one of them out'],
    ...hook ? ['replay must not be used with hook: requests are captured as the hook gives them to the model, and the hook takes others; leave replay out'] : [],
    ...reservedConcurrentExecutions === 0 ? ['replay has no effect with reservedConcurrentExecutions 0: nothing can be asked; leave one of them out'] : [],
    ...replay.maxDisagreement === undefined && replay.maxRelativeError === undefined
      ? ['replay needs a limit: give maxDisagreement for a model that decides, maxRelativeError for one whose numbers count, or both'] : [],
    ...checkInteger('replay.requests', replay.requests, 1, 1000, 'more take longer than the deployment waits'),
    ...checkRange('replay.maxDisagreement', replay.maxDisagreement, 0, 1, 'it is a share, not a percentage'),
    ...checkRange('replay.maxRelativeError', replay.maxRelativeError, 0, Number.MAX_VALUE),
    ...checkPattern('replay.acceptVersion', replay.acceptVersion, /^[1-9]\d*$/, 'a version of the model, as the refused deployment named it'),
  ];
}
