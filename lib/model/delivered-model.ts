import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { IConstruct } from 'constructs';

/** The delivery that stacks read the model from: a `ModelDelivery`, to which models are uploaded. */
export interface IDeliveredModel extends IConstruct {
  /** The bucket that models are uploaded to. */
  readonly bucket: s3.IBucket;

  /** The key that models are uploaded to. */
  readonly key: string;

  /** Name of the SSM parameter with the object version of the model to build. */
  readonly sourceParameterName: string;

  /** Name of the SSM parameter with what to serve: `built`, or published versions to go back to. */
  readonly serveParameterName: string;
}
