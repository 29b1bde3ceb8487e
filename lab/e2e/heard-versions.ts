import type { Stack } from 'aws-cdk-lib';
import { CfnOutput } from 'aws-cdk-lib';
import type * as events from 'aws-cdk-lib/aws-events';
import * as events_targets from 'aws-cdk-lib/aws-events-targets';
import * as sqs from 'aws-cdk-lib/aws-sqs';

/** The methods of every endpoint that define a rule for its versions. */
interface Endpoint {
  onLive(id: string, options: events.OnEventOptions): events.Rule;
  onRolledBack(id: string, options: events.OnEventOptions): events.Rule;
}

/** Sends the events of an endpoint's versions to a queue, whose address is the output QueueUrl. */
export function hearVersions(stack: Stack, endpoint: Endpoint): void {
  const target = new events_targets.SqsQueue(new sqs.Queue(stack, 'Heard'));
  endpoint.onLive('Live', { target });
  endpoint.onRolledBack('RolledBack', { target });
  new CfnOutput(stack, 'QueueUrl', { value: target.queue.queueUrl });
}
