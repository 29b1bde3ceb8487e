import { Fn } from 'aws-cdk-lib';
import { referenceOf } from '../model/artifact-reference';
import type { IModelArtifact, ModelFormat } from '../model/published-model';
import type { ModelCompatibility } from '../optimization/model-compatibility';
import type { KubernetesObject, ObjectIdentity } from './kubernetes-object';
import { metadata, objectLabels } from './kubernetes-object';

/** Location of a model's versions. */
export interface ModelPrefix {
  readonly bucketName: string;
  readonly region: string;
  /** Key prefix before the version, with a trailing slash. */
  readonly prefix: string;
}

export interface StorageNames {
  /** Name of the PersistentVolume (not namespaced) and its volume handle. Volumes with the same handle share one mount. */
  readonly volume: string;
  readonly claim: string;
}

/** Required by the API and ignored by Mountpoint; must be equal in volume and claim. */
const SIZE = '1Ti';

/**
 * Returns a volume for the model's prefix in the bucket, and its claim.
 *
 * ReadOnlyMany mounts it read-only. A cache would hide new files. A volume's source is immutable, so it does not contain the version.
 */
export function storageManifests(identity: ObjectIdentity, names: StorageNames, model: ModelPrefix): KubernetesObject[] {
  const access = { accessModes: ['ReadOnlyMany'], storageClassName: '' };
  return [
    {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: names.volume, labels: objectLabels(identity) },
      spec: {
        ...access,
        capacity: { storage: SIZE },
        persistentVolumeReclaimPolicy: 'Retain',
        claimRef: { namespace: identity.namespace, name: names.claim },
        mountOptions: [`region ${model.region}`, `prefix ${model.prefix}`],
        csi: {
          driver: 's3.csi.aws.com',
          volumeHandle: names.volume,
          volumeAttributes: { bucketName: model.bucketName, authenticationSource: 'pod' },
        },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { ...metadata(identity), name: names.claim },
      spec: { ...access, volumeName: names.volume, resources: { requests: { storage: SIZE } } },
    },
  ];
}

/** Returns the location of a model's versions, which pods may mount and read. */
export function modelVersions(artifact: IModelArtifact, compatibility: ModelCompatibility, format: ModelFormat): ModelPrefix {
  const [pattern, ...others] = referenceOf(artifact)!.keyPatterns;
  // The prefix of a model named by a parameter is known only during deployment, as part of its manifest's key.
  const prefix = others.length === 0 ? pattern.replace(/\*$/, '') : `${Fn.select(0, Fn.split(`/${format}/`, compatibility.keyPrefix))}/`;
  return { bucketName: artifact.bucket.bucketName, region: artifact.bucket.env.region, prefix: `${prefix}${format}/` };
}
