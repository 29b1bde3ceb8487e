import { parseArgs } from 'util';

export const ACTIONS = ['status', 'history', 'promote', 'rollback'] as const;
export type Action = (typeof ACTIONS)[number];

export interface DeliveryOptions {
  readonly action: Action;
  /** Name of the stack that has the delivery; undefined if the state machine is given. */
  readonly stack?: string;
  readonly stateMachine?: string;
  readonly region?: string;
  readonly profile?: string;
  readonly json: boolean;
  /** Number of deliveries to look at. */
  readonly limit: number;
  /** Object version that `promote` delivers; the newest upload when absent. */
  readonly objectVersion?: string;
  /** Version that `rollback` goes back to; the one before when absent. */
  readonly to?: string;
  /** True if a change is made, not only shown. */
  readonly yes: boolean;
  readonly wait: boolean;
}

const LONGEST_HISTORY = 1000;

export const USAGE = `Usage: cdk-tensorflow delivery <action> (--stack NAME | --state-machine ARN) [options]

  status      what serves on each endpoint, since when, from which upload, with which figures
  history     what was delivered, and what was not
  promote     deliver an upload again: the newest, or --object-version
  rollback    go back to a version that was live: nothing is built

promote and rollback show the change. With --yes they make it, by the state machine of the ModelDelivery, and wait for its end.

  --stack NAME            the stack that has the ModelDelivery
  --state-machine ARN     its state machine, where a stack has several deliveries
  --object-version ID     promote: an upload, by its version in the bucket
  --to ID                 rollback: a line of history, by its ID
  --yes                   make the change
  --dry-run               only show the change, which is the default
  --no-wait               start the delivery, and do not wait for its end
  --limit N               how many executions to look at, the newest first: 100 when absent, ${LONGEST_HISTORY} at most.
                          Step Functions keeps them for 90 days
  --region REGION         the environment's or the profile's when absent
  --profile NAME          a profile of the AWS configuration files; the environment's credentials when absent
  --json                  print JSON
  --help                  this text

Exit code: 0 if all went well, 1 if the delivery failed and everything is as before, 2 if the options are wrong or AWS does not answer.
`;

/** The options, as `parseArgs` and the completion of shells read them. */
export const OPTIONS = {
  'stack': { type: 'string' },
  'state-machine': { type: 'string' },
  'object-version': { type: 'string' },
  'to': { type: 'string' },
  'yes': { type: 'boolean', default: false },
  'dry-run': { type: 'boolean', default: false },
  'no-wait': { type: 'boolean', default: false },
  'limit': { type: 'string', default: '100' },
  'region': { type: 'string' },
  'profile': { type: 'string' },
  'json': { type: 'boolean', default: false },
  'help': { type: 'boolean', default: false },
} as const;

/** Returns the options, or undefined if the help is wanted. Throws with all problems. */
export function parseDeliveryOptions(args: string[]): DeliveryOptions | undefined {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: OPTIONS,
  });
  if (values.help) {
    return undefined;
  }
  const [given, ...more] = positionals;
  const action = ACTIONS.find((name) => name === given);
  const limit = Number(values.limit);
  const region = values.region ?? values['state-machine']?.split(':')[3];
  const onlyFor = (name: 'object-version' | 'to', which: Action) => (values[name] === undefined || action === which ? []
    : [`--${name} goes with ${which}, and not with ${given ?? 'no action'}`]);
  const problems = [
    ...action === undefined ? [`the action must be one of ${ACTIONS.join(', ')}, got ${given === undefined ? 'none' : JSON.stringify(given)}`] : [],
    ...more.length > 0 ? [`one action is allowed, got also ${more.map((word) => JSON.stringify(word)).join(', ')}`] : [],
    ...(values.stack === undefined) === (values['state-machine'] === undefined)
      ? ['give either --stack, the name of the stack that has the ModelDelivery, or --state-machine, its ARN'] : [],
    ...values['state-machine'] === undefined || /^arn:[\w-]+:states:[\w-]+:\d{12}:stateMachine:[\w-]+$/.test(values['state-machine']) ? []
      : [`--state-machine must be the ARN of a state machine, got ${JSON.stringify(values['state-machine'])}`],
    ...onlyFor('object-version', 'promote'),
    ...onlyFor('to', 'rollback'),
    ...values.yes && values['dry-run'] ? ['--yes makes the change and --dry-run only shows it: give one of them'] : [],
    ...Number.isInteger(limit) && limit >= 1 && limit <= LONGEST_HISTORY ? [] : [`--limit must be a whole number between 1 and ${LONGEST_HISTORY}, got ${JSON.stringify(values.limit)}`],
    ...Object.entries(values).flatMap(([name, value]) => (value === '' ? [`--${name} must have a value, got ""`] : [])),
  ];
  if (problems.length > 0 || action === undefined) {
    throw new Error(problems.join('\n'));
  }
  return {
    action, limit, region,
    stack: values.stack,
    stateMachine: values['state-machine'],
    profile: values.profile,
    json: values.json,
    objectVersion: values['object-version'],
    to: values.to,
    yes: values.yes,
    wait: !values['no-wait'],
  };
}
