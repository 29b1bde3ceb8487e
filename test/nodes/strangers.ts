/** A service account beside the service, with a role of its own that may list no bucket but one that is not there. */
export const STRANGERS = { namespace: 'strangers', serviceAccount: 'stranger' };
export const MISSING_BUCKET = 'models-that-are-not-there';

const IMAGE = 'public.ecr.aws/amazonlinux/amazonlinux:2023-minimal';

/** A pod with a bucket, and all that it needs. */
export function claimingPod(name: string, bucketName: string, region: string): object {
  const { namespace, serviceAccount } = STRANGERS;
  const access = { accessModes: ['ReadOnlyMany'], storageClassName: '' };
  const size = { storage: '1Ti' };
  return {
    apiVersion: 'v1',
    kind: 'List',
    items: [
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: serviceAccount, namespace } },
      {
        apiVersion: 'v1',
        kind: 'PersistentVolume',
        metadata: { name: `stranger-${name}` },
        spec: {
          ...access,
          capacity: size,
          claimRef: { namespace, name },
          mountOptions: [`region ${region}`],
          csi: { driver: 's3.csi.aws.com', volumeHandle: `stranger-${name}`, volumeAttributes: { bucketName, authenticationSource: 'pod' } },
        },
      },
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name, namespace },
        spec: { ...access, volumeName: `stranger-${name}`, resources: { requests: size } },
      },
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, namespace },
        spec: {
          serviceAccountName: serviceAccount,
          containers: [{ name: 'reader', image: IMAGE, command: ['sleep', '3600'], volumeMounts: [{ name: 'bucket', mountPath: '/bucket' }] }],
          volumes: [{ name: 'bucket', persistentVolumeClaim: { claimName: name } }],
        },
      },
    ],
  };
}
