import { EVENT_SOURCE } from '../private/event-rule';
import { choice, DELIVERED, DELIVERY_FAILED, DELIVERY_STUCK, query, request, retriesExcept } from './asl';
import type { DeliverySettings, State, States } from './asl';

/** EventBridge may answer that it took no event, without an error that a retry would notice. */
const TELLING_ATTEMPTS = 5;
const TELLING_SECONDS = 5;

/** The stack that a person must bring back; while nothing is restored yet, the one whose failure made that necessary. */
const STUCK_STACK = '($at < 0 ? $failedStack : $queue[$at])';

/**
 * States that end an execution: with an event, and with a failure where only a person can help.
 *
 * `Tell` comes before the turn is given away: an execution that is stopped in between leaves its turn, and the next one takes over. The other way round its
 * outcome would never be told.
 */
export function outcomeStates(settings: DeliverySettings): States {
  return {
    Tell: tell(settings, query(`$outcome = 'DELIVERED' ? '${DELIVERED}' : '${DELIVERY_FAILED}'`), '$outcome', {
      Assign: { unsent: query('$states.result.FailedEntryCount'), attempts: query('$attempts + 1') },
      Catch: [{ ErrorEquals: ['States.ALL'], Assign: { unsent: 1, attempts: TELLING_ATTEMPTS }, Next: 'GiveTurn' }],
      Next: 'IsSent',
    }),
    IsSent: choice('GiveTurn', { when: `$unsent > 0 and $attempts < ${TELLING_ATTEMPTS}`, next: 'WaitToTell' }),
    WaitToTell: { Type: 'Wait', Seconds: TELLING_SECONDS, Next: 'Tell' },
    IsTold: choice('Ended', { when: '$unsent > 0', next: 'NotTold' }),
    Ended: {
      Type: 'Pass',
      Output: {
        outcome: query('$outcome'),
        objectVersion: query('$delivered'),
        serve: query('$askedServe'),
        skipped: query('$skipped'),
        failedStack: query('$failedStack'),
        reason: query('$reason'),
        before: query('$before'),
        live: query('$live'),
      },
      End: true,
    },
    // The alarm goes off: whoever waits for an event must hear of the outcome from somebody.
    NotTold: {
      Type: 'Fail', Error: 'NotTold', Cause: query('\'the delivery ended as \' & $outcome & \', and EventBridge took no event of it: \' & $reason'),
    },
    TellStuck: tell(settings, DELIVERY_STUCK, '\'STUCK\'', {
      Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Stuck' }],
      Next: 'Stuck',
    }),
    Stuck: { Type: 'Fail', Error: 'Stuck', Cause: query(`${STUCK_STACK} & ': ' & $reason`) },
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
    failedStack: outcome === '$outcome' ? '$failedStack' : STUCK_STACK,
    reason: '$reason',
    before: '$before',
    live: outcome === '$outcome' ? '$live' : '[]',
  };
  // The request takes the detail as text.
  const text = Object.entries(detail).map(([name, expression]) => `'${name}': ${expression}`).join(', ');
  return request(settings, 'eventbridge:putEvents', {
    Arguments: { Entries: [{ Source: EVENT_SOURCE, DetailType: type, Detail: query(`$string({${text}})`), EventBusName: 'default' }] },
    Retry: retriesExcept(),
    ...more,
  });
}
