import { join } from 'path';
import { Duration } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import { S3EventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { ModelFunction } from '../../lib'; // 'cdk-tensorflow' in your app

/** Answers the objects of a bucket. */
export interface BucketRecipeProps {
  readonly model: ModelFunction;
}

/** A bucket where each requests/NAME.json that is written gets its answers/NAME.json. */
export class BucketRecipe extends Construct {
  public readonly bucket: s3.Bucket;

  /** Events whose objects got no answer after three attempts. */
  public readonly failures: sqs.Queue;

  constructor(scope: Construct, id: string, { model }: BucketRecipeProps) {
    super(scope, id);
    this.bucket = new s3.Bucket(this, 'Bucket', { blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL, enforceSSL: true });
    this.failures = new sqs.Queue(this, 'Failures', { retentionPeriod: Duration.days(14), enforceSSL: true });

    const worker = new lambda.Function(this, 'Worker', {
      runtime: lambda.Runtime.PYTHON_3_13,
      handler: 'objects.handler',
      code: lambda.Code.fromAsset(join(__dirname, 'batch'), { exclude: ['__pycache__'] }),
      timeout: Duration.minutes(1), // longer than the model's own
      memorySize: 256,
      environment: { MODEL_FUNCTION: model.alias.functionArn },
      onFailure: new SqsDestination(this.failures),
    });
    model.grantInvoke(worker);
    this.bucket.grantRead(worker, 'requests/*');
    this.bucket.grantPut(worker, 'answers/*');
    worker.addEventSource(new S3EventSource(this.bucket, {
      events: [s3.EventType.OBJECT_CREATED],
      filters: [{ prefix: 'requests/', suffix: '.json' }], // without the prefix it would answer its own answers
    }));
  }
}
