import type * as ecr from 'aws-cdk-lib/aws-ecr';
import type * as s3 from 'aws-cdk-lib/aws-s3';

/** A program in S3, and the SHA-256 that it must have. */
export interface StoredBinary {
  readonly bucket: s3.IBucket;
  readonly key: string;
  readonly sha256: string;
}

/** The image that the optimization of a fleet's model takes the server out of. */
export interface ServerImageProps {
  readonly serverImage?: string;
  readonly serverRepository?: ecr.IRepository;
}

/** What a fleet's server asks of the published model. */
export interface ServerRequirements {
  /** The server is the one that is published with the model. */
  readonly requiresServer: boolean;
  /** The optimization takes it out of an image. */
  readonly takesServerFromImage: boolean;
}
