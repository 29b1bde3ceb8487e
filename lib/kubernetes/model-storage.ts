/** How a pod gets the model from its bucket. */
export enum ModelStorage {
  /** Copies the model from S3 when the pod starts. The cluster needs no add-on; the node needs disk space for the model. */
  COPY = 'copy',

  /**
   * Mounts the model read-only with Mountpoint for Amazon S3, for models too large for a node's disk. A pod reads it twice: to check and to load it.
   *
   * The cluster needs the add-on aws-mountpoint-s3-csi-driver, version 2.5 or newer, and capacity for the pod that it starts for each mount.
   */
  MOUNTPOINT = 'mountpoint',
}
