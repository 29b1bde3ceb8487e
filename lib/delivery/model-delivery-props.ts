import type { Duration } from 'aws-cdk-lib';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type * as sns from 'aws-cdk-lib/aws-sns';

/** Properties of a delivery. */
export interface ModelDeliveryProps {
  /** Key of the one object that models are uploaded to: a .zip file of a SavedModel, or a .keras, .h5 or .tflite file. */
  readonly key: string;

  /**
   * Names of the stacks that serve the model, in the order in which an upload updates them. They are of the delivery's account and Region.
   *
   * The first failure ends a delivery, and restores the stacks before it. A stack that was never deployed is left out.
   */
  readonly stackNames: string[];

  /**
   * The bucket that models are uploaded to. It must keep versions and send its events to EventBridge.
   *
   * @default - a private, encrypted bucket that does both, and stays when the stack is deleted
   */
  readonly bucket?: s3.IBucket;

  /**
   * Beginning of the names of the two SSM parameters.
   *
   * @default - /cdk-tensorflow/ and the name of the stack and the construct
   */
  readonly parameterPrefix?: string;

  /**
   * Name of the state machine: at most 80 letters, digits, underscores and hyphens. Another name replaces the state machine, and ends its executions.
   *
   * @default - made of the names of the stack and the construct
   */
  readonly stateMachineName?: string;

  /**
   * Time between two looks of the state machine at a stack that is being updated, and at another delivery that it waits for. At least one second.
   *
   * After 200 looks it waits for at least 20 seconds and one minute, because the history of an execution has a limit.
   *
   * @default Duration.seconds(15)
   */
  readonly pollInterval?: Duration;

  /**
   * Topic of messages that an upload was refused, that a stack was rolled back for another reason, or that a person is needed.
   *
   * @default - no messages; see `onFailed` for other targets
   */
  readonly failureTopic?: sns.ITopic;
}
