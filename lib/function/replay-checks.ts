import { checkReplay } from '../endpoint/replay-checks';
import type { ModelFunctionProps } from './model-function-props';

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
