import type * as ecr from 'aws-cdk-lib/aws-ecr';
import type * as s3 from 'aws-cdk-lib/aws-s3';

/** A program in S3, and the SHA-256 that it must have. */
export interface StoredBinary {
  readonly bucket: s3.IBucket;
  readonly key: string;
  readonly sha256: string;
}

/** What the optimization of a fleet's model has to do for its server. */
export interface ServerOptimization {
  readonly serverImage?: string;
  readonly serverRepository?: ecr.IRepository;
  /** The server is the one that is published with the model. */
  readonly requiresServer: boolean;
}
