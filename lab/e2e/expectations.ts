import type { EmbeddedAws } from '../emulator/client/embedded-aws';
import type { Deployment, Expectation, Outputs } from './deployment';
import { eventually } from './eventually';
import { callAction } from './requests';

/** Maximum time until a delivery's event arrives, with its build and deployment. */
const EVENT_SECONDS = 300;

/** Allowed change of a probability by `forLiteRt()`, which quantizes weights to eight bits at most. */
const TOLERANCE = 0.05;

/** Returns the command line's output about a deployment, without the log of its handlers: there, each error has its trace. */
export function withoutLogs(output: string): string {
  return output.split(/^\s*Logs from \//m)[0];
}

/** Deploys a stack, which must succeed. */
export async function expectDeployed(deployment: Deployment, stack: string, context: Record<string, string>): Promise<void> {
  const { code, output } = await deployment.deploy(stack, context);
  expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' });
}

export function expectClose(actual: number[][], expected: number[][]): void {
  expect(actual).toHaveLength(expected.length);
  const differences = expected.flatMap((row, index) => row.map((value, column) => Math.abs(value - actual[index][column])));
  expect(Math.max(...differences)).toBeLessThan(TOLERANCE);
}

/** Sends a model's requests, which the endpoint must answer like that model. */
export async function expectAnswersOf(deployment: Deployment, outputs: Outputs, { instances, predictions }: Expectation): Promise<void> {
  expectClose(await deployment.predict(outputs, instances), predictions);
}

/** Returns the events that have arrived in a queue since the last time. */
export async function receiveEvents({ emulator }: { readonly emulator: EmbeddedAws }, queueUrl: string): Promise<any[]> {
  const request = { QueueUrl: queueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 3600 };
  const { Messages: messages = [] } = await callAction(emulator, 'sqs', 'AmazonSQS.ReceiveMessage', request);
  return messages.map(({ Body }: { Body: string }) => JSON.parse(Body));
}

/** Waits for the next event in a queue, and takes it out. */
export function nextEvent({ emulator }: { readonly emulator: EmbeddedAws }, QueueUrl: string): Promise<any> {
  return eventually(async () => {
    const { Messages: messages = [] } = await callAction(emulator, 'sqs', 'AmazonSQS.ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 1 });
    expect(messages).toHaveLength(1);
    await callAction(emulator, 'sqs', 'AmazonSQS.DeleteMessage', { QueueUrl, ReceiptHandle: messages[0].ReceiptHandle });
    return JSON.parse(messages[0].Body);
  }, EVENT_SECONDS);
}

/** Deploys a stack, which must succeed, and returns its outputs. */
export async function deployedOutputs(deployment: Deployment, stack: string, context: Record<string, string> = {}): Promise<Outputs> {
  await expectDeployed(deployment, stack, context);
  return deployment.outputs(stack);
}
