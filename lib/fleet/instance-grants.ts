import * as iam from 'aws-cdk-lib/aws-iam';
import { referenceOf } from '../model/artifact-reference';
import type { IModelArtifact } from '../model/model-artifact';
import { acknowledgePrefix } from '../optimization/artifact/artifact-access';
import { grantKey } from '../private/key-grant';
import type { StoredBinary } from '../serving/stored-binary';
import type { InstanceProgram } from './instance-program';

/** Files that an instance downloads when it boots. */
export interface BootInputs {
  readonly artifact: IModelArtifact;
  readonly server: StoredBinary[];
  readonly programs: InstanceProgram[];
}

/** Grants read access to the files needed for the boot only. */
export function grantBoot(role: iam.IRole, { artifact, server, programs }: BootInputs): iam.Grant[] {
  const { bucket } = artifact;
  (referenceOf(artifact)?.keyPatterns ?? []).forEach((pattern) => acknowledgePrefix(role, bucket, pattern));
  const resourceArns = [
    ...server.map((file) => file.bucket.arnForObjects(file.key)),
    ...programs.map(({ asset }) => asset.bucket.arnForObjects(asset.s3ObjectKey)),
  ];
  const objects = iam.Grant.addToPrincipal({ grantee: role, actions: ['s3:GetObject'], resourceArns });
  const keys = new Set(server.map((file) => file.bucket.encryptionKey).filter((key) => key !== undefined));
  return [artifact.grantRead(role), objects, ...[...keys].map((key) => grantKey(key, role, 'kms:Decrypt'))];
}
