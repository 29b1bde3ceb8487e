/** The service account of another workload in the cluster. Its role may list no bucket but one that is not there. */
export const OTHER_WORKLOAD = { namespace: 'other-workloads', serviceAccount: 'other-workload' };
export const MISSING_BUCKET = 'models-that-are-not-there';

const IMAGE = 'public.ecr.aws/amazonlinux/amazonlinux:2023-minimal';

/** A pod of the other workload that mounts a bucket, and all that it needs. */
export function claimingPod(name: string, bucketName: string, region: string): object {
  const { namespace, serviceAccount } = OTHER_WORKLOAD;
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
        metadata: { name: `other-workload-${name}` },
        spec: {
          ...access,
          capacity: size,
          claimRef: { namespace, name },
          mountOptions: [`region ${region}`],
          csi: { driver: 's3.csi.aws.com', volumeHandle: `other-workload-${name}`, volumeAttributes: { bucketName, authenticationSource: 'pod' } },
        },
      },
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name, namespace },
        spec: { ...access, volumeName: `other-workload-${name}`, resources: { requests: size } },
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
