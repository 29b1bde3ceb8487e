/** How a model gets from its bucket into a pod. */
export enum ModelStorage {
  /** Copied when the pod starts, and read from S3 once. The cluster needs no add-on; the pod's node needs room for the model. */
  COPY = 'copy',

  /**
   * Mounted by Mountpoint for Amazon S3, read-only, for models that have no room on a node. A pod reads the model from S3 twice: to check it, and to load it.
   *
   * The cluster needs the add-on aws-mountpoint-s3-csi-driver, version 2.5 or newer, and room for the pods that it starts for each mount.
   */
  MOUNTPOINT = 'mountpoint',
}
