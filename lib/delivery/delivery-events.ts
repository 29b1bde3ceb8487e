import { Stack } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import type { Construct } from 'constructs';

/** What the state machine tells EventBridge's default bus. `event.schema.json` of python/model_delivery describes an event's detail. */
export const EVENT_SOURCE = 'cdk-tensorflow';
export const DELIVERED = 'ModelDelivered';
export const DELIVERY_FAILED = 'ModelDeliveryFailed';
export const DELIVERY_STUCK = 'ModelDeliveryStuck';

/** The bus that the events go to. */
export function eventBusArn(scope: Construct): string {
  return Stack.of(scope).formatArn({ service: 'events', resource: 'event-bus', resourceName: 'default' });
}

/** A rule for the events of one delivery, of some types or of all. */
export function deliveryRule(
  scope: Construct, id: string, delivery: { bucket: string; key: string }, options: events.OnEventOptions, types?: string[],
): events.Rule {
  const rule = new events.Rule(options.crossStackScope ?? scope, id, { description: options.description, ruleName: options.ruleName });
  rule.addEventPattern(options.eventPattern);
  rule.addEventPattern({
    source: [EVENT_SOURCE],
    detailType: types ?? [DELIVERED, DELIVERY_FAILED, DELIVERY_STUCK],
    detail: { bucket: [delivery.bucket], key: [delivery.key] },
  });
  rule.addTarget(options.target);
  return rule;
}
