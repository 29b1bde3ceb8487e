import type { IModelArtifact } from './model-artifact';
import type { ModelFormat } from './model-format';

/** What names a published version, and what is known of it before it is deployed. Not public: which of it is known depends on the artifact. */
export interface ArtifactReference {
  /** Key of the version's manifest.json, and the SHA-256 that it must have. Without a key there is a pointer. */
  readonly manifestKey?: string;
  readonly manifestSha256?: string;
  /** `{"manifestKey": …, "manifestSha256": …}` as an optimizer wrote it into an SSM parameter. */
  readonly pointer?: string;
  readonly format?: ModelFormat;
  readonly architecture?: string;
  /** A server's program is published with it. */
  readonly hasServer?: boolean;
  /** What a reader reads and lists, as keys with asterisks. */
  readonly keyPatterns: string[];
}

/** Found by name, so that two copies of this package in one app understand each other. */
const REFERENCE = Symbol.for('cdk-tensorflow.ArtifactReference');

export function setReference(artifact: IModelArtifact, reference: ArtifactReference): void {
  Object.defineProperty(artifact, REFERENCE, { value: reference });
}

/** Undefined where the artifact is a class of the user's own. */
export function referenceOf(artifact: IModelArtifact): ArtifactReference | undefined {
  return (artifact as { [REFERENCE]?: ArtifactReference })[REFERENCE];
}
