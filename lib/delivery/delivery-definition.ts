import { outcomeStates } from './outcome-states';
import type { DeliverySettings, State } from './state';
import { turnStates } from './turn-states';
import { updateStates } from './update-states';

/** A delivery waits for busy stacks and other deliveries, and for a build of up to 55 minutes in each stack. */
const LONGEST_SECONDS = 10 * 3600;

/** The state machine's definition as data. */
export function deliveryDefinition(settings: DeliverySettings): State {
  return {
    Comment: 'Delivers an upload to the stacks that serve it, or goes back to published versions',
    QueryLanguage: 'JSONata',
    StartAt: 'Ask',
    TimeoutSeconds: LONGEST_SECONDS,
    States: { ...turnStates(settings), ...updateStates(settings), ...outcomeStates(settings) },
  };
}
