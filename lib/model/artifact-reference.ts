import type * as kms from 'aws-cdk-lib/aws-kms';
import type { IModelArtifact, ModelFormat } from './published-model';

/** Identifies a published version, with what is known before the deployment. Not public, because that depends on the artifact. */
export interface ArtifactReference {
  /** Key of the version's manifest.json. Undefined if there is a pointer. */
  readonly manifestKey?: string;
  readonly manifestSha256?: string;
  /** `{"manifestKey": …, "manifestSha256": …}` as an optimizer wrote it into an SSM parameter. */
  readonly pointer?: string;
  readonly format?: ModelFormat;
  readonly architecture?: string;
  /** A server program is published with the model. */
  readonly hasServer?: boolean;
  /** The version has a profile of evaluation data, which requests are compared with. */
  readonly hasProfile?: boolean;
  /** The key that must have signed the manifest. */
  readonly signingKey?: kms.IKey;
  /** Keys of the model's leases, with asterisks, if an endpoint must hold one. The optimizer of the stack holds one for all its endpoints. */
  readonly leasePattern?: string;
  /** Keys that a reader reads and lists, with asterisks. */
  readonly keyPatterns: string[];
}

/** A global symbol, so that two copies of this package in one app understand each other. */
const REFERENCE = Symbol.for('cdk-tensorflow.ArtifactReference');

export function setReference(artifact: IModelArtifact, reference: ArtifactReference): void {
  Object.defineProperty(artifact, REFERENCE, { value: reference });
}

/** Returns undefined if the artifact is a class of the user's own. */
export function referenceOf(artifact: IModelArtifact): ArtifactReference | undefined {
  return (artifact as { [REFERENCE]?: ArtifactReference })[REFERENCE];
}
