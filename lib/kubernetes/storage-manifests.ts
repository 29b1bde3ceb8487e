import type { KubernetesObject, ObjectIdentity } from './kubernetes-object';
import { metadata, objectLabels } from './kubernetes-object';

/** A model's versions in a bucket. */
export interface ModelPrefix {
  readonly bucketName: string;
  readonly region: string;
  /** Everything before the version, with a slash at its end. */
  readonly prefix: string;
}

/** Names of a mount. */
export interface StorageNames {
  /** Of the PersistentVolume, which belongs to no namespace. Also the volume's handle: two volumes with one handle are mounted as one. */
  readonly volume: string;
  readonly claim: string;
}

/** The API asks for a size and Mountpoint ignores it; volume and claim must agree. */
const SIZE = '1Ti';

/**
 * A volume that shows the model's prefix, and nothing else of the bucket, and the claim on it.
 *
 * ReadOnlyMany makes the driver mount it read-only. No cache: it would hide new files. What a volume mounts can never be changed, so it holds no version.
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
