import { Stack } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import type { Construct } from 'constructs';

/** Source of all events that the library publishes to EventBridge's default bus. */
export const EVENT_SOURCE = 'cdk-tensorflow';

/** Events that a rule selects. */
export interface EventSelection {
  /** Values of members of the detail, all of which an event has. */
  readonly detail: Record<string, string>;
  /** @default - every type */
  readonly types?: string[];
}

/** The bus that the events go to. */
export function eventBusArn(scope: Construct): string {
  return Stack.of(scope).formatArn({ service: 'events', resource: 'event-bus', resourceName: 'default' });
}

/** A rule for events of the library, with the options that users give to a method such as `onRefused`. */
export function eventRule(scope: Construct, id: string, options: events.OnEventOptions, { detail, types }: EventSelection): events.Rule {
  const rule = new events.Rule(options.crossStackScope ?? scope, id, { description: options.description, ruleName: options.ruleName });
  rule.addEventPattern(options.eventPattern);
  rule.addEventPattern({
    source: [EVENT_SOURCE],
    detailType: types,
    detail: Object.fromEntries(Object.entries(detail).map(([name, value]) => [name, [value]])),
  });
  rule.addTarget(options.target);
  return rule;
}
