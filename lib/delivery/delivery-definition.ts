import { LONGEST_DELIVERY_MINUTES } from '../model/delivery-source';
import type { DeliverySettings, State } from './asl';
import { outcomeStates } from './outcome-states';
import { turnStates } from './turn-states';
import { updateStates } from './update-states';

/** The state machine's definition as data. */
export function deliveryDefinition(settings: DeliverySettings): State {
  return {
    Comment: 'Delivers an upload to the stacks that serve it, or goes back to published versions',
    QueryLanguage: 'JSONata',
    StartAt: 'Ask',
    TimeoutSeconds: LONGEST_DELIVERY_MINUTES * 60,
    States: { ...turnStates(settings), ...updateStates(settings), ...outcomeStates(settings) },
  };
}
