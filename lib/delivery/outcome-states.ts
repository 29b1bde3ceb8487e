import { DELIVERED, DELIVERY_FAILED, DELIVERY_STUCK, EVENT_SOURCE } from './delivery-events';
import type { DeliverySettings, State, States } from './state';
import { query, request, retriesExcept } from './state';

/** How an execution ends: with an event, and for what only a person can put right with a failure. */
export function outcomeStates(settings: DeliverySettings): States {
  return {
    Tell: tell(settings, query(`$outcome = 'DELIVERED' ? '${DELIVERED}' : '${DELIVERY_FAILED}'`), '$outcome', {
      Output: { outcome: query('$outcome'), objectVersion: query('$delivered'), skipped: query('$skipped'), reason: query('$reason') },
      End: true,
    }),
    TellStuck: tell(settings, DELIVERY_STUCK, '\'STUCK\'', {
      Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Stuck' }],
      Next: 'Stuck',
    }),
    Stuck: { Type: 'Fail', Error: 'Stuck', Cause: query('$queue[$at] & \': \' & $reason') },
  };
}

function tell(settings: DeliverySettings, type: string, outcome: string, more: State): State {
  const detail = {
    schemaVersion: '1',
    outcome,
    executionArn: '$me',
    bucket: '$bucket',
    key: '$key',
    objectVersion: '$delivered',
    serve: '$askedServe',
    stacks: '$stackNames',
    skipped: '$skipped',
    failedStack: outcome === '$outcome' ? '$failedStack' : '$queue[$at]',
    reason: '$reason',
  };
  // The request takes the detail as text.
  const text = Object.entries(detail).map(([name, expression]) => `'${name}': ${expression}`).join(', ');
  return request(settings, 'eventbridge:putEvents', {
    Arguments: { Entries: [{ Source: EVENT_SOURCE, DetailType: type, Detail: query(`$string({${text}})`), EventBusName: 'default' }] },
    Retry: retriesExcept(),
    ...more,
  });
}
