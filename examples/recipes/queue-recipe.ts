import { join } from 'path';
import { Duration } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { ModelFunction } from '../../lib'; // 'cdk-tensorflow' in your app

/** Answers the messages of a queue. */
export interface QueueRecipeProps {
  readonly model: ModelFunction;
}

/** A queue of instances, each a message of JSON, and a queue of their predictions. */
export class QueueRecipe extends Construct {
  public readonly requests: sqs.Queue;
  public readonly answers: sqs.Queue;

  /** Messages that failed three times: not JSON, or not what the model takes. */
  public readonly rejected: sqs.Queue;

  constructor(scope: Construct, id: string, { model }: QueueRecipeProps) {
    super(scope, id);
    const timeout = Duration.minutes(2); // longer than the model's own, for each of the instances once more where a batch is refused
    this.rejected = new sqs.Queue(this, 'Rejected', { retentionPeriod: Duration.days(14), enforceSSL: true });
    this.answers = new sqs.Queue(this, 'Answers', { enforceSSL: true });
    this.requests = new sqs.Queue(this, 'Requests', {
      enforceSSL: true,
      visibilityTimeout: Duration.seconds(6 * timeout.toSeconds()), // as Lambda recommends, so that nothing is worked on twice at the same time
      deadLetterQueue: { queue: this.rejected, maxReceiveCount: 3 },
    });

    const worker = new lambda.Function(this, 'Worker', {
      runtime: lambda.Runtime.PYTHON_3_13,
      handler: 'messages.handler',
      code: lambda.Code.fromAsset(join(__dirname, 'batch'), { exclude: ['__pycache__'] }),
      timeout,
      memorySize: 256,
      environment: { MODEL_FUNCTION: model.alias.functionArn, ANSWERS: this.answers.queueUrl },
    });
    model.grantInvoke(worker);
    this.answers.grantSendMessages(worker);
    worker.addEventSource(new SqsEventSource(this.requests, { batchSize: 10, reportBatchItemFailures: true }));
  }
}
