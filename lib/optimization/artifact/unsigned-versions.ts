/** What a deployment with a `signingKey` does with a version that has no signature, because it was published before the key was given. */
export enum UnsignedVersions {
  /** The deployment fails. */
  REFUSE = 'REFUSE',

  /**
   * The version is signed as it is. Whoever could write to the bucket until then is trusted, so take this for one deployment, then go back to `REFUSE`.
   *
   * A signature that was deleted is made again too. One that is there and wrong still fails the deployment.
   */
  SIGN = 'SIGN',
}
