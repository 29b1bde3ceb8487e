import { Fn } from 'aws-cdk-lib';
import { referenceOf } from '../model/artifact-reference';
import type { IModelArtifact } from '../model/model-artifact';
import type { ModelFormat } from '../model/model-format';
import type { ModelCompatibility } from '../optimization/model-compatibility';
import type { ModelPrefix } from './storage-manifests';

/** Returns the location of a model's versions, which pods may mount and read. */
export function modelVersions(artifact: IModelArtifact, compatibility: ModelCompatibility, format: ModelFormat): ModelPrefix {
  const [pattern, ...others] = referenceOf(artifact)!.keyPatterns;
  // The prefix of a model named by a parameter is known only during deployment, as part of its manifest's key.
  const prefix = others.length === 0 ? pattern.replace(/\*$/, '') : `${Fn.select(0, Fn.split(`/${format}/`, compatibility.keyPrefix))}/`;
  return { bucketName: artifact.bucket.bucketName, region: artifact.bucket.env.region, prefix: `${prefix}${format}/` };
}
