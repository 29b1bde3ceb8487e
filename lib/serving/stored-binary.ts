import type * as ecr from 'aws-cdk-lib/aws-ecr';
import type * as s3 from 'aws-cdk-lib/aws-s3';

/** An executable in S3 and its expected SHA-256. */
export interface StoredBinary {
  readonly bucket: s3.IBucket;
  readonly key: string;
  readonly sha256: string;
}

/** The image that a fleet's optimization extracts the server from. */
export interface ServerImageProps {
  readonly serverImage?: string;
  readonly serverRepository?: ecr.IRepository;
}

/** Requirements of a fleet's server on the published model. */
export interface ServerRequirements {
  /** True if the server published with the model is used. */
  readonly requiresServer: boolean;
  /** True if the optimization extracts the server from an image. */
  readonly takesServerFromImage: boolean;
}
