/** Events that the state machine sends to EventBridge's default bus. `event.schema.json` of runtime/model_delivery describes an event's detail. */
export const DELIVERED = 'ModelDelivered';
export const DELIVERY_FAILED = 'ModelDeliveryFailed';
export const DELIVERY_STUCK = 'ModelDeliveryStuck';

/** A state of a state machine, in the Amazon States Language with JSONata. */
export type State = Record<string, unknown>;

/** States by name. */
export type States = Record<string, State>;

/** Names and values that the states of a delivery refer to. Values may be tokens, except the names of the stacks. */
export interface DeliverySettings {
  readonly partition: string;
  readonly bucketName: string;
  readonly key: string;
  readonly sourceParameterName: string;
  readonly serveParameterName: string;
  readonly tableName: string;
  readonly reasonFunctionArn: string;
  readonly stackNames: string[];
  readonly pollSeconds: number;
}

/** A JSONata expression. */
export function query(expression: string): string {
  return `{% ${expression} %}`;
}

/** A choice: the first condition that holds, and the variables that it assigns. */
export function choice(fallback: string | { Next: string; Assign: State }, ...rules: { when: string; next: string; assign?: State }[]): State {
  return {
    Type: 'Choice',
    Choices: rules.map(({ when, next, assign }) => ({ Condition: query(when), Next: next, ...assign && { Assign: assign } })),
    ...typeof fallback === 'string' ? { Default: fallback } : { Default: fallback.Next, Assign: fallback.Assign },
  };
}

/** Number of waits of only `pollSeconds`. */
const SOON = 200;

/**
 * A wait between two looks: as long as the delivery's settings say at first, and later at least these seconds.
 *
 * A state machine of the standard type fails after 25,000 events in its history, and each look writes some.
 */
export function wait({ pollSeconds }: DeliverySettings, laterSeconds: number, next: string): State {
  return {
    Type: 'Wait',
    Seconds: query(`$polls < ${SOON} ? ${pollSeconds} : $max([${pollSeconds}, ${laterSeconds}])`),
    Assign: { polls: query('$polls + 1') },
    Next: next,
  };
}

/** A request to AWS, without retries. */
export function request({ partition }: DeliverySettings, action: string, more: State): State {
  return { Type: 'Task', Resource: `arn:${partition}:states:::aws-sdk:${action}`, ...more };
}

/** Retries whatever may pass, except these errors. */
export function retriesExcept(...errors: string[]): State[] {
  return [
    ...errors.length > 0 ? [{ ErrorEquals: errors, MaxAttempts: 0 }] : [],
    { ErrorEquals: ['States.TaskFailed'], IntervalSeconds: 2, MaxAttempts: 5, BackoffRate: 2, JitterStrategy: 'FULL' },
  ];
}
