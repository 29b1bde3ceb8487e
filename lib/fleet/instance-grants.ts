import * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3_assets from 'aws-cdk-lib/aws-s3-assets';
import { referenceOf } from '../model/artifact-reference';
import type { IModelArtifact } from '../model/model-artifact';
import { acknowledgePrefix } from '../optimization/artifact-access';
import { PUBLISHED_SERVERS } from '../optimization/server-image';
import type { StoredBinary } from '../serving/serving-binary';

/** What an instance brings to itself when it boots. */
export interface BootInputs {
  readonly artifact: IModelArtifact;
  readonly server: StoredBinary;
  /** Whether the server's key is known only when the stack is deployed. */
  readonly serverIsPublished: boolean;
  readonly boot: s3_assets.Asset;
}

/** Lets the instances read what their boot needs, and nothing else. */
export function grantBoot(role: iam.IRole, { artifact, server, serverIsPublished, boot }: BootInputs): iam.Grant[] {
  const { bucket } = artifact;
  const patterns = [...referenceOf(artifact)?.keyPatterns ?? [], ...serverIsPublished ? [PUBLISHED_SERVERS] : []];
  patterns.forEach((pattern) => acknowledgePrefix(role, bucket, pattern));
  const resourceArns = [
    server.bucket.arnForObjects(serverIsPublished ? PUBLISHED_SERVERS : server.key),
    boot.bucket.arnForObjects(boot.s3ObjectKey),
  ];
  const objects = iam.Grant.addToPrincipal({ grantee: role, actions: ['s3:GetObject'], resourceArns });
  const decrypt = server.bucket.encryptionKey?.grant(role, 'kms:Decrypt');
  return [artifact.grantRead(role), objects, ...decrypt ? [decrypt] : []];
}
