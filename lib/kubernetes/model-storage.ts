/** How a model gets from its bucket into a pod. */
export enum ModelStorage {
  /**
   * Mounted by Mountpoint for Amazon S3, read-only. The cluster needs the add-on aws-mountpoint-s3-csi-driver, version 2.1 or newer.
   */
  MOUNTPOINT = 'mountpoint',

  /** Copied when the pod starts. The cluster needs nothing; a pod starts later, and its node needs room for the model. */
  COPY = 'copy',
}
